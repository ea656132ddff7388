package trigger

import (
	"context"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// Store stores events, their results, and what waits for each resource. Every method is one
// transaction or one conditional write. All reads are strongly consistent. All methods may be
// called concurrently.
type Store interface {
	Reader
	// Get returns the stored event, or NotFound.
	Get(ctx context.Context, id string) (Received, error)
	// Receive stores the event with the time of its arrival, unless an event with its id is
	// stored. It returns the stored one.
	Receive(ctx context.Context, event Event, now time.Time) (Received, error)
	// Slot returns the slot of the resource, which is zero except for Resource if it is empty.
	Slot(ctx context.Context, resource catalog.ID) (Slot, error)
	// Save replaces the slot, and stores the results that events have for its resource.
	// Conflict if the slot was replaced since it was read, which is when its stored revision is
	// not slot.Revision. The stored slot has the next revision. An event that has expired gets
	// no result.
	Save(ctx context.Context, slot Slot, results map[string]Result) error
	// Record stores results of an event, by resource. "" is the event as a whole. If settled is
	// true, the event has all of its results, except for the ones that may change.
	Record(ctx context.Context, id string, results map[catalog.ID]Result, settled bool) error
	// Due returns the resources whose pending event is due at the time, the one that is due
	// longest first, at most limit.
	Due(ctx context.Context, now time.Time, limit int) ([]catalog.ID, error)
}

// Reader lists events.
type Reader interface {
	// Recent returns the events that arrived last, the newest first, at most limit.
	Recent(ctx context.Context, limit int) ([]Received, error)
}

// Received is a stored event. Its Time is at most the time of arrival.
type Received struct {
	Event
	// Arrival is when it was first received.
	Arrival time.Time
	// Settled says that each resource that it concerns has a result or has it pending.
	Settled bool
	// Results are its results by resource; "" is the event as a whole.
	Results map[catalog.ID]Result
}

// Order returns the place of the event.
func (r Received) Order() Order { return Order{Time: r.Time, Arrival: r.Arrival, ID: r.ID} }

// Kept is how long an event is stored after its last result. An event that comes again in this
// time is a repeat.
const Kept = 7 * 24 * time.Hour

// NewReceived returns the event as it is stored at its arrival.
func NewReceived(event Event, now time.Time) Received {
	now = now.UTC().Truncate(time.Microsecond)
	event.Version, event.Time = Version, event.Time.UTC().Truncate(time.Microsecond)
	if event.Time.After(now) {
		event.Time = now
	}
	return Received{Event: event, Arrival: now, Results: map[catalog.ID]Result{}}
}

// Slot is what waits for a resource: at most one event, the newest one.
type Slot struct {
	Resource catalog.ID
	// Revision is 0 for a slot that is not stored. Each write makes it one more.
	Revision int
	// Newest is the newest event that needs nothing more, and Deployment the deployment that it
	// started or found.
	Newest     Order
	Deployment deployment.ID
	// Pending is the event that waits, or nil.
	Pending *Pending
}

// SlotKept is how long a slot without a pending event is stored. It is longer than the longest
// life of a message in a queue.
const SlotKept = 30 * 24 * time.Hour

// Pending is an event that waits for its start on a resource.
type Pending struct {
	Order Order
	Work  Work
	// Due is when to try to start it. Since is when the first of the events arrived that became
	// this one.
	Due   time.Time
	Since time.Time
	// StartAt is when its first start began, or zero. The id of its deployment depends on it, so
	// every further start is the same request. Starting says that a start has begun whose
	// outcome is not stored.
	StartAt  time.Time
	Starting bool
	// Queued says that its deployment exists, and waits for others outside of its queue.
	Queued bool
}

// Work is the operation that an event starts on one resource.
type Work struct {
	Operation deployment.Operation
	Options   deployment.Options
	// After has the resources whose deployments must have finished before.
	After   []catalog.ID
	Trigger deployment.Trigger
	// Retags says that the tag of the options becomes the tag of the application.
	Retags bool
}

// Result says what became of an event for one resource.
type Result struct {
	Outcome Outcome
	// Reason is one sentence, or "".
	Reason string
	// Deployment is the deployment that the event started, or that was there already.
	Deployment deployment.ID
	// Into is the id of the newer event that a merged one became a part of, or "".
	Into string
	// Until is when a waiting event is tried next, and At when the result was stored.
	Until time.Time
	At    time.Time
}

// Outcome is the kind of a result.
type Outcome string

// The outcomes.
const (
	// Started: there is a deployment.
	Started Outcome = "started"
	// Merged: a newer event took its place, or the same was queued already.
	Merged Outcome = "merged"
	// Unchanged: the resource is in that state, or has that image, already.
	Unchanged Outcome = "unchanged"
	// Waiting: it waits for further events, for a window, for room in the queue, or, with a
	// deployment, for other deployments.
	Waiting Outcome = "waiting"
	// Dropped: it came outside of the deployment windows.
	Dropped Outcome = "dropped"
	// Dead: it cannot be started, and is in the queue of dead letters.
	Dead Outcome = "dead"
)

// NewChangedError is Conflict: the slot was replaced since it was read.
func NewChangedError(resource catalog.ID) error {
	return fault.New(fault.Conflict, "What waits for %s has changed.", resource)
}

// NewNotFoundError is NotFound: no event has the id.
func NewNotFoundError() error { return fault.New(fault.NotFound, "Event not found.") }

// Expiry returns when an event with the result may be removed.
func (r Result) Expiry() time.Time {
	if r.Until.After(r.At) {
		return r.Until.Add(Kept)
	}
	return r.At.Add(Kept)
}
