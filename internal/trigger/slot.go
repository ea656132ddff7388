package trigger

import (
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// maxTries is how often a change of a slot is tried. Each try that fails means that another
// event has changed the slot, so there is always progress.
const maxTries = 100

// change reads the slot of the resource and calls the step until the slot that it saves was not
// changed by anything else meanwhile.
func (i *Intake) change(ctx context.Context, resource catalog.ID,
	step func(Slot) (done bool, err error)) error {
	for range maxTries {
		slot, err := i.Store.Slot(ctx, resource)
		if err != nil {
			return err
		}
		done, err := step(slot)
		switch {
		case errors.Is(err, fault.Conflict):
			continue
		case done, err != nil:
			return err
		}
	}
	return fault.New(fault.Unavailable, "Too many events change what waits for %s at once.", resource)
}

// give makes the event the pending one of the resource, unless a newer one is pending or needs
// nothing more. The older of two events is merged into the newer one. A start that has begun is
// brought to its end before.
func (i *Intake) give(ctx context.Context, received Received, target target) error {
	order := received.Order()
	return i.change(ctx, target.resource, func(slot Slot) (bool, error) {
		pending := slot.Pending
		switch {
		case slot.Newest.ID == order.ID, pending != nil && pending.Order.ID == order.ID:
			return true, nil
		case order.Compare(slot.Newest) < 0:
			return true, i.merge(ctx, order.ID, target.resource, slot.Newest.ID)
		case pending == nil:
		case pending.Starting:
			return false, i.start(ctx, slot)
		case order.Compare(pending.Order) < 0:
			return true, i.merge(ctx, order.ID, target.resource, pending.Order.ID)
		}
		return true, i.place(ctx, slot, order, target)
	})
}

// merge stores that the event was merged into a newer one.
func (i *Intake) merge(ctx context.Context, id string, resource catalog.ID, into string) error {
	return i.Store.Record(ctx, id,
		map[catalog.ID]Result{resource: i.result(Result{Outcome: Merged, Into: into})}, false)
}

// place puts the event in the place of the pending one.
func (i *Intake) place(ctx context.Context, slot Slot, order Order, target target) error {
	now := i.opts.Now().UTC().Truncate(time.Microsecond)
	since, results := now, map[string]Result{}
	if before := slot.Pending; before != nil {
		since = before.Since
		results[before.Order.ID] = i.result(Result{Outcome: Merged, Into: order.ID})
	}
	due := since.Add(target.debounce)
	slot.Pending = &Pending{Order: order, Work: target.work, Since: since, Due: due}
	reason := "It is being started."
	if due.After(now) {
		reason = "Further events are collected until then."
	}
	results[order.ID] = i.result(Result{Outcome: Waiting, Reason: reason, Until: due})
	return i.Store.Save(ctx, slot, results)
}

// Advance starts the pending event of the resource if it is due, and otherwise makes sure that a
// message comes when it is.
func (i *Intake) Advance(ctx context.Context, resource catalog.ID) error {
	var due time.Time
	err := i.change(ctx, resource, func(slot Slot) (bool, error) {
		due = time.Time{}
		pending := slot.Pending
		switch {
		case pending == nil:
			return true, nil
		case pending.Starting:
			return false, i.start(ctx, slot)
		case pending.Due.After(i.opts.Now()):
			due = pending.Due
			return true, nil
		}
		return false, i.begin(ctx, slot)
	})
	if err != nil || due.IsZero() {
		return err
	}
	return i.wakeAt(ctx, resource, due)
}

// wakeAt sends a message for the time. The minute's tick finds later ones.
func (i *Intake) wakeAt(ctx context.Context, resource catalog.ID, due time.Time) error {
	delay := due.Sub(i.opts.Now())
	if delay > MaxDelay {
		return nil
	}
	return i.Queue.Wake(ctx, resource, max(0, delay))
}
