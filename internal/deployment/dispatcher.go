package deployment

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Dispatcher moves the queues on. It is told of every change of a record by
// the tables' streams, which deliver a change until it was handled: that is
// what makes them the outbox, and why nothing here writes to two places. Each
// of its steps may be repeated without harm.
type Dispatcher struct {
	ports DispatcherPorts
	opts  DispatcherOptions
	// published are the changes that the bus has taken.
	published acknowledged
}

// DispatcherPorts are what a dispatcher works with. All are needed.
type DispatcherPorts struct {
	Ledger    Ledger
	History   History
	Store     catalog.Store
	Vault     catalog.Vault
	Sender    Sender
	Publisher Publisher
}

// DispatcherOptions adjust [NewDispatcher]; the zero value works.
type DispatcherOptions struct {
	// Now and Log default to the clock and to no log.
	Now func() time.Time
	Log *slog.Logger
}

// NewDispatcher returns a dispatcher over its ports.
func NewDispatcher(ports DispatcherPorts, opts DispatcherOptions) *Dispatcher {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Dispatcher{ports: ports, opts: opts}
}

// Changed does what follows from a change of a record's status:
//
//   - queued: the server may have a slot for it, so its queue is drained;
//   - in progress: it was claimed, so a runner gets it;
//   - ended: its slot is free, so the queue is drained; and a resource that it
//     took off its server leaves the catalog.
//
// Every change is published, and published last: a failure before it has the
// whole change delivered again. What the bus has acknowledged is not sent again.
func (d *Dispatcher) Changed(ctx context.Context, change Change) error {
	record := change.Record
	if record.Status == change.Previous {
		return nil
	}
	var err error
	if record.Status == InProgress {
		err = d.ports.Sender.Send(ctx, record.ID)
	} else {
		err = d.Drain(ctx, record.ServerID)
	}
	if err == nil && mayForget(record) {
		err = d.forget(ctx, record.ID.Resource())
	}
	if err != nil {
		return err
	}
	return d.publish(ctx, change)
}

// publish publishes the change, unless the bus is known to have it.
func (d *Dispatcher) publish(ctx context.Context, change Change) error {
	if d.published.has(change.ID()) {
		return nil
	}
	if err := d.ports.Publisher.Publish(ctx, change); err != nil {
		return err
	}
	d.published.add(change.ID())
	return nil
}

// mayForget reports whether a resource may have to leave the catalog behind this
// end: that of its deletion, or of a scrub, which may have kept it in use when
// its deletion ended.
func mayForget(record Record) bool {
	return leaves(record) || record.Operation == catalog.Scrub && record.Status.Terminal()
}

// leaves reports whether the resource is to leave the catalog for this record.
func leaves(record Record) bool {
	return record.Status == Finished && (record.Operation == catalog.Delete || record.Operation == catalog.Forget)
}

// forget takes a resource out of the catalog, and its secrets with it, once a
// deployment has taken it off its server or nobody is to do that. The entry goes
// first, so that a resource never lacks its secrets. One that somebody has asked
// to start since is left alone.
func (d *Dispatcher) forget(ctx context.Context, id catalog.ID) error {
	gone, err := d.isGone(ctx, id)
	if err != nil || !gone {
		return err
	}
	err = d.ports.Store.Delete(ctx, id)
	if errors.Is(err, fault.Conflict) {
		d.opts.Log.InfoContext(ctx, "a deleted resource is in use again and stays", "resource_uuid", id, "cause", err)
		return nil
	}
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	return d.ports.Vault.Delete(ctx, id)
}

// isGone reports whether the last thing that was done to a resource on its
// server is that it was taken off, or given up there. The catalog alone cannot
// tell: a change may be delivered again after a later start has ended. Records of
// what does nothing there count for nothing.
func (d *Dispatcher) isGone(ctx context.Context, id catalog.ID) (bool, error) {
	for page := (Page{}); ; {
		listing, err := d.ports.History.List(ctx, id, page)
		if err != nil {
			return false, err
		}
		for _, record := range listing.Records {
			if record.Operation.OnServer() || record.Operation == catalog.Forget {
				return leaves(record), nil
			}
		}
		if listing.Next == "" { // nothing was, unless all is gone already
			return listing.Count == 0, nil
		}
		page.Cursor = listing.Next
	}
}

// Drain claims queued deployments of the server, first come first served,
// until no slot or no free resource is left. Draining twice is harmless.
func (d *Dispatcher) Drain(ctx context.Context, server catalog.ID) error {
	for {
		_, err := d.ports.Ledger.Claim(ctx, server, d.opts.Now().UTC())
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
func (d *Dispatcher) Sweep(ctx context.Context) error {
	servers, err := catalog.All(ctx, d.ports.Store, catalog.KindServer)
	if err != nil {
		return err
	}
	var failed error
	for _, server := range servers {
		// One server's trouble must not keep the others waiting.
		failed = errors.Join(failed, d.sweep(ctx, server.Common().ID))
	}
	return failed
}

func (d *Dispatcher) sweep(ctx context.Context, server catalog.ID) error {
	load, err := d.ports.History.Load(ctx, server)
	if errors.Is(err, fault.NotFound) { // deleted since it was listed
		return nil
	}
	if err != nil {
		return err
	}
	for _, id := range load.Strays {
		err = errors.Join(err, d.ports.Ledger.Mend(ctx, server, id))
	}
	for _, record := range load.Running {
		if record.LostContact(d.opts.Now()) {
			err = errors.Join(err, d.ports.Sender.Send(ctx, record.ID))
		}
	}
	return errors.Join(err, d.Drain(ctx, server))
}
