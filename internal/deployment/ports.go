package deployment

import (
	"context"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/logbook"
)

// Ledger changes deployments. Every method is one transaction or one conditional
// write, so a crash between two calls leaves a state that the next caller can
// handle. All methods may be called concurrently. Each caller takes only the part
// that it needs.
type Ledger interface {
	Queue
	Claims
	Leases
	Scrubs
	Expiries
	Holds
}

// Queue is the part of a [Ledger] for the API: it accepts and cancels requests.
type Queue interface {
	// Enqueue writes the record as queued, appends it to the queue of its server,
	// and notes it on its resource as the one that is queued. A record that is
	// [Record.Waiting] is kept out of the queue; it is noted on its server as waiting,
	// and on each deployment that it waits for.
	//
	// Enqueue writes no record if a deployment already answers the request. That
	// is so in three cases:
	//
	//   - There is a deployment with the id of the record, whatever has become of it.
	//   - The key is known, its window has not passed, and its deployment still
	//     answers the request (see [Record.StandsFor]).
	//   - The resource has the same request queued (see [Record.SameWork]).
	//
	// The Receipt is then Repeated and has that record. In the last two cases, the
	// key stands for it from then on. In the last one, the record is given to the token
	// that triggered the request (see [Record.Given]).
	//
	// If the resource has a queued request that this one supersedes (see
	// [Record.Supersedes]), the queued one ends in the same transaction, and the
	// Receipt names it. The new record is given to the same tokens (see
	// [Record.Succeeding]). If it takes the place of the queued one, a full queue does
	// not refuse the request, and neither does the state of the resource.
	//
	// NotFound if the resource is gone. Exhausted if the queue is full, or if as many
	// deployments of the server wait as its queue may have. Conflict if
	// the resource has another request queued, if its server is gone, if the
	// resource is already in the requested state (see [Record.AlreadyInState]), or if a
	// deployment that it waits for has ended ([ErrDependencyEnded]). A
	// refused request is not remembered.
	//
	// The entries, except zero ones, are written to the audit in the transaction that writes
	// the record.
	Enqueue(ctx context.Context, record Record, key RequestKey, entries ...audit.Entry) (Receipt, error)
	// EnqueueRetagged does what Enqueue does without a key. If it writes the record, it also
	// changes the tag of the application's image and writes the entry of the audit, in the same
	// transaction. Conflict by [catalog.ErrStale] if the application was changed since it was
	// read, which is when its stored UpdatedAt is not retag.Was.
	EnqueueRetagged(ctx context.Context, record Record, retag Retag) (Receipt, error)
	// Known returns the receipt of the deployment that already answers the request, in the
	// three cases of Enqueue and with the same effects. NotFound without one; then
	// nothing is written.
	Known(ctx context.Context, record Record, key RequestKey) (Receipt, error)
	// Repeat returns the receipt of a repeated request, whose deployment is known.
	// NotFound if there is no such deployment.
	Repeat(ctx context.Context, id ID) (Receipt, error)
	// Last returns the last deployment of the resource that left the queue to do something
	// on the server. NotFound without one.
	Last(ctx context.Context, resource catalog.ID) (Record, error)
	// Note writes a record that has finished already, such as an update, and counts it
	// on its resource, as Finish does. NotFound if the resource is gone, Conflict if the id is
	// taken.
	Note(ctx context.Context, record Record) error
	// Cancel ends a queued deployment at once: record, queue and resource in one
	// transaction. On a deployment in progress it stores the request to cancel for
	// the runner; a second request changes nothing. Both return the new record.
	// Conflict if the deployment has ended, NotFound if there is no such deployment.
	Cancel(ctx context.Context, id ID, by string, now time.Time) (Record, error)
}

// Claims is the part of a [Ledger] for the dispatcher: it moves the queues on.
type Claims interface {
	// Claim takes the first queued deployment of the server whose resource is free,
	// if the server has a free slot. Slot, resource and record change together, and
	// the record is in progress. NotFound if no deployment can start now.
	Claim(ctx context.Context, server catalog.ID, now time.Time) (Record, error)
	// Waiters returns the deployments that were noted as waiting for the deployment,
	// oldest first, whatever has become of them.
	Waiters(ctx context.Context, id ID) ([]ID, error)
	// Settle looks at the deployments that the waiting one waits for, and stores what
	// follows (see [Record.Settled]): it joins the end of its server's queue, or ends, or
	// waits on. Record, queue and resource change together. It returns the new record;
	// one that does not wait is unchanged. Exhausted if the queue is full; it then waits
	// on. NotFound if there is no such deployment.
	Settle(ctx context.Context, id ID, now time.Time) (Record, error)
	// Repair removes a deployment from the places of its server and its resource
	// where it does not belong: from all if it has ended or does not exist, from the
	// queue if it is in progress, and from the waiting ones unless it waits. It leaves
	// correct entries alone.
	Repair(ctx context.Context, server catalog.ID, id ID) error
}

