package deployment

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/snapshot"
)

// Dispatcher moves the queues on. The tables' streams tell it of every change of a
// record and deliver a change until it was handled. So the streams are the outbox,
// and nothing here writes to two places. Each step may be repeated without harm.
type Dispatcher struct {
	ports DispatcherPorts
	opts  DispatcherOptions
	// published are the changes that the bus has acknowledged.
	published acknowledged
}

// DispatcherPorts are what a dispatcher works with. Without a Notifier, no notifications are
// sent, without Excerpts, they quote nothing, without a Meter, nothing is counted, and without a
// Tracer, nothing is traced; all others are needed.
type DispatcherPorts struct {
	Claims    Claims
	Expiries  Expiries
	History   History
	Store     DispatcherStore
	Vault     catalog.Vault
	Logs      logbook.Archive
	Excerpts  Excerpts
	Snapshots snapshot.Archive
	Sender    Sender
	Feed      Feed
	Publisher Publisher
	Notifier  Notifier
	Meter     Meter
	Tracer    Tracer
}

// DispatcherStore is the part of the catalog that a dispatcher uses.
type DispatcherStore interface {
	catalog.Reader
	catalog.Remover
	catalog.Discards
}

// DispatcherOptions adjust [NewDispatcher]; the zero value works.
type DispatcherOptions struct {
	// Now defaults to the clock, Log to none.
	Now func() time.Time
	Log *slog.Logger
	// Retention tells how long entries of the audit are kept; zero fields mean
	// [catalog.DefaultRetention].
	Retention catalog.Retention
}

// NewDispatcher returns a dispatcher over its ports.
func NewDispatcher(ports DispatcherPorts, opts DispatcherOptions) *Dispatcher {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	opts.Retention = opts.Retention.Or(catalog.DefaultRetention())
	return &Dispatcher{ports: ports, opts: opts}
}

// Changed does what follows from a change of a record's status:
//
//   - queued: the server may have a free slot, so claim all that can start;
//   - in progress: it was claimed, so send it to a runner;
//   - ended: its slot is free, so claim all that can start. Those that wait for it may
//     join their queues, or end. If it removed its
//     resource from the server, remove the resource from the catalog too. If it
//     finished, the one that finished before it may expire.
//   - unchanged: a parked deployment is followed or to be cancelled, so wake its runner, and
//     publish nothing.
//
// Every change is appended to the feed and published. Publishing comes last: after an
// earlier failure the stream delivers the whole change again. A change that the bus has
// acknowledged is neither appended nor published again.
func (d *Dispatcher) Changed(ctx context.Context, change Change) error {
	record := change.Record
	if record.Status == change.Previous {
		return d.wake(ctx, record)
	}
	var err error
	if record.Status == InProgress {
		err = d.ports.Sender.Send(ctx, record.ID)
	} else {
		err = d.ClaimAll(ctx, record.ServerID)
	}
	if err == nil && record.Status.Terminal() && record.Awaited {
		err = d.settleWaiters(ctx, record.ID)
	}
	if err == nil && mayRemoveResource(record) {
		err = d.removeFromCatalog(ctx, record)
	}
	if err == nil && record.Status == Finished {
		err = d.ports.Expiries.DateFinished(ctx, record.ID.Resource())
	}
	if err != nil {
		return err
	}
	return d.publish(ctx, change)
}

// wake calls a runner to the deployment if it is parked.
func (d *Dispatcher) wake(ctx context.Context, record Record) error {
	if !record.IsParked() {
		return nil
	}
	return d.ports.Sender.Wake(ctx, record.ID, record.Progress.Parkings, 0)
}

// call calls a runner to a deployment that has none, parked or not.
func (d *Dispatcher) call(ctx context.Context, record Record) error {
	if record.IsParked() {
		return d.wake(ctx, record)
	}
	return d.ports.Sender.Send(ctx, record.ID)
}

// publish appends the change to the feed, has users notified and publishes it, unless the bus has
// acknowledged it already.
func (d *Dispatcher) publish(ctx context.Context, change Change) error {
	if d.published.has(change.ID()) {
		return nil
	}
	if err := d.ports.Feed.Append(ctx, change, d.opts.Now()); err != nil {
		return err
	}
	// The stream lacks a message that is not in the record itself.
	if source := change.Record.Outcome.Source; source.Commit != "" && source.Message == "" {
		whole, err := d.ports.History.Get(ctx, change.Record.ID)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		if err == nil {
			change.Record.Outcome.Source = whole.Outcome.Source
		}
	}
	if d.ports.Notifier != nil {
		if err := d.ports.Notifier.Changed(ctx, change); err != nil {
			return err
		}
	}
	if err := d.ports.Publisher.Publish(ctx, change); err != nil {
		return err
	}
	d.published.add(change.ID())
	if change.Record.Status.Terminal() {
		d.observe(ctx, change.Record)
	}
	return nil
}

