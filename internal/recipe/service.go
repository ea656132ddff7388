package recipe

import (
	"context"
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"waybill/internal/catalog"
	"waybill/internal/remote"
)

// composeFile is the name of the team's file in the service's folder. It is
// sent as it was given: interpolation is compose's own.
const composeFile = "docker-compose.yml"

// reportLines is how many of its last lines a container that is not well
// leaves in the log.
const reportLines = 50

func service(input Input, svc *catalog.Service) (Plan, error) {
	variables, err := input.environment()
	if err != nil {
		return Plan{}, err
	}
	values := map[string]string{}
	for _, variable := range variables {
		values[variable.Name] = variable.Value
	}
	project, err := parseCompose(context.Background(), svc.Compose, values)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{Status: statusExited, Job: remote.Job{
		Spool: input.spool(),
		Dir:   input.folder(),
		Files: []remote.File{
			{Path: composeFile, Content: []byte(svc.Compose)},
			{Path: environmentFile, Content: dotenvFile(variables)},
		},
		Steps: serviceSteps(input, svc),
	}}
	if input.starts() {
		plan.Status = projectStatus(project)
	}
	return plan, nil
}

// serviceSteps orders the steps: images are pulled before anything is stopped,
// so that a failing pull leaves what runs alone.
func serviceSteps(input Input, svc *catalog.Service) []remote.Step {
	compose := fmt.Sprintf("docker compose --ansi never --project-name %s --file %s", svc.ID, composeFile)
	if !input.starts() {
		return []remote.Step{{Name: stopStep, Script: compose + " down --remove-orphans"}}
	}
	var steps []remote.Step
	if input.Options.PullLatestImages {
		steps = append(steps, remote.Step{Name: pullStep, Script: compose + " pull --quiet"})
	}
	if input.stops() {
		steps = append(steps, remote.Step{Name: stopStep, Script: compose + " stop"})
	}
	up := compose + " up --detach --remove-orphans"
	if input.stops() || input.Options.Force {
		up += " --force-recreate"
	}
	seconds := int(svc.HealthTimeout.Seconds())
	return append(steps,
		remote.Step{Name: startStep, Script: up},
		remote.Step{Name: HealthStep, Script: fmt.Sprintf("%s up --detach --no-recreate --wait --wait-timeout %d", compose, seconds)},
		remote.Step{Name: reportStep, Script: reportScript(compose), OnFailure: true})
}

// reportScript prints the state and the last lines of each container that is
// not well, so that the log says why a start failed.
func reportScript(compose string) string {
	return strings.NewReplacer("COMPOSE", compose, "LINES", fmt.Sprint(reportLines)).Replace(
		`for container in $(COMPOSE ps --all --quiet); do
  state=$(docker inspect --format '{{.State.Status}} {{with .State.Health}}{{.Status}}{{end}}' "$container")
  case $state in 'running ' | 'running healthy') continue ;; esac
  docker inspect --format '{{.Name}} is {{.State.Status}}{{with .State.Health}}, {{.Status}}{{end}}: exit code {{.State.ExitCode}}, out of memory {{.State.OOMKilled}}, restarted {{.RestartCount}} times. Its last LINES lines:' "$container"
  docker logs --tail LINES "$container" || true
done`)
}

// projectStatus is what a service is once compose found all of it running: it
// is healthy only if every container has a check that says so.
func projectStatus(project *types.Project) string {
	for _, service := range project.Services {
		if service.HealthCheck == nil || service.HealthCheck.Disable {
			return statusUnknown
		}
	}
	return statusHealthy
}
