package dynamostore

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// recordItem is the stored form of a [deployment.Record]. It is flat where
// people look in the console or a condition does, and nested where one write
// replaces a whole: the lease, the progress, the outcome. Every attribute is
// always there, empty rather than absent, so that a condition can compare it;
// only what came later is absent from older records.
type recordItem struct {
	ResourceUUID      string       `dynamodbav:"resource_uuid"`
	DeploymentUUID    string       `dynamodbav:"deployment_uuid"`
	Status            string       `dynamodbav:"status"`
	Operation         string       `dynamodbav:"operation"`
	PullLatestImages  bool         `dynamodbav:"pull_latest_images"`
	StopBeforeStart   bool         `dynamodbav:"stop_before_start"`
	Force             bool         `dynamodbav:"force"`
	DockerTag         string       `dynamodbav:"docker_tag"`
	Commit            string       `dynamodbav:"commit"`
	RollbackTo        string       `dynamodbav:"rollback_to"`
	DeleteVolumes     bool         `dynamodbav:"delete_volumes"`
	ResourceName      string       `dynamodbav:"resource_name"`
	ServerUUID        string       `dynamodbav:"server_uuid"`
	ServerName        string       `dynamodbav:"server_name"`
	Trigger           triggerItem  `dynamodbav:"trigger"`
	ConfigurationHash string       `dynamodbav:"configuration_hash"`
	CreatedAt         instant      `dynamodbav:"created_at"`
	QueuedAt          instant      `dynamodbav:"queued_at"`
	ClaimedAt         instant      `dynamodbav:"claimed_at"`
	StartedAt         instant      `dynamodbav:"started_at"`
	FinishedAt        instant      `dynamodbav:"finished_at"`
	UpdatedAt         instant      `dynamodbav:"updated_at"`
	CancelRequestedAt instant      `dynamodbav:"cancel_requested_at"`
	CancelRequestedBy string       `dynamodbav:"cancel_requested_by"`
	FollowedAt        instant      `dynamodbav:"followed_at"`
	Lease             leaseItem    `dynamodbav:"lease"`
	Progress          progressItem `dynamodbav:"progress"`
	Outcome           outcomeItem  `dynamodbav:"outcome"`
	Scrub             scrubItem    `dynamodbav:"scrub"`
}

// triggerItem is who and what asked.
type triggerItem struct {
	Kind string `dynamodbav:"kind"`
	Name string `dynamodbav:"name"`
}

// leaseItem is compared as a whole when a lease is taken, and by owner and
// attempt when it is used.
type leaseItem struct {
	Owner   string  `dynamodbav:"owner"`
	Attempt int     `dynamodbav:"attempt"`
	Expires instant `dynamodbav:"expires"`
}

// progressItem is written whole by every commit: its parts only make sense
// together.
type progressItem struct {
	Log      markItem           `dynamodbav:"log"`
	Process  string             `dynamodbav:"process"`
	Sent     bool               `dynamodbav:"sent"`
	Steps    []stepItem         `dynamodbav:"steps"`
	Source   builtItem          `dynamodbav:"source"`
	Scrubbed *scrubProgressItem `dynamodbav:"scrubbed,omitempty"` // of scrubs only
}

// builtItem is what was built.
type builtItem struct {
	Commit  string `dynamodbav:"commit"`
	Message string `dynamodbav:"message"`
}

// markItem holds the index in its compact form, two or three bytes a chunk: the
// item may grow to 400 KB, and a log of 10,000 chunks takes 30 of them.
type markItem struct {
	Out      int64   `dynamodbav:"out"`
	Err      int64   `dynamodbav:"err"`
	Steps    int64   `dynamodbav:"steps"`
	Chunks   int     `dynamodbav:"chunks"`
	Last     int64   `dynamodbav:"last"`
	Batch    int     `dynamodbav:"batch"`
	Until    instant `dynamodbav:"until"`
	Bytes    int64   `dynamodbav:"bytes"`
	Digest   string  `dynamodbav:"digest"`
	Index    []byte  `dynamodbav:"index"`
	Complete bool    `dynamodbav:"complete"`
}

