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

func (w *world) asking(t *testing.T, resource, server catalog.ID, operation deployment.Operation,
	options deployment.Options) deployment.Record {
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
		!ended.FinishedAt.Equal(record.CreatedAt) || !ended.CancelRequestedAt.Equal(record.CreatedAt) ||
		!ended.Progress.Log.Complete {
		t.Errorf("superseded: %+v", ended)
	}
	if state := w.state(t, record.ID.Resource()); state.Queued != string(record.ID) {
		t.Errorf("the resource has %s queued, want %s", state.Queued, record.ID)
	}
}

func testSupersedes(t *testing.T, w *world) {
	for _, c := range []struct {
		queued, next deployment.Operation
		options      deployment.Options
	}{
		{deployment.Start, deployment.Stop, deployment.Options{}},
		{deployment.Restart, deployment.Stop, deployment.Options{}},
		{deployment.Deploy, deployment.Delete, deployment.Options{}},
		{deployment.Stop, deployment.Delete, deployment.Options{}},
		{deployment.Delete, deployment.Delete, deployment.Options{DeleteVolumes: true}},
		{deployment.Start, deployment.Deploy, deployment.Options{}},
		{deployment.Deploy, deployment.Deploy, deployment.Options{}},
		{deployment.Start, deployment.Start, deployment.Options{}},
	} {
		server := w.server(t, 1, 25)
		service := w.service(t, server)
		queued := w.enqueueAs(t, w.asking(t, service, server, c.queued, deployment.Options{Force: true}),
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
	for _, c := range []struct{ queued, next deployment.Operation }{
		{deployment.Delete, deployment.Stop},
		{deployment.Delete, deployment.Deploy},
		{deployment.Delete, deployment.Start},
		{deployment.Stop, deployment.Start},
		{deployment.Stop, deployment.Deploy},
		{deployment.Scrub, deployment.Delete},
		{deployment.Scrub, deployment.Stop},
		{deployment.Start, deployment.Restart},
		{deployment.Restart, deployment.Start},
	} {
		server := w.server(t, 1, 25)
		service := w.service(t, server)
		w.enqueueAs(t, w.asking(t, service, server, c.queued, deployment.Options{Force: true}),
			deployment.RequestKey{})
		w.refuses(t, w.asking(t, service, server, c.next, deployment.Options{}), fault.Conflict)
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
	stop := w.asking(t, service, server, deployment.Stop, deployment.Options{})
	w.supersedes(t, stop, first.ID)
	_, queue := w.load(t, server)
	wantSame(t, "the queue", queue, []deployment.ID{second.ID, stop.ID})
}

func testSupersedesBesideRunning(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	service := w.service(t, server)
	running := w.running(t, service, server)
	queued := w.enqueue(t, service, server)
	stop := w.asking(t, service, server, deployment.Stop, deployment.Options{})
	w.supersedes(t, stop, queued.ID)
	wantSame(t, "what runs", w.get(t, running.ID), running)
	wantSame(t, "the state", w.state(t, service),
		catalog.State{Queued: string(stop.ID), Running: string(running.ID), Deployments: 3})
}
