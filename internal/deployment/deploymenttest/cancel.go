package deploymenttest

import (
	"slices"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func cancelCases() []testCase {
	return []testCase{
		{"TestP6: a queued one ends at once, and record, queue and resource change together",
			testCancelQueued},
		{"later ones move up, in order", testCancelKeepsOrder},
		{"it frees its place in a full queue and its resource", testCancelMakesRoom},
		{"on one in progress the request is noted for its runner", testCancelRunning},
		{"one that no runner has begun yet keeps the request for the first", testCancelUnbegun},
		{"the first request stands", testCancelTwice},
		{"TestP6: what has ended cannot be cancelled, and is left as it is", testCancelEnded},
		{"an unknown deployment is NotFound", testCancelUnknown},
		{"a request that comes again after its cancellation is a new one", testCancelledRepeat},
		{"Signals says what others wrote and changes nothing", testSignals},
		{"Signals is for the lease's owner only", testSignalsFenced},
		{"TestP6: a terminal state is final, whatever comes in whatever order", testFinalInAnyOrder},
	}
}

func (w *world) cancel(t *testing.T, id deployment.ID, by string) deployment.Record {
	t.Helper()
	record, err := w.Ledger.Cancel(t.Context(), id, by, w.tick())
	if err != nil {
		t.Fatalf("Cancel: %v", err)
	}
	return record
}

func testCancelQueued(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	want := w.enqueue(t, service, server)
	got := w.cancel(t, want.ID, "ops")
	want.Status = deployment.Cancelled
	want.Outcome = deployment.Outcome{Status: deployment.Cancelled, Reason: deployment.ReasonCancelled}
	want.Progress.Log.Complete = true
	want.CancelRequestedAt, want.CancelRequestedBy = w.now, "ops"
	want.FinishedAt, want.UpdatedAt = w.now, w.now
	want.ExpiresAt = want.Expiry()
	wantSame(t, "the answered record", got, want)
	wantSame(t, "the stored record", w.get(t, want.ID), want)
	wantSame(t, "the state", w.state(t, service), catalog.State{Deployments: 1})
	running, queue := w.load(t, server)
	wantSame(t, "what is left", append(running, queue...), nil)
	w.claimsNothing(t, server)
	_, err := w.Ledger.Begin(t.Context(), want.ID, "runner", w.tick(), lease)
	wantKind(t, err, fault.Gone)
}

// testCancelKeepsOrder cancels the first, the last and one from the middle.
func testCancelKeepsOrder(t *testing.T, w *world) {
	server := w.server(t, 9, 25)
	var all []deployment.ID
	for range 6 {
		all = append(all, w.enqueue(t, w.service(t, server), server).ID)
	}
	for _, place := range []int{0, 5, 3} {
		w.cancel(t, all[place], "ops")
	}
	left := []deployment.ID{all[1], all[2], all[4]}
	_, queue := w.load(t, server)
	wantSame(t, "the queue", queue, left)
	receipt, err := w.Ledger.Enqueue(t.Context(), w.record(t, w.service(t, server), server),
		deployment.RequestKey{})
	if err != nil || receipt.Position != 4 {
		t.Errorf("the next one's position = %d, %v; want 4", receipt.Position, err)
	}
	for _, want := range left {
		wantSame(t, "the claimed one", w.claim(t, server).ID, want)
	}
}

func testCancelMakesRoom(t *testing.T, w *world) {
	server := w.server(t, 1, 1)
	service := w.service(t, server)
	running := w.running(t, service, server)
	first := w.enqueue(t, service, server)
	other := w.service(t, server)
	w.refuses(t, w.record(t, other, server), fault.Exhausted)
	w.cancel(t, first.ID, "ops")
	wantSame(t, "the state", w.state(t, service), catalog.State{Running: string(running.ID), Deployments: 2})
	w.enqueue(t, other, server)
	w.finish(t, running, deployment.Outcome{Status: deployment.Finished})
	w.claim(t, server)
	w.enqueue(t, service, server)
}

func testCancelRunning(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	record := w.running(t, service, server)
	w.advance(t, record, progress(2, record.StartedAt))
	want := w.get(t, record.ID)
	got := w.cancel(t, record.ID, "ops")
	want.CancelRequestedAt, want.CancelRequestedBy, want.UpdatedAt = w.now, "ops", w.now
	wantSame(t, "the answered record", got, want)
	wantSame(t, "the stored record", w.get(t, record.ID), want)
	wantSame(t, "the state", w.state(t, service), catalog.State{Running: string(record.ID), Deployments: 1})
	signals, err := w.Ledger.Signals(t.Context(), record.ID, record.Lease)
	if err != nil || !signals.CancelRequested {
		t.Errorf("Signals = %+v, %v; want the request", signals, err)
	}
	if signals := w.advance(t, record, progress(3, record.StartedAt)); !signals.CancelRequested {
		t.Errorf("Advance brings back %+v, want the request", signals)
	}
	w.finish(t, record, deployment.Outcome{Status: deployment.Cancelled, Reason: deployment.ReasonCancelled})
	if got := w.get(t, record.ID); got.CancelRequestedBy != "ops" || got.Status != deployment.Cancelled {
		t.Errorf("after the end: %s, asked for by %q", got.Status, got.CancelRequestedBy)
	}
}

func testCancelUnbegun(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	w.enqueue(t, w.service(t, server), server)
	claimed := w.claim(t, server)
	if got := w.cancel(t, claimed.ID, "ops"); got.Status != deployment.InProgress {
		t.Errorf("it is %s, want in progress", got.Status)
	}
	if begun := w.begin(t, claimed.ID, "runner"); begun.CancelRequestedAt.IsZero() ||
		begun.CancelRequestedBy != "ops" {
		t.Errorf("the runner begins without the request: %+v", begun)
	}
}

func testCancelTwice(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.running(t, w.service(t, server), server)
	want := w.cancel(t, record.ID, "first")
	wantSame(t, "the second answer", w.cancel(t, record.ID, "second"), want)
	wantSame(t, "the stored record", w.get(t, record.ID), want)
}

func testCancelEnded(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	for _, status := range []deployment.Status{deployment.Finished, deployment.Failed, deployment.Cancelled} {
		record := w.running(t, w.service(t, server), server)
		w.finish(t, record, deployment.Outcome{Status: status})
		want := w.get(t, record.ID)
		_, err := w.Ledger.Cancel(t.Context(), record.ID, "ops", w.tick())
		wantKind(t, err, fault.Conflict)
		wantSame(t, "what it says", fault.Public(err),
			"Deployment cannot be cancelled. Current status: "+string(status))
		wantSame(t, "the record", w.get(t, record.ID), want)
	}
	queued := w.enqueue(t, w.service(t, server), server)
	want := w.cancel(t, queued.ID, "first")
	_, err := w.Ledger.Cancel(t.Context(), queued.ID, "second", w.tick())
	wantKind(t, err, fault.Conflict)
	wantSame(t, "the cancelled record", w.get(t, queued.ID), want)
}

func testCancelUnknown(t *testing.T, w *world) {
	for _, resource := range []catalog.ID{newID(t, catalog.KindService), newID(t, catalog.KindServer),
		w.service(t, w.server(t, 1, 1))} {
		id := w.record(t, resource, "").ID
		_, err := w.Ledger.Cancel(t.Context(), id, "ops", w.tick())
		wantKind(t, err, fault.NotFound)
		_, err = w.Ledger.Signals(t.Context(), id, deployment.Lease{Owner: "one", Attempt: 1})
		wantKind(t, err, fault.NotFound)
	}
}

func testCancelledRepeat(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	request := key("cancelled", 10*time.Second)
	w.cancel(t, w.enqueueAs(t, w.record(t, service, server), request), "ops")
	w.isNew(t, w.record(t, service, server), request)
}

func testSignals(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.running(t, w.service(t, server), server)
	ask := func(want deployment.Signals) {
		t.Helper()
		before := w.get(t, record.ID)
		signals, err := w.Ledger.Signals(t.Context(), record.ID, record.Lease)
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, "the signals", signals, want)
		wantSame(t, "the record", w.get(t, record.ID), before)
	}
	ask(deployment.Signals{})
	followed := w.tick()
	if err := w.History.Follow(t.Context(), record.ID, followed); err != nil {
		t.Fatal(err)
	}
	ask(deployment.Signals{FollowedAt: followed})
	w.cancel(t, record.ID, "ops")
	ask(deployment.Signals{FollowedAt: followed, CancelRequested: true})
}