// stepItem has a null exit code while the step runs.
type stepItem struct {
	Name       string  `dynamodbav:"name"`
	StartedAt  instant `dynamodbav:"started_at"`
	FinishedAt instant `dynamodbav:"finished_at"`
	ExitCode   *int    `dynamodbav:"exit_code"`
}

// outcomeItem repeats the status: the outcome is read by itself.
type outcomeItem struct {
	Status         string `dynamodbav:"status"`
	Reason         string `dynamodbav:"reason"`
	ExitCode       *int   `dynamodbav:"exit_code"`
	Signal         string `dynamodbav:"signal"`
	ResourceStatus string `dynamodbav:"resource_status"`
	Successor      string `dynamodbav:"successor,omitempty"`
}

// recordKey is the primary key. The id holds both halves.
func recordKey(id deployment.ID) item {
	return item{"resource_uuid": text(id.Resource()), "deployment_uuid": text(id)}
}

func encodeRecord(r deployment.Record) (item, error) {
	encoded, err := attributevalue.MarshalMap(recordItem{
		ResourceUUID:      string(r.ID.Resource()),
		DeploymentUUID:    string(r.ID),
		Status:            string(r.Status),
		Operation:         string(r.Operation),
		PullLatestImages:  r.Options.PullLatestImages,
		StopBeforeStart:   r.Options.StopBeforeStart,
		Force:             r.Options.Force,
		DockerTag:         r.Options.DockerTag,
		Commit:            r.Options.Commit,
		RollbackTo:        r.Options.Configuration,
		DeleteVolumes:     r.Options.DeleteVolumes,
		ResourceName:      r.ResourceName,
		ServerUUID:        string(r.ServerID),
		ServerName:        r.ServerName,
		Trigger:           triggerItem(r.Trigger),
		ConfigurationHash: r.ConfigurationHash,
		CreatedAt:         instant(r.CreatedAt),
		QueuedAt:          instant(r.QueuedAt),
		ClaimedAt:         instant(r.ClaimedAt),
		StartedAt:         instant(r.StartedAt),
		FinishedAt:        instant(r.FinishedAt),
		UpdatedAt:         instant(r.UpdatedAt),
		CancelRequestedAt: instant(r.CancelRequestedAt),
		CancelRequestedBy: r.CancelRequestedBy,
		FollowedAt:        instant(r.FollowedAt),
		Lease:             leaseForm(r.Lease),
		Progress:          progressForm(r.Progress),
		Outcome:           outcomeForm(r.Outcome),
		Scrub:             scrubForm(r.Scrub),
	})
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode deployment %s", r.ID)
	}
	return encoded, nil
}

func decodeRecord(stored item) (deployment.Record, error) {
	var form recordItem
	if err := attributevalue.UnmarshalMap(stored, &form); err != nil {
		return deployment.Record{}, fault.Wrap(err, fault.Internal, "decode a deployment")
	}
	progress, err := form.Progress.progress()
	if err != nil {
		return deployment.Record{}, err
	}
	return deployment.Record{
		ID:                deployment.ID(form.DeploymentUUID),
		Status:            deployment.Status(form.Status),
		Operation:         catalog.Operation(form.Operation),
		Options:           form.options(),
		ResourceName:      form.ResourceName,
		ServerID:          catalog.ID(form.ServerUUID),
		ServerName:        form.ServerName,
		Trigger:           deployment.Trigger(form.Trigger),
		ConfigurationHash: form.ConfigurationHash,
		CreatedAt:         time.Time(form.CreatedAt),
		QueuedAt:          time.Time(form.QueuedAt),
		ClaimedAt:         time.Time(form.ClaimedAt),
		StartedAt:         time.Time(form.StartedAt),
		FinishedAt:        time.Time(form.FinishedAt),
		UpdatedAt:         time.Time(form.UpdatedAt),
		CancelRequestedAt: time.Time(form.CancelRequestedAt),
		CancelRequestedBy: form.CancelRequestedBy,
		FollowedAt:        time.Time(form.FollowedAt),
		Lease:             form.Lease.lease(),
		Progress:          progress,
		Outcome:           form.Outcome.outcome(),
		Scrub:             form.Scrub.scrub(),
	}, nil
}

