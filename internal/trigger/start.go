package trigger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// RetryFor is how long a start is tried again that the queue of the server refused.
const RetryFor = 24 * time.Hour

// Pauses between two tries of a start. The first is short: most queues move on within seconds.
const (
	minPause = 15 * time.Second
	maxPause = 5 * time.Minute
)

// begin stores that the start begins.
func (i *Intake) begin(ctx context.Context, slot Slot) error {
	now, pending := i.opts.Now().UTC().Truncate(time.Microsecond), *slot.Pending
	if pending.StartAt.IsZero() { // no start has begun, so no deployment is its own
		has, err := i.atDigest(ctx, slot.Resource, pending.Work)
		if err != nil {
			return err
		}
		if has != "" {
			return i.finish(ctx, slot, Result{Outcome: Unchanged, Deployment: has,
				Reason: "The resource has this image already."})
		}
		pending.StartAt = now
	}
	pending.Starting = true
	slot.Pending = &pending
	return i.Store.Save(ctx, slot, nil)
}

// lookAgain is how long an event waits for a window before it looks at the windows again. They
// may have been changed, and then nothing wakes it.
const lookAgain = MaxDelay

// hold lets the pending event wait for the next opening of the windows, or drops it. The day of
// further tries begins with the opening.
func (i *Intake) hold(ctx context.Context, slot Slot, closed *deployment.WindowClosedError,
	reason string) error {
	if closed.Verdict.Drops {
		return i.finish(ctx, slot, Result{Outcome: Dropped, Reason: reason})
	}
	next, soon := closed.NextOpening(), i.opts.Now().Add(lookAgain)
	pending := *slot.Pending
	pending.StartAt = time.Time{}
	slot.Pending = &pending
	due := next
	if soon.Before(next) {
		due = soon
	}
	return i.postpone(ctx, slot, due, Result{Reason: reason, Until: next})
}

// postpone makes the pending event due at a later time. The result says why it waits, and until
// when.
func (i *Intake) postpone(ctx context.Context, slot Slot, due time.Time, result Result) error {
	pending := *slot.Pending
	pending.Due, pending.Starting = due.UTC().Truncate(time.Microsecond), false
	slot.Pending = &pending
	result.Outcome = Waiting
	return i.Store.Save(ctx, slot, map[string]Result{pending.Order.ID: i.result(result)})
}

// start requests the deployment of the pending event, and stores the result. Starting twice is
// harmless: the id of the deployment is the same.
func (i *Intake) start(ctx context.Context, slot Slot) error {
	pending := slot.Pending
	id, err := deploymentID(slot.Resource, *pending)
	if err != nil {
		return err
	}
	receipt, err := i.Requests.Request(ctx, deployment.Request{
		Resource: slot.Resource, ID: id,
		Operation: pending.Work.Operation, Options: pending.Work.Options, Trigger: pending.Work.Trigger,
		After:  pending.Work.After,
		Retags: pending.Work.Retags,
	})
	closed, isClosed := errors.AsType[*deployment.WindowClosedError](err)
	switch {
	case err == nil && receipt.Record.Waiting():
		return i.await(ctx, slot, receipt.Record)
	case err == nil:
		return i.started(ctx, slot, receipt)
	case isClosed:
		return i.hold(ctx, slot, closed, fault.Public(err))
	case errors.Is(err, deployment.ErrAlreadyInState):
		return i.finish(ctx, slot, Result{Outcome: Unchanged, Reason: fault.Public(err)})
	case errors.Is(err, fault.Exhausted), errors.Is(err, deployment.ErrOtherQueued):
		return i.again(ctx, slot, err)
	case errors.Is(err, fault.NotFound), errors.Is(err, fault.Invalid), errors.Is(err, fault.Conflict):
		return i.bury(ctx, slot, err)
	case i.opts.Now().Sub(pending.StartAt) >= RetryFor:
		return errors.Join(i.bury(ctx, slot, err), err)
	}
	return err
}