// Leases is the part of a [Ledger] for a runner: it works on one deployment, under
// a lease.
type Leases interface {
	// Begin takes the lease until now+length for the owner, with the next attempt
	// number. Conflict if the lease of another owner has not expired, Gone if the
	// deployment has ended or was never claimed, NotFound if there is no such
	// deployment.
	Begin(ctx context.Context, id ID, owner string, now time.Time, length time.Duration) (Record, error)
	// Resume takes the lease as Begin does, of the deployment that was parked for the nth time.
	// It has the errors of [Record.Resumed].
	Resume(ctx context.Context, id ID, parking int, owner string, now time.Time,
		length time.Duration) (Record, error)
	// Park stores progress, gives the lease up and marks the deployment as parked, until the
	// next lease. It returns the signals as they are after the write: a signal that comes
	// later is a [Change]. Conflict if the lease has been lost.
	Park(ctx context.Context, id ID, lease Lease, progress Progress, now time.Time) (Signals, error)
	// Advance stores progress and renews the lease until now+length. Conflict if the
	// lease has been lost: the caller must stop at once. An expired lease can be
	// renewed until another owner takes it.
	Advance(ctx context.Context, id ID, lease Lease, progress Progress,
		now time.Time, length time.Duration) (Signals, error)
	// Finish ends the deployment with its last progress and frees the slot and the
	// resource, in one transaction. If the deployment has reached its server (see
	// [Record.Reached]), the server counts as validated now. The log counts on the
	// resource, and a deployment that finished is on the list of [Expiries]. Conflict if the lease
	// has been lost or the deployment has ended.
	Finish(ctx context.Context, id ID, lease Lease, progress Progress, outcome Outcome, now time.Time) error
	// Signals returns what readers and users wrote on the record for its runner, and
	// changes nothing. Conflict if the lease has been lost.
	Signals(ctx context.Context, id ID, lease Lease) (Signals, error)
}

// Scrubs is the part of a [Ledger] for a runner that scrubs logs.
type Scrubs interface {
	// RecordScrub stores on an ended deployment that its log was rewritten and now
	// ends at the mark. was is the digest of the log before. The record's first
	// Original stays, whatever scrub.Original is. Conflict unless the deployment has
	// ended and the digest of its log still is was; NotFound if there is no such
	// deployment.
	RecordScrub(ctx context.Context, id ID, was string, mark logbook.Mark, scrub ScrubSummary) error
}

// Expiries is the part of a [Ledger] that lets finished deployments expire. A deployment
// that finished is on a list of its resource until it gets its date (see [Record.Expiry]);
// all others get theirs when they end.
type Expiries interface {
	// DateFinished gives the finished deployments of the resource their dates, except
	// the ones that [KeepLast] keeps, and takes them off the list. If the resource is gone,
	// it dates all of them.
	DateFinished(ctx context.Context, resource catalog.ID) error
	// Uses reports whether another deployment of the same resource than the given one
	// has the configuration with the hash.
	Uses(ctx context.Context, id ID, hash string) (bool, error)
	// Removed deletes the details of a record that was removed and the older parts of
	// its log's index, and takes the record and its log off the counts of its resource.
	// It counts once, however often the same removal comes: the stream delivers the
	// removals of a resource in order, so the resource has the place of the last one.
	Removed(ctx context.Context, removal Removal) error
	// Undated returns the resources that have finished deployments to date.
	Undated(ctx context.Context) ([]catalog.ID, error)
}

// Holds is the part of a [Ledger] for legal holds, which keep a deployment and its log
// whatever its retention. Each change also writes its entry of the audit, in the same
// transaction. A change whose entry exists already was made by an earlier run of the same
// request, and is not made again.
type Holds interface {
	// Hold holds the deployment and takes its date away; see [Record.HeldBy]. NotFound
	// if there is no such deployment.
	Hold(ctx context.Context, id ID, hold Hold, entry audit.Entry) (Record, error)
	// Release ends the hold; see [Record.Released]. A deployment that finished is on the
	// list of [Expiries] again and dated as DateFinished does it. Without a hold nothing
	// changes. NotFound if there is no such deployment.
	Release(ctx context.Context, id ID, entry audit.Entry) (Record, error)
}

// Removal is the removal of a record from its table, by its expiry or by hand.
type Removal struct {
	// Record is the record as it was, without its details.
	Record Record
	// Place is its place in the stream. Among the removals of one resource, later ones
	// have greater places.
	Place string
}

// RequestKey identifies repeats of a request without an Idempotency-Key. The zero key
// matches nothing.
type RequestKey struct {
	// Hash identifies the request: it covers the caller and the whole request.
	Hash string
	// Window is how long a repeat counts as the same request.
	Window time.Duration
}

// Receipt answers a request.
type Receipt struct {
	Record Record
	// Position is its place in the server's queue, 1 for the next; 0 when it is no
	// longer queued.
	Position int
	// Repeated says that the request was known and no record was written.
	Repeated bool
	// Superseded is the queued deployment that this one ended, or "".
	Superseded ID
}

