package deploymenttest

import (
	"errors"
	"slices"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func waitingRaces() []testCase {
	return []testCase{
		{"of a request and the end of what it waits for, no end is missed", testRequestAndEnd},
		{"two ends and several looks at once: it joins the queue once", testLooksAtOnce},
		{"TestP7: of a cancel and a look at once, one wins", testCancelAndLook},
		{"many join one queue at once, up to its limit", testManyJoin},
	}
}

// testRequestAndEnd: the request finds the deployment ended, or the deployment has the
// request among its waiters.
func testRequestAndEnd(t *testing.T, w *world) {
	server := w.server(t, 9, 25)
	for range 8 {
		first := w.running(t, w.database(t, server), server)
		record := after(w.record(t, w.service(t, server), server), first)
		got := together([]bool{true, false}, func(end bool) (deployment.Receipt, error) {
			if end {
				return deployment.Receipt{}, w.Ledger.Finish(t.Context(), first.ID, first.Lease,
					first.Progress, deployment.Outcome{Status: deployment.Finished}, w.now)
			}
			return w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
		})
		if got[0].err != nil {
			t.Fatalf("Finish: %v", got[0].err)
		}
		waiters, err := w.Ledger.Waiters(t.Context(), first.ID)
		if err != nil {
			t.Fatal(err)
		}
		accepted := got[1].err == nil
		if !accepted && !errors.Is(got[1].err, deployment.ErrDependencyEnded) {
			t.Errorf("Enqueue: %v", got[1].err)
		}
		if accepted != slices.Contains(waiters, record.ID) || accepted != w.get(t, first.ID).Awaited {
			t.Errorf("accepted %v, waiters %v, awaited %v", accepted, waiters, w.get(t, first.ID).Awaited)
		}
		if accepted {
			w.settle(t, record.ID)
			w.done(t, w.begin(t, w.claim(t, server).ID, "runner"), deployment.Finished)
		}
	}
}

func testLooksAtOnce(t *testing.T, w *world) {
	server, far := w.server(t, 1, 25), w.server(t, 9, 25)
	running := w.running(t, w.service(t, server), server)
	for range 5 {
		one, two := w.running(t, w.database(t, far), far), w.running(t, w.database(t, far), far)
		record := w.waiting(t, w.service(t, server), server, one, two)
		for _, result := range together([]int{0, 1, 2, 3}, func(call int) (deployment.Record, error) {
			if ended := []deployment.Record{one, two}[call%2]; call < 2 {
				if err := w.Ledger.Finish(t.Context(), ended.ID, ended.Lease, ended.Progress,
					deployment.Outcome{Status: deployment.Finished}, w.now); err != nil {
					return deployment.Record{}, err
				}
			}
			return w.Ledger.Settle(t.Context(), record.ID, w.now)
		}) {
			if result.err != nil {
				t.Errorf("%v", result.err)
			}
		}
		got := w.get(t, record.ID)
		if got.Waiting() || got.Status != deployment.Queued {
			t.Errorf("it is %s, after %+v", got.Status, got.After)
		}
		_, queue := w.load(t, server)
		wantSame(t, "the queue", queue, []deployment.ID{record.ID})
		wantSame(t, "the waiting ones", w.waitingOn(t, server), nil)
		w.cancel(t, record.ID, "ops")
	}
	w.done(t, running, deployment.Finished)
}

func testCancelAndLook(t *testing.T, w *world) {
	server, far := w.server(t, 1, 25), w.server(t, 9, 25)
	running := w.running(t, w.service(t, server), server)
	for i := range 8 {
		first := w.running(t, w.database(t, far), far)
		record := w.waiting(t, w.service(t, server), server, first)
		end := deployment.Finished
		if i%2 == 1 {
			end = deployment.Failed
		}
		w.done(t, first, end)
		got := together([]bool{true, false}, func(cancel bool) (deployment.Record, error) {
			if cancel {
				return w.Ledger.Cancel(t.Context(), record.ID, "ops", w.now)
			}
			return w.Ledger.Settle(t.Context(), record.ID, w.now)
		})
		ended := w.get(t, record.ID)
		if got[1].err != nil || got[0].err != nil && !errors.Is(got[0].err, fault.Conflict) {
			t.Errorf("Cancel: %v, Settle: %v", got[0].err, got[1].err)
		}
		if cancelled := ended.Status == deployment.Cancelled; cancelled != (got[0].err == nil) ||
			!cancelled && ended.Status != deployment.Failed {
			t.Errorf("it is %s, Cancel: %v", ended.Status, got[0].err)
		}
		_, queue := w.load(t, server)
		wantSame(t, "the queue", append(queue, w.waitingOn(t, server)...), nil)
		wantSame(t, "the state", w.state(t, record.ID.Resource()), catalog.State{Deployments: 1})
	}
	w.done(t, running, deployment.Finished)
}

func testManyJoin(t *testing.T, w *world) {
	server, far := w.server(t, 1, 6), w.server(t, 1, 25)
	first := w.running(t, w.database(t, far), far)
	var waiting []deployment.Record
	for range 6 {
		waiting = append(waiting, w.waiting(t, w.service(t, server), server, first))
	}
	w.enqueue(t, w.service(t, server), server)
	w.done(t, first, deployment.Finished)
	full := 0
	for _, result := range together(waiting, func(record deployment.Record) (deployment.Record, error) {
		return w.Ledger.Settle(t.Context(), record.ID, w.now)
	}) {
		if errors.Is(result.err, fault.Exhausted) {
			full++
		} else if result.err != nil {
			t.Error(result.err)
		}
	}
	_, queue := w.load(t, server)
	if rest := w.waitingOn(t, server); full != 1 || len(queue) != 6 || len(rest) != 1 ||
		slices.Contains(queue, rest[0]) {
		t.Errorf("%d found it full, %d are queued, %d wait; want 1, 6 and 1", full, len(queue), len(rest))
	}
}