// await stores that the deployment of the pending event waits for others. It is looked at again
// until it has joined its queue or ended. A newer event may take its place until then, and its
// deployment supersedes this one.
func (i *Intake) await(ctx context.Context, slot Slot, record deployment.Record) error {
	pending, now := *slot.Pending, i.opts.Now()
	pause := min(max(now.Sub(pending.StartAt)/2, minPause), maxPause)
	pending.Queued, pending.Starting = true, false
	pending.Due = now.Add(pause).UTC().Truncate(time.Microsecond)
	slot.Pending = &pending
	reason := "Its deployment has room in no queue yet."
	if others := record.WaitsFor(); len(others) > 0 {
		reason = fmt.Sprintf("Its deployment waits for deployment %s.", others[0])
	}
	return i.Store.Save(ctx, slot, map[string]Result{pending.Order.ID: i.result(Result{Outcome: Waiting,
		Reason: reason, Deployment: record.ID, Until: pending.Due})})
}

// deploymentID returns the id of the deployment of a pending event: the same at each start.
func deploymentID(resource catalog.ID, pending Pending) (deployment.ID, error) {
	sum := sha256.Sum256([]byte(pending.Order.ID + "\n" + string(resource)))
	return deployment.NewID(resource, pending.StartAt, bytes.NewReader(sum[:]))
}

// started stores that the event has a deployment. If something else has taken its place in the
// slot meanwhile, its result is stored all the same.
func (i *Intake) started(ctx context.Context, slot Slot, receipt deployment.Receipt) error {
	result := Result{Outcome: Started, Deployment: receipt.Record.ID}
	if own, err := deploymentID(slot.Resource, *slot.Pending); err == nil && receipt.Record.ID != own {
		result.Outcome, result.Reason = Merged, "The same was queued already."
	}
	err := i.finish(ctx, slot, result)
	if !errors.Is(err, fault.Conflict) {
		return err
	}
	now, readErr := i.Store.Slot(ctx, slot.Resource)
	if readErr != nil {
		return readErr
	}
	if now.Pending != nil && now.Pending.Order.ID == slot.Pending.Order.ID {
		return i.finish(ctx, withPending(now, *slot.Pending), result)
	}
	return i.Store.Record(ctx, slot.Pending.Order.ID,
		map[catalog.ID]Result{slot.Resource: i.result(result)}, false)
}

// withPending returns the slot with the pending event.
func withPending(slot Slot, pending Pending) Slot {
	slot.Pending = &pending
	return slot
}

// finish stores the result of the pending event, which needs nothing more.
func (i *Intake) finish(ctx context.Context, slot Slot, result Result) error {
	order := slot.Pending.Order
	slot.Pending = nil
	if result.Outcome == Started || result.Outcome == Unchanged || result.Outcome == Merged {
		slot.Newest, slot.Deployment = order, result.Deployment
	}
	return i.Store.Save(ctx, slot, map[string]Result{order.ID: i.result(result)})
}

// again lets the start be tried once more, for a day from its first try.
func (i *Intake) again(ctx context.Context, slot Slot, why error) error {
	now := i.opts.Now()
	tried := now.Sub(slot.Pending.StartAt)
	if tried >= RetryFor {
		return i.bury(ctx, slot, why)
	}
	pause := min(max(tried/2, minPause), maxPause)
	due := now.Add(pause)
	return i.postpone(ctx, slot, due, Result{Reason: fault.Public(why), Until: due})
}

// bury makes a dead letter of the pending event.
func (i *Intake) bury(ctx context.Context, slot Slot, why error) error {
	id := slot.Pending.Order.ID
	received, err := i.Store.Get(ctx, id)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	body, err := Encode(received.Event)
	if err != nil {
		return err
	}
	letter := newLetter(string(body), why)
	letter.Event, letter.Resource = id, slot.Resource
	if err := i.Letters.Bury(ctx, letter); err != nil {
		return err
	}
	return i.finish(ctx, slot, Result{Outcome: Dead, Reason: letter.Reason})
}
