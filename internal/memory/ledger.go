package memory

import (
	"context"
	"slices"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
)

// ledger is a [deployment.Ledger]. Package deployment decides how a record changes; the
// changes of the queue, the running set and the resource are here. One lock takes the
// place of a transaction.
type ledger struct{ *Memory }

func (l ledger) Enqueue(ctx context.Context, record deployment.Record,
	key deployment.RequestKey, entries ...audit.Entry) (deployment.Receipt, error) {
	return l.enqueue(ctx, record, key, nil, entries...)
}

func (l ledger) EnqueueRetagged(ctx context.Context, record deployment.Record,
	retag deployment.Retag) (deployment.Receipt, error) {
	return l.enqueue(ctx, record, deployment.RequestKey{}, &retag)
}

// retag changes the tag of the application if the record was written.
func (l ledger) retag(record deployment.Record, retag *deployment.Retag) {
	application, is := l.entities[record.ID.Resource()].(*catalog.Application)
	if retag == nil || !is || application.Image == nil {
		return
	}
	application.Image.Tag, application.UpdatedAt = retag.Tag, record.CreatedAt
	l.enter(retag.Entry)
}

// stale reports whether the application was changed since it was read.
func (l ledger) stale(record deployment.Record, retag *deployment.Retag) bool {
	entity, there := l.entities[record.ID.Resource()]
	return retag != nil && there && !entity.Common().UpdatedAt.Equal(retag.Was)
}

func (l ledger) enqueue(ctx context.Context, record deployment.Record, key deployment.RequestKey,
	retag *deployment.Retag, entries ...audit.Entry) (deployment.Receipt, error) {
	var receipt deployment.Receipt
	err := l.locked(ctx, func() error {
		if _, there := l.records[record.ID]; !there && !l.pending(record.WaitsFor()) {
			return deployment.NewDependencyEndedError()
		}
		known, err := l.known(record, key)
		if known != "" || err != nil {
			receipt = l.receipt(known, true)
			return err
		}
		state := l.states[record.ID.Resource()]
		queued, isQueued := l.records[deployment.ID(state.Queued)]
		switch {
		case !isQueued && record.AlreadyInState(*state):
			err = deployment.NewAlreadyInStateError(record)
		case l.stale(record, retag):
			err = catalog.NewStaleError(record.ID.Resource())
		case isQueued:
			err = l.supersede(queued, record, state)
		default:
			err = l.append(record, state)
		}
		if err != nil {
			return err
		}
		l.retag(record, retag)
		for _, entry := range entries {
			l.enter(entry)
		}
		l.remember(key, record.ID, record.CreatedAt)
		receipt = l.receipt(record.ID, false)
		receipt.Superseded = queued.ID
		return nil
	})
	return receipt, err
}

func (l ledger) Known(ctx context.Context, record deployment.Record,
	key deployment.RequestKey) (deployment.Receipt, error) {
	var receipt deployment.Receipt
	err := l.locked(ctx, func() error {
		known, err := l.known(record, key)
		if err == nil && known == "" {
			err = deployment.NewNotFoundError()
		}
		receipt = l.receipt(known, true)
		return err
	})
	return receipt, err
}

// known returns the deployment that already answers the request, or "". NotFound if the
// resource is gone.
func (l ledger) known(record deployment.Record, key deployment.RequestKey) (deployment.ID, error) {
	resource := record.ID.Resource()
	if _, there := l.records[record.ID]; there {
		return record.ID, nil
	}
	if known, ok := l.requests[key.Hash]; ok && record.CreatedAt.Before(known.until) &&
		l.records[known.id].StandsFor(record, l.newest(resource)) {
		return known.id, nil
	}
	state, there := l.states[resource]
	if !there {
		return "", catalog.NewNotFoundError(resource)
	}
	queued, ok := l.records[deployment.ID(state.Queued)]
	if !ok || !queued.SameWork(record) {
		return "", nil
	}
	l.save(queued.Given(record.Trigger.TokenID))
	l.remember(key, queued.ID, record.CreatedAt)
	return queued.ID, nil
}

func (l ledger) Repeat(ctx context.Context, id deployment.ID) (deployment.Receipt, error) {
	var receipt deployment.Receipt
	err := l.locked(ctx, func() error {
		if _, there := l.records[id]; !there {
			return deployment.NewNotFoundError()
		}
		receipt = l.receipt(id, true)
		return nil
	})
	return receipt, err
}

// supersede ends the queued request and appends the record to the queue.
func (l ledger) supersede(queued, record deployment.Record, state *catalog.State) error {
	if !record.Supersedes(queued) || record.ServerID != queued.ServerID {
		return deployment.NewOtherQueuedError(queued)
	}
	server, there := l.servers[record.ServerID]
	if !there {
		return deployment.NewServerGoneError()
	}
	ended, err := queued.Superseded(record)
	if err != nil {
		return err
	}
	// It takes the place of the queued one, unless only one of the two waits.
	if record.Waiting() != queued.Waiting() {
		if err := l.room(record, server); err != nil {
			return err
		}
	}
	l.release(queued.ServerID, queued.ID)
	l.save(ended)
	l.place(record.Succeeding(queued), server, state)
	return nil
}

