// Package deployment defines a deployment, which is one operation on a resource: its
// record, its state machine, and the ports through which it is queued, claimed, begun,
// followed and ended. It does not depend on AWS, SSH or HTTP.
package deployment

import (
	"time"

	"waybill/internal/catalog"
	"waybill/internal/logbook"
)

// Record is all stored data of one deployment except its log. It is less than 1 KB, so
// that each write of it costs one unit. Its times are kept to the microsecond.
type Record struct {
	ID           ID
	Status       Status
	Operation    Operation
	Options      Options
	ResourceName string
	ServerID     catalog.ID
	ServerName   string
	Trigger      Trigger
	// GivenTo has the ids of at most [MaxGivenTo] other tokens whose requests were answered
	// with the deployment, or with one that it superseded; see [Record.IsGivenTo].
	GivenTo []string

	// After has the deployments that it comes after, at most [MaxAfter]. See
	// [Record.Waiting].
	After []Dependency
	// Awaited says that others wait, or have waited, for its end.
	Awaited bool

	// ConfigurationHash is the hash of the configuration that it runs with; see
	// package snapshot.
	ConfigurationHash string

	// WindowOverride is set for a deployment that was queued outside of its windows.
	WindowOverride WindowOverride

	// Retention is how long it is kept after its end. It is fixed with the request, so
	// that the end of a deployment needs no look at its resource.
	Retention catalog.Retention

	CreatedAt time.Time
	// QueuedAt is when it joined its server's queue, ClaimedAt when it left the
	// queue, StartedAt when the first runner took it, FinishedAt when it ended. Each
	// is zero until then.
	QueuedAt   time.Time
	ClaimedAt  time.Time
	StartedAt  time.Time
	FinishedAt time.Time
	UpdatedAt  time.Time
	// ExpiresAt is when it may be removed, to the second; zero if it is kept.
	ExpiresAt time.Time

	Lease    Lease
	Progress Progress
	Outcome  Outcome

	// ParkedAt is when its runner parked it, or zero while it is not parked.
	ParkedAt time.Time

	// CancelRequestedAt is when a user asked to cancel it, and CancelRequestedBy the
	// name of that user's token. FollowedAt is when a reader last waited for its log.
	// The times are zero if never; after the end, FollowedAt is zero, too.
	CancelRequestedAt time.Time
	CancelRequestedBy string
	FollowedAt        time.Time

	// Scrub describes the scrubs of its log.
	Scrub ScrubSummary
	// Hold keeps it and its log, whatever its retention.
	Hold Hold
}

// Hold is a legal hold. It is zero for a deployment that is not held.
type Hold struct {
	Held bool
	// At is when it was held, By the name of the token, and Reason at most
	// [MaxHoldReason] bytes.
	At     time.Time
	By     string
	Reason string
}

// MaxHoldReason is the longest reason of a hold, in bytes.
const MaxHoldReason = 1000

// ScrubSummary describes the scrubs of a log. It is zero for a log without changes.
type ScrubSummary struct {
	// At is the time of the last scrub, By the name of the token that requested it,
	// and Deployment the deployment that did it.
	At         time.Time
	By         string
	Deployment ID
	// Entries is the number of changed entries in all scrubs.
	Entries int
	// Original is the digest of the log before the first scrub.
	Original string
}

// Trigger is the origin of a deployment.
type Trigger struct {
	// Kind is [TriggerAPI], or the kind of an event.
	Kind string
	// Name is the name of the token, or says which event it was ("team/web:1.4"), in at most
	// [MaxTriggerName] bytes.
	Name string
	// TokenID is the token's id for an API call, else "". A name may be given to
	// another token later; an id is not.
	TokenID string
	// Chain is how many deployments led to this one, one after the other, and CausedBy is the
	// last of them. Both are zero unless an event carried the uuid of a deployment.
	Chain    int
	CausedBy ID
}

// MaxTriggerName is the longest Name of a [Trigger] of an event, in bytes: the id of an event of
// EventBridge has as many.
const MaxTriggerName = 36

// MaxChain is the most deployments of which each causes the next one.
const MaxChain = 5