func testSignalsFenced(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	queued := w.enqueue(t, w.service(t, server), server)
	refused := func(lease deployment.Lease) {
		t.Helper()
		_, err := w.Ledger.Signals(t.Context(), queued.ID, lease)
		wantKind(t, err, fault.Conflict)
	}
	refused(deployment.Lease{})
	w.claim(t, server)
	refused(deployment.Lease{})
	first := w.begin(t, queued.ID, "one")
	refused(deployment.Lease{Owner: "two", Attempt: 1})
	w.now = w.now.Add(2 * lease)
	second := w.begin(t, queued.ID, "two")
	refused(first.Lease)
	w.finish(t, second, deployment.Outcome{Status: deployment.Finished})
	refused(second.Lease)
}

// testFinalInAnyOrder tests every order of the calls of a runner and a user. Once the
// deployment has ended, no call changes its record.
func testFinalInAnyOrder(t *testing.T, w *world) {
	server := w.server(t, 99, 25)
	calls := map[string]func(record deployment.Record) error{
		"Advance": func(r deployment.Record) error {
			_, err := w.Ledger.Advance(t.Context(), r.ID, r.Lease, progress(5, r.StartedAt), w.tick(), lease)
			return err
		},
		"Park": func(r deployment.Record) error {
			_, err := w.Ledger.Park(t.Context(), r.ID, r.Lease, progress(5, r.StartedAt), w.tick())
			return err
		},
		"finished": func(r deployment.Record) error {
			return w.Ledger.Finish(t.Context(), r.ID, r.Lease, r.Progress,
				deployment.Outcome{Status: deployment.Finished}, w.tick())
		},
		"failed": func(r deployment.Record) error {
			return w.Ledger.Finish(t.Context(), r.ID, r.Lease, r.Progress,
				deployment.Outcome{Status: deployment.Failed}, w.tick())
		},
		"Cancel": func(r deployment.Record) error {
			_, err := w.Ledger.Cancel(t.Context(), r.ID, "ops", w.tick())
			return err
		},
	}
	for _, order := range permutations([]string{"Advance", "Park", "finished", "failed", "Cancel"}) {
		service := w.service(t, server)
		record := w.running(t, service, server)
		var end deployment.Record
		for _, name := range order {
			err := calls[name](record)
			if end.ID == "" {
				if err != nil {
					t.Errorf("%v: %s: %v", order, name, err)
				}
				if now := w.get(t, record.ID); now.Status.Terminal() {
					end = now
				}
				continue
			}
			wantKind(t, err, fault.Conflict)
			wantSame(t, "the record", w.get(t, record.ID), end)
		}
		wantSame(t, "the state", w.state(t, service), catalog.State{Deployments: 1})
	}
}

// permutations returns all orders of the names.
func permutations(names []string) [][]string {
	if len(names) == 0 {
		return [][]string{nil}
	}
	var all [][]string
	for i, name := range names {
		for _, rest := range permutations(slices.Delete(slices.Clone(names), i, i+1)) {
			all = append(all, append([]string{name}, rest...))
		}
	}
	return all
}
