package memory

import (
	"context"
	"slices"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// listFinished adds a deployment that finished to the list of its resource.
func (l ledger) listFinished(record deployment.Record) {
	resource := record.ID.Resource()
	if _, there := l.states[resource]; there && record.Status == deployment.Finished {
		l.finished[resource] = append(slices.Clip(l.finished[resource]), deployment.NewFinishedID(record))
	}
}

// DateFinished finds the deployments of a resource that is gone by their records.
func (l ledger) DateFinished(ctx context.Context, resource catalog.ID) error {
	return l.locked(ctx, func() error {
		kept, dated := deployment.KeepLast(l.finished[resource])
		if _, there := l.states[resource]; !there {
			kept, dated = nil, history(l).newestFirst(resource, "")
		} else {
			l.finished[resource] = kept
		}
		for _, id := range dated {
			record, there := l.records[id]
			if there && record.Status == deployment.Finished && !record.Hold.Held {
				record.ExpiresAt = record.Expiry()
				l.records[id] = record
			}
		}
		return nil
	})
}

func (l ledger) Undated(ctx context.Context) ([]catalog.ID, error) {
	var resources []catalog.ID
	err := l.locked(ctx, func() error {
		for resource, finished := range l.finished {
			if _, dated := deployment.KeepLast(finished); len(dated) > 0 {
				resources = append(resources, resource)
			}
		}
		return nil
	})
	return resources, err
}

func (l ledger) Uses(ctx context.Context, id deployment.ID, hash string) (bool, error) {
	var uses bool
	err := l.locked(ctx, func() error {
		for other, record := range l.records {
			uses = uses || other != id && other.Resource() == id.Resource() &&
				record.ConfigurationHash == hash
		}
		return nil
	})
	return uses, err
}

// Removed finds no details to delete: they are in the record.
func (l ledger) Removed(ctx context.Context, removal deployment.Removal) error {
	return l.locked(ctx, func() error {
		record := removal.Record
		resource := record.ID.Resource()
		delete(l.sections, record.ID.Book())
		delete(l.waiters, record.ID)
		state, there := l.states[resource]
		if !there {
			state, there = l.remains[resource]
		}
		if !there || removal.Place <= l.removed[resource] {
			return nil
		}
		l.removed[resource] = removal.Place
		state.Deployments--
		if record.Status.Terminal() {
			state.LogObjects -= record.Progress.Log.Chunks
			state.LogBytes -= record.Progress.Log.Stored
		}
		return nil
	})
}

func (l ledger) Hold(ctx context.Context, id deployment.ID,
	hold deployment.Hold, entry audit.Entry) (deployment.Record, error) {
	return l.change(ctx, id, func(record deployment.Record) (deployment.Record, error) {
		if l.hasEntry(entry) {
			return record, nil
		}
		l.enter(entry)
		return record.HeldBy(hold), nil
	})
}

func (l ledger) Release(ctx context.Context, id deployment.ID,
	entry audit.Entry) (deployment.Record, error) {
	_, err := l.change(ctx, id, func(record deployment.Record) (deployment.Record, error) {
		resource := id.Resource()
		if record.Hold.Held && record.Status == deployment.Finished {
			again := []deployment.FinishedID{deployment.NewFinishedID(record)}
			l.finished[resource] = append(again, l.finished[resource]...)
		}
		if record.Hold.Held {
			l.enter(entry)
			record = record.Released()
		}
		return record, nil
	})
	if err == nil {
		err = l.DateFinished(ctx, id.Resource())
	}
	if err != nil {
		return deployment.Record{}, err
	}
	return history(l).Get(ctx, id)
}
