// Package notify tells people and programs what happened to deployments. A [Planner] turns
// changes, stuck deployments and missed schedules into jobs, one for each notification that
// wants them. A [Courier] does one job: it builds the message, sends it, and notes the result.
//
// Jobs come from the tables' stream and from the sweep, never from the event bus, where anyone
// who may put events could forge one. A job may come more than once. Its id stays the same, so
// a receiver can recognise a repeat.
package notify

import (
	"context"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// Job is one message to one target.
type Job struct {
	// ID is made of the subject, the event and the notification, so that every repeat has it,
	// too. It has letters, digits, hyphens and underscores only.
	ID           string
	Notification catalog.ID
	Event        catalog.NotificationEvent
	// At is when it happened. It is the same in every repeat.
	At    time.Time
	Facts Facts
}

// Facts are the content of a message. Zero fields are unknown or do not apply.
type Facts struct {
	Deployment   deployment.ID
	Resource     catalog.ID
	ResourceName string
	ServerID     catalog.ID
	ServerName   string
	Operation    deployment.Operation
	Status       deployment.Status
	Reason       deployment.Reason
	// ReasonText is a sentence that explains the reason, if there is more to say.
	ReasonText  string
	ExitCode    *int
	Signal      string
	Trigger     deployment.Trigger
	CancelledBy string
	Commit      string
	ImageTag    string
	QueuedAt    time.Time
	StartedAt   time.Time
	FinishedAt  time.Time
	// Compare is the last start of the resource that finished before.
	Compare deployment.ID
	// Usual is how long such a deployment takes, if it is stuck because it runs longer.
	Usual time.Duration
	// Schedule and Expression are the schedule that was missed, and Due is when it was due.
	Schedule   string
	Expression string
	Due        time.Time
}

// FactsOf returns the facts of a deployment.
func FactsOf(r deployment.Record) Facts {
	commit := r.Outcome.Source.Commit
	if commit == "" {
		commit = r.Options.Commit
	}
	return Facts{
		Deployment: r.ID, Resource: r.ID.Resource(), ResourceName: r.ResourceName,
		ServerID: r.ServerID, ServerName: r.ServerName, Operation: r.Operation, Status: r.Status,
		Reason: r.Outcome.Reason, ReasonText: r.ReasonText(), ExitCode: r.Outcome.ExitCode,
		Signal:  r.Outcome.Signal,
		Trigger: r.Trigger, CancelledBy: r.CancelRequestedBy, Commit: commit,
		ImageTag: r.Options.DockerTag, QueuedAt: r.QueuedAt, StartedAt: r.StartedAt,
		FinishedAt: r.FinishedAt,
	}
}

// jobID joins the parts of an id. Standard Webhooks signs the id with dots around it, so it
// has none.
func jobID(parts ...string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, strings.Join(parts, "_"))
}

// NewTest returns a job that sends a test message. random is a text that no other test has.
func NewTest(notification catalog.ID, random string, now time.Time) Job {
	return Job{ID: jobID("test", random, string(notification)), Notification: notification,
		Event: catalog.EventTest, At: now}
}

// Queue takes jobs.
type Queue interface {
	// Send adds the job. It is delivered at least once.
	Send(ctx context.Context, job Job) error
}
