package deploymenttest

import (
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func enqueueCases() []testCase {
	return []testCase{
		{"TestP1: what was accepted can be read at once, whole", testAccepted},
		{"the queue keeps the order of the requests and says each one's place", testPositions},
		{"a full queue is Exhausted, and has room again after a claim", testQueueFull},
		{"a resource that has another request queued, and one that is not superseded, is a Conflict",
			testOtherQueued},
		{"a resource that runs may have one more queued", testOneMoreQueued},
		{"an unknown resource is NotFound", testUnknownResource},
		{"an unknown server is a Conflict", testUnknownServer},
	}
}

func testAccepted(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	for _, resource := range []catalog.ID{w.service(t, server), w.application(t, server)} {
		record := w.record(t, resource, server)
		receipt, err := w.Ledger.Enqueue(t.Context(), record, key("new", time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, "the receipt's record", receipt.Record, record)
		wantSame(t, "the stored record", w.get(t, record.ID), record)
		if receipt.Repeated {
			t.Error("it is said to be a repeat")
		}
		wantSame(t, "the state", w.state(t, resource),
			catalog.State{Queued: string(record.ID), Deployments: 1})
	}
}

func testPositions(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	var want []deployment.ID
	for place := 1; place <= 5; place++ {
		record := w.record(t, w.service(t, server), server)
		receipt, err := w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
		if err != nil || receipt.Position != place {
			t.Errorf("position = %d, %v, want %d", receipt.Position, err, place)
		}
		want = append(want, record.ID)
	}
	_, queue := w.load(t, server)
	wantSame(t, "the queue", queue, want)
}

func testQueueFull(t *testing.T, w *world) {
	server := w.server(t, 1, 2)
	w.enqueue(t, w.service(t, server), server)
	w.enqueue(t, w.service(t, server), server)
	third := w.service(t, server)
	w.refuses(t, w.record(t, third, server), fault.Exhausted)
	w.claim(t, server)
	w.enqueue(t, third, server)
}

func testOtherQueued(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	w.enqueue(t, service, server)
	restart := w.record(t, service, server)
	restart.Operation = deployment.Restart
	w.refuses(t, restart, fault.Conflict)
}

func testOneMoreQueued(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	service := w.service(t, server)
	running := w.running(t, service, server)
	next := w.enqueue(t, service, server)
	wantSame(t, "the state", w.state(t, service),
		catalog.State{Queued: string(next.ID), Running: string(running.ID), Deployments: 2})
}

func testUnknownResource(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	w.turnsAway(t, w.record(t, newID(t, catalog.KindService), server), fault.NotFound)
	deleted := w.service(t, server)
	if err := w.Store.Delete(t.Context(), deleted, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	w.turnsAway(t, w.record(t, deleted, server), fault.NotFound)
}

func testUnknownServer(t *testing.T, w *world) {
	service := w.service(t, w.server(t, 1, 25))
	w.refuses(t, w.record(t, service, newID(t, catalog.KindServer)), fault.Conflict)
	w.refuses(t, w.record(t, service, ""), fault.Conflict)
}

// refuses checks the refusal and that it stored nothing.
func (w *world) refuses(t *testing.T, record deployment.Record, kind fault.Kind) {
	t.Helper()
	before := w.state(t, record.ID.Resource())
	w.turnsAway(t, record, kind)
	wantSame(t, "the state of the resource", w.state(t, record.ID.Resource()), before)
}

// turnsAway checks the refusal, even if the resource is gone. The request must not be
// remembered: a repeat is refused in the same way.
func (w *world) turnsAway(t *testing.T, record deployment.Record, kind fault.Kind) {
	t.Helper()
	request := key("refused", time.Minute)
	for range 2 {
		_, err := w.Ledger.Enqueue(t.Context(), record, request)
		wantKind(t, err, kind)
	}
	_, err := w.History.Get(t.Context(), record.ID)
	wantKind(t, err, fault.NotFound)
}
