package sqsqueue

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/notify"
)

// Jobs are the queue of the jobs of notifications. It is safe for use by several goroutines.
type Jobs struct {
	queue *Queue
	// dead is the URL of the dead-letter queue, or "".
	dead string
}

var (
	_ notify.Queue      = (*Jobs)(nil)
	_ notify.DeadLetter = (*Jobs)(nil)
)

// OpenJobs returns the queue with the URL and makes a client for it. dead is the URL of its
// dead-letter queue, which only [Jobs.Bury] needs.
func OpenJobs(config aws.Config, queueURL, dead string) *Jobs {
	return &Jobs{Open(config, queueURL), dead}
}

// jobBody is a job as a message. Deployment has the name that the operator's log takes it from.
type jobBody struct {
	Version      int                       `json:"v"`
	ID           string                    `json:"id"`
	Notification catalog.ID                `json:"notification_uuid"`
	Event        catalog.NotificationEvent `json:"event"`
	At           time.Time                 `json:"at"`
	Deployment   deployment.ID             `json:"deployment_uuid,omitempty"`
	Facts        factsBody                 `json:"facts"`
	// Reason is why a dead letter is one.
	Reason string `json:"reason,omitempty"`
}

// factsBody are the facts of a job, with the fields of [notify.Facts].
type factsBody struct {
	Deployment   deployment.ID        `json:"deployment,omitempty"`
	Resource     catalog.ID           `json:"resource,omitempty"`
	ResourceName string               `json:"resource_name,omitempty"`
	ServerID     catalog.ID           `json:"server,omitempty"`
	ServerName   string               `json:"server_name,omitempty"`
	Operation    deployment.Operation `json:"operation,omitempty"`
	Status       deployment.Status    `json:"status,omitempty"`
	Reason       deployment.Reason    `json:"reason,omitempty"`
	ReasonText   string               `json:"reason_text,omitempty"`
	ExitCode     *int                 `json:"exit_code,omitempty"`
	Signal       string               `json:"signal,omitempty"`
	TriggerKind  string               `json:"trigger_kind,omitempty"`
	TriggerName  string               `json:"trigger_name,omitempty"`
	CancelledBy  string               `json:"cancelled_by,omitempty"`
	Commit       string               `json:"commit,omitempty"`
	ImageTag     string               `json:"image_tag,omitempty"`
	QueuedAt     time.Time            `json:"queued_at,omitzero"`
	StartedAt    time.Time            `json:"started_at,omitzero"`
	FinishedAt   time.Time            `json:"finished_at,omitzero"`
	Compare      deployment.ID        `json:"compare,omitempty"`
	Usual        time.Duration        `json:"usual_ns,omitempty"`
	Schedule     string               `json:"schedule,omitempty"`
	Expression   string               `json:"expression,omitempty"`
	Due          time.Time            `json:"due,omitzero"`
}

const jobVersion = 1

func encodeJob(job notify.Job, reason string) (string, error) {
	f := job.Facts
	text, err := json.Marshal(jobBody{Version: jobVersion, ID: job.ID, Notification: job.Notification,
		Event: job.Event, At: job.At, Deployment: f.Deployment, Reason: reason, Facts: factsBody{
			f.Deployment, f.Resource, f.ResourceName, f.ServerID, f.ServerName, f.Operation, f.Status,
			f.Reason, f.ReasonText,
			f.ExitCode, f.Signal, f.Trigger.Kind, f.Trigger.Name, f.CancelledBy, f.Commit, f.ImageTag,
			f.QueuedAt, f.StartedAt, f.FinishedAt, f.Compare, f.Usual, f.Schedule, f.Expression, f.Due,
		}})
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "encode the job %s", job.ID)
	}
	return string(text), nil
}

// ReadJob returns the job in the text of a message. Invalid if [Jobs.Send] did not make it.
func ReadJob(text string) (notify.Job, error) {
	var m jobBody
	if err := json.Unmarshal([]byte(text), &m); err != nil || m.Version != jobVersion || m.ID == "" {
		return notify.Job{}, fault.New(fault.Invalid, "a message of %d bytes is no job", len(text))
	}
	f := m.Facts
	return notify.Job{ID: m.ID, Notification: m.Notification, Event: m.Event, At: m.At.UTC(),
		Facts: notify.Facts{
			Deployment: f.Deployment, Resource: f.Resource, ResourceName: f.ResourceName,
			ServerID:   f.ServerID,
			ServerName: f.ServerName, Operation: f.Operation, Status: f.Status, Reason: f.Reason,
			ReasonText: f.ReasonText, ExitCode: f.ExitCode, Signal: f.Signal,
			CancelledBy: f.CancelledBy, Commit: f.Commit,
			Trigger:  deployment.Trigger{Kind: f.TriggerKind, Name: f.TriggerName},
			ImageTag: f.ImageTag, QueuedAt: f.QueuedAt, StartedAt: f.StartedAt, FinishedAt: f.FinishedAt,
			Compare: f.Compare, Usual: f.Usual, Schedule: f.Schedule, Expression: f.Expression,
			Due: f.Due,
		}}, nil
}

// Send adds the job to the queue.
func (j *Jobs) Send(ctx context.Context, job notify.Job) error {
	return j.send(ctx, j.queue.url, job, "")
}

// Bury adds the job to the dead-letter queue, with the reason.
func (j *Jobs) Bury(ctx context.Context, job notify.Job, reason string) error {
	return j.send(ctx, j.dead, job, reason)
}

func (j *Jobs) send(ctx context.Context, url string, job notify.Job, reason string) error {
	text, err := encodeJob(job, reason)
	if err != nil {
		return err
	}
	_, err = j.queue.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &text})
	if err != nil {
		return fault.Wrap(err, fault.Internal, "send the job %s", job.ID)
	}
	return nil
}

// jobHold is how long the message of a job stays hidden while it is worked on: longer than the
// longest attempt. The queue itself hides it for longer, so the message of a function that was
// killed comes back soon.
const jobHold = 25 * time.Second

// Handle does the job of a message. If it has to be done again, the message stays hidden for the
// pause, and the error makes the queue keep it.
func (j *Jobs) Handle(ctx context.Context, message Message,
	deliver func(context.Context, notify.Job) error) error {
	job, err := ReadJob(message.Body)
	if err != nil {
		return err
	}
	if err := j.queue.Hold(ctx, message.Receipt, jobHold); err != nil {
		return err
	}
	err = deliver(ctx, job)
	if again, is := errors.AsType[*notify.Again](err); is {
		return errors.Join(err, j.queue.Hold(ctx, message.Receipt, again.After))
	}
	return err
}
