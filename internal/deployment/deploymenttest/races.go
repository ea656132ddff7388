package deploymenttest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func racesCases() []testCase {
	return []testCase{
		{"TestP2: a hundred identical requests at once are one deployment", testIdenticalAtOnce},
		{"a queue that fills while many come takes exactly its limit", testFillingQueue},
		{"of many runners that begin at once, one does", testBeginAtOnce},
		{"of a Delete and an Enqueue at once, one wins", testDeleteAtOnce},
		{"TestP2: of a Cancel and a Claim at once, one wins", testCancelAndClaim},
		{"TestP6: of a Cancel and a Finish at once, the end is one and stays", testCancelAndFinish},
		{"of many who cancel one at once, the first is its canceller", testCancelAtOnce},
		{"a queue moves on while orphaned entries are taken out of it", testRepairAndClaim},
	}
}

func testIdenticalAtOnce(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	for name, request := range map[string]deployment.RequestKey{"with a key": key("race", time.Minute),
		"without": {}} {
		records := make([]deployment.Record, 100)
		for i := range records {
			records[i] = w.record(t, service, server)
		}
		got := together(records, func(record deployment.Record) (deployment.Receipt, error) {
			return w.Ledger.Enqueue(t.Context(), record, request)
		})
		first := w.state(t, service).Queued
		fresh := 0
		for _, result := range got {
			if result.err != nil || string(result.value.Record.ID) != first {
				t.Errorf("%s: answered with %s, %v; want %s", name, result.value.Record.ID, result.err, first)
			}
			if !result.value.Repeated {
				fresh++
			}
		}
		if fresh != 1 {
			t.Errorf("%s: %d were accepted as new, want 1", name, fresh)
		}
		w.finish(t, w.begin(t, w.claim(t, server).ID, "runner"),
			deployment.Outcome{Status: deployment.Finished})
	}
	if got := w.state(t, service).Deployments; got != 2 {
		t.Errorf("the history has %d deployments, want 2", got)
	}
}

func testFillingQueue(t *testing.T, w *world) {
	server := w.server(t, 1, 5)
	records := make([]deployment.Record, 12)
	for i := range records {
		records[i] = w.record(t, w.service(t, server), server)
	}
	accepted := 0
	for _, result := range together(records, func(record deployment.Record) (deployment.Receipt, error) {
		return w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
	}) {
		if result.err == nil {
			accepted++
		} else {
			wantKind(t, result.err, fault.Exhausted)
		}
	}
	if _, queue := w.load(t, server); accepted != 5 || len(queue) != 5 {
		t.Errorf("%d accepted and %d queued, want 5", accepted, len(queue))
	}
}

func testBeginAtOnce(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	w.enqueue(t, w.service(t, server), server)
	id := w.claim(t, server).ID
	begun := 0
	for _, result := range together([]string{"a", "b", "c", "d", "e", "f"},
		func(owner string) (deployment.Record, error) {
			return w.Ledger.Begin(t.Context(), id, owner, w.now, lease)
		}) {
		if result.err == nil {
			begun++
		} else {
			wantKind(t, result.err, fault.Conflict)
		}
	}
	if begun != 1 {
		t.Errorf("%d have begun, want 1", begun)
	}
}

func testDeleteAtOnce(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	for range 5 {
		service := w.service(t, server)
		record := w.record(t, service, server)
		got := together([]bool{true, false}, func(remove bool) (deployment.Receipt, error) {
			if remove {
				return deployment.Receipt{}, w.Store.Delete(t.Context(), service, audit.Entry{})
			}
			return w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
		})
		if (got[0].err == nil) == (got[1].err == nil) {
			t.Errorf("Delete: %v, Enqueue: %v; want one of them to win", got[0].err, got[1].err)
		}
		if got[1].err == nil {
			w.finish(t, w.begin(t, w.claim(t, server).ID, "runner"),
				deployment.Outcome{Status: deployment.Finished})
		}
	}
}

// testCancelAndClaim queues as many deployments as there are slots, and claims and cancels all
// of them at once. A deployment that was claimed first must have the request to cancel.
func testCancelAndClaim(t *testing.T, w *world) {
	const n = 12
	server := w.server(t, n, n)
	var records []deployment.Record
	calls := make([]int, 2*n) // those below n cancel, the others claim
	for i := range n {
		records = append(records, w.enqueue(t, w.service(t, server), server))
		calls[i], calls[n+i] = i, n+i
	}
	results := together(calls, func(call int) (deployment.Record, error) {
		if call < n {
			return w.Ledger.Cancel(t.Context(), records[call].ID, "ops", w.now)
		}
		return w.Ledger.Claim(t.Context(), server, w.now)
	})
	claimed := claimedOnce(t, results[n:])
	var wantRunning []deployment.ID
	for i, record := range records {
		got, want := w.get(t, record.ID), deployment.Cancelled
		if claimed[record.ID] {
			want = deployment.InProgress
			wantRunning = append(wantRunning, record.ID)
		}
		if got.Status != want || results[i].err != nil || results[i].value.Status != want ||
			got.CancelRequestedBy != "ops" {
			t.Errorf("it is %s and cancelled by %q, Cancel answered %s, %v; want %s",
				got.Status, got.CancelRequestedBy, results[i].value.Status, results[i].err, want)
		}
		state := catalog.State{Deployments: 1}
		if claimed[record.ID] {
			state.Running = string(record.ID)
		}
		wantSame(t, "the state", w.state(t, record.ID.Resource()), state)
	}
	running, queue := w.load(t, server)
	slices.Sort(running)
	slices.Sort(wantRunning)
	wantSame(t, "what runs", running, wantRunning)
	wantSame(t, "what waits", queue, nil)
}

