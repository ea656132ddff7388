package dynamostore

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// recordItem is a [deployment.Record] as an item. Attributes that people read in the
// console or that a condition uses are at the top level. Lease, progress and outcome
// are nested, because one write replaces the whole of each. Attributes are empty
// rather than absent, so that a condition can compare them; attributes that were
// added later are absent from older records.
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

// triggerItem is the trigger of a deployment.
type triggerItem struct {
	Kind string `dynamodbav:"kind"`
	Name string `dynamodbav:"name"`
}

// leaseItem is compared as a whole to take a lease, and by owner and attempt to use
// it.
type leaseItem struct {
	Owner   string  `dynamodbav:"owner"`
	Attempt int     `dynamodbav:"attempt"`
	Expires instant `dynamodbav:"expires"`
}

// progressItem is written whole by every commit, because its parts belong together.
type progressItem struct {
	Log      markItem           `dynamodbav:"log"`
	Process  string             `dynamodbav:"process"`
	Sent     bool               `dynamodbav:"sent"`
	Steps    []stepItem         `dynamodbav:"steps"`
	Source   builtItem          `dynamodbav:"source"`
	Scrubbed *scrubProgressItem `dynamodbav:"scrubbed,omitempty"` // of scrubs only
}

// builtItem is the commit that was built.
type builtItem struct {
	Commit  string `dynamodbav:"commit"`
	Message string `dynamodbav:"message"`
}

// markItem has the index in its compact encoding, two or three bytes a chunk. A log
// of 10,000 chunks takes 30 of the 400 KB of an item.
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

// outcomeItem repeats the status, because the outcome is read alone.
type outcomeItem struct {
	Status         string `dynamodbav:"status"`
	Reason         string `dynamodbav:"reason"`
	ExitCode       *int   `dynamodbav:"exit_code"`
	Signal         string `dynamodbav:"signal"`
	ResourceStatus string `dynamodbav:"resource_status"`
	Successor      string `dynamodbav:"successor,omitempty"`
}

// recordKey is the primary key. The id contains both of its parts.
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
		Lease:             newLeaseItem(r.Lease),
		Progress:          newProgressItem(r.Progress),
		Outcome:           newOutcomeItem(r.Outcome),
		Scrub:             newScrubItem(r.Scrub),
	})
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode deployment %s", r.ID)
	}
	return encoded, nil
}

func decodeRecord(stored item) (deployment.Record, error) {
	var fields recordItem
	if err := attributevalue.UnmarshalMap(stored, &fields); err != nil {
		return deployment.Record{}, fault.Wrap(err, fault.Internal, "decode a deployment")
	}
	progress, err := fields.Progress.progress()
	if err != nil {
		return deployment.Record{}, err
	}
	return deployment.Record{
		ID:                deployment.ID(fields.DeploymentUUID),
		Status:            deployment.Status(fields.Status),
		Operation:         deployment.Operation(fields.Operation),
		Options:           fields.options(),
		ResourceName:      fields.ResourceName,
		ServerID:          catalog.ID(fields.ServerUUID),
		ServerName:        fields.ServerName,
		Trigger:           deployment.Trigger(fields.Trigger),
		ConfigurationHash: fields.ConfigurationHash,
		CreatedAt:         time.Time(fields.CreatedAt),
		QueuedAt:          time.Time(fields.QueuedAt),
		ClaimedAt:         time.Time(fields.ClaimedAt),
		StartedAt:         time.Time(fields.StartedAt),
		FinishedAt:        time.Time(fields.FinishedAt),
		UpdatedAt:         time.Time(fields.UpdatedAt),
		CancelRequestedAt: time.Time(fields.CancelRequestedAt),
		CancelRequestedBy: fields.CancelRequestedBy,
		FollowedAt:        time.Time(fields.FollowedAt),
		Lease:             fields.Lease.lease(),
		Progress:          progress,
		Outcome:           fields.Outcome.outcome(),
		Scrub:             fields.Scrub.scrub(),
	}, nil
}

func (f recordItem) options() deployment.Options {
	return deployment.Options{
		PullLatestImages: f.PullLatestImages, StopBeforeStart: f.StopBeforeStart, Force: f.Force,
		DockerTag: f.DockerTag, Commit: f.Commit, Configuration: f.RollbackTo, DeleteVolumes: f.DeleteVolumes,
	}
}

func newLeaseItem(l deployment.Lease) leaseItem {
	return leaseItem{Owner: l.Owner, Attempt: l.Attempt, Expires: instant(l.Expires)}
}

func (f leaseItem) lease() deployment.Lease {
	return deployment.Lease{Owner: f.Owner, Attempt: f.Attempt, Expires: time.Time(f.Expires)}
}

func newProgressItem(p deployment.Progress) progressItem {
	fields := progressItem{
		Log:      newMarkItem(p.Log),
		Process:  p.Process,
		Sent:     p.Sent,
		Steps:    make([]stepItem, len(p.Steps)),
		Source:   builtItem(p.Source),
		Scrubbed: newScrubProgressItem(p.Scrub),
	}
	for i, step := range p.Steps {
		fields.Steps[i] = stepItem{Name: step.Name, StartedAt: instant(step.StartedAt),
			FinishedAt: instant(step.FinishedAt), ExitCode: step.ExitCode}
	}
	return fields
}

func newMarkItem(m logbook.Mark) markItem {
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
			Chunks: f.Log.Chunks, Last: logbook.Order(f.Log.Last), Batch: f.Log.Batch,
			Until: time.Time(f.Log.Until), Bytes: f.Log.Bytes,
			Digest: f.Log.Digest, Index: index, Complete: f.Log.Complete,
		},
		Process: f.Process,
		Sent:    f.Sent,
		Source:  deployment.Source(f.Source),
		Scrub:   f.Scrubbed.progress(),
	}
	for _, step := range f.Steps {
		progress.Steps = append(progress.Steps, deployment.Step{Name: step.Name,
			StartedAt: time.Time(step.StartedAt), FinishedAt: time.Time(step.FinishedAt),
			ExitCode: step.ExitCode})
	}
	return progress, nil
}

func newOutcomeItem(o deployment.Outcome) outcomeItem {
	return outcomeItem{Status: string(o.Status), Reason: string(o.Reason), ExitCode: o.ExitCode,
		Signal: o.Signal, ResourceStatus: o.ResourceStatus, Successor: string(o.Successor)}
}

func (f outcomeItem) outcome() deployment.Outcome {
	return deployment.Outcome{Status: deployment.Status(f.Status), Reason: deployment.Reason(f.Reason),
		ExitCode: f.ExitCode,
		Signal:   f.Signal, ResourceStatus: f.ResourceStatus, Successor: deployment.ID(f.Successor)}
}
