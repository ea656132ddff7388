package deploymenttest

import (
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

func repeatsCases() []testCase {
	return []testCase{
		{"TestP2: a repeat within the window is answered with the first, even after it ended", testRepeat},
		{"the window ends exactly", testWindow},
		{"one key is one request, whatever it asks for", testOneKey},
		{"the same as what is queued is that, under any key or none, and the key keeps it", testSameQueued},
	}
}

func testRepeat(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	request := key("repeat", 10*time.Second)
	first := w.record(t, service, server)
	if _, err := w.Ledger.Enqueue(t.Context(), first, request); err != nil {
		t.Fatal(err)
	}
	w.repeats(t, w.record(t, service, server), request, first.ID, 1)
	record := w.begin(t, w.claim(t, server).ID, "runner")
	w.repeats(t, w.record(t, service, server), request, first.ID, 0)
	w.finish(t, record, deployment.Outcome{Status: deployment.Finished})
	w.repeats(t, w.record(t, service, server), request, first.ID, 0)
	wantSame(t, "the state", w.state(t, service), catalog.State{Deployments: 1})
}

func testWindow(t *testing.T, w *world) {
	server := w.server(t, 5, 25)
	service := w.service(t, server)
	request := key("window", 10*time.Second)
	first := w.record(t, service, server)
	if _, err := w.Ledger.Enqueue(t.Context(), first, request); err != nil {
		t.Fatal(err)
	}
	w.finish(t, w.begin(t, w.claim(t, server).ID, "runner"), deployment.Outcome{Status: deployment.Finished})
	late := w.record(t, service, server)
	late.QueuedAt = first.QueuedAt.Add(10*time.Second - time.Microsecond)
	w.repeats(t, late, request, first.ID, 0)
	late.QueuedAt = first.QueuedAt.Add(10 * time.Second)
	receipt, err := w.Ledger.Enqueue(t.Context(), late, request)
	if err != nil || receipt.Repeated || receipt.Record.ID != late.ID {
		t.Errorf("after the window: %s, repeated %v, %v", receipt.Record.ID, receipt.Repeated, err)
	}
	again := w.record(t, service, server)
	again.QueuedAt = late.QueuedAt.Add(time.Second)
	w.repeats(t, again, request, late.ID, 1)
}

func testOneKey(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	request := key("one", time.Hour)
	first := w.record(t, w.service(t, server), server)
	if _, err := w.Ledger.Enqueue(t.Context(), first, request); err != nil {
		t.Fatal(err)
	}
	w.repeats(t, w.record(t, w.application(t, server), server), request, first.ID, 1)
}

func testSameQueued(t *testing.T, w *world) {
	server := w.server(t, 1, 1)
	service := w.service(t, server)
	first := w.enqueue(t, service, server)
	request := key("late", time.Hour)
	w.repeats(t, w.record(t, service, server), deployment.RequestKey{}, first.ID, 1)
	w.repeats(t, w.record(t, service, server), request, first.ID, 1)
	w.claim(t, server)
	w.repeats(t, w.record(t, service, server), request, first.ID, 0)
}

func (w *world) repeats(t *testing.T, record deployment.Record, request deployment.RequestKey, want deployment.ID, position int) {
	t.Helper()
	receipt, err := w.Ledger.Enqueue(t.Context(), record, request)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Record.ID != want || !receipt.Repeated || receipt.Position != position {
		t.Errorf("answered with %s, repeated %v, position %d; want %s, true, %d",
			receipt.Record.ID, receipt.Repeated, receipt.Position, want, position)
	}
	wantSame(t, "the record", receipt.Record, w.get(t, want))
}
