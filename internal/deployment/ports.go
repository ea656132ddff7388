package deployment

import (
	"context"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/logbook"
)

// Ledger is where deployments change. Every method is one transaction or one
// conditional write, so that whatever dies between two of them leaves a state
// that the next caller understands. All methods may be called at once.
type Ledger interface {
	// Enqueue writes the record as queued, at the end of its server's queue,
	// and as the one deployment its resource has queued.
	//
	// No deployment is written if one stands for this request already: the key
	// is known, not older than its window, and either Lasting or its deployment
	// still answers the request (see [Record.StandsFor]); or the resource has
	// the same request queued (see [Record.SameWork]). Then the Receipt is
	// Repeated, with that record, and the key stands for it from then on.
	//
	// If the resource has a queued request that this one supersedes (see
	// [Record.Supersedes]), the queued one ends in the same transaction, and the
	// Receipt names it. The length of the queue does not change then, so a full
	// queue refuses nothing, and nothing is a Conflict.
	//
	// NotFound if the resource is gone; Exhausted if the queue is full;
	// Conflict if the resource has another request queued, its server is gone,
	// or its status says that there is nothing to do (see [Record.AlreadyInState]). A
	// refused request is not remembered.
	Enqueue(ctx context.Context, record Record, key RequestKey) (Receipt, error)
	// Claim takes the first queued deployment of the server whose resource is
	// free, if the server has a free slot: slot, resource and record change
	// together, and the record is in progress. NotFound if there is none to
	// take now.
	Claim(ctx context.Context, server catalog.ID, now time.Time) (Record, error)
	// Begin takes the lease until now+length for the owner, with the next
	// attempt number. Conflict if another owner's lease has not expired, Gone
	// if the deployment has ended or was never claimed, NotFound if there is
	// no such deployment.
	Begin(ctx context.Context, id ID, owner string, now time.Time, length time.Duration) (Record, error)
	// Advance stores progress and renews the lease until now+length. Conflict
	// if the lease is no longer this one: the caller must stop at once. One that
	// has expired can be renewed until another owner takes it.
	Advance(ctx context.Context, id ID, lease Lease, progress Progress, now time.Time, length time.Duration) (Signals, error)
	// Finish ends the deployment with its last progress and frees the slot and
	// the resource, all in one. If it has reached its server (see
	// [Record.Reached]), the server counts as validated now. Conflict if the lease is no longer this one or
	// the deployment has ended.
	Finish(ctx context.Context, id ID, lease Lease, progress Progress, outcome Outcome, now time.Time) error
	// Signals returns what others wrote on the record for its runner, without
	// changing anything. Conflict if the lease is no longer this one.
	Signals(ctx context.Context, id ID, lease Lease) (Signals, error)
	// Cancel ends a queued deployment at once: record, queue and resource in one
	// transaction. On one in progress it notes the wish for its runner, once:
	// the first wish stands. Both return the record as it is then. Conflict if
	// the deployment has ended, NotFound if there is no such deployment.
	Cancel(ctx context.Context, id ID, by string, now time.Time) (Record, error)
	// Note writes a record that has ended already, such as that of an update,
	// and counts it on its resource. NotFound if the resource is gone, Conflict
	// if the id is taken.
	Note(ctx context.Context, record Record) error
	// RecordScrub notes on a deployment that has ended that its log was rewritten
	// and now ends at the mark; was is its digest before. The first digest of all
	// stays what scrub.Original says, whatever is given for it. Conflict unless
	// the deployment has ended and its digest still is was, NotFound if there is
	// no such deployment.
	RecordScrub(ctx context.Context, id ID, was string, mark logbook.Mark, scrub Scrub) error
	// Repair takes a deployment out of the places of its server and its resource
	// where it does not belong: out of all if it has ended or there is no such
	// deployment, out of the queue if it is in progress. Mending what is right
	// changes nothing.
	Repair(ctx context.Context, server catalog.ID, id ID) error
}

// RequestKey makes repeated requests one. The zero key matches nothing.
type RequestKey struct {
	// Hash names the request: the caller and its Idempotency-Key, or the caller
	// and all that it asked for.
	Hash string
	// Window is how long a repeat counts as the same request.
	Window time.Duration
	// Lasting makes the deployment stand for the request during the whole
	// window, even after it has ended.
	Lasting bool
}

// Receipt answers a request.
type Receipt struct {
	Record Record
	// Position is its place in the server's queue, 1 being next; 0 when it is
	// no longer queued.
	Position int
	// Repeated says that the request was known and nothing was written.
	Repeated bool
	// Superseded is the queued deployment that this one ended, or "".
	Superseded ID
}

// Signals are what others wrote on the record for its runner.
type Signals struct {
	CancelRequested bool
	FollowedAt      time.Time
}

// History reads deployments. Every read is strongly consistent.
type History interface {
	// Get returns the record, or NotFound.
	Get(ctx context.Context, id ID) (Record, error)
	// List returns a resource's deployments, newest first. A resource without
	// any, and one that is not there, have an empty page.
	List(ctx context.Context, resource catalog.ID, page Page) (Listing, error)
	// Load returns what runs and what waits on a server, the queue in order.
	// NotFound if there is no such server.
	Load(ctx context.Context, server catalog.ID) (Load, error)
	// Follow notes that somebody waits for the log, so that its runner commits
	// sooner. Noting it on a deployment that has ended does nothing.
	Follow(ctx context.Context, id ID, now time.Time) error
}

// Page asks for a part of a history. The zero Page is the newest [DefaultTake].
type Page struct {
	// Skip leaves out the newest; Take is how many at most, 1 to [MaxTake], 0
	// meaning DefaultTake.
	Skip int
	Take int
	// Cursor is the Next of the page before; Skip then counts from there.
	Cursor string
}

// Sizes of a page of history. Ten is upstream's default; a hundred records of
// 1 KB stay far below DynamoDB's 1 MB a query.
const (
	DefaultTake = 10
	MaxTake     = 100
)

// Listing is a page of history. Count is how many deployments the resource has
// in all, and Next is "" on the last page.
type Listing struct {
	Count   int
	Records []Record
	Next    string
}

// Load is what a server has to do.
type Load struct {
	Running []Record
	Queue   []Record
	// Orphaned are deployments that the server has in a place where they do not
	// belong: they have ended, are gone, or stand in the queue while they run.
	// There are none unless something outside of Waybill changed a table.
	Orphaned []ID
}

// Sender hands a claimed deployment to a runner. Sending twice is harmless.
type Sender interface {
	Send(ctx context.Context, id ID) error
}

// Publisher tells the world that a status changed, at least once: after an
// error, or the death of the publisher, the same change may be told again, under
// the same id.
type Publisher interface {
	Publish(ctx context.Context, change Change) error
}

// Change is one change of a record's status. Previous is "" for a new one.
type Change struct {
	Record   Record
	Previous Status
}

// ID names the change, however often it is told: a deployment takes each status
// once.
func (c Change) ID() string { return string(c.Record.ID) + "." + string(c.Record.Status) }
