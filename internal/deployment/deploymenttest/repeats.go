package deploymenttest

import (
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

func repeatsCases() []testCase {
	return []testCase{
		{"TestP2: a repeat without an Idempotency-Key counts until the first request has ended", testRepeat},
		{"a repeat with another configuration is a new request", testRepeatOfAnotherConfiguration},
		{"a repeat after something newer is a new request", testRepeatAfterNewer},
		{"a repeat after a newer record that changed nothing is a new request", testRepeatAfterNote},
		{"the window ends exactly", testWindow},
		{"a lasting key is one request, even after it ended", testLastingKey},
		{"one lasting key is one request, whatever it asks for", testOneKey},
		{"the same as the queued request is a repeat under any key or none, and the key stands for it",
			testSameQueued},
	}
}

func testRepeat(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	request := key("repeat", 10*time.Second)
	first := w.enqueueAs(t, w.record(t, service, server), request)
	w.repeats(t, w.record(t, service, server), request, first, 1)
	record := w.begin(t, w.claim(t, server).ID, "runner")
	w.repeats(t, w.record(t, service, server), request, first, 0)
	w.finish(t, record, deployment.Outcome{Status: deployment.Finished})
	w.isNew(t, w.record(t, service, server), request)
	wantSame(t, "the number of deployments", w.state(t, service).Deployments, 2)
}

// A caller changes the configuration and repeats the request: the running deployment has the
// old configuration.
func testRepeatOfAnotherConfiguration(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	request := key("configuration", 10*time.Second)
	w.enqueueAs(t, w.record(t, service, server), request)
	w.claim(t, server)
	changed := w.record(t, service, server)
	changed.ConfigurationHash = "2c3d"
	w.isNew(t, changed, request)
}

func testRepeatAfterNewer(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	request := key("newer", 10*time.Second)
	w.enqueueAs(t, w.record(t, service, server), request)
	w.claim(t, server)
	stop := w.record(t, service, server)
	stop.Operation, stop.Options = deployment.Stop, deployment.Options{}
	w.cancel(t, w.enqueueAs(t, stop, deployment.RequestKey{}), "ops")
	w.isNew(t, w.record(t, service, server), request)
}

func testRepeatAfterNote(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	request := key("note", 10*time.Second)
	w.enqueueAs(t, w.record(t, service, server), request)
	w.claim(t, server)
	note := w.record(t, service, server)
	note.Operation, note.Status = deployment.Update, deployment.Finished
	if err := w.Ledger.Note(t.Context(), note); err != nil {
		t.Fatal(err)
	}
	w.isNew(t, w.record(t, service, server), request)
}

func testWindow(t *testing.T, w *world) {
	server := w.server(t, 5, 25)
	service := w.service(t, server)
	request := key("window", 10*time.Second)
	first := w.record(t, service, server)
	w.enqueueAs(t, first, request)
	w.begin(t, w.claim(t, server).ID, "runner")
	late := w.record(t, service, server)
	late.QueuedAt = first.QueuedAt.Add(10*time.Second - time.Microsecond)
	w.repeats(t, late, request, first.ID, 0)
	late.QueuedAt = first.QueuedAt.Add(10 * time.Second)
	w.isNew(t, late, request)
	again := w.record(t, service, server)
	again.QueuedAt = late.QueuedAt.Add(time.Second)
	w.repeats(t, again, request, late.ID, 1)
}

func testLastingKey(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	request := lasting("lasting", time.Hour)
	first := w.enqueueAs(t, w.record(t, service, server), request)
	w.finish(t, w.begin(t, w.claim(t, server).ID, "runner"), deployment.Outcome{Status: deployment.Finished})
	changed := w.record(t, service, server)
	changed.ConfigurationHash = "2c3d"
	w.repeats(t, changed, request, first, 0)
	wantSame(t, "the state", w.state(t, service), catalog.State{Deployments: 1})
}

func testOneKey(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	request := lasting("one", time.Hour)
	first := w.enqueueAs(t, w.record(t, w.service(t, server), server), request)
	w.repeats(t, w.record(t, w.application(t, server), server), request, first, 1)
}

func testSameQueued(t *testing.T, w *world) {
	server := w.server(t, 1, 1)
	service := w.service(t, server)
	first := w.enqueue(t, service, server)
	request := lasting("late", time.Hour)
	w.repeats(t, w.record(t, service, server), deployment.RequestKey{}, first.ID, 1)
	w.repeats(t, w.record(t, service, server), request, first.ID, 1)
	w.claim(t, server)
	w.repeats(t, w.record(t, service, server), request, first.ID, 0)
}

// enqueueAs queues the record under the key and returns its id.
func (w *world) enqueueAs(t *testing.T, record deployment.Record,
	request deployment.RequestKey) deployment.ID {
	t.Helper()
	receipt, err := w.Ledger.Enqueue(t.Context(), record, request)
	if err != nil || receipt.Repeated {
		t.Fatalf("Enqueue: repeated %v, %v", receipt.Repeated, err)
	}
	return receipt.Record.ID
}

// isNew checks that the record is queued as a new request, and that the key stands for it from
// then on.
func (w *world) isNew(t *testing.T, record deployment.Record, request deployment.RequestKey) {
	t.Helper()
	receipt, err := w.Ledger.Enqueue(t.Context(), record, request)
	if err != nil || receipt.Repeated || receipt.Record.ID != record.ID {
		t.Errorf("answered with %s, repeated %v, %v; want the new %s", receipt.Record.ID, receipt.Repeated,
			err, record.ID)
	}
	again := record
	again.ID = w.record(t, record.ID.Resource(), record.ServerID).ID
	w.repeats(t, again, request, record.ID, receipt.Position)
}

func (w *world) repeats(t *testing.T, record deployment.Record, request deployment.RequestKey,
	want deployment.ID, position int) {
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
