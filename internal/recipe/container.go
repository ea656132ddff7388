package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// What an application's container is asked, unless it says otherwise: upstream's
// defaults.
const (
	appHealthInterval    = 5
	appHealthTimeout     = 5
	appHealthRetries     = 10
	appHealthStartPeriod = 5
)

// healthMount is where the health command lies in an application's container.
const healthMount = "/waybill/health.sh"

// oneContainer is an application of one container, for which Waybill writes the
// compose file.
type oneContainer struct {
	catalog.Container
	id string
	// control is as Places has it.
	control string
	image   string
	build   *types.BuildConfig
}

// files are the compose file and what it mounts and reads.
func (c oneContainer) files(variables []catalog.Variable) ([]remote.File, error) {
	var files []remote.File
	service := types.ServiceConfig{Name: c.id, ContainerName: c.id, Restart: types.RestartPolicyUnlessStopped}
	service.Image, service.Build = c.image, c.build
	service.Labels = types.Labels{"waybill.resource": c.id, "waybill.type": "application"}
	service.Networks = map[string]*types.ServiceNetworkConfig{sharedNetwork: nil}
	if len(variables) > 0 {
		files = append(files, remote.File{Path: containerEnvironment, Content: dotenvFile(variables)})
		service.EnvFiles = []types.EnvFile{{Path: path.Join(c.control, containerEnvironment), Required: true}}
	}
	check, script := c.healthCheck()
	service.HealthCheck = check
	if script != "" {
		// Whoever runs in the container must be able to read it.
		files = append(files, remote.File{Path: healthFile, Content: []byte(script), Mode: 0o644})
		service.Volumes = append(service.Volumes, types.ServiceVolumeConfig{Type: types.VolumeTypeBind,
			Source: path.Join(c.control, healthFile), Target: healthMount, ReadOnly: true, Bind: &types.ServiceVolumeBind{}})
		// A container goes on with the file that it was made with. A new one
		// must make a new container, so the document says which it is.
		service.Labels["waybill.health"] = digest(script)
	}
	if err := c.publish(&service); err != nil {
		return nil, err
	}
	if err := bound(&service, c.Limits); err != nil {
		return nil, err
	}
	document, err := composeDocument(&types.Project{
		Name:     c.id,
		Services: types.Services{c.id: service},
		Networks: types.Networks{sharedNetwork: {Name: sharedNetwork, External: true}},
	})
	return append(files, document), err
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// publish makes the ports known and publishes those that are mapped.
func (c oneContainer) publish(service *types.ServiceConfig) error {
	for _, port := range c.Exposes {
		service.Expose = append(service.Expose, strconv.Itoa(port))
	}
	for _, mapping := range c.Mappings {
		ports, err := types.ParsePortConfig(mapping)
		if err != nil {
			return fault.Wrap(err, fault.Invalid, "%q is no mapping of ports", mapping).WithField("ports_mappings", "has one that docker does not know")
		}
		service.Ports = append(service.Ports, ports...)
	}
	return nil
}

// healthCheck is the container's check and the script that it runs. Nothing at
// all leaves the image its own.
func (c oneContainer) healthCheck() (check *types.HealthCheckConfig, script string) {
	health := c.Health
	switch {
	case health.Disabled:
		return &types.HealthCheckConfig{Disable: true}, ""
	case health.Command != "":
		script = health.Command + "\n"
	case health.Port != 0:
		script = httpScript(health)
	default:
		return nil, ""
	}
	retries := uint64(orElse(health.Retries, appHealthRetries))
	return &types.HealthCheckConfig{
		Test:        types.HealthCheckTest{"CMD", "sh", healthMount},
		Interval:    seconds(orElse(health.IntervalSeconds, appHealthInterval)),
		Timeout:     seconds(orElse(health.TimeoutSeconds, appHealthTimeout)),
		Retries:     &retries,
		StartPeriod: seconds(orElse(health.StartPeriodSeconds, appHealthStartPeriod)),
	}, script
}

// httpScript asks the port for the path, with whatever the image has for that.
func httpScript(health catalog.HealthCheck) string {
	location := health.Path
	if location == "" || location[0] != '/' {
		location = "/" + location
	}
	return fmt.Sprintf("port=%d path=%s within=%d\n%s", health.Port, quote(location), orElse(health.TimeoutSeconds, appHealthTimeout), text("http.sh"))
}

// checkedStatus is what an application is once it was found well: only its own
// check says for certain that it is healthy.
func checkedStatus(health catalog.HealthCheck) string {
	if health.Disabled || health.Command == "" && health.Port == 0 {
		return statusUnknown
	}
	return statusHealthy
}

// image runs one image of a registry.
func image(input Input, app *catalog.Application) (Plan, error) {
	plan, p := input.plan(), input.projectOf()
	if input.Operation == deployment.Delete {
		plan.Job.Steps = input.remove()
		return plan, nil
	}
	variables, err := input.environment()
	if err != nil {
		return Plan{}, err
	}
	tag := app.Image.Tag
	if input.Options.DockerTag != "" {
		tag = input.Options.DockerTag
	}
	reference, err := imageReference(app.Image.Name, tag)
	if err != nil {
		return Plan{}, err
	}
	running := oneContainer{Container: app.Image.Container, id: string(app.ID),
		control: input.control(), image: reference}
	if plan.Job.Files, err = running.files(variables); err != nil {
		return Plan{}, err
	}
	if !input.starts() {
		plan.Job.Steps = input.needingDocker([]remote.Step{p.down()})
		return plan, nil
	}
	plan.Job.Steps = []remote.Step{input.makeNetworks(sharedNetwork), input.pull(p)}
	if input.stops() {
		plan.Job.Steps = append(plan.Job.Steps, p.stop())
	}
	plan.Job.Steps = input.needingDocker(append(plan.Job.Steps, p.up(input.recreates())...))
	plan.Status = checkedStatus(app.Image.Health)
	return plan, nil
}

// imageReference joins an image's name and its tag or digest.
func imageReference(name, tag string) (string, error) {
	if tag == "" {
		tag = catalog.DefaultTag
	}
	reference := name + ":" + tag
	if strings.HasPrefix(tag, "sha256:") {
		reference = name + "@" + tag
	}
	if _, ok := catalog.ParseImageReference(reference); !ok {
		return "", fault.New(fault.Invalid, "%q is no reference of an image.", reference)
	}
	return reference, nil
}
