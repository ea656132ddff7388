package wire

import (
	"cmp"
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// Record is a deployment on the wire. It is flat, and its types are the ones that
// existing clients decode: on any other type they retry three times and fail.
type Record struct {
	ID             int64  `json:"id"`
	DeploymentUUID string `json:"deployment_uuid"`
	Status         string `json:"status"`
	Operation      string `json:"operation"`
	ResourceUUID   string `json:"resource_uuid"`
	ResourceType   string `json:"resource_type"`
	ResourceName   string `json:"resource_name"`
	// ApplicationName is ResourceName where existing clients read it, whatever the kind.
	ApplicationName  string `json:"application_name"`
	ServerUUID       string `json:"server_uuid"`
	ServerName       string `json:"server_name"`
	PullLatestImages bool   `json:"pull_latest_images"`
	StopBeforeStart  bool   `json:"stop_before_start"`
	Force            bool   `json:"force"`
	// Rollback says that the deployment used an earlier one's configuration.
	Rollback      bool    `json:"rollback"`
	DeleteVolumes bool    `json:"delete_volumes"`
	IsAPI         bool    `json:"is_api"`
	Trigger       Trigger `json:"trigger"`
	// ImageTag is the tag of the request or of the pushed image, ImageDigest the digest of the
	// latter.
	ImageTag          *string `json:"docker_registry_image_tag"`
	ImageDigest       *string `json:"image_digest"`
	ConfigurationHash *string `json:"configuration_hash"`
	DeploymentURL     string  `json:"deployment_url"`
	CurrentProcessID  *string `json:"current_process_id"`
	ExitCode          *int    `json:"exit_code"`
	Signal            *string `json:"signal"`
	Reason            *string `json:"reason"`
	// ReasonText explains the reason, if there is more to say.
	ReasonText *string `json:"reason_text"`
	Attempt    int     `json:"attempt"`
	// After are the deployments that it comes after, and WaitingFor the ones of them that
	// keep it out of its server's queue.
	After      []Dependency `json:"after"`
	WaitingFor []string     `json:"waiting_for"`
	// Position is the place in the queue, 1 being next; absent once claimed.
	Position          int       `json:"position,omitempty"`
	Steps             []Step    `json:"steps"`
	Log               LogTotals `json:"log"`
	CreatedAt         string    `json:"created_at"`
	QueuedAt          *string   `json:"queued_at"`
	StartedAt         *string   `json:"started_at"`
	CancelRequestedAt *string   `json:"cancel_requested_at"`
	CancelRequestedBy *string   `json:"cancel_requested_by"`
	SupersededBy      *string   `json:"superseded_by"`
	FinishedAt        *string   `json:"finished_at"`
	ExpiresAt         *string   `json:"expires_at"`
	ScrubbedAt        *string   `json:"scrubbed_at"`
	ScrubbedBy        *string   `json:"scrubbed_by"`
	ScrubbedEntries   int       `json:"scrubbed_entries"`
	Hold              *Hold     `json:"hold"`
	// WindowOverride is null for a deployment that was queued in its windows.
	WindowOverride *WindowOverride `json:"window_override"`
	UpdatedAt      string          `json:"updated_at"`
	// ParkedAt is null while a runner works on it, or none has begun to.
	ParkedAt *string `json:"parked_at"`
	// Logs is text that is itself JSON. It is not in lists, and it needs the
	// ability to read sensitive data.
	Logs *string `json:"logs,omitempty"`

	*applicationFields
	*serviceFields
	*databaseFields
}

// Hold is the legal hold of a deployment.
type Hold struct {
	At     string `json:"at"`
	By     string `json:"by"`
	Reason string `json:"reason"`
}

// FromHold returns nil without a hold.
func FromHold(hold deployment.Hold) *Hold {
	if !hold.Held {
		return nil
	}
	return &Hold{At: Timestamp(hold.At), By: hold.By, Reason: hold.Reason}
}

// WindowOverride says why a deployment was queued outside of its windows, and the name of the
// token that did it.
type WindowOverride struct {
	Reason string `json:"reason"`
	By     string `json:"by"`
}

func fromWindowOverride(override deployment.WindowOverride) *WindowOverride {
	if override == (deployment.WindowOverride{}) {
		return nil
	}
	return new(WindowOverride(override))
}

// Trigger says who or what requested a deployment. TokenID is the id of the token of
// that name, for a deployment that came over the API.
type Trigger struct {
	Kind    string  `json:"kind"`
	Name    string  `json:"name"`
	TokenID *string `json:"token_id"`
	// Chain is how many deployments led to this one, and CausedBy the last of them.
	Chain    int     `json:"chain"`
	CausedBy *string `json:"caused_by"`
}

func fromTrigger(t deployment.Trigger) Trigger {
	return Trigger{t.Kind, t.Name, TextOrNull(t.TokenID), t.Chain, TextOrNull(string(t.CausedBy))}
}

// Step is a step and its times. FinishedAt and ExitCode are null while it runs.
type Step struct {
	Name       string  `json:"name"`
	StartedAt  string  `json:"started_at"`
	FinishedAt *string `json:"finished_at"`
	ExitCode   *int    `json:"exit_code"`
	// FirstOrder is the order of the entry of the log that begins the step, or null
	// until the log has it.
	FirstOrder *int64 `json:"first_order"`
}

// LogTotals says how long the log is. Digest is the hash of the chain of its
// chunks; OriginalDigest is the one from before a scrub, if there was one.
type LogTotals struct {
	Entries        int64   `json:"entries"`
	Bytes          int64   `json:"bytes"`
	Chunks         int     `json:"chunks"`
	OutputBytes    int64   `json:"output_bytes"`
	Digest         *string `json:"digest"`
	OriginalDigest *string `json:"original_digest"`
	Complete       bool    `json:"complete"`
}

// applicationFields are upstream's fields of an application's deployment. A field
// without a counterpart in Waybill has upstream's empty value.
type applicationFields struct {
	ApplicationID  string  `json:"application_id"`
	PullRequestID  int     `json:"pull_request_id"`
	ForceRebuild   bool    `json:"force_rebuild"`
	Commit         string  `json:"commit"`
	CommitMessage  *string `json:"commit_message"`
	IsWebhook      bool    `json:"is_webhook"`
	RestartOnly    bool    `json:"restart_only"`
	OnlyThisServer bool    `json:"only_this_server"`
	GitType        *string `json:"git_type"`
}

// serviceFields are on deployments of services only.
type serviceFields struct {
	ServiceID   string `json:"service_id"`
	ServiceName string `json:"service_name"`
}

// databaseFields are on deployments of databases only. DatabaseType is absent
// once the database is deleted.
type databaseFields struct {
	DatabaseID   string `json:"database_id"`
	DatabaseName string `json:"database_name"`
	DatabaseType string `json:"database_type,omitempty"`
}

// FromRecord returns a record as lists show it, without its log and its place in
// the queue.
func FromRecord(r deployment.Record) Record {
	body := Record{
		ID:                r.ID.Number(),
		DeploymentUUID:    string(r.ID),
		Status:            string(r.Status),
		Operation:         string(r.Operation),
		ResourceUUID:      string(r.ID.Resource()),
		ResourceType:      string(r.ID.Kind()),
		ResourceName:      r.ResourceName,
		ApplicationName:   r.ResourceName,
		ServerUUID:        string(r.ServerID),
		ServerName:        r.ServerName,
		PullLatestImages:  r.Options.PullLatestImages,
		StopBeforeStart:   r.Options.StopBeforeStart,
		Force:             r.Options.Force,
		Rollback:          r.Options.Configuration != "",
		DeleteVolumes:     r.Options.DeleteVolumes,
		IsAPI:             r.Trigger.Kind == deployment.TriggerAPI,
		ImageTag:          TextOrNull(r.Options.DockerTag),
		ImageDigest:       TextOrNull(r.Options.ImageDigest),
		Trigger:           fromTrigger(r.Trigger),
		ConfigurationHash: TextOrNull(r.ConfigurationHash),
		DeploymentURL:     "/api/v1/deployments/" + string(r.ID),
		CurrentProcessID:  TextOrNull(r.Progress.Process),
		ExitCode:          r.Outcome.ExitCode,
		Signal:            TextOrNull(r.Outcome.Signal),
		Reason:            TextOrNull(string(r.Outcome.Reason)),
		ReasonText:        TextOrNull(r.ReasonText()),
		Attempt:           r.Attempts(),
		After:             dependenciesOf(r),
		WaitingFor:        append([]string{}, WaitingFor(r)...),
		Steps:             stepsOf(r.Progress.Steps),
		Log:               logTotalsOf(r),
		CreatedAt:         Timestamp(r.CreatedAt),
		QueuedAt:          TimestampOrNull(r.QueuedAt),
		StartedAt:         TimestampOrNull(r.StartedAt),
		CancelRequestedAt: TimestampOrNull(r.CancelRequestedAt),
		CancelRequestedBy: TextOrNull(r.CancelRequestedBy),
		SupersededBy:      TextOrNull(string(r.Outcome.Successor)),
		FinishedAt:        TimestampOrNull(r.FinishedAt),
		ExpiresAt:         TimestampOrNull(r.ExpiresAt),
		ScrubbedAt:        TimestampOrNull(r.Scrub.At),
		ScrubbedBy:        TextOrNull(r.Scrub.By),
		ScrubbedEntries:   r.Scrub.Entries,
		Hold:              FromHold(r.Hold),
		WindowOverride:    fromWindowOverride(r.WindowOverride),
		UpdatedAt:         Timestamp(r.UpdatedAt),
		ParkedAt:          TimestampOrNull(r.ParkedAt),
	}
	body.addKind(r)
	return body
}

// addKind sets the fields that only deployments of the record's kind have.
func (b *Record) addKind(r deployment.Record) {
	switch r.ID.Kind() {
	case catalog.KindApplication:
		b.applicationFields = &applicationFields{
			ApplicationID: string(r.ID.Resource()),
			ForceRebuild:  r.Options.Force,
			Commit:        cmp.Or(r.Outcome.Source.Commit, r.Options.Commit, head),
			CommitMessage: TextOrNull(r.Outcome.Source.Message),
			RestartOnly:   r.Operation == deployment.Restart,
		}
	case catalog.KindService:
		b.serviceFields = &serviceFields{ServiceID: string(r.ID.Resource()), ServiceName: r.ResourceName}
	case catalog.KindDatabase:
		b.databaseFields = &databaseFields{DatabaseID: string(r.ID.Resource()), DatabaseName: r.ResourceName}
	}
}

// FromListing returns the records of a page, with the types of its databases. It never
// returns nil, so that an empty page is encoded as [].
func FromListing(listing deployment.Listing) []Record {
	bodies := make([]Record, 0, len(listing.Records))
	for _, record := range listing.Records {
		body := FromRecord(record)
		if db, is := listing.Resources[record.ID.Resource()].(*catalog.Database); is {
			body.DatabaseType = databaseType(db.Engine)
		}
		bodies = append(bodies, body)
	}
	return bodies
}

// AddDatabaseTypes sets the database type of each deployment of a database, which
// its record does not have. The type of a deleted database stays empty.
func AddDatabaseTypes(ctx context.Context, store catalog.Reader, bodies []Record) ([]Record, error) {
	types := map[string]string{}
	for _, body := range bodies {
		uuid := body.ResourceUUID
		if _, known := types[uuid]; known || body.databaseFields == nil {
			continue
		}
		db, err := catalog.FindHead[*catalog.Database](ctx, store, catalog.ID(uuid))
		if err != nil && !errors.Is(err, fault.NotFound) {
			return nil, err
		}
		if types[uuid] = ""; err == nil {
			types[uuid] = databaseType(db.Engine)
		}
	}
	for _, body := range bodies {
		if body.databaseFields != nil {
			body.DatabaseType = types[body.ResourceUUID]
		}
	}
	return bodies, nil
}

// stepsOf never returns nil, so that no steps are encoded as [].
func stepsOf(steps []deployment.Step) []Step {
	bodies := make([]Step, 0, len(steps))
	for _, s := range steps {
		bodies = append(bodies, Step{
			s.Name, Timestamp(s.StartedAt), TimestampOrNull(s.FinishedAt), s.ExitCode, firstOrderOf(s),
		})
	}
	return bodies
}

func firstOrderOf(s deployment.Step) *int64 {
	if s.First == 0 {
		return nil
	}
	return new(int64(s.First))
}

func logTotalsOf(r deployment.Record) LogTotals {
	mark := r.Progress.Log
	return LogTotals{
		Entries:        int64(mark.Last),
		Bytes:          mark.Bytes,
		Chunks:         mark.Chunks,
		OutputBytes:    r.Progress.OutputBytes(),
		Digest:         TextOrNull(mark.Digest),
		OriginalDigest: TextOrNull(r.Scrub.Original),
		Complete:       LogComplete(r),
	}
}

// LogComplete reports whether the log has ended. The log of a deployment that
// ended before it printed anything is empty and complete.
func LogComplete(r deployment.Record) bool { return r.Progress.Log.Complete || r.Status.Terminal() }
