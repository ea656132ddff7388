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

// Upstream's defaults for the health check of an application's container, in seconds
// except for the number of retries.
const (
	appHealthInterval    = 5
	appHealthTimeout     = 5
	appHealthRetries     = 10
	appHealthStartPeriod = 5
)

// healthMount is the path of the health script in an application's container.
const healthMount = "/waybill/health.sh"

// oneContainer is an application of one container, for which Waybill writes the
// compose file.
type oneContainer struct {
	catalog.Container
	id string
	// control is the control folder; see [Places].
	control string
	image   string
	build   *types.BuildConfig
}

// files returns the compose file and the files that it mounts and reads.
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
		// The container's user must be able to read it, and may be any user.
		files = append(files, remote.File{Path: healthFile, Content: []byte(script), Mode: 0o644})
		service.Volumes = append(service.Volumes, types.ServiceVolumeConfig{Type: types.VolumeTypeBind,
			Source: path.Join(c.control, healthFile), Target: healthMount, ReadOnly: true,
			Bind: &types.ServiceVolumeBind{}})
		// A container keeps the file that it was created with. A new script must
		// therefore lead to a new container, so the document has the script's digest.
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

// publish declares the exposed ports and publishes the mapped ones.
func (c oneContainer) publish(service *types.ServiceConfig) error {
	for _, port := range c.Exposes {
		service.Expose = append(service.Expose, strconv.Itoa(port))
	}
	for _, mapping := range c.Mappings {
		ports, err := types.ParsePortConfig(mapping)
		if err != nil {
			return fault.Wrap(err, fault.Invalid, "%q is no mapping of ports", mapping).
				WithField("ports_mappings", "has one that docker does not know")
		}
		service.Ports = append(service.Ports, ports...)
	}
	return nil
}

// healthCheck returns the container's check and the script that it runs. Without a
// check, the image's own check stays in force.
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

// httpScript requests the path from the port, with any HTTP client that the image has.
func httpScript(health catalog.HealthCheck) string {
	location := health.Path
	if location == "" || location[0] != '/' {
		location = "/" + location
	}
	return fmt.Sprintf("port=%d path=%s within=%d\n%s", health.Port, quote(location),
		orElse(health.TimeoutSeconds, appHealthTimeout), text("http.sh"))
}

// checkedStatus is the status of an application after a successful start. Only a check
// of the application's own shows that it is healthy.
func checkedStatus(health catalog.HealthCheck) string {
	if health.Disabled || health.Command == "" && health.Port == 0 {
		return statusUnknown
	}
	return statusHealthy
}

// image plans an application that runs an image from a registry.
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
