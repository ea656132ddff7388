package notify

import (
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"waybill/internal/fault"
)

// PayloadVersion is the version of the form of a webhook's body. Within a version, fields are
// only added.
const PayloadVersion = 1

// payload is the body of a webhook, in the form that Standard Webhooks recommends. docs/events.md
// documents it, and the schema in docs/schemas describes it.
type payload struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      data   `json:"data"`
}

type data struct {
	Version int    `json:"version"`
	Team    string `json:"team"`
	Event   string `json:"event"`
	// Title is a sentence for people.
	Title           string  `json:"title"`
	DeploymentUUID  *string `json:"deployment_uuid"`
	Operation       *string `json:"operation"`
	Status          *string `json:"status"`
	Reason          *string `json:"reason"`
	ReasonText      *string `json:"reason_text"`
	ExitCode        *int    `json:"exit_code"`
	Signal          *string `json:"signal"`
	ResourceUUID    *string `json:"resource_uuid"`
	ResourceType    *string `json:"resource_type"`
	ResourceName    *string `json:"resource_name"`
	ServerUUID      *string `json:"server_uuid"`
	ServerName      *string `json:"server_name"`
	Trigger         trigger `json:"trigger"`
	CancelledBy     *string `json:"cancelled_by"`
	Commit          *string `json:"commit"`
	ImageTag        *string `json:"docker_registry_image_tag"`
	QueuedAt        *string `json:"queued_at"`
	StartedAt       *string `json:"started_at"`
	FinishedAt      *string `json:"finished_at"`
	DurationMS      *int64  `json:"duration_ms"`
	UsualDurationMS *int64  `json:"usual_duration_ms"`
	Schedule        *string `json:"schedule_uuid"`
	Due             *string `json:"due_at"`
	// Excerpt is redacted text about the container at fault, or the end of the output.
	Excerpt *string `json:"excerpt"`
	Links   links   `json:"links"`
}

type trigger struct {
	Kind *string `json:"kind"`
	Name *string `json:"name"`
}

func newPayload(stack Stack, job Job, m message) payload {
	f := job.Facts
	kind := string(f.Resource.Kind())
	kindOfEvent := "deployment." + string(job.Event)
	if f.Deployment == "" {
		kindOfEvent = "waybill." + string(job.Event)
	}
	ran := f.FinishedAt.Sub(f.StartedAt)
	if f.StartedAt.IsZero() || f.FinishedAt.IsZero() {
		ran = 0
	}
	return payload{Type: kindOfEvent, Timestamp: stamp(job.At), Data: data{
		Version: PayloadVersion, Team: stack.Team, Event: string(job.Event), Title: m.title,
		DeploymentUUID: given(string(f.Deployment)), Operation: given(string(f.Operation)),
		Status: given(string(f.Status)), Reason: given(string(f.Reason)),
		ReasonText: given(f.ReasonText), ExitCode: f.ExitCode,
		Signal: given(f.Signal), ResourceUUID: given(string(f.Resource)), ResourceType: given(kind),
		ResourceName: given(f.ResourceName), ServerUUID: given(string(f.ServerID)),
		ServerName:  given(f.ServerName),
		Trigger:     trigger{given(f.Trigger.Kind), given(f.Trigger.Name)},
		CancelledBy: given(f.CancelledBy), Commit: given(f.Commit), ImageTag: given(f.ImageTag),
		QueuedAt: moment(f.QueuedAt), StartedAt: moment(f.StartedAt), FinishedAt: moment(f.FinishedAt),
		DurationMS: milliseconds(ran), UsualDurationMS: milliseconds(f.Usual),
		Schedule: given(f.Schedule), Due: moment(f.Due), Excerpt: given(m.excerpt),
		Links: newLinks(stack, f),
	}}
}

// given returns nil for no text.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

// moment returns nil for no time.
func moment(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	return new(stamp(at))
}

// milliseconds returns nil for no duration.
func milliseconds(d time.Duration) *int64 {
	if d <= 0 {
		return nil
	}
	return new(d.Milliseconds())
}

// sign returns the headers of Standard Webhooks for the body. The id is the same in every
// repeat; the time is the attempt's own, because receivers refuse old ones.
func sign(secret, id string, now time.Time, body []byte) (map[string]string, error) {
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil { // the library's error may quote the secret
		return nil, fault.New(fault.Internal, "the stored signing secret is damaged")
	}
	seconds := now.Truncate(time.Second)
	signature, err := signer.Sign(id, seconds, body)
	if err != nil {
		return nil, fault.New(fault.Internal, "the message could not be signed")
	}
	return map[string]string{
		standardwebhooks.HeaderWebhookID:        id,
		standardwebhooks.HeaderWebhookTimestamp: unix(seconds),
		standardwebhooks.HeaderWebhookSignature: signature,
	}, nil
}
