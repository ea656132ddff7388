package deploymenttest

import (
	"errors"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func waitingCases() []testCase {
	return []testCase{
		{"TestP1: a deployment that waits is readable at once, and outside of the queue", testWaits},
		{"TestP2: when the other one has finished, it joins the end of the queue", testJoins},
		{"TestP6: when the other one fails, is cancelled or superseded, or is gone, it fails", testUnmet},
		{"it waits for all of several, and says for which", testWaitsForSeveral},
		{"a failed one among several ends it at once", testOneOfSeveralFails},
		{"TestP7: a waiting one is cancelled at once", testCancelWaiting},
		{"a later request supersedes a waiting one", testSupersedesWaiting},
		{"a waiting one and a full queue: who takes whose place", testSupersedesWaitingFull},
		{"the same request is a repeat, one after other deployments is not", testSameWaiting},
		{"a waiting deployment is known for the same request only", testKnownWaiting},
		{"a full queue keeps it waiting", testJoinsFullQueue},
		{"as many may wait as may be queued", testWaitingFull},
		{"a request that waits for an ended one is a Conflict, and stores nothing", testAlreadyEnded},
		{"one whose dependencies are met is queued like any other", testMetAtOnce},
		{"nothing is deleted while one of it waits", testDeleteWhileWaiting},
		{"a list of waiting ones is repaired", testRepairWaiting},
		{"the last deployment is the last that was claimed", testLast},
	}
}

// waiting enqueues a deployment of the resource that waits for the others.
func (w *world) waiting(t *testing.T, resource, server catalog.ID,
	others ...deployment.Record) deployment.Record {
	t.Helper()
	receipt, err := w.Ledger.Enqueue(t.Context(), after(w.record(t, resource, server), others...),
		deployment.RequestKey{})
	if err != nil {
		t.Fatalf("Enqueue: %v", err)
	}
	return receipt.Record
}

// after returns the new record, which waits for the others.
func after(record deployment.Record, others ...deployment.Record) deployment.Record {
	for _, other := range others {
		record.After = append(record.After, deployment.Dependency{Resource: other.ID.Resource(),
			Deployment: other.ID})
		record.QueuedAt = time.Time{}
	}
	return record
}

func (w *world) settle(t *testing.T, id deployment.ID) deployment.Record {
	t.Helper()
	record, err := w.Ledger.Settle(t.Context(), id, w.tick())
	if err != nil {
		t.Fatalf("Settle: %v", err)
	}
	return record
}

// waitingOn returns the waiting deployments of the server.
func (w *world) waitingOn(t *testing.T, server catalog.ID) []deployment.ID {
	t.Helper()
	load, err := w.History.Load(t.Context(), server)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return ids(load.Waiting)
}

// done ends a deployment that was begun.
func (w *world) done(t *testing.T, record deployment.Record, status deployment.Status) {
	t.Helper()
	w.finish(t, record, deployment.Outcome{Status: status})
}

func testWaits(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	first := w.enqueue(t, w.database(t, server), server)
	record := after(w.record(t, w.service(t, server), server), first)
	receipt, err := w.Ledger.Enqueue(t.Context(), record, key("new", deployment.RepeatWindow))
	if err != nil || receipt.Repeated || receipt.Position != 0 {
		t.Fatalf("position %d, repeated %v, %v", receipt.Position, receipt.Repeated, err)
	}
	wantSame(t, "the receipt's record", receipt.Record, record)
	wantSame(t, "the stored record", w.get(t, record.ID), record)
	if !receipt.Record.Waiting() {
		t.Error("it does not wait")
	}
	wantSame(t, "the state", w.state(t, record.ID.Resource()),
		catalog.State{Queued: string(record.ID), Deployments: 1})
	_, queue := w.load(t, server)
	wantSame(t, "the queue", queue, []deployment.ID{first.ID})
	wantSame(t, "the waiting ones", w.waitingOn(t, server), []deployment.ID{record.ID})
	waiters, err := w.Ledger.Waiters(t.Context(), first.ID)
	if err != nil || !w.get(t, first.ID).Awaited {
		t.Errorf("Waiters: %v, awaited %v", err, w.get(t, first.ID).Awaited)
	}
	wantSame(t, "the waiters", waiters, []deployment.ID{record.ID})
	w.claim(t, server)
	w.claimsNothing(t, server)
	wantSame(t, "what it is after a look", w.settle(t, record.ID).Status, deployment.Queued)
	wantSame(t, "the stored record after a look", w.get(t, record.ID), record)
	for _, unknown := range []deployment.ID{record.ID, w.record(t, w.service(t, server), server).ID} {
		if waiters, err := w.Ledger.Waiters(t.Context(), unknown); err != nil || len(waiters) > 0 {
			t.Errorf("Waiters of one that no other waits for: %v, %v", waiters, err)
		}
	}
	_, err = w.Ledger.Settle(t.Context(), w.record(t, w.service(t, server), server).ID, w.tick())
	wantKind(t, err, fault.NotFound)
}

func testJoins(t *testing.T, w *world) {
	server, other := w.server(t, 1, 25), w.server(t, 1, 25)
	first := w.running(t, w.database(t, other), other)
	running := w.running(t, w.service(t, server), server)
	record := w.waiting(t, w.service(t, server), server, first)
	queued := w.enqueue(t, w.service(t, server), server)
	w.done(t, first, deployment.Finished)
	joined := w.settle(t, record.ID)
	want := record
	want.After[0].Status, want.QueuedAt, want.UpdatedAt = deployment.Finished, w.now, w.now
	wantSame(t, "the record", joined, want)
	wantSame(t, "the stored record", w.get(t, record.ID), want)
	_, queue := w.load(t, server)
	wantSame(t, "the queue", queue, []deployment.ID{queued.ID, record.ID})
	wantSame(t, "the waiting ones", w.waitingOn(t, server), nil)
	wantSame(t, "the orphaned entries", w.orphaned(t, server), nil)
	wantSame(t, "a second look", w.settle(t, record.ID).QueuedAt, want.QueuedAt)
	wantSame(t, "the stored record after it", w.get(t, record.ID), want)
	last := w.enqueue(t, w.service(t, server), server)
	w.done(t, running, deployment.Finished)
	for _, next := range []deployment.ID{queued.ID, record.ID, last.ID} {
		claimed := w.claim(t, server)
		wantSame(t, "the claimed one", claimed.ID, next)
		w.done(t, w.begin(t, claimed.ID, "runner"), deployment.Finished)
	}
	wantSame(t, "what it comes after, at its end", w.get(t, record.ID).After, want.After)
}

func testUnmet(t *testing.T, w *world) {
	var server catalog.ID
	for name, end := range map[string]func(deployment.Record) deployment.Status{
		"failed": func(first deployment.Record) deployment.Status {
			w.done(t, w.begin(t, w.claim(t, server).ID, "runner"), deployment.Failed)
			return deployment.Failed
		},
		"cancelled": func(first deployment.Record) deployment.Status {
			w.cancel(t, first.ID, "ops")
			return deployment.Cancelled
		},
		"superseded": func(first deployment.Record) deployment.Status {
			w.supersedes(t, w.asking(t, first.ID.Resource(), server, deployment.Stop,
				deployment.Options{Force: true}), first.ID)
			return deployment.Cancelled
		},
		"gone": func(first deployment.Record) deployment.Status {
			w.Damage.Forget(t, first.ID)
			return ""
		},
	} {
		server = w.server(t, 9, 25)
		first := w.enqueue(t, w.database(t, server), server)
		record := w.waiting(t, w.service(t, server), server, first)
		unmet := deployment.Dependency{Resource: first.ID.Resource(), Deployment: first.ID}
		unmet.Status = end(first)
		w.settle(t, record.ID)
		ended := w.get(t, record.ID)
		wantSame(t, name+": the outcome", ended.Outcome, deployment.Outcome{Status: deployment.Failed,
			Reason: deployment.ReasonDependency, Unmet: unmet})
		wantSame(t, name+": what it comes after", ended.After, []deployment.Dependency{unmet})
		if ended.Status != deployment.Failed || !ended.FinishedAt.Equal(w.now) || !ended.QueuedAt.IsZero() ||
			!ended.CancelRequestedAt.IsZero() || !ended.Progress.Log.Complete || ended.ExpiresAt.IsZero() {
			t.Errorf("%s: %+v", name, ended)
		}
		wantSame(t, name+": the state", w.state(t, record.ID.Resource()), catalog.State{Deployments: 1})
		wantSame(t, name+": the waiting ones", w.waitingOn(t, server), nil)
		w.settle(t, record.ID)
		wantSame(t, name+": the record after another look", w.get(t, record.ID), ended)
		_, err := w.Ledger.Cancel(t.Context(), record.ID, "ops", w.tick())
		wantKind(t, err, fault.Conflict)
		w.enqueue(t, record.ID.Resource(), server)
	}
}

func testWaitsForSeveral(t *testing.T, w *world) {
	server := w.server(t, 3, 25)
	one, two := w.running(t, w.database(t, server), server), w.running(t, w.service(t, server), server)
	record := w.waiting(t, w.application(t, server), server, one, two)
	w.done(t, two, deployment.Finished)
	settled := w.settle(t, record.ID)
	wantSame(t, "what it waits for", settled.WaitsFor(), []deployment.ID{one.ID})
	wantSame(t, "the stored record", w.get(t, record.ID), settled)
	w.Damage.Forget(t, two.ID) // it has expired meanwhile
	w.claimsNothing(t, server)
	w.done(t, one, deployment.Finished)
	w.settle(t, record.ID)
	wantSame(t, "the claimed one", w.claim(t, server).ID, record.ID)
}

func testOneOfSeveralFails(t *testing.T, w *world) {
	server := w.server(t, 3, 25)
	one, two := w.running(t, w.database(t, server), server), w.running(t, w.service(t, server), server)
	record := w.waiting(t, w.application(t, server), server, one, two)
	w.done(t, two, deployment.Failed)
	ended := w.settle(t, record.ID)
	if ended.Status != deployment.Failed || ended.Outcome.Unmet.Deployment != two.ID {
		t.Errorf("it is %s for %+v", ended.Status, ended.Outcome.Unmet)
	}
	w.done(t, one, deployment.Finished)
	wantSame(t, "its status", w.settle(t, record.ID).Status, deployment.Failed)
}

func testCancelWaiting(t *testing.T, w *world) {
	server := w.server(t, 3, 25)
	first := w.running(t, w.database(t, server), server)
	record := w.waiting(t, w.service(t, server), server, first)
	if got := w.cancel(t, record.ID, "ops"); got.Status != deployment.Cancelled {
		t.Errorf("it is %s", got.Status)
	}
	ended := w.get(t, record.ID)
	wantSame(t, "the outcome", ended.Outcome,
		deployment.Outcome{Status: deployment.Cancelled, Reason: deployment.ReasonCancelled})
	wantSame(t, "the state", w.state(t, record.ID.Resource()), catalog.State{Deployments: 1})
	wantSame(t, "the waiting ones", w.waitingOn(t, server), nil)
	w.done(t, first, deployment.Finished)
	w.settle(t, record.ID)
	wantSame(t, "the record after a look", w.get(t, record.ID), ended)
	w.claimsNothing(t, server)
}

func testSupersedesWaiting(t *testing.T, w *world) {
	server := w.server(t, 9, 25)
	for _, c := range []struct {
		name         string
		first, later bool // whether they wait
		operation    deployment.Operation
	}{
		{"a waiting one by a queued one", true, false, deployment.Deploy},
		{"a waiting one by a stop", true, false, deployment.Stop},
		{"a waiting one by a delete", true, false, deployment.Delete},
		{"a waiting one by another", true, true, deployment.Start},
		{"a queued one by a waiting one", false, true, deployment.Start},
	} {
		one, two := w.running(t, w.database(t, server), server), w.running(t, w.database(t, server), server)
		old := w.record(t, w.service(t, server), server)
		if c.first {
			old = after(old, one)
		}
		if _, err := w.Ledger.Enqueue(t.Context(), old, deployment.RequestKey{}); err != nil {
			t.Fatal(err)
		}
		next := w.asking(t, old.ID.Resource(), server, c.operation, deployment.Options{Force: true})
		if c.later {
			next = after(next, two)
		}
		w.supersedes(t, next, old.ID)
		_, queue := w.load(t, server)
		want, wantWaiting := []deployment.ID{next.ID}, []deployment.ID(nil)
		if c.later {
			want, wantWaiting = nil, []deployment.ID{next.ID}
		}
		wantSame(t, c.name+": the queue", queue, want)
		wantSame(t, c.name+": the waiting ones", w.waitingOn(t, server), wantWaiting)
		wantSame(t, c.name+": the orphaned entries", w.orphaned(t, server), nil)
		w.settle(t, old.ID)
		w.done(t, one, deployment.Finished)
		w.done(t, two, deployment.Finished)
		w.settle(t, old.ID)
		w.settle(t, next.ID)
		wantSame(t, c.name+": the claimed one", w.claim(t, server).ID, next.ID)
		w.done(t, w.begin(t, next.ID, "runner"), deployment.Finished)
	}
}

// testSupersedesWaitingFull: a request that changes from one list to the other needs room.
func testSupersedesWaitingFull(t *testing.T, w *world) {
	server, far := w.server(t, 1, 1), w.server(t, 1, 25)
	first := w.running(t, w.database(t, far), far)
	service := w.service(t, server)
	waiting := w.waiting(t, service, server, first)
	filling := w.enqueue(t, w.service(t, server), server)
	plain := w.asking(t, service, server, deployment.Deploy, deployment.Options{})
	w.refuses(t, plain, fault.Exhausted)
	wantSame(t, "the waiting ones", w.waitingOn(t, server), []deployment.ID{waiting.ID})
	again := after(w.asking(t, service, server, deployment.Deploy, deployment.Options{}), first)
	w.supersedes(t, again, waiting.ID)
	other := w.asking(t, filling.ID.Resource(), server, deployment.Deploy, deployment.Options{})
	w.refuses(t, after(other, first), fault.Exhausted)
	w.cancel(t, filling.ID, "ops")
	plain = w.asking(t, service, server, deployment.Deploy, deployment.Options{Force: true})
	w.supersedes(t, plain, again.ID)
}

func testSameWaiting(t *testing.T, w *world) {
	server := w.server(t, 9, 25)
	one, two := w.running(t, w.database(t, server), server), w.running(t, w.database(t, server), server)
	service := w.service(t, server)
	first := w.waiting(t, service, server, one)
	w.repeats(t, after(w.record(t, service, server), one), key("same", deployment.RepeatWindow), first.ID, 0)
	both := after(w.record(t, service, server), one, two)
	w.supersedes(t, both, first.ID)
	w.supersedes(t, w.record(t, service, server), both.ID)
	again := w.waiting(t, service, server, one)
	met := after(w.record(t, service, server), one)
	w.done(t, one, deployment.Finished)
	met.After[0].Status, met.QueuedAt = deployment.Finished, met.CreatedAt
	w.repeats(t, met, deployment.RequestKey{}, again.ID, 0)
	w.settle(t, again.ID)
	w.repeats(t, w.record(t, service, server), deployment.RequestKey{}, again.ID, 1)
	w.supersedes(t, after(w.record(t, service, server), two), again.ID)
}

func testKnownWaiting(t *testing.T, w *world) {
	server := w.server(t, 9, 25)
	one := w.running(t, w.database(t, server), server)
	service := w.service(t, server)
	first := w.waiting(t, service, server, one)
	_, err := w.Ledger.Known(t.Context(), w.record(t, service, server), deployment.RequestKey{})
	wantKind(t, err, fault.NotFound)
	same := after(w.record(t, service, server), one)
	receipt, err := w.Ledger.Known(t.Context(), same, deployment.RequestKey{})
	if err != nil || receipt.Record.ID != first.ID || receipt.Position != 0 {
		t.Errorf("Known: %s at %d, %v; want %s", receipt.Record.ID, receipt.Position, err, first.ID)
	}
}

func testJoinsFullQueue(t *testing.T, w *world) {
	server := w.server(t, 1, 1)
	one, two := w.database(t, server), w.database(t, server)
	first := w.running(t, one, server)
	second := w.enqueue(t, two, server)
	record := w.waiting(t, w.service(t, server), server, first)
	w.done(t, first, deployment.Finished)
	for range 2 {
		_, err := w.Ledger.Settle(t.Context(), record.ID, w.tick())
		wantKind(t, err, fault.Exhausted)
	}
	kept := w.get(t, record.ID)
	if !kept.Waiting() || kept.After[0].Status != deployment.Finished || len(kept.WaitsFor()) > 0 {
		t.Errorf("it is %s, queued at %v, after %+v", kept.Status, kept.QueuedAt, kept.After)
	}
	wantSame(t, "the waiting ones", w.waitingOn(t, server), []deployment.ID{record.ID})
	w.begin(t, w.claim(t, server).ID, "runner")
	w.settle(t, record.ID)
	_, queue := w.load(t, server)
	wantSame(t, "the queue", queue, []deployment.ID{record.ID})
	w.cancel(t, second.ID, "ops")
}

func testWaitingFull(t *testing.T, w *world) {
	server := w.server(t, 1, 2)
	first := w.running(t, w.database(t, server), server)
	one := w.waiting(t, w.service(t, server), server, first)
	w.waiting(t, w.service(t, server), server, first)
	third := w.service(t, server)
	w.refuses(t, after(w.record(t, third, server), first), fault.Exhausted)
	w.enqueue(t, w.service(t, server), server)
	w.cancel(t, one.ID, "ops")
	w.waiting(t, third, server, first)
}

func testAlreadyEnded(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	for _, status := range []deployment.Status{deployment.Finished, deployment.Failed, ""} {
		first := w.running(t, w.database(t, server), server)
		if status != "" {
			w.done(t, first, status)
		} else {
			w.Damage.Forget(t, first.ID)
		}
		record := after(w.record(t, w.service(t, server), server), first)
		w.refuses(t, record, fault.Conflict)
		if _, err := w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{}); !errors.Is(err,
			deployment.ErrDependencyEnded) {
			t.Errorf("Enqueue: %v", err)
		}
		waiters, err := w.Ledger.Waiters(t.Context(), first.ID)
		if err != nil || len(waiters) > 0 {
			t.Errorf("Waiters: %v, %v", waiters, err)
		}
		wantSame(t, "the waiting ones", w.waitingOn(t, server), nil)
	}
}