// newest returns the id of the resource's newest deployment. Ids sort by time.
func (l ledger) newest(resource catalog.ID) deployment.ID {
	var newest deployment.ID
	for id := range l.records {
		if id.Resource() == resource {
			newest = max(newest, id)
		}
	}
	return newest
}

// append appends a new record to its server's queue.
func (l ledger) append(record deployment.Record, state *catalog.State) error {
	server, there := l.servers[record.ServerID]
	if !there {
		return deployment.NewServerGoneError()
	}
	if err := l.room(record, server); err != nil {
		return err
	}
	l.place(record, server, state)
	return nil
}

// room returns why the server cannot take the record.
func (l ledger) room(record deployment.Record, server *server) error {
	limit := l.limits(record.ServerID).QueueLimit
	switch {
	case record.Waiting() && len(server.waiting) >= limit:
		return deployment.NewWaitingFullError()
	case !record.Waiting() && len(server.queue) >= limit:
		return deployment.NewQueueFullError()
	}
	return nil
}

// place writes a new record, and adds it to its server and its resource.
func (l ledger) place(record deployment.Record, server *server, state *catalog.State) {
	if record.Waiting() {
		server.waiting = append(server.waiting, record.ID)
		l.await(record)
	} else {
		server.queue = append(server.queue, record.ID)
	}
	state.Queued = string(record.ID)
	state.Deployments++
	l.save(record)
}

// remember makes the key stand for the deployment from now on.
func (l ledger) remember(key deployment.RequestKey, id deployment.ID, now time.Time) {
	if key.Hash != "" {
		l.requests[key.Hash] = request{id: id, until: now.Add(key.Window)}
	}
}

// receipt returns the current record, and its place if it is queued.
func (l ledger) receipt(id deployment.ID, repeated bool) deployment.Receipt {
	record := cloneRecord(l.records[id])
	receipt := deployment.Receipt{Record: record, Repeated: repeated}
	if server, ok := l.servers[record.ServerID]; ok {
		receipt.Position = slices.Index(server.queue, id) + 1
	}
	return receipt
}

// Claim takes the first deployment whose resource is free, so that one that cannot
// start does not block the others.
func (l ledger) Claim(ctx context.Context, id catalog.ID, now time.Time) (deployment.Record, error) {
	var claimed deployment.Record
	err := l.locked(ctx, func() error {
		server, there := l.servers[id]
		if !there || len(server.running) >= l.limits(id).Concurrency {
			return deployment.NewNothingToClaimError(id)
		}
		place := slices.IndexFunc(server.queue, func(queued deployment.ID) bool {
			state, there := l.states[queued.Resource()]
			return there && state.Running == "" && l.records[queued].Status == deployment.Queued
		})
		if place < 0 {
			return deployment.NewNothingToClaimError(id)
		}
		record, err := l.records[server.queue[place]].Claimed(now)
		if err != nil {
			return err
		}
		server.queue = slices.Delete(server.queue, place, place+1)
		server.running = append(server.running, record.ID)
		state := l.states[record.ID.Resource()]
		state.Queued, state.Running = "", string(record.ID)
		l.save(record)
		claimed = cloneRecord(record)
		return nil
	})
	return claimed, err
}

func (l ledger) Begin(ctx context.Context, id deployment.ID, owner string, now time.Time,
	length time.Duration) (deployment.Record, error) {
	return l.change(ctx, id, func(record deployment.Record) (deployment.Record, error) {
		return record.Begun(owner, now, length)
	})
}

func (l ledger) Resume(ctx context.Context, id deployment.ID, parking int, owner string, now time.Time,
	length time.Duration) (deployment.Record, error) {
	return l.change(ctx, id, func(record deployment.Record) (deployment.Record, error) {
		return record.Resumed(parking, owner, now, length)
	})
}

func (l ledger) Park(ctx context.Context, id deployment.ID, lease deployment.Lease,
	progress deployment.Progress, now time.Time) (deployment.Signals, error) {
	record, err := l.change(ctx, id, func(record deployment.Record) (deployment.Record, error) {
		return record.Parked(lease, progress, now)
	})
	if err != nil {
		return deployment.Signals{}, err
	}
	return signalsOf(record), nil
}

func (l ledger) Advance(ctx context.Context, id deployment.ID, lease deployment.Lease,
	progress deployment.Progress, now time.Time, length time.Duration) (deployment.Signals, error) {
	record, err := l.change(ctx, id, func(record deployment.Record) (deployment.Record, error) {
		return record.Advanced(lease, progress, now, length)
	})
	if err != nil {
		return deployment.Signals{}, err
	}
	return signalsOf(record), nil
}

func (l ledger) Signals(ctx context.Context, id deployment.ID,
	lease deployment.Lease) (deployment.Signals, error) {
	var signals deployment.Signals
	err := l.locked(ctx, func() error {
		record, there := l.records[id]
		if !there {
			return deployment.NewNotFoundError()
		}
		signals = signalsOf(record)
		return record.LeasedTo(lease)
	})
	return signals, err
}

