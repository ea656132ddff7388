package memory

import (
	"context"
	"slices"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/notify"
)

// mark is the time of a mark, and whether it is done.
type mark struct {
	at   time.Time
	done bool
}

// Deliveries is a [notify.Deliveries] and a [notify.Marks].
type Deliveries struct{ *Memory }

func deliveryKey(at time.Time, job string) string { return catalog.TimeText(at) + "_" + job }

// Find returns the delivery of the job.
func (d Deliveries) Find(ctx context.Context, job notify.Job) (found notify.Delivery, err error) {
	err = d.locked(ctx, func() error {
		found = d.messages[job.Notification][deliveryKey(job.At, job.ID)]
		return nil
	})
	return found, err
}

// Put stores the delivery.
func (d Deliveries) Put(ctx context.Context, one notify.Delivery) error {
	return d.locked(ctx, func() error {
		key := deliveryKey(one.At, one.ID)
		if d.messages[one.Notification] == nil {
			d.messages[one.Notification] = map[string]notify.Delivery{}
		}
		if !d.messages[one.Notification][key].Status.Over() {
			d.messages[one.Notification][key] = one
		}
		return nil
	})
}

// List returns the newest deliveries.
func (d Deliveries) List(
	ctx context.Context, notification catalog.ID, limit int,
) (all []notify.Delivery, err error) {
	err = d.locked(ctx, func() error {
		for _, one := range d.messages[notification] {
			all = append(all, one)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b notify.Delivery) int {
		return strings.Compare(deliveryKey(b.At, b.ID), deliveryKey(a.At, a.ID))
	})
	return all[:min(len(all), limit)], err
}

// Mark notes the time.
func (d Deliveries) Mark(ctx context.Context, id string, now time.Time) (at time.Time, done bool, err error) {
	err = d.locked(ctx, func() error {
		if _, there := d.marks[id]; !there {
			d.marks[id] = mark{at: now.UTC().Truncate(time.Microsecond)}
		}
		at, done = d.marks[id].at, d.marks[id].done
		return nil
	})
	return at, done, err
}

// Done notes that nothing is left to do.
func (d Deliveries) Done(ctx context.Context, id string) error {
	return d.locked(ctx, func() error {
		d.marks[id] = mark{at: d.marks[id].at, done: true}
		return nil
	})
}
