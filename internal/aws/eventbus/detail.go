package eventbus

import (
	"cmp"

	"waybill/internal/deployment"
	"waybill/internal/wire"
)

// detail is the detail of an event. A receiver may get a change more than once, and
// changes out of order. ID is the same each time.
//
// docs/events.md documents each field, and the schema in docs/schemas describes the form.
type detail struct {
	Version int    `json:"version"`
	ID      string `json:"id"`
	Team    string `json:"team"`
	// Kind is the resource's: "application", "service" or "database".
	Kind string `json:"kind"`
	// PreviousStatus is null for a new deployment, and Reason before the end.
	PreviousStatus *string `json:"previous_status"`
	Reason         *string `json:"reason"`
	// DurationMS is the time from the start to the end, or null without both.
	DurationMS *int64     `json:"duration_ms"`
	Deployment record     `json:"deployment"`
	Links      wire.Links `json:"links"`
}

// record is the published part of a deployment's record. Its members have the names and
// the JSON of the API. It is a separate type, because it is a contract with the receivers
// of events: a new field of the API must not appear in events by accident.
type record struct {
	Number           int64             `json:"id"`
	ID               deployment.ID     `json:"deployment_uuid"`
	Status           deployment.Status `json:"status"`
	Reason           *string           `json:"reason"`
	ReasonText       *string           `json:"reason_text"`
	Operation        string            `json:"operation"`
	ResourceID       string            `json:"resource_uuid"`
	ResourceType     string            `json:"resource_type"`
	ResourceName     string            `json:"resource_name"`
	ServerID         string            `json:"server_uuid"`
	ServerName       string            `json:"server_name"`
	PullLatestImages bool              `json:"pull_latest_images"`
	StopBeforeStart  bool              `json:"stop_before_start"`
	Force            bool              `json:"force"`
	Rollback         bool              `json:"rollback"`
	DeleteVolumes    bool              `json:"delete_volumes"`
	IsAPI            bool              `json:"is_api"`
	Trigger          trigger           `json:"trigger"`
	// Commit is the requested commit until the built one is known. ImageTag is set
	// only if the request replaces the configured tag.
	ConfigurationHash *string   `json:"configuration_hash"`
	Commit            *string   `json:"commit"`
	CommitMessage     *string   `json:"commit_message"`
	ImageTag          *string   `json:"docker_registry_image_tag"`
	Attempt           int       `json:"attempt"`
	ExitCode          *int      `json:"exit_code"`
	Signal            *string   `json:"signal"`
	Log               logTotals `json:"log"`
	CreatedAt         *string   `json:"created_at"`
	QueuedAt          *string   `json:"queued_at"`
	StartedAt         *string   `json:"started_at"`
	FinishedAt        *string   `json:"finished_at"`
	UpdatedAt         *string   `json:"updated_at"`
}

// trigger says who or what requested the deployment.
type trigger struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// logTotals is the size of the log. The log itself is available only over the API, which
// checks abilities.
type logTotals struct {
	Entries     int64 `json:"entries"`
	Bytes       int64 `json:"bytes"`
	OutputBytes int64 `json:"output_bytes"`
	Complete    bool  `json:"complete"`
}

func newDetail(stack Stack, change deployment.Change) detail {
	r := change.Record
	return detail{
		Version:        Version,
		ID:             change.ID(),
		Team:           stack.Team,
		Kind:           string(r.ID.Kind()),
		PreviousStatus: wire.TextOrNull(string(change.Previous)),
		Reason:         wire.TextOrNull(string(r.Outcome.Reason)),
		DurationMS:     wire.MillisecondsOrNull(r.Took()),
		Deployment:     newRecord(r),
		Links:          wire.LinksTo(stack.URL, r.ID),
	}
}

func newRecord(r deployment.Record) record {
	return record{
		Number:            r.ID.Number(),
		ID:                r.ID,
		Status:            r.Status,
		Reason:            wire.TextOrNull(string(r.Outcome.Reason)),
		ReasonText:        wire.TextOrNull(r.ReasonText()),
		Operation:         string(r.Operation),
		ResourceID:        string(r.ID.Resource()),
		ResourceType:      string(r.ID.Kind()),
		ResourceName:      r.ResourceName,
		ServerID:          string(r.ServerID),
		ServerName:        r.ServerName,
		PullLatestImages:  r.Options.PullLatestImages,
		StopBeforeStart:   r.Options.StopBeforeStart,
		Force:             r.Options.Force,
		Rollback:          r.Options.Configuration != "",
		DeleteVolumes:     r.Options.DeleteVolumes,
		IsAPI:             r.Trigger.Kind == deployment.TriggerAPI,
		Trigger:           trigger{r.Trigger.Kind, r.Trigger.Name},
		ConfigurationHash: wire.TextOrNull(r.ConfigurationHash),
		Commit:            wire.TextOrNull(cmp.Or(r.Outcome.Source.Commit, r.Options.Commit)),
		CommitMessage:     wire.TextOrNull(r.Outcome.Source.Message),
		ImageTag:          wire.TextOrNull(r.Options.DockerTag),
		Attempt:           r.Attempts(),
		ExitCode:          r.Outcome.ExitCode,
		Signal:            wire.TextOrNull(r.Outcome.Signal),
		Log: logTotals{
			Entries:     int64(r.Progress.Log.Last),
			Bytes:       r.Progress.Log.Bytes,
			OutputBytes: r.Progress.OutputBytes(),
			Complete:    r.Progress.Log.Complete,
		},
		CreatedAt:  wire.TimestampOrNull(r.CreatedAt),
		QueuedAt:   wire.TimestampOrNull(r.QueuedAt),
		StartedAt:  wire.TimestampOrNull(r.StartedAt),
		FinishedAt: wire.TimestampOrNull(r.FinishedAt),
		UpdatedAt:  wire.TimestampOrNull(r.UpdatedAt),
	}
}
