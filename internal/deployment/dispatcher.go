package deployment

import (
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Dispatcher moves the queues on. It is told of every change of a record by
// the tables' streams, which deliver a change until it was handled: that is
// what makes them the outbox, and why nothing here writes to two places. Each
// of its steps may be repeated without harm.
type Dispatcher struct {
	ledger    Ledger
	sender    Sender
	publisher Publisher
	opts      DispatcherOptions
}

// DispatcherOptions adjust [NewDispatcher]; the zero value works.
type DispatcherOptions struct {
	// Now defaults to the clock.
	Now func() time.Time
}

// NewDispatcher returns a dispatcher over its ports.
func NewDispatcher(ledger Ledger, sender Sender, publisher Publisher, opts DispatcherOptions) *Dispatcher {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Dispatcher{ledger: ledger, sender: sender, publisher: publisher, opts: opts}
}

// Changed does what follows from a change of a record's status:
//
//   - queued: the server may have a slot for it, so its queue is drained;
//   - in progress: it was claimed, so a runner gets it;
//   - ended: its slot is free, so the queue is drained.
//
// Every change is published, and published last: a failure before it has the
// whole change delivered again.
func (d *Dispatcher) Changed(ctx context.Context, change Change) error {
	record := change.Record
	if record.Status == change.Previous {
		return nil
	}
	var err error
	if record.Status == InProgress {
		err = d.sender.Send(ctx, record.ID)
	} else {
		err = d.Drain(ctx, record.ServerID)
	}
	if err != nil {
		return err
	}
	return d.publisher.Publish(ctx, change)
}

// Drain claims queued deployments of the server, first come first served,
// until no slot or no free resource is left. Draining twice is harmless.
func (d *Dispatcher) Drain(ctx context.Context, server catalog.ID) error {
	for {
		_, err := d.ledger.Claim(ctx, server, d.opts.Now().UTC())
		if errors.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Sweep looks after every server. It is the net below the streams: run each
// minute, it finds whatever else would need a person. For each server
//
//   - what has no place there any more is taken out: ended and still holding a
//     slot, queued and gone;
//   - what is in progress and has no runner gets one: claimed and never sent,
//     sent and never begun, a lease that ran out;
//   - what is queued and could run is claimed.
func (d *Dispatcher) Sweep(ctx context.Context, store catalog.Store, history History) error {
	servers, err := catalog.All(ctx, store, catalog.KindServer)
	if err != nil {
		return err
	}
	var failed error
	for _, server := range servers {
		// One server's trouble must not keep the others waiting.
		failed = errors.Join(failed, d.sweep(ctx, history, server.Common().ID))
	}
	return failed
}

func (d *Dispatcher) sweep(ctx context.Context, history History, server catalog.ID) error {
	load, err := history.Load(ctx, server)
	if errors.Is(err, fault.NotFound) { // deleted since it was listed
		return nil
	}
	if err != nil {
		return err
	}
	for _, id := range load.Strays {
		err = errors.Join(err, d.ledger.Mend(ctx, server, id))
	}
	for _, record := range load.Running {
		if record.LostContact(d.opts.Now()) {
			err = errors.Join(err, d.sender.Send(ctx, record.ID))
		}
	}
	return errors.Join(err, d.Drain(ctx, server))
}
