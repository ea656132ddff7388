package recipe

import (
	"fmt"
	"path"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// healthFile is the file with an application's health command. The command is in a file
// because sh ignores -e in the condition of an until loop, and because an argument of a
// check must not contain a team's text.
const healthFile = "health.sh"

// operationFile is the file with the last operation of an application that only the
// team's own commands start and stop.
const operationFile = "operation"

// unfinished is the content of operationFile from before a start until the start
// command has succeeded.
const unfinished = "starting"

func application(input Input, app *catalog.Application) (Plan, error) {
	switch {
	case app.Shell != nil:
		return shell(input, app)
	case app.Image != nil:
		return image(input, app)
	case app.Dockerfile != nil:
		return dockerfile(input, app)
	case app.Inline != nil:
		return inlineDockerfile(input, app)
	case app.Compose != nil:
		return composeSource(input, app)
	}
	return Plan{}, fault.New(fault.Internal, "application %s has no known form", app.ID)
}

// checkApplication checks the application's part of a compose file and the place of its
// repository.
func (in Input) checkApplication(app *catalog.Application) error {
	one := oneContainer{control: in.control()}
	switch {
	case app.Shell != nil:
		return in.checkShell()
	case app.Image != nil:
		one.Container = app.Image.Container
	case app.Dockerfile != nil:
		one.Container = app.Dockerfile.Container
	case app.Inline != nil:
		one.Container = app.Inline.Container
	}
	if _, err := one.files(nil); err != nil {
		return err
	}
	if source := app.Source(); source != nil {
		return in.checkRepository(source)
	}
	return nil
}

// checkShell refuses an application of commands on a server that forbids access to
// itself. The commands run on the server as a user who has full control of Docker.
func (in Input) checkShell() error {
	if !in.ForbidHostAccess {
		return nil
	}
	return fault.New(fault.Invalid, "Validation failed.").WithField("server_uuid",
		"names a server that forbids access to itself, and a shell application's commands run on the server")
}

// shell plans an application that runs by the team's own commands.
func shell(input Input, app *catalog.Application) (Plan, error) {
	if input.starts() {
		if err := input.checkShell(); err != nil {
			return Plan{}, err
		}
	}
	variables, err := input.environment()
	if err != nil {
		return Plan{}, err
	}
	plan := input.plan()
	plan.Foreign = true
	plan.Job.EnvironmentFile = environmentFile
	plan.Job.MayRunContainers = true
	operation := string(input.Operation)
	if input.starts() {
		operation = unfinished
	}
	plan.Job.Files = []remote.File{
		{Path: environmentFile, Content: shellFile(variables)},
		{Path: operationFile, Content: []byte(operation + "\n")},
	}
	if input.stops() {
		plan.Job.Steps = append(plan.Job.Steps, input.stopShell(app.Shell))
	}
	switch {
	case input.Operation == deployment.Delete:
		plan.Job.Steps = append(plan.Job.Steps, input.removeFiles())
	case !input.starts():
		plan.Job.Steps = append(plan.Job.Steps, notStopped())
	default:
		step, command := input.startShell(app.Shell)
		plan.Job.Files = append(plan.Job.Files, command)
		plan.Job.Steps = append(plan.Job.Steps, step)
		plan.Status = statusUnknown
	}
	if app.Shell.Health != "" && input.Operation != deployment.Delete {
		plan.Job.Files = append(plan.Job.Files,
			remote.File{Path: healthFile, Content: []byte(app.Shell.Health + "\n")})
	}
	if input.starts() && app.Shell.Health != "" {
		plan.Job.Steps = append(plan.Job.Steps,
			input.inFolder(HealthStep, strings.TrimRight(app.Shell.Health, "\n"), input.healthScript(app)))
		plan.Status = statusHealthy
	}
	return plan, nil
}

// startShell is the step that runs the team's start command, and the file that has the
// command. The command runs in its own shell. An exit or a trap in it cannot keep the
// step from recording that it succeeded.
func (in Input) startShell(shell *catalog.Shell) (remote.Step, remote.File) {
	command := path.Join(in.spool(), "command")
	file := remote.File{Path: command, Content: []byte(shell.Start + "\n")}
	return remote.Step{Name: StartStep, Command: shell.Start,
		Script: "(cd " + quote(in.folder()) + " && exec sh -e " + quote(command) +
			")\necho start >" + operationFile}, file
}

// inFolder is a step that runs a team's command in the resource's folder.
func (in Input) inFolder(name, command, script string) remote.Step {
	return remote.Step{Name: name, Command: command, Script: "cd " + quote(in.folder()) + "\n" + script}
}

// stopShell is the step that runs the team's stop command. Without a stop command, the
// step writes to the log that nothing was stopped.
func (in Input) stopShell(shell *catalog.Shell) remote.Step {
	if shell.Stop == "" {
		return remote.Step{Name: stopStep, Command: "# no stop command",
			Script: "echo 'This application has no stop command; nothing was stopped.'"}
	}
	return in.inFolder(stopStep, shell.Stop, shell.Stop)
}

// notStopped is the step that records, after a failed stop, that the application may
// still run.
func notStopped() remote.Step {
	return remote.Step{Name: ReportStep, OnFailure: true, Command: "# the stop command failed",
		Script: "echo start >" + operationFile +
			"\necho 'The stop command failed; the application may still be running.'"}
}

// healthScript runs the health command once a second until it exits with 0 or the time
// is up.
func (in Input) healthScript(app *catalog.Application) string {
	seconds := int(app.HealthTimeout.Seconds())
	return fmt.Sprintf(`until=$(($(date +%%s) + %d))
until sh -e %s; do
  if [ "$(date +%%s)" -ge "$until" ]; then
    echo 'The health command did not succeed within %d s.' >&2
    exit 1
  fi
  sleep 1
done`, seconds, quote(path.Join(in.control(), healthFile)), seconds)
}
