package eventbus

import (
	"cmp"
	"time"

	"waybill/internal/deployment"
)

// detail is what an event says. A receiver may get a change more than once, and
// not in the order of the changes: ID is the same each time.
type detail struct {
	ID string `json:"id"`
	// Kind is the resource's: "application", "service" or "database".
	Kind string `json:"kind"`
	// PreviousStatus is null for a new deployment.
	PreviousStatus *deployment.Status `json:"previous_status"`
	Deployment     record             `json:"deployment"`
}

// record is a deployment's record, with the names and forms that the API has.
type record struct {
	Number           int64             `json:"id"`
	ID               deployment.ID     `json:"deployment_uuid"`
	Status           deployment.Status `json:"status"`
	Reason           *string           `json:"reason"`
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
	// ConfigurationHash names the configuration that it runs with. Commit is
	// what was asked for until it is known what was built; the tag is only of an
	// image that is to run instead of the configured one.
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

type trigger struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// logTotals says how much log there is. The log itself is behind the API,
// where abilities are checked.
type logTotals struct {
	Entries     int64 `json:"entries"`
	Bytes       int64 `json:"bytes"`
	OutputBytes int64 `json:"output_bytes"`
	Complete    bool  `json:"complete"`
}

func newDetail(change deployment.Change) detail {
	r := change.Record
	return detail{
		ID:             change.ID(),
		Kind:           string(r.ID.Kind()),
		PreviousStatus: orNull(change.Previous),
		Deployment: record{
			Number:            r.ID.Number(),
			ID:                r.ID,
			Status:            r.Status,
			Reason:            orNull(string(r.Outcome.Reason)),
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
			Trigger:           trigger{Kind: r.Trigger.Kind, Name: r.Trigger.Name},
			ConfigurationHash: orNull(r.ConfigurationHash),
			Commit:            orNull(cmp.Or(r.Progress.Source.Commit, r.Options.Commit)),
			CommitMessage:     orNull(r.Progress.Source.Message),
			ImageTag:          orNull(r.Options.DockerTag),
			Attempt:           r.Lease.Attempt,
			ExitCode:          r.Outcome.ExitCode,
			Signal:            orNull(r.Outcome.Signal),
			Log: logTotals{
				Entries:     int64(r.Progress.Log.Last),
				Bytes:       r.Progress.Log.Bytes,
				OutputBytes: r.Progress.OutputBytes(),
				Complete:    r.Progress.Log.Complete,
			},
			CreatedAt:  timeOrNull(r.CreatedAt),
			QueuedAt:   timeOrNull(r.QueuedAt),
			StartedAt:  timeOrNull(r.StartedAt),
			FinishedAt: timeOrNull(r.FinishedAt),
			UpdatedAt:  timeOrNull(r.UpdatedAt),
		},
	}
}

// orNull is null for a text that says nothing.
func orNull[T ~string](text T) *T {
	if text == "" {
		return nil
	}
	return &text
}

// timeOrNull writes a time as the API does, and null for none.
func timeOrNull(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	text := at.UTC().Format("2006-01-02T15:04:05.000000Z")
	return &text
}
