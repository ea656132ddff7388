package recipe

import (
	"fmt"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// healthFile holds an application's health command. It is a file because a
// condition of until switches sh's -e off for all that is written inside it.
const healthFile = "health.sh"

func application(input Input, app *catalog.Application) (Plan, error) {
	if app.Shell == nil {
		return Plan{}, fault.New(fault.Internal, "application %s has no known form", app.ID)
	}
	variables, err := input.environment()
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{Status: statusExited, Job: remote.Job{
		Spool:           input.spool(),
		Dir:             input.folder(),
		Files:           []remote.File{{Path: environmentFile, Content: shellFile(variables)}},
		EnvironmentFile: environmentFile,
	}}
	if input.stops() {
		plan.Job.Steps = append(plan.Job.Steps, stopShell(app.Shell))
	}
	if input.starts() {
		plan.Job.Steps = append(plan.Job.Steps, remote.Step{Name: startStep, Script: app.Shell.Start})
		plan.Status = statusUnknown
	}
	if input.starts() && app.Shell.Health != "" {
		plan.Job.Files = append(plan.Job.Files, remote.File{Path: healthFile, Content: []byte(app.Shell.Health + "\n")})
		plan.Job.Steps = append(plan.Job.Steps, remote.Step{Name: HealthStep, Script: healthScript(app)})
		plan.Status = statusHealthy
	}
	return plan, nil
}

// stopShell is the team's stop command. Without one there is nothing to stop,
// and the log says so instead of nothing.
func stopShell(shell *catalog.Shell) remote.Step {
	if shell.Stop == "" {
		return remote.Step{Name: stopStep, Script: "echo 'This application has no stop command; nothing was stopped.'"}
	}
	return remote.Step{Name: stopStep, Script: shell.Stop}
}

// healthScript asks the health command once a second until it exits 0 or the
// time is up.
func healthScript(app *catalog.Application) string {
	seconds := int(app.HealthTimeout.Seconds())
	return fmt.Sprintf(`until=$(($(date +%%s) + %d))
until sh -e ./%s; do
  if [ "$(date +%%s)" -ge "$until" ]; then
    echo 'The health command did not succeed within %d s.' >&2
    exit 1
  fi
  sleep 1
done`, seconds, healthFile, seconds)
}