func testCancelAndFinish(t *testing.T, w *world) {
	server := w.server(t, 9, 9)
	for range 8 {
		record := w.running(t, w.service(t, server), server)
		got := together([]bool{true, false}, func(cancel bool) (deployment.Record, error) {
			if cancel {
				return w.Ledger.Cancel(t.Context(), record.ID, "ops", w.now)
			}
			return record, w.Ledger.Finish(t.Context(), record.ID, record.Lease, record.Progress,
				deployment.Outcome{Status: deployment.Finished}, w.now)
		})
		end := w.get(t, record.ID)
		if got[1].err != nil || end.Status != deployment.Finished {
			t.Errorf("it is %s, Finish: %v", end.Status, got[1].err)
		}
		if got[0].err != nil {
			wantKind(t, got[0].err, fault.Conflict)
		}
		if noted := end.CancelRequestedBy == "ops"; noted != (got[0].err == nil) {
			t.Errorf("the request is noted: %v; Cancel: %v", noted, got[0].err)
		}
	}
}

func testCancelAtOnce(t *testing.T, w *world) {
	server := w.server(t, 1, 9)
	users := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	cancel := func(id deployment.ID) []result[deployment.Record] {
		return together(users, func(by string) (deployment.Record,
			error) {
			return w.Ledger.Cancel(t.Context(), id, by, w.now)
		})
	}
	running := w.running(t, w.service(t, server), server)
	results := cancel(running.ID)
	by := w.get(t, running.ID).CancelRequestedBy
	for _, result := range results {
		if result.err != nil || result.value.CancelRequestedBy != by || by == "" {
			t.Errorf("the running one: answered with %q, %v; want %q", result.value.CancelRequestedBy,
				result.err, by)
		}
	}
	queued := w.enqueue(t, w.service(t, server), server)
	cancelled := 0
	results = cancel(queued.ID)
	by = w.get(t, queued.ID).CancelRequestedBy
	for i, result := range results {
		switch {
		case result.err != nil:
			wantKind(t, result.err, fault.Conflict)
		case users[i] != by:
			t.Errorf("%s is told that it cancelled it, and it was %s", users[i], by)
		default:
			cancelled++
		}
	}
	if cancelled != 1 {
		t.Errorf("%d cancelled the queued one, want 1", cancelled)
	}
}

// testRepairAndClaim repairs every second entry of a queue while the others are claimed, so
// that the place of each entry changes all the time.
func testRepairAndClaim(t *testing.T, w *world) {
	const n = 8
	server := w.server(t, n, 2*n)
	var orphaned []deployment.ID
	var calls []deployment.ID // "" claims
	for range n {
		orphan := w.enqueue(t, w.service(t, server), server)
		w.enqueue(t, w.service(t, server), server)
		w.ended(t, orphan)
		orphaned = append(orphaned, orphan.ID)
		calls = append(calls, orphan.ID, orphan.ID, "")
	}
	for i, result := range together(calls, func(id deployment.ID) (deployment.Record, error) {
		if id == "" {
			return w.Ledger.Claim(t.Context(), server, w.now)
		}
		return deployment.Record{}, w.Ledger.Repair(t.Context(), server, id)
	}) {
		if result.err != nil || slices.Contains(orphaned, result.value.ID) {
			t.Errorf("call %d: %s, %v", i, result.value.ID, result.err)
		}
	}
	running, queue := w.load(t, server)
	if len(running) != n || len(queue) != 0 || len(w.orphaned(t, server)) != 0 {
		t.Errorf("%d run, %d wait, orphaned %v; want %d, 0 and none", len(running), len(queue),
			w.orphaned(t, server), n)
	}
}

// result is the result of one of several concurrent calls.
type result[T any] struct {
	value T
	err   error
}

// claimedOnce returns the claimed deployments. It fails the test if one was claimed
// twice, or if a claim failed for another reason than an empty queue.
func claimedOnce(t *testing.T, claims []result[deployment.Record]) map[deployment.ID]bool {
	t.Helper()
	claimed := map[deployment.ID]bool{}
	for _, claim := range claims {
		if claim.err != nil {
			wantKind(t, claim.err, fault.NotFound)
			continue
		}
		if claimed[claim.value.ID] {
			t.Errorf("%s was claimed twice", claim.value.ID)
		}
		claimed[claim.value.ID] = true
	}
	return claimed
}

// together calls f with each of the arguments concurrently.
func together[A, T any](arguments []A, f func(A) (T, error)) []result[T] {
	results := make([]result[T], len(arguments))
	start := make(chan struct{})
	var wait sync.WaitGroup
	for i, argument := range arguments {
		wait.Go(func() {
			<-start
			results[i].value, results[i].err = f(argument)
		})
	}
	close(start)
	wait.Wait()
	return results
}
