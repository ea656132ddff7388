// Package recipe says what runs on the server: it makes, of a resource and an
// operation, the files and the ordered steps of a job. It is pure: the same
// input gives the same plan, and nothing is read or called.
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

// Names of the steps. A failure of HealthStep means that the resource was
// started and is not well; the others are for people.
const (
	HealthStep = "Health"
	// StartStep brings up what runs.
	StartStep = "Start"

	networkStep = "Create networks"
	policyStep  = "Check policy"
	fetchStep   = "Fetch"
	buildStep   = "Build"
	pullStep    = "Pull images"
	stopStep    = "Stop"
	reportStep  = "Report"
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
	// Secrets are the values of the resource's secrets, by their names in the
	// vault.
	Secrets map[string]string
	// DeployKey is the PEM text of the private key that opens the application's
	// repository, or "".
	DeployKey string
	// ForbidHostAccess is the server's policy.
	ForbidHostAccess bool
}

// Plan is what to run, and what the resource is once all of it succeeded.
type Plan struct {
	Job remote.Job
	// Status is as upstream writes it ("running:healthy", "exited").
	Status string
	// Foreign reports whether steps run the team's own commands. The codes that
	// these exit with mean nothing to Waybill.
	Foreign bool
}

// Verdict is what a step found out that exited with a code of Waybill's own.
type Verdict uint8

// The verdicts.
const (
	NoVerdict  Verdict = iota // the code is the command's
	Unhealthy                 // what was started is not well
	DockerAway                // the server's docker cannot be used
)

// Verdict says what it means that a step of the plan exited with a code other
// than 0.
func (p Plan) Verdict(step string, code int) Verdict {
	switch {
	case code == DockerExit && !p.Foreign:
		return DockerAway
	case code == UnhealthyExit && !p.Foreign, step == HealthStep:
		return Unhealthy
	}
	return NoVerdict
}

// Build makes the plan. Invalid, in words for the deployer, if the resource
// cannot be deployed as it is configured.
func Build(input Input) (Plan, error) {
	plan, err := build(input)
	if err != nil {
		return Plan{}, explained(err)
	}
	plan.Job, err = withScripts(plan.Job)
	return plan, err
}

// explained puts what is said of single fields into the text: a deployment's log
// has no fields.
func explained(err error) error {
	fields := fault.Fields(err)
	if len(fields) == 0 {
		return err
	}
	var reasons []string
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		reasons = append(reasons, field+": "+strings.Join(fields[field], "; "))
	}
	return fault.Wrap(err, fault.KindOf(err), "The configuration cannot be used. %s.", strings.Join(reasons, ". "))
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
	return Plan{}, fault.New(fault.Internal, "no recipe for a resource of kind %s", input.Resource.Common().ID.Kind())
}

// UnhealthyExit is what a step exits with when it found what it started not to
// be well, wherever in the job that shows. (It is EX_UNAVAILABLE of sysexits.h.)
// [Plan.Verdict] says when it means that.
const UnhealthyExit = 69

// DockerExit is what a step exits with when the server's docker does not
// answer, is not installed, or refuses the server's user. (It is EX_OSERR of
// sysexits.h.) [Plan.Verdict] says when it means that.
const DockerExit = 71

// Check refuses a resource that could never be deployed on the server, while
// the one who registers it can still mend it. Invalid, with every wrong field
// named.
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

// Warnings say what in a resource that passes [Check] does not do what it seems
// to: with the field, the line and what to do instead.
func Warnings(ctx context.Context, resource catalog.Deployable) []string {
	service, is := resource.(*catalog.Service)
	if !is {
		return nil
	}
	values := placeholders(service)
	parsed, documents, err := readCompose(ctx, service.Compose, values)
	if err != nil { // Check refuses it
		return nil
	}
	return documents.warnings(parsed, values)
}

// Places are the folders of a deployment on the server. Containers may mount
// only folder, and may plant anything in it, so nothing that Waybill trusts
// lies there.
func Places(dataDir string, resource catalog.ID, deployment string) (spool, control, folder string) {
	kind := string(resource.Kind()) + "s"
	return path.Join(dataDir, runsFolder, deployment), path.Join(dataDir, controlFolder, kind, string(resource)),
		path.Join(dataDir, kind, string(resource))
}

// The folders in a server's data directory that no container may mount: for
// the spools, and for everything else that Waybill trusts.
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

// starts and stops say what the operation is made of.
func (in Input) starts() bool {
	return in.Operation != deployment.Stop && in.Operation != deployment.Delete
}

func (in Input) stops() bool {
	return !in.starts() || in.Operation == deployment.Restart || in.Options.StopBeforeStart
}

// recreates reports whether containers are to be new ones even if nothing of
// them has changed.
func (in Input) recreates() bool { return in.stops() || in.Options.Force }

// plan is the beginning of every plan.
func (in Input) plan() Plan {
	return Plan{Status: statusExited, Job: remote.Job{Spool: in.spool(), Dir: in.control(), Folder: in.folder()}}
}