// observe counts and traces a deployment that has ended. A trace that cannot be queued is lost: the
// next changes do not wait for it.
func (d *Dispatcher) observe(ctx context.Context, ended Record) {
	if d.ports.Meter != nil {
		d.ports.Meter.Ended(ended)
	}
	if d.ports.Tracer == nil {
		return
	}
	if err := d.ports.Tracer.Ended(ctx, ended); err != nil {
		d.opts.Log.WarnContext(ctx, "the trace of a deployment is lost", "deployment_uuid", ended.ID,
			"error", err)
	}
}

// mayRemoveResource reports whether the resource may have to leave the catalog now that
// the record has ended. A delete or a forget removes it. A scrub may have kept it
// in use when its delete ended, so the end of a scrub is another occasion.
func mayRemoveResource(record Record) bool {
	return removesResource(record) || record.Operation == Scrub && record.Status.Terminal()
}

// removesResource reports whether the record's operation removes the resource from the
// catalog.
func removesResource(record Record) bool {
	return record.Status == Finished && (record.Operation == Delete ||
		record.Operation == Forget)
}

// removeFromCatalog removes the resource of the ended deployment from the catalog if
// [removal] finds that it is no longer on its server, and then its secrets. A resource that
// is in use again stays.
func (d *Dispatcher) removeFromCatalog(ctx context.Context, ended Record) error {
	id := ended.ID.Resource()
	removed, gone, err := d.removal(ctx, ended)
	if err != nil || !gone {
		return err
	}
	entry, err := audit.New(removed.removalEntry(d.opts.Now()), d.opts.Retention.Audit(), rand.Reader)
	if err != nil {
		return err
	}
	err = d.ports.Store.Delete(ctx, id, entry)
	if errors.Is(err, fault.Conflict) {
		d.opts.Log.InfoContext(ctx, "a deleted resource is in use again and stays", "resource_uuid", id,
			"cause", err)
		return nil
	}
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	return d.deleteDiscarded(ctx)
}

// deleteDiscarded deletes the sets of secrets that are due.
func (d *Dispatcher) deleteDiscarded(ctx context.Context) error {
	sets, err := d.ports.Store.Discarded(ctx, d.opts.Now())
	if err != nil {
		return err
	}
	for _, set := range sets {
		if err := d.ports.Vault.Delete(ctx, set.ID, set.Generation); err != nil {
			return err
		}
		if err := d.ports.Store.Forget(ctx, set); err != nil {
			return err
		}
	}
	return nil
}

// removal returns the last operation that concerns the resource's server, and whether it
// was a delete or a forget. The catalog cannot tell: a change may be delivered
// again after a later start has ended. Operations that do nothing on the server,
// such as an update, are skipped. If the whole history is gone, it returns the ended one.
func (d *Dispatcher) removal(ctx context.Context, ended Record) (removed Record, gone bool, err error) {
	for page := (Page{}); ; {
		listing, err := d.ports.History.List(ctx, ended.ID.Resource(), page)
		if err != nil {
			return Record{}, false, err
		}
		for _, record := range listing.Records {
			if record.Operation.OnServer() || record.Operation == Forget {
				return record, removesResource(record), nil
			}
		}
		if listing.Next == "" {
			return ended, listing.Count == 0, nil
		}
		page.Cursor = listing.Next
	}
}

