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
)

const (
	// composeFile is the name of the compose file in the control folder. A team's own
	// is sent as it was given: interpolation is compose's own.
	composeFile = "docker-compose.yml"
	// resolvedFile is the name of the copy that has values instead of variables. Only
	// the copy runs: see client.sh.
	resolvedFile = "resolved.json"
	// uncheckedFile is the name of that copy until the policy has let it pass.
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
	plan.Job.Files = []remote.File{
		{Path: composeFile, Content: []byte(withEnvironment(svc.Compose, path.Join(input.control(), environmentFile)))},
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
	parsed, err := parseCompose(context.Background(), svc.Compose, values)
	if err != nil {
		return Plan{}, err
	}
	if err := input.checkHostAccess(context.Background(), parsed, svc.Compose); err != nil {
		return Plan{}, err
	}
	plan.Status = projectStatus(parsed)
	plan.Job.Steps = input.needingDocker(input.serviceSteps(parsed))
	return plan, nil
}

// placeholders are the values of a service's variables, as far as they may be
// seen. The value of a secret does not matter before a start, only that it has
// one. A number fits wherever a variable may stand, even in a port.
func placeholders(service *catalog.Service) map[string]string {
	values := map[string]string{}
	for _, variable := range service.Environment {
		values[variable.Name] = variable.Value
		if variable.Secret {
			values[variable.Name] = "1"
		}
	}
	return values
}

// checkService reads the compose file with what is known of its variables.
func (in Input) checkService(ctx context.Context, service *catalog.Service) error {
	parsed, err := parseCompose(ctx, service.Compose, placeholders(service))
	if err != nil {
		return err
	}
	return in.checkHostAccess(ctx, parsed, service.Compose)
}

// serviceProject is the project of a service, with the resource's variables.
func (in Input) serviceProject() project { return in.project(environmentFile).ofTeam(in) }

// serviceSteps orders the steps: what may fail for a reason of its own, such as
// an image that is not there, comes before anything is stopped, so that it
// leaves what runs alone.
func (in Input) serviceSteps(parsed *types.Project) []remote.Step {
	p := in.serviceProject()
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
	if in.stops() {
		steps = append(steps, p.stop())
	}
	return append(steps, p.up(in.recreates())...)
}

// build builds what the project builds.
func (p project) build(options deployment.Options) remote.Step {
	command := strings.Join(append([]string{"compose build"}, buildOptions(options)...), " ")
	return p.step(buildStep, "docker "+command, "tell "+command, p.forgetBuilt())
}

// buildOptions are those of docker compose. No base image is asked for anew
// unless images are to be pulled: it may be one that only this server has.
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

// externalNetworks are the names of those that the services use and that are
// not the project's own.
func externalNetworks(parsed *types.Project) []string {
	var names []string
	for _, service := range parsed.Services {
		for key := range service.Networks {
			if network := parsed.Networks[key]; bool(network.External) && !slices.Contains(names, network.Name) {
				names = append(names, network.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// projectStatus is what a service is once all of it was found well: it is
// healthy only if every container has a check that says so.
func projectStatus(parsed *types.Project) string {
	for _, service := range parsed.Services {
		if service.HealthCheck == nil || service.HealthCheck.Disable {
			return statusUnknown
		}
	}
	return statusHealthy
}