func testMetAtOnce(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	database := w.database(t, server)
	record := w.record(t, w.service(t, server), server)
	record.After = []deployment.Dependency{{Resource: database, Status: deployment.Finished}}
	receipt, err := w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
	if err != nil || receipt.Position != 1 {
		t.Errorf("position %d, %v", receipt.Position, err)
	}
	wantSame(t, "the stored record", w.get(t, record.ID), record)
	wantSame(t, "the claimed one", w.claim(t, server).ID, record.ID)
}

func testDeleteWhileWaiting(t *testing.T, w *world) {
	server, far := w.server(t, 1, 25), w.server(t, 1, 25)
	first := w.running(t, w.database(t, far), far)
	service := w.service(t, server)
	record := w.waiting(t, service, server, first)
	for _, busy := range []catalog.ID{service, server} {
		wantKind(t, w.Store.Delete(t.Context(), busy, audit.Entry{}), fault.Conflict)
	}
	w.cancel(t, record.ID, "ops")
	for _, free := range []catalog.ID{service, server} {
		if err := w.Store.Delete(t.Context(), free, audit.Entry{}); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
}

func testRepairWaiting(t *testing.T, w *world) {
	server, far := w.server(t, 1, 25), w.server(t, 1, 25)
	first := w.running(t, w.database(t, far), far)
	gone := w.waiting(t, w.service(t, server), server, first)
	ended := w.waiting(t, w.service(t, server), server, first)
	joined := w.waiting(t, w.service(t, server), server, first)
	stays := w.waiting(t, w.service(t, server), server, first)
	w.Damage.Forget(t, gone.ID)
	w.ended(t, ended)
	joined.QueuedAt = w.tick()
	w.Damage.Save(t, joined)
	w.wantRepaired(t, server, gone.ID, ended.ID, joined.ID)
	wantSame(t, "the waiting ones", w.waitingOn(t, server), []deployment.ID{stays.ID})
	if err := w.Ledger.Repair(t.Context(), server, stays.ID); err != nil {
		t.Fatal(err)
	}
	wantSame(t, "the waiting ones", w.waitingOn(t, server), []deployment.ID{stays.ID})
	wantSame(t, "the record", w.get(t, stays.ID), stays)
}

func testLast(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	service := w.service(t, server)
	_, err := w.Ledger.Last(t.Context(), service)
	wantKind(t, err, fault.NotFound)
	_, err = w.Ledger.Last(t.Context(), server)
	wantKind(t, err, fault.NotFound)
	w.cancel(t, w.enqueue(t, service, server).ID, "ops")
	_, err = w.Ledger.Last(t.Context(), service)
	wantKind(t, err, fault.NotFound)
	first := w.running(t, service, server)
	w.done(t, first, deployment.Finished)
	for range 7 {
		w.cancel(t, w.enqueue(t, service, server).ID, "ops")
	}
	last, err := w.Ledger.Last(t.Context(), service)
	if err != nil || last.ID != first.ID || !last.Started() {
		t.Errorf("Last: %s, %v", last.ID, err)
	}
}
