package deployment

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
)

// Removed deletes what belongs to a record that was removed: its log, the excerpt of it, the configuration
// that it ran with if nothing else uses that, and its other items. It may be called again
// for the same removal; the counts of the resource are lowered once. A record that is there
// again, because a person has restored it, keeps everything.
func (d *Dispatcher) Removed(ctx context.Context, removal Removal) error {
	id := removal.Record.ID
	_, err := d.ports.History.Get(ctx, id)
	if err == nil {
		d.opts.Log.WarnContext(ctx, "a removed deployment is there again and keeps its log")
		return nil
	}
	if !errors.Is(err, fault.NotFound) {
		return err
	}
	if err := d.ports.Logs.Remove(ctx, id.Book()); err != nil {
		return err
	}
	if d.ports.Excerpts != nil && removal.Record.Status == Failed {
		if err := d.ports.Excerpts.Remove(ctx, id); err != nil {
			return err
		}
	}
	if err := d.removeSnapshot(ctx, id, removal.Record.ConfigurationHash); err != nil {
		return err
	}
	return d.ports.Expiries.Removed(ctx, removal)
}

// removeSnapshot removes the configuration of a removed record unless it is used.
//
// A request stores the configuration before it writes its record, and stores nothing if it
// is there already. So a request may come to use the configuration between the look for
// its users and its removal. A second look afterwards finds that request, or the resource
// whose configuration it is by then, and puts the configuration back.
func (d *Dispatcher) removeSnapshot(ctx context.Context, id ID, hash string) error {
	if hash == "" {
		return nil
	}
	used, err := d.uses(ctx, id, hash)
	if err != nil || used {
		return err
	}
	kept, err := d.ports.Snapshots.Get(ctx, id.Resource(), hash)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := d.ports.Snapshots.Remove(ctx, id.Resource(), hash); err != nil {
		return err
	}
	// From here on only this call has the configuration, so the end of ctx must not
	// keep it from being put back.
	ctx = context.WithoutCancel(ctx)
	used, err = d.uses(ctx, id, hash)
	if err == nil && !used {
		return nil
	}
	return errors.Join(err, d.ports.Snapshots.Put(ctx, id.Resource(), kept))
}

// uses reports whether another record of the resource, or the resource itself, has the
// configuration.
func (d *Dispatcher) uses(ctx context.Context, id ID, hash string) (bool, error) {
	used, err := d.ports.Expiries.Uses(ctx, id, hash)
	if err != nil || used {
		return used, err
	}
	resource, err := catalog.Find[catalog.Deployable](ctx, d.ports.Store, id.Resource())
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	present, err := snapshot.Of(resource)
	return err == nil && present.Hash() == hash, err
}