func (f recordItem) options() catalog.Options {
	return catalog.Options{
		PullLatestImages: f.PullLatestImages, StopBeforeStart: f.StopBeforeStart, Force: f.Force,
		DockerTag: f.DockerTag, Commit: f.Commit, Configuration: f.RollbackTo, DeleteVolumes: f.DeleteVolumes,
	}
}

func leaseForm(l deployment.Lease) leaseItem {
	return leaseItem{Owner: l.Owner, Attempt: l.Attempt, Expires: instant(l.Expires)}
}

func (f leaseItem) lease() deployment.Lease {
	return deployment.Lease{Owner: f.Owner, Attempt: f.Attempt, Expires: time.Time(f.Expires)}
}

func progressForm(p deployment.Progress) progressItem {
	form := progressItem{
		Log:      markForm(p.Log),
		Process:  p.Process,
		Sent:     p.Sent,
		Steps:    make([]stepItem, len(p.Steps)),
		Source:   builtItem(p.Source),
		Scrubbed: scrubbedForm(p.Scrub),
	}
	for i, step := range p.Steps {
		form.Steps[i] = stepItem{Name: step.Name, StartedAt: instant(step.StartedAt),
			FinishedAt: instant(step.FinishedAt), ExitCode: step.ExitCode}
	}
	return form
}

func markForm(m logbook.Mark) markItem {
	return markItem{
		Out: m.At.Out, Err: m.At.Err, Steps: m.At.Steps,
		Chunks: m.Chunks, Last: int64(m.Last), Batch: m.Batch, Until: instant(m.Until), Bytes: m.Bytes,
		Digest: m.Digest, Index: m.Index.Encode(), Complete: m.Complete,
	}
}

func (f progressItem) progress() (deployment.Progress, error) {
	index, err := logbook.DecodeIndex(f.Log.Index)
	if err != nil {
		return deployment.Progress{}, err
	}
	progress := deployment.Progress{
		Log: logbook.Mark{
			At:     logbook.Position{Out: f.Log.Out, Err: f.Log.Err, Steps: f.Log.Steps},
			Chunks: f.Log.Chunks, Last: logbook.Order(f.Log.Last), Batch: f.Log.Batch, Until: time.Time(f.Log.Until), Bytes: f.Log.Bytes,
			Digest: f.Log.Digest, Index: index, Complete: f.Log.Complete,
		},
		Process: f.Process,
		Sent:    f.Sent,
		Source:  deployment.Source(f.Source),
		Scrub:   f.Scrubbed.scrubbed(),
	}
	for _, step := range f.Steps {
		progress.Steps = append(progress.Steps, deployment.Step{Name: step.Name,
			StartedAt: time.Time(step.StartedAt), FinishedAt: time.Time(step.FinishedAt), ExitCode: step.ExitCode})
	}
	return progress, nil
}

func outcomeForm(o deployment.Outcome) outcomeItem {
	return outcomeItem{Status: string(o.Status), Reason: string(o.Reason), ExitCode: o.ExitCode,
		Signal: o.Signal, ResourceStatus: o.ResourceStatus, Successor: string(o.Successor)}
}

func (f outcomeItem) outcome() deployment.Outcome {
	return deployment.Outcome{Status: deployment.Status(f.Status), Reason: deployment.Reason(f.Reason), ExitCode: f.ExitCode,
		Signal: f.Signal, ResourceStatus: f.ResourceStatus, Successor: deployment.ID(f.Successor)}
}

// part encodes a piece of a record for an expression. The forms always encode:
// they are structs of plain fields.
func part(form any) (types.AttributeValue, error) {
	encoded, err := attributevalue.Marshal(form)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode a part of a deployment")
	}
	return encoded, nil
}
