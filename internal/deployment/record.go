// Package deployment is one attempt to start, stop or restart a resource: its
// record, its status machine, and the ports through which it is queued,
// claimed, begun, followed and ended. It is the heart of Waybill; it knows no
// AWS, no SSH and no HTTP.
package deployment

import (
	"time"

	"waybill/internal/catalog"
	"waybill/internal/logbook"
)

// Record is everything kept about one deployment, its log excepted. It stays
// near 1 KB, so that a page of history costs one read.
type Record struct {
	ID           ID
	Status       Status
	Operation    catalog.Operation
	Options      catalog.Options
	ResourceName string
	ServerID     catalog.ID
	ServerName   string
	Trigger      Trigger

	// ConfigurationHash names the snapshot of the configuration that it runs
	// with; see package snapshot.
	ConfigurationHash string

	CreatedAt time.Time
	// QueuedAt is when it joined its server's queue, ClaimedAt when it left it,
	// StartedAt when the first runner took it, FinishedAt when it ended. Zero
	// until then.
	QueuedAt   time.Time
	ClaimedAt  time.Time
	StartedAt  time.Time
	FinishedAt time.Time
	UpdatedAt  time.Time

	Lease    Lease
	Progress Progress
	Outcome  Outcome

	// CancelRequestedAt and FollowedAt come from readers: when a user asked to
	// cancel it, and when somebody last waited for its log. Zero if never.
	// CancelRequestedBy is the name of that user's token.
	CancelRequestedAt time.Time
	CancelRequestedBy string
	FollowedAt        time.Time

	// Scrub says what was taken out of the log since it ended.
	Scrub Scrub
}

// Scrub is what was done to a log to take secrets out of it. All of it is zero
// if nothing ever was.
type Scrub struct {
	// At is when that was last done, By the name of the token that asked for it,
	// and Deployment the one that did it.
	At         time.Time
	By         string
	Deployment ID
	// Entries is how many entries were changed, over all scrubs.
	Entries int
	// Original is the digest that the log had before the first of them.
	Original string
}

// Trigger is who and what asked for a deployment.
type Trigger struct {
	// Kind is "api", "event" or "schedule".
	Kind string
	// Name is the token's name for an API call, the event's id for an event.
	Name string
}

// TriggerAPI is the Kind of a [Trigger] that came over HTTP.
const TriggerAPI = "api"

// Lease is a runner's right to work on a deployment until it expires. Attempt
// grows by one with every lease taken and is the fencing number.
type Lease struct {
	Owner   string
	Attempt int
	Expires time.Time
}

// Progress is what a runner has done so far.
type Progress struct {
	// Log is where the committed log ends.
	Log logbook.Mark
	// Process is the process group of the job on the server as "PGID BOOT_ID",
	// or empty before it started.
	Process string
	// Sent says that a runner was about to send the job to the server. It is
	// stored before anything is sent, so the job may run from then on, whatever
	// became of the runner or the connection.
	Sent bool
	// Steps are the steps begun so far, in order.
	Steps []Step
	// Source is what was built, once that is known.
	Source Source
	// Scrub is how far a scrub is, and zero for all others.
	Scrub ScrubProgress
}

// ScrubProgress is how far a scrub is. It goes from a resource's newest deployment
// to its oldest.
type ScrubProgress struct {
	// Last is the last deployment whose log is done.
	Last ID
	// Logs is how many are, Changed how many of them had something in them, and
	// Entries in how many entries. Failed could not be read or written.
	Logs    int
	Changed int
	Entries int
	Failed  int
}

// Source is the state of a git repository that a deployment built.
type Source struct {
	// Commit is the whole hash; Message is the first line, redacted and at most
	// [MaxCommitMessage] bytes long.
	Commit  string
	Message string
}

// MaxCommitMessage bounds what a record keeps of a commit's message, in bytes.
const MaxCommitMessage = 256

// Step is one step of a deployment and its timing. ExitCode is nil while it
// runs, and FinishedAt zero.
type Step struct {
	Name       string
	StartedAt  time.Time
	FinishedAt time.Time
	ExitCode   *int
}

// Outcome is how a deployment ended. All of it is zero until then.
type Outcome struct {
	Status Status
	Reason Reason
	// ExitCode is the exit code of the step that decided, nil if no step did.
	ExitCode *int
	// Signal is the name of the signal that ended it ("SIGKILL"), or empty.
	Signal string
	// Successor is the deployment that superseded this one, or empty.
	Successor ID
	// ResourceStatus is what the resource is now, as upstream writes it
	// ("running:healthy"); empty leaves it as it was.
	ResourceStatus string
}

// OutputBytes is how many bytes of the commands' output are in the log.
func (p Progress) OutputBytes() int64 { return p.Log.At.Out + p.Log.At.Err }
