package memory

import (
	"context"
	"slices"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// pending reports whether none of the deployments has ended.
func (l ledger) pending(ids []deployment.ID) bool {
	return !slices.ContainsFunc(ids, func(id deployment.ID) bool {
		record, there := l.records[id]
		return !there || record.Status.Terminal()
	})
}

// await notes the record on each deployment that it waits for.
func (l ledger) await(record deployment.Record) {
	for _, id := range record.WaitsFor() {
		awaited := l.records[id]
		awaited.Awaited = true
		l.save(awaited)
		l.waiters[id] = append(slices.Clip(l.waiters[id]), record.ID)
	}
}

func (l ledger) Waiters(ctx context.Context, id deployment.ID) ([]deployment.ID, error) {
	var waiters []deployment.ID
	err := l.locked(ctx, func() error {
		waiters = slices.Clone(l.waiters[id])
		return nil
	})
	slices.SortFunc(waiters, deployment.ID.Compare)
	return waiters, err
}

func (l ledger) Settle(ctx context.Context, id deployment.ID, now time.Time) (deployment.Record, error) {
	full := false
	settled, err := l.change(ctx, id, func(record deployment.Record) (deployment.Record, error) {
		if !record.Waiting() {
			return record, nil
		}
		next, err := record.Settled(l.records, now)
		if err != nil {
			return record, err
		}
		server := l.servers[record.ServerID]
		if next.Status == deployment.Queued && !next.Waiting() {
			if full = server == nil || l.room(next, server) != nil; full {
				return next.Kept(record), nil
			}
			server.queue = append(server.queue, id)
			l.stopWaiting(record.ServerID, id)
		}
		if next.Status.Terminal() {
			l.release(record.ServerID, id)
		}
		return next, nil
	})
	if full && err == nil {
		err = deployment.NewQueueFullError()
	}
	return settled, err
}

// stopWaiting removes the deployment from the waiting ones of the server.
func (l ledger) stopWaiting(server catalog.ID, id deployment.ID) {
	if server, there := l.servers[server]; there {
		server.waiting = slices.DeleteFunc(server.waiting,
			func(waiting deployment.ID) bool { return waiting == id })
	}
}

// Last reads the deployments, newest first.
func (l ledger) Last(ctx context.Context, resource catalog.ID) (deployment.Record, error) {
	var last deployment.Record
	err := l.locked(ctx, func() error {
		for _, id := range history(l).newestFirst(resource, "") {
			if record := l.records[id]; record.Operation.OnServer() && !record.ClaimedAt.IsZero() {
				last = cloneRecord(record)
				return nil
			}
		}
		return deployment.NewNotFoundError()
	})
	return last, err
}
