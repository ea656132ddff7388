// Package recipe says what runs on the server. From a resource and an operation it
// makes the files and the ordered steps of a job. It is pure: the same input gives the
// same plan, and it neither reads files nor calls other systems.
package recipe

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// Names of the steps. A failure of HealthStep means that the resource was started and
// is not healthy. The other names are only for people to read.
const (
	HealthStep = "Health"
	// StartStep starts the resource.
	StartStep = "Start"
	// ReportStep explains the state of each unhealthy container after a failure.
	ReportStep = "Report"

	networkStep = "Create networks"
	policyStep  = "Check policy"
	filesStep   = "Make files"
	fetchStep   = "Fetch"
	buildStep   = "Build"
	pullStep    = "Pull images"
	stopStep    = "Stop"
	removeStep  = "Remove files"
)

// The states of a resource, as upstream writes them.
const (
	statusHealthy = "running:healthy"
	statusUnknown = "running:unknown"
	statusExited  = "exited"
)

// Input is everything that a plan depends on.
type Input struct {
	Resource catalog.Deployable
	// DataDir is the server's folder for Waybill, absolute.
	DataDir string
	// Deployment is the deployment's uuid, which names the spool.
	Deployment string
	Operation  deployment.Operation
	Options    deployment.Options
	// Secrets are the values of the resource's secrets, by their names in the vault.
	Secrets map[string]string
	// DeployKey is the private key for the application's repository in PEM, or "".
	DeployKey string
	// Registries are the logins with which docker's client may pull images.
	Registries []catalog.RegistryLogin
	// ForbidHostAccess is the server's policy.
	ForbidHostAccess bool
}

// Plan is the job to run, and the resource's status after all of it has succeeded.
type Plan struct {
	Job remote.Job
	// Status is as upstream writes it ("running:healthy", "exited").
	Status string
	// Foreign reports whether steps run the team's own commands. The exit codes of
	// these commands mean nothing to Waybill.
	Foreign bool
}

// Verdict is the meaning of a failed step's exit code.
type Verdict uint8

// The verdicts.
const (
	NoVerdict  Verdict = iota // the code comes from a command
	Unhealthy                 // the resource was started and is not healthy
	DockerAway                // the server's docker cannot be used
)

// Verdict says what an exit code other than 0 of one of the plan's steps means.
func (p Plan) Verdict(step string, code int) Verdict {
	switch {
	case code == DockerExit && !p.Foreign:
		return DockerAway
	case code == UnhealthyExit && !p.Foreign, step == HealthStep:
		return Unhealthy
	}
	return NoVerdict
}

// Build makes the plan. It returns Invalid, in words for the deployer, if the resource
// cannot be deployed with its configuration.
func Build(input Input) (Plan, error) {
	plan, err := build(input)
	if err != nil {
		return Plan{}, explained(err)
	}
	if plan.Job, err = input.withLogins(plan.Job); err != nil {
		return Plan{}, err
	}
	plan.Job, err = withScripts(plan.Job)
	return plan, err
}

// explained puts the messages of single fields into the text of the error, because a
// deployment's log has no fields.
func explained(err error) error {
	fields := fault.Fields(err)
	if len(fields) == 0 {
		return err
	}
	var reasons []string
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		reasons = append(reasons, field+": "+strings.Join(fields[field], "; "))
	}
	return fault.Wrap(err, fault.KindOf(err), "The configuration cannot be used. %s.",
		strings.Join(reasons, ". "))
}

func build(input Input) (Plan, error) {
	switch resource := input.Resource.(type) {
	case *catalog.Application:
		return application(input, resource)
	case *catalog.Service:
		return service(input, resource)
	case *catalog.Database:
		return database(input, resource)
	}
	return Plan{}, fault.New(fault.Internal, "no recipe for a resource of kind %s",
		input.Resource.Common().ID.Kind())
}

// UnhealthyExit is the exit code of a step that found the started containers not
// healthy. Steps other than the health step may find this too. The code is
// EX_UNAVAILABLE of sysexits.h. [Plan.Verdict] says when the code has this meaning.
const UnhealthyExit = 69

// DockerExit is the exit code of a step for which the server's docker does not answer,
// is not installed, or refuses the server's user. The code is EX_OSERR of sysexits.h.
// [Plan.Verdict] says when the code has this meaning.
const DockerExit = 71

// Check refuses a resource that could never be deployed on the server, while its author
// can still correct it. It returns Invalid and names every wrong field.
func Check(ctx context.Context, resource catalog.Deployable, server *catalog.Server) error {
	input := Input{Resource: resource, DataDir: server.DataDir, ForbidHostAccess: server.ForbidHostAccess}
	switch resource := resource.(type) {
	case *catalog.Service:
		return input.checkService(ctx, resource)
	case *catalog.Application:
		return input.checkApplication(resource)
	}
	return nil
}

// Warnings name the parts of a resource that pass [Check] but have another effect than
// they seem to have. Each has the field, the line and the way to correct it.
func Warnings(ctx context.Context, resource catalog.Deployable) []string {
	service, is := resource.(*catalog.Service)
	if !is {
		return nil
	}
	values := placeholders(service)
	read, err := readCompose(ctx, service, values, lenient)
	if err != nil { // Check refuses it
		return nil
	}
	return read.warnings(values)
}

// Places returns the folders of a deployment on the server. Containers may mount only
// folder, and may put anything into it, so nothing that Waybill trusts lies there.
func Places(dataDir string, resource catalog.ID, deployment string) (spool, control, folder string) {
	kind := string(resource.Kind()) + "s"
	return path.Join(dataDir, runsFolder, deployment),
		path.Join(dataDir, controlFolder, kind, string(resource)),
		path.Join(dataDir, kind, string(resource))
}

// The folders in a server's data directory that no container may mount: one for the
// spools, and one for everything else that Waybill trusts.
const (
	runsFolder    = "runs"
	controlFolder = "control"
)

func (in Input) folder() string {
	_, _, folder := Places(in.DataDir, in.Resource.Common().ID, in.Deployment)
	return folder
}

func (in Input) control() string {
	_, control, _ := Places(in.DataDir, in.Resource.Common().ID, in.Deployment)
	return control
}

func (in Input) spool() string {
	spool, _, _ := Places(in.DataDir, in.Resource.Common().ID, in.Deployment)
	return spool
}

// starts and stops report whether the operation starts and stops the resource.
func (in Input) starts() bool {
	return in.Operation != deployment.Stop && in.Operation != deployment.Delete
}

func (in Input) stops() bool {
	return !in.starts() || in.Operation == deployment.Restart || in.Options.StopBeforeStart
}

// recreates reports whether a start creates the containers again even if nothing about
// them has changed.
func (in Input) recreates() bool { return in.stops() || in.Options.Force }

// plan is the plan that all kinds of resources begin with.
func (in Input) plan() Plan {
	return Plan{
		Status: statusExited,
		Job:    remote.Job{Spool: in.spool(), Dir: in.control(), Folder: in.folder()},
	}
}