func signalsOf(record deployment.Record) deployment.Signals {
	return deployment.Signals{CancelRequested: !record.CancelRequestedAt.IsZero(),
		FollowedAt: record.FollowedAt}
}

func (l ledger) Cancel(ctx context.Context, id deployment.ID, by string,
	now time.Time) (deployment.Record, error) {
	return l.change(ctx, id, func(record deployment.Record) (deployment.Record, error) {
		cancelled, err := record.Cancelled(by, now)
		if err == nil && cancelled.Status.Terminal() {
			l.release(record.ServerID, id)
		}
		return cancelled, err
	})
}

func (l ledger) Note(ctx context.Context, record deployment.Record) error {
	return l.locked(ctx, func() error {
		state, there := l.states[record.ID.Resource()]
		if !there {
			return catalog.NewNotFoundError(record.ID.Resource())
		}
		if _, taken := l.records[record.ID]; taken {
			return deployment.NewExistsError(record.ID)
		}
		state.Deployments++
		l.listFinished(record)
		l.save(record)
		return nil
	})
}

func (l ledger) RecordScrub(ctx context.Context, id deployment.ID, was string, mark logbook.Mark,
	scrub deployment.ScrubSummary) error {
	_, err := l.change(ctx, id, func(record deployment.Record) (deployment.Record, error) {
		next, err := record.Rewritten(was, mark, scrub)
		if state, there := l.states[id.Resource()]; there && err == nil {
			state.LogBytes += mark.Stored - record.Progress.Log.Stored
		}
		return next, err
	})
	return err
}

func (l ledger) Repair(ctx context.Context, server catalog.ID, id deployment.ID) error {
	return l.locked(ctx, func() error {
		record, there := l.records[id]
		switch {
		case !there || record.Status.Terminal():
			l.release(server, id)
		case record.Status == deployment.InProgress:
			l.dequeue(server, id)
		case !record.Waiting():
			l.stopWaiting(server, id)
		}
		return nil
	})
}

// release removes the deployment from all places.
func (l ledger) release(server catalog.ID, id deployment.ID) {
	l.dequeue(server, id)
	if server, there := l.servers[server]; there {
		server.running = slices.DeleteFunc(server.running,
			func(running deployment.ID) bool { return running == id })
	}
	if state, there := l.states[id.Resource()]; there && state.Running == string(id) {
		state.Running = ""
	}
}

// dequeue removes the deployment from the queue.
func (l ledger) dequeue(server catalog.ID, id deployment.ID) {
	if server, there := l.servers[server]; there {
		server.queue = slices.DeleteFunc(server.queue,
			func(queued deployment.ID) bool { return queued == id })
	}
	l.stopWaiting(server, id)
	if state, there := l.states[id.Resource()]; there && state.Queued == string(id) {
		state.Queued = ""
	}
}

func (l ledger) Finish(ctx context.Context, id deployment.ID, lease deployment.Lease,
	progress deployment.Progress, outcome deployment.Outcome, now time.Time) error {
	_, err := l.change(ctx, id, func(record deployment.Record) (deployment.Record, error) {
		ended, err := record.Ended(lease, progress, outcome, now)
		if err != nil {
			return ended, err
		}
		if state, there := l.states[id.Resource()]; there && state.Running == string(id) &&
			outcome.ResourceStatus != "" {
			state.Status = outcome.ResourceStatus
		}
		if state, there := l.states[id.Resource()]; there && ended.Started() {
			state.LastStart = ended.StartedAt
		}
		l.listFinished(ended)
		if state, there := l.states[id.Resource()]; there {
			state.LogObjects += progress.Log.Chunks
			state.LogBytes += progress.Log.Stored
		}
		l.release(record.ServerID, id)
		if server, there := l.entities[record.ServerID].(*catalog.Server); there && ended.Reached() {
			server.ValidatedAt = now
		}
		return ended, nil
	})
	return err
}

// change replaces a record by the result of step.
func (l ledger) change(ctx context.Context, id deployment.ID,
	step func(deployment.Record) (deployment.Record, error)) (deployment.Record, error) {
	var changed deployment.Record
	err := l.locked(ctx, func() error {
		record, there := l.records[id]
		if !there {
			return deployment.NewNotFoundError()
		}
		next, err := step(record)
		if err != nil {
			return err
		}
		l.save(next)
		changed = cloneRecord(next)
		return nil
	})
	return changed, err
}

// save stores the record. It notes a change of its status, and a signal for one that is parked.
func (m *Memory) save(record deployment.Record) {
	before := m.records[record.ID]
	record.Lease.Woken = false
	m.records[record.ID] = cloneRecord(record)
	if before.Status != record.Status || record.Signalled(before) {
		m.changes = append(m.changes,
			deployment.Change{Record: cloneRecord(record), Previous: before.Status})
	}
}

// limits reads the server each time, so that an update takes effect at once.
func (l ledger) limits(id catalog.ID) *catalog.Server {
	server, ok := l.entities[id].(*catalog.Server)
	if !ok {
		return &catalog.Server{}
	}
	return server
}
