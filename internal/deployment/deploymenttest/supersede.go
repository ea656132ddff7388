package deploymenttest

import (
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func supersedeCases() []testCase {
	return []testCase{
		{"a stop, a delete or a newer deploy supersedes a queued request", testSupersedes},
		{"a queued delete or scrub is not superseded by anything else", testNotSuperseded},
		{"a queued request with another configuration is superseded", testSupersedesConfiguration},
		{"the superseding request takes the end of a full queue", testSupersedesAtTheEnd},
		{"a superseded request and its successor leave what runs alone", testSupersedesBesideRunning},
	}
}

func (w *world) asking(t *testing.T, resource, server catalog.ID, operation catalog.Operation,
	options catalog.Options) deployment.Record {
	t.Helper()
	record := w.record(t, resource, server)
	record.Operation, record.Options, record.Trigger.Name = operation, options, "second"
	return record
}

// supersedes enqueues the record and checks the end of the queued one.
func (w *world) supersedes(t *testing.T, record deployment.Record, queued deployment.ID) {
	t.Helper()
	receipt, err := w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
	if err != nil || receipt.Record.ID != record.ID || receipt.Repeated || receipt.Superseded != queued {
		t.Fatalf("Enqueue: %s, repeated %v, superseded %q, %v; want %s in place of %s",
			receipt.Record.ID, receipt.Repeated, receipt.Superseded, err, record.ID, queued)
	}
	ended := w.get(t, queued)
	want := deployment.Outcome{Status: deployment.Cancelled, Reason: deployment.ReasonSuperseded,
		Successor: record.ID}
	wantSame(t, "the outcome", ended.Outcome, want)
	if ended.Status != deployment.Cancelled || ended.CancelRequestedBy != record.Trigger.Name ||
		!ended.FinishedAt.Equal(record.QueuedAt) || !ended.CancelRequestedAt.Equal(record.QueuedAt) ||
		!ended.Progress.Log.Complete {
		t.Errorf("superseded: %+v", ended)
	}
	if state := w.state(t, record.ID.Resource()); state.Queued != string(record.ID) {
		t.Errorf("the resource has %s queued, want %s", state.Queued, record.ID)
	}
}

func testSupersedes(t *testing.T, w *world) {
	for _, c := range []struct {
		queued, next catalog.Operation
		options      catalog.Options
	}{
		{catalog.Start, catalog.Stop, catalog.Options{}},
		{catalog.Restart, catalog.Stop, catalog.Options{}},
		{catalog.Deploy, catalog.Delete, catalog.Options{}},
		{catalog.Stop, catalog.Delete, catalog.Options{}},
		{catalog.Delete, catalog.Delete, catalog.Options{DeleteVolumes: true}},
		{catalog.Start, catalog.Deploy, catalog.Options{}},
		{catalog.Deploy, catalog.Deploy, catalog.Options{}},
		{catalog.Start, catalog.Start, catalog.Options{}},
	} {
		server := w.server(t, 1, 25)
		service := w.service(t, server)
		queued := w.enqueueAs(t, w.asking(t, service, server, c.queued, catalog.Options{Force: true}),
			deployment.RequestKey{})
		next := w.asking(t, service, server, c.next, c.options)
		w.supersedes(t, next, queued)
		if _, queue := w.load(t, server); len(queue) != 1 || queue[0] != next.ID {
			t.Errorf("%s after %s: the queue is %v", c.next, c.queued, queue)
		}
		w.repeats(t, w.asking(t, service, server, c.next, c.options), deployment.RequestKey{}, next.ID, 1)
		wantSame(t, "the number of deployments", w.state(t, service).Deployments, 2)
	}
}

func testNotSuperseded(t *testing.T, w *world) {
	for _, c := range []struct{ queued, next catalog.Operation }{
		{catalog.Delete, catalog.Stop},
		{catalog.Delete, catalog.Deploy},
		{catalog.Delete, catalog.Start},
		{catalog.Stop, catalog.Start},
		{catalog.Stop, catalog.Deploy},
		{catalog.Scrub, catalog.Delete},
		{catalog.Scrub, catalog.Stop},
		{catalog.Start, catalog.Restart},
		{catalog.Restart, catalog.Start},
	} {
		server := w.server(t, 1, 25)
		service := w.service(t, server)
		w.enqueueAs(t, w.asking(t, service, server, c.queued, catalog.Options{Force: true}),
			deployment.RequestKey{})
		w.refuses(t, w.asking(t, service, server, c.next, catalog.Options{}), fault.Conflict)
	}
}

func testSupersedesConfiguration(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	queued := w.enqueue(t, service, server)
	changed := w.record(t, service, server)
	changed.ConfigurationHash = "2c3d"
	w.supersedes(t, changed, queued.ID)
}

func testSupersedesAtTheEnd(t *testing.T, w *world) {
	server := w.server(t, 1, 2)
	service, other := w.service(t, server), w.service(t, server)
	first := w.enqueue(t, service, server)
	second := w.enqueue(t, other, server)
	stop := w.asking(t, service, server, catalog.Stop, catalog.Options{})
	w.supersedes(t, stop, first.ID)
	_, queue := w.load(t, server)
	wantSame(t, "the queue", queue, []deployment.ID{second.ID, stop.ID})
}

func testSupersedesBesideRunning(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	service := w.service(t, server)
	running := w.running(t, service, server)
	queued := w.enqueue(t, service, server)
	stop := w.asking(t, service, server, catalog.Stop, catalog.Options{})
	w.supersedes(t, stop, queued.ID)
	wantSame(t, "what runs", w.get(t, running.ID), running)
	wantSame(t, "the state", w.state(t, service),
		catalog.State{Queued: string(stop.ID), Running: string(running.ID), Deployments: 3})
}