// MaxGivenTo is the most tokens in the GivenTo of a record. A ledger with less room for
// them leaves some out.
const MaxGivenTo = 8

// The kinds of triggers: a call over HTTP, a request on the event bus, a pushed image, an object
// in a bucket, a schedule, a push to a git repository, and a call of a generic webhook.
const (
	TriggerAPI      = "api"
	TriggerBus      = "bus"
	TriggerImage    = "image"
	TriggerObject   = "object"
	TriggerSchedule = "schedule"
	TriggerGit      = "git"
	TriggerHook     = "hook"
)

// Lease is a runner's right to work on a deployment until it expires. Attempt is the
// fencing number: it grows by one with every lease taken. After the end only Attempt is
// left, which then is the number of leases taken.
type Lease struct {
	Owner   string
	Attempt int
	Expires time.Time
	// Woken says that the lease was taken of a parked deployment. Only the record that
	// [Leases] returns has it; it is not stored.
	Woken bool
}

// LeaseLength is the default length of a lease: how long a runner may be silent before
// another may take its deployment. Commits renew the lease, and so does the runner
// between them.
const LeaseLength = 40 * time.Second

// Progress is the progress of a runner.
type Progress struct {
	// Log is the end of the committed log.
	Log logbook.Mark
	// Process is the process group of the job on the server as "PGID BOOT_ID",
	// or empty before it started.
	Process string
	// Sent says that a runner is about to send the job to the server. It is stored
	// before anything is sent, so from then on the job may run even if the runner or
	// the connection dies.
	Sent bool
	// Steps are the steps that have begun, in order.
	Steps []Step
	// Scrub is the progress of a scrub, and zero for all other operations.
	Scrub ScrubProgress
	// Parkings is how often it was parked.
	Parkings int
	// SaidDropped and SaidCut say that the log has the warning of declared secrets that no
	// later runner can find.
	SaidDropped bool
	SaidCut     bool
}

// ScrubProgress is the progress of a scrub, which goes from the newest deployment of a
// resource to its oldest.
type ScrubProgress struct {
	// Last is the last deployment whose log has been scrubbed.
	Last ID
	// Logs is the number of scrubbed logs, Changed the number of those with a secret
	// in them, and Entries the number of entries with one. Failed is the number of
	// logs that could not be read or written.
	Logs    int
	Changed int
	Entries int
	Failed  int
}

// Source is the state of a git repository that a deployment built.
type Source struct {
	// Commit is the full hash. Message is the first line, redacted and at most
	// [MaxCommitMessage] bytes long.
	Commit  string
	Message string
}

// MaxCommitMessage is the longest commit message in a record, in bytes.
const MaxCommitMessage = 256

// Step is one step of a deployment and its timing. While it runs, ExitCode is nil and
// FinishedAt is zero.
type Step struct {
	Name       string
	StartedAt  time.Time
	FinishedAt time.Time
	ExitCode   *int
	// First is the order of the entry that begins the step in the log, or 0 until that
	// entry is committed.
	First logbook.Order
}

// Outcome is how a deployment ended. It is zero until then.
type Outcome struct {
	Status Status
	Reason Reason
	// ExitCode is the exit code of the step that decided the outcome, or nil.
	ExitCode *int
	// Signal is the name of the signal that ended it ("SIGKILL"), or empty.
	Signal string
	// Unmet is the dependency that did not finish, for [ReasonDependency].
	Unmet Dependency
	// Successor is the deployment that superseded this one, or empty.
	Successor ID
	// ResourceStatus is the new status of the resource, in upstream's form
	// ("running:healthy"). Empty leaves the status unchanged.
	ResourceStatus string
	// Source is the commit that was built, if one was.
	Source Source
}

// OutputBytes returns the number of bytes of output in the log.
func (p Progress) OutputBytes() int64 { return p.Log.At.Out + p.Log.At.Err }

// Took returns how long it ran, from its start to its end, or 0 without both.
func (r Record) Took() time.Duration {
	if r.StartedAt.IsZero() || r.FinishedAt.IsZero() {
		return 0
	}
	return r.FinishedAt.Sub(r.StartedAt)
}
