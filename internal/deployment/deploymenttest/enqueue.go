package deploymenttest

import (
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func testEnqueue(t *testing.T, open func(t *testing.T) Ports) {
	t.Run("TestP1: what was accepted can be read at once, whole", func(t *testing.T) {
		w := newWorld(t, open)
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
			wantSame(t, "the state", w.state(t, resource), catalog.State{Queued: string(record.ID), Deployments: 1})
		}
	})
	t.Run("the queue keeps the order of the requests and says each one's place", func(t *testing.T) {
		w := newWorld(t, open)
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
	})
	t.Run("a full queue is Exhausted, and has room again after a claim", func(t *testing.T) {
		w := newWorld(t, open)
		server := w.server(t, 1, 2)
		w.enqueue(t, w.service(t, server), server)
		w.enqueue(t, w.service(t, server), server)
		third := w.service(t, server)
		w.refuses(t, w.record(t, third, server), fault.Exhausted)
		w.claim(t, server)
		w.enqueue(t, third, server)
	})
	t.Run("a resource that has another request queued is a Conflict", func(t *testing.T) {
		w := newWorld(t, open)
		server := w.server(t, 1, 25)
		service := w.service(t, server)
		w.enqueue(t, service, server)
		stop := w.record(t, service, server)
		stop.Operation = catalog.Stop
		w.refuses(t, stop, fault.Conflict)
		plain := w.record(t, service, server)
		plain.Options = catalog.Options{}
		w.refuses(t, plain, fault.Conflict)
	})
	t.Run("a resource that runs may have one more queued", func(t *testing.T) {
		w := newWorld(t, open)
		server := w.server(t, 2, 25)
		service := w.service(t, server)
		running := w.running(t, service, server)
		next := w.enqueue(t, service, server)
		wantSame(t, "the state", w.state(t, service),
			catalog.State{Queued: string(next.ID), Running: string(running.ID), Deployments: 2})
	})
	t.Run("an unknown resource is NotFound", func(t *testing.T) {
		w := newWorld(t, open)
		server := w.server(t, 1, 25)
		w.turnsAway(t, w.record(t, newID(t, catalog.KindService), server), fault.NotFound)
		deleted := w.service(t, server)
		if err := w.Store.Delete(t.Context(), deleted); err != nil {
			t.Fatal(err)
		}
		w.turnsAway(t, w.record(t, deleted, server), fault.NotFound)
	})
	t.Run("an unknown server is a Conflict", func(t *testing.T) {
		w := newWorld(t, open)
		service := w.service(t, w.server(t, 1, 25))
		w.refuses(t, w.record(t, service, newID(t, catalog.KindServer)), fault.Conflict)
		w.refuses(t, w.record(t, service, ""), fault.Conflict)
	})
	t.Run("an id that is taken is a Conflict", func(t *testing.T) {
		w := newWorld(t, open)
		server := w.server(t, 1, 25)
		service := w.service(t, server)
		running := w.running(t, service, server)
		again := w.record(t, service, server)
		again.ID = running.ID
		_, err := w.Ledger.Enqueue(t.Context(), again, deployment.RequestKey{})
		wantKind(t, err, fault.Conflict)
		wantSame(t, "the record", w.get(t, running.ID), running)
	})
}

// refuses checks the refusal and that it left nothing behind.
func (w *world) refuses(t *testing.T, record deployment.Record, kind fault.Kind) {
	t.Helper()
	before := w.state(t, record.ID.Resource())
	w.turnsAway(t, record, kind)
	wantSame(t, "the state of the resource", w.state(t, record.ID.Resource()), before)
}

// turnsAway checks the refusal, whether or not the resource is there. The
// request must not be remembered: a repeat is refused as the first was.
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

func testRepeats(t *testing.T, open func(t *testing.T) Ports) {
	t.Run("TestP2: a repeat within the window is answered with the first, even after it ended", func(t *testing.T) {
		w := newWorld(t, open)
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
	})
	t.Run("the window ends exactly", func(t *testing.T) {
		w := newWorld(t, open)
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
	})
	t.Run("one key is one request, whatever it asks for", func(t *testing.T) {
		w := newWorld(t, open)
		server := w.server(t, 1, 25)
		request := key("one", time.Hour)
		first := w.record(t, w.service(t, server), server)
		if _, err := w.Ledger.Enqueue(t.Context(), first, request); err != nil {
			t.Fatal(err)
		}
		w.repeats(t, w.record(t, w.application(t, server), server), request, first.ID, 1)
	})
	t.Run("the same as what is queued is that, under any key or none, and the key keeps it", func(t *testing.T) {
		w := newWorld(t, open)
		server := w.server(t, 1, 1)
		service := w.service(t, server)
		first := w.enqueue(t, service, server)
		request := key("late", time.Hour)
		w.repeats(t, w.record(t, service, server), deployment.RequestKey{}, first.ID, 1)
		w.repeats(t, w.record(t, service, server), request, first.ID, 1)
		w.claim(t, server)
		w.repeats(t, w.record(t, service, server), request, first.ID, 0)
	})
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
