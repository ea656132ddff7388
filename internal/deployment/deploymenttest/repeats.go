package deploymenttest

import (
	"slices"
	"testing"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func repeatsCases() []testCase {
	return []testCase{
		{"TestP2: a repeat without an Idempotency-Key counts until the first request has ended", testRepeat},
		{"a repeat with another configuration is a new request", testRepeatOfAnotherConfiguration},
		{"a repeat after something newer is a new request", testRepeatAfterNewer},
		{"a repeat after a newer record that changed nothing is a new request", testRepeatAfterNote},
		{"the window ends exactly", testWindow},
		{"one id is one request, whatever has become of its deployment", testSameID},
		{"one id is one request, of several at once", testSameIDAtOnce},
		{"Repeat returns what a repeated request gets", testRepeatOfID},
		{"the same as the queued request is a repeat under any key or none, and the key stands for it",
			testSameQueued},
		{"Known has the effects of a repeat, and writes nothing for a new request", testKnown},
		{"an override of the windows comes back, and its entry is written with it once", testOverride},
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
	late.CreatedAt = first.CreatedAt.Add(10*time.Second - time.Microsecond)
	w.repeats(t, late, request, first.ID, 0)
	late.CreatedAt = first.CreatedAt.Add(10 * time.Second)
	w.isNew(t, late, request)
	again := w.record(t, service, server)
	again.CreatedAt = late.CreatedAt.Add(time.Second)
	w.repeats(t, again, request, late.ID, 1)
}

// testSameID asks again with another configuration, which never makes it another request.
func testSameID(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first := w.record(t, service, server)
	w.enqueueAs(t, first, deployment.RequestKey{})
	again := first
	again.ConfigurationHash = "2c3d"
	w.repeats(t, again, deployment.RequestKey{}, first.ID, 1)
	running := w.begin(t, w.claim(t, server).ID, "runner")
	w.repeats(t, again, deployment.RequestKey{}, first.ID, 0)
	waiting := w.enqueue(t, service, server).ID
	w.repeats(t, again, deployment.RequestKey{}, first.ID, 0)
	w.finish(t, running, deployment.Outcome{Status: deployment.Finished, ResourceStatus: "running:healthy"})
	w.repeats(t, again, deployment.RequestKey{}, first.ID, 0)

	stop := w.plain(t, service, server, deployment.Stop)
	if got := w.enqueueAs(t, stop, deployment.RequestKey{}); got != stop.ID {
		t.Fatalf("the stop is %s, want %s", got, stop.ID)
	}
	superseded := w.record(t, service, server)
	superseded.ID = waiting
	w.repeats(t, superseded, deployment.RequestKey{}, waiting, 0)
	w.repeats(t, stop, deployment.RequestKey{}, stop.ID, 1)
	wantSame(t, "the number of deployments", w.state(t, service).Deployments, 3)
}

func testSameIDAtOnce(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	records := slices.Repeat([]deployment.Record{w.record(t, service, server)}, 20)
	fresh := 0
	for _, result := range together(records, func(record deployment.Record) (deployment.Receipt, error) {
		return w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
	}) {
		if result.err != nil || result.value.Record.ID != records[0].ID {
			t.Errorf("answered with %s, %v; want %s", result.value.Record.ID, result.err, records[0].ID)
		}
		if !result.value.Repeated {
			fresh++
		}
	}
	if fresh != 1 {
		t.Errorf("%d were accepted as new, want 1", fresh)
	}
}

func testRepeatOfID(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first, second := w.enqueue(t, service, server).ID, w.enqueue(t, w.service(t, server), server).ID
	for i, id := range []deployment.ID{first, second} {
		receipt, err := w.Ledger.Repeat(t.Context(), id)
		if err != nil || receipt.Position != i+1 || !receipt.Repeated {
			t.Errorf("receipt = %+v, %v; want a repeat at %d", receipt, err, i+1)
		}
		wantSame(t, "the record", receipt.Record, w.get(t, id))
	}
	w.claim(t, server)
	if receipt, err := w.Ledger.Repeat(t.Context(), first); err != nil || receipt.Position != 0 {
		t.Errorf("of a running one: %+v, %v; want no position", receipt, err)
	}
	_, err := w.Ledger.Repeat(t.Context(), w.record(t, service, server).ID)
	wantKind(t, err, fault.NotFound)
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
	_, err := w.Ledger.Known(t.Context(), record, request)
	wantKind(t, err, fault.NotFound)
	receipt, err := w.Ledger.Enqueue(t.Context(), record, request)
	if err != nil || receipt.Repeated || receipt.Record.ID != record.ID {
		t.Errorf("answered with %s, repeated %v, %v; want the new %s", receipt.Record.ID, receipt.Repeated,
			err, record.ID)
	}
	again := record
	again.ID = w.record(t, record.ID.Resource(), record.ServerID).ID
	w.repeats(t, again, request, record.ID, receipt.Position)
}

// repeats checks that both Enqueue and Known answer with the deployment.
func (w *world) repeats(t *testing.T, record deployment.Record, request deployment.RequestKey,
	want deployment.ID, position int) {
	t.Helper()
	receipt, err := w.Ledger.Enqueue(t.Context(), record, request)
	w.wantRepeat(t, receipt, err, want, position)
	receipt, err = w.Ledger.Known(t.Context(), record, request)
	w.wantRepeat(t, receipt, err, want, position)
}

func (w *world) wantRepeat(t *testing.T, receipt deployment.Receipt, err error, want deployment.ID,
	position int) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Record.ID != want || !receipt.Repeated || receipt.Position != position {
		t.Errorf("answered with %s, repeated %v, position %d; want %s, true, %d",
			receipt.Record.ID, receipt.Repeated, receipt.Position, want, position)
	}
	wantSame(t, "the record", receipt.Record, w.get(t, want))
}