// Signals are written on the record by users and readers, for its runner.
type Signals struct {
	CancelRequested bool
	FollowedAt      time.Time
}

// History reads deployments. Every read of one deployment, of one resource and of a server's
// load is strongly consistent.
type History interface {
	// Get returns the record, or NotFound.
	Get(ctx context.Context, id ID) (Record, error)
	// List returns a resource's deployments, newest first. The page is empty for a
	// resource without deployments and for one that does not exist.
	List(ctx context.Context, resource catalog.ID, page Page) (Listing, error)
	// Team returns the deployments of all resources, deleted ones included, in the order of
	// [Place], newest first. A deployment is listed within moments after its request, not
	// at once. The records themselves are as current as those of List. A page may have
	// fewer deployments than it asks for and still a Next. Count is always 0, and a page
	// with a Skip is Invalid.
	Team(ctx context.Context, page Page) (Listing, error)
	// Load returns the running, the queued and the waiting deployments of a server, the
	// queue in order. NotFound if there is no such server.
	Load(ctx context.Context, server catalog.ID) (Load, error)
	// Follow notes that a reader or a request waits for the deployment or for its log, so that
	// its runner commits sooner and stays, or comes back to a parked one. It does nothing on a
	// deployment that has ended, nor if the last note, of whichever reader, is less than
	// [FollowEvery] old.
	Follow(ctx context.Context, id ID, now time.Time) error
}

// StorageReader tells what deployments take.
type StorageReader interface {
	// Storage returns the storage that the deployments of each kind of resource take. The
	// deployments of deleted resources count, too.
	Storage(ctx context.Context) ([]Storage, error)
}

// FollowEvery is how often a log that is followed is noted as such. Each note is a write, and
// a runner counts a log as followed for three times as long.
const FollowEvery = 10 * time.Second

// Storage is the storage that the deployments of a kind of resource take: the number of
// records, and the number and the size of the stored objects of ended logs.
type Storage struct {
	Kind       catalog.Kind
	Records    int
	LogObjects int
	LogBytes   int64
}

// Load is the work of a server.
type Load struct {
	Running []Record
	Queue   []Record
	// Waiting are kept out of the queue until others have finished, oldest first.
	Waiting []Record
	// Orphaned are deployments that stand where they do not belong: they have
	// ended, do not exist, or are queued and running at once. There are some only
	// after a change of the tables from outside Waybill.
	Orphaned []ID
}

// Sender hands a claimed deployment to a runner. Sending twice is harmless.
type Sender interface {
	Send(ctx context.Context, id ID) error
	// Wake calls a runner to the deployment that was parked for the nth time, after the delay,
	// which is rounded up to whole seconds.
	Wake(ctx context.Context, id ID, parking int, delay time.Duration) error
}

// Publisher publishes changes of a status, each at least once. After an error or a
// crash of the publisher the same change may be published again, under the same id.
type Publisher interface {
	Publish(ctx context.Context, change Change) error
}

// Notifier tells users about deployments. Its calls may be repeated without harm.
type Notifier interface {
	// Changed sends what users asked to be told about the change.
	Changed(ctx context.Context, change Change) error
	// Watch looks for deployments of a server that are stuck. It is called once a minute.
	Watch(ctx context.Context, load Load) error
}

// Meter counts deployments for operators.
type Meter interface {
	// Ended counts a deployment that has ended. A change that is delivered again after a function
	// has died counts twice.
	Ended(record Record)
}

// Tracer makes traces of deployments for operators.
type Tracer interface {
	// Ended queues the trace of a deployment that has ended. It may be called again for the same
	// deployment, and then queues the same trace.
	Ended(ctx context.Context, record Record) error
}

// Feed lists the changes of the last [FeedWindow], in the order of their times. Live views
// of the history read it instead of the history itself.
type Feed interface {
	// Append adds the change at the time now. A change that is appended twice is listed
	// twice, with the same [Change.ID].
	Append(ctx context.Context, change Change, now time.Time) error
}

// FeedReader reads a [Feed].
type FeedReader interface {
	// Since returns the changes that were appended at the time or later, oldest first, at
	// most limit. It is strongly consistent.
	Since(ctx context.Context, from time.Time, limit int) ([]Listed, error)
}

// Listed is a change in a [Feed].
type Listed struct {
	// At is when it was appended. ID is [Change.ID].
	At time.Time
	ID string
}

// FeedWindow is how long a [Feed] lists a change. A view that was closed for longer reads
// the history again.
const FeedWindow = time.Hour

// Change is one change of a record's status. Previous is "" for a new one. If it is the status
// itself, the deployment is parked, and a user or a reader has written on its record; see
// [Record.Signalled]. The record may lack the message of its commit and the summary of its scrubs.
type Change struct {
	Record   Record
	Previous Status
}

// ID identifies the change, however often it is published. A deployment enters each
// status once.
func (c Change) ID() string { return string(c.Record.ID) + "." + string(c.Record.Status) }
