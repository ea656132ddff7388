package recipe

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/remote"
	"waybill/internal/template"
)

const (
	// composeFile is the name of the compose file in the control folder. A team's own
	// file is sent with its variables: compose interpolates them.
	composeFile = "docker-compose.yml"
	// resolvedFile is the name of the copy that has values instead of variables. Only
	// the copy runs: see resolve.sh.
	resolvedFile = "resolved.json"
	// uncheckedFile is the name of that copy until it has passed the policy.
	uncheckedFile = "unchecked.json"
)

func service(input Input, svc *catalog.Service) (Plan, error) {
	plan := input.plan()
	if input.Operation == deployment.Delete {
		plan.Job.Steps = input.remove()
		return plan, nil
	}
	variables, err := input.environment()
	if err != nil {
		return Plan{}, err
	}
	plain, err := plainCompose(svc)
	if err != nil && input.starts() {
		return Plan{}, err
	}
	plan.Job.Files = []remote.File{
		{Path: composeFile,
			Content: []byte(withEnvironment(plain.text, path.Join(input.control(), environmentFile)))},
		{Path: environmentFile, Content: dotenvFile(variables)},
	}
	if !input.starts() {
		plan.Job.Steps = input.needingDocker([]remote.Step{input.serviceProject().down()})
		return plan, nil
	}
	values := map[string]string{}
	for _, variable := range variables {
		values[variable.Name] = variable.Value
	}
	read, err := readCompose(context.Background(), svc, values, strict)
	if err != nil {
		return Plan{}, err
	}
	if err := input.checkHostAccess(context.Background(), read); err != nil {
		return Plan{}, err
	}
	plan.Status = projectStatus(read.project)
	plan.Job.Steps = input.needingDocker(input.serviceSteps(read))
	return plan, nil
}

// placeholder stands for a value that is not known before a start.
const placeholder = "1"

// placeholders are the values of a service's variables, with a number in place of each
// secret. Before a start, it matters only that a secret has a value, not which one. A
// number is valid wherever a variable may stand, even in a port.
func placeholders(service *catalog.Service) map[string]string {
	values := map[string]string{}
	for _, variable := range service.Environment {
		values[variable.Name] = variable.Value
		if variable.Secret {
			values[variable.Name] = placeholder
		}
	}
	return values
}

// checkService checks the compose file with the values that are known without secrets.
func (in Input) checkService(ctx context.Context, service *catalog.Service) error {
	read, err := readCompose(ctx, service, placeholders(service), lenient)
	if err != nil {
		return err
	}
	return in.checkHostAccess(ctx, read)
}

// serviceProject is the project of a service, with the resource's variables.
func (in Input) serviceProject() project { return in.project(environmentFile).ofTeam(in) }

// serviceSteps orders the steps. A step that may fail for a reason of its own, such as
// a missing image, runs before anything is stopped, so that its failure leaves the
// running containers alone.
func (in Input) serviceSteps(read composition) []remote.Step {
	p, parsed := in.serviceProject(), read.project
	var steps []remote.Step
	if networks := externalNetworks(parsed); len(networks) > 0 {
		steps = append(steps, in.makeNetworks(networks...))
	}
	if in.ForbidHostAccess {
		steps = append(steps, in.checkPolicy(p))
	}
	steps = append(steps, in.pull(p))
	if len(parsed.ServicesWithBuild()) > 0 && (in.pullsNewer() || in.Options.Force) {
		steps = append(steps, p.build(in.Options))
	}
	if len(read.files) > 0 {
		steps = append(steps, in.makeFiles(read.files))
	}
	if in.stops() {
		steps = append(steps, p.stop())
	}
	return append(steps, p.up(in.recreates())...)
}

// build is the step that builds the project's images.
func (p project) build(options deployment.Options) remote.Step {
	command := strings.Join(append([]string{"compose build"}, buildOptions(options)...), " ")
	return p.step(buildStep, "docker "+command, "tell "+command, p.forgetBuilt())
}

// buildOptions are options of docker compose build. Newer base images are asked for
// only if images are to be pulled, because a base image may exist only on this server.
func buildOptions(options deployment.Options) []string {
	var words []string
	if options.Force {
		words = append(words, "--no-cache")
	}
	if options.PullLatestImages {
		words = append(words, "--pull")
	}
	return words
}

// externalNetworks are the names of the networks that the services use and that do not
// belong to the project.
func externalNetworks(parsed *types.Project) []string {
	var names []string
	for _, service := range parsed.Services {
		for key := range service.Networks {
			if network := parsed.Networks[key]; bool(network.External) &&
				!slices.Contains(names, network.Name) {
				names = append(names, network.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// projectStatus is the status of a service after a successful start. The service is
// healthy only if every container that counts has a health check.
func projectStatus(parsed *types.Project) string {
	for _, service := range parsed.Services {
		if service.Labels[template.ExcludedLabel] != "" {
			continue
		}
		if service.HealthCheck == nil || service.HealthCheck.Disable {
			return statusUnknown
		}
	}
	return statusHealthy
}