// ClaimAll claims queued deployments of the server, first come first served,
// until no slot or no free resource is left. Calling it twice is harmless.
func (d *Dispatcher) ClaimAll(ctx context.Context, server catalog.ID) error {
	for {
		_, err := d.ports.Claims.Claim(ctx, server, d.opts.Now().UTC())
		if errors.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Sweep checks every server. It runs each minute and repairs what the streams
// missed, so that no state needs a person. For each server it
//
//   - removes orphaned entries: deployments that have ended and still hold a
//     slot, or are queued and have no record;
//   - sends deployments in progress that have no runner: claimed and never sent,
//     sent and never begun, with an expired lease, or parked and not woken in time;
//   - claims queued deployments that can start;
//   - lets waiting deployments join the queue, or end, if what they wait for has ended.
//
// It also deletes the secrets that are due, and once an hour dates the finished
// deployments that the streams missed.
func (d *Dispatcher) Sweep(ctx context.Context) error {
	servers, err := catalog.All(ctx, d.ports.Store, catalog.KindServer)
	if err != nil {
		return err
	}
	failed := d.deleteDiscarded(ctx)
	if d.opts.Now().Minute() == 0 { // nothing expires within an hour
		failed = errors.Join(failed, d.dateFinished(ctx))
	}
	for _, server := range servers {
		// An error of one server must not keep the others waiting.
		failed = errors.Join(failed, d.sweep(ctx, server.Common().ID))
	}
	return failed
}

// dateFinished dates the finished deployments whose change was never delivered.
func (d *Dispatcher) dateFinished(ctx context.Context) error {
	resources, err := d.ports.Expiries.Undated(ctx)
	for _, resource := range resources {
		err = errors.Join(err, d.ports.Expiries.DateFinished(ctx, resource))
	}
	return err
}

func (d *Dispatcher) sweep(ctx context.Context, server catalog.ID) error {
	load, err := d.ports.History.Load(ctx, server)
	if errors.Is(err, fault.NotFound) { // deleted since it was listed
		return nil
	}
	if err != nil {
		return err
	}
	for _, id := range load.Orphaned {
		err = errors.Join(err, d.ports.Claims.Repair(ctx, server, id))
	}
	for _, record := range load.Running {
		if record.LostContact(d.opts.Now()) {
			err = errors.Join(err, d.call(ctx, record))
		}
	}
	if d.ports.Notifier != nil {
		err = errors.Join(err, d.ports.Notifier.Watch(ctx, load))
	}
	err = errors.Join(err, d.ClaimAll(ctx, server)) // first, because it makes room in the queue
	err = errors.Join(err, d.watchQueue(ctx, server, load))
	if len(load.Waiting) == 0 {
		return err
	}
	for _, record := range load.Waiting {
		_, failed := d.settle(ctx, record.ID)
		err = errors.Join(err, failed)
	}
	return errors.Join(err, d.ClaimAll(ctx, server))
}

// standsAfter is how long the first deployment of a queue may wait while nothing runs on its server.
// The stream starts it within seconds, and the sweep within a minute.
const standsAfter = 5 * time.Minute

// watchQueue logs a queue that does not move: nothing runs on its server, and still its first
// deployment was not claimed for a long time. An alarm counts the lines. It reads the server again,
// because what it was told is from before the claims.
func (d *Dispatcher) watchQueue(ctx context.Context, server catalog.ID, load Load) error {
	now := d.opts.Now()
	if !load.stands(now) {
		return nil
	}
	load, err := d.ports.History.Load(ctx, server)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil && load.stands(now) {
		first := load.Queue[0]
		d.opts.Log.WarnContext(ctx, "a queue does not move", "server_uuid", server,
			"deployment_uuid", first.ID, "queued", len(load.Queue),
			"waits_seconds", int(now.Sub(first.QueuedAt).Seconds()))
	}
	return err
}

// stands reports whether the queue should have moved long ago.
func (l Load) stands(now time.Time) bool {
	return len(l.Running) == 0 && len(l.Queue) > 0 && now.Sub(l.Queue[0].QueuedAt) > standsAfter
}

// settleWaiters settles the deployments that wait for one that has ended, and claims those
// that can start.
func (d *Dispatcher) settleWaiters(ctx context.Context, ended ID) error {
	waiters, err := d.ports.Claims.Waiters(ctx, ended)
	for _, id := range waiters {
		record, failed := d.settle(ctx, id)
		if failed == nil && record.Status == Queued && !record.Waiting() {
			failed = d.ClaimAll(ctx, record.ServerID)
		}
		err = errors.Join(err, failed) // one must not keep the others waiting
	}
	return err
}

// settle settles a waiting deployment. One whose queue is full waits for the next sweep. One
// that is gone needs nothing.
func (d *Dispatcher) settle(ctx context.Context, id ID) (Record, error) {
	record, err := d.ports.Claims.Settle(ctx, id, d.opts.Now().UTC().Truncate(time.Microsecond))
	if errors.Is(err, fault.Exhausted) || errors.Is(err, fault.NotFound) {
		return Record{}, nil
	}
	return record, err
}
