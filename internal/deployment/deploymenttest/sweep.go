package deploymenttest

import (
	"context"
	"slices"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// sweepCases are the orphaned entries: a crash between two writes leaves one of them, and the
// sweep sweeps and returns the deployments of the list that were sent to a runner. The store
// may have other servers.
func sweepCases() []testCase {
	return []testCase{
		{"queued and never claimed: it is claimed", testSweepUnclaimed},
		{"claimed and never sent, sent and never begun: a runner is called", testSweepUnbegun},
		{"its lease ran out: a runner is called", testSweepExpired},
		{"parked and not woken: a runner is called", testSweepParked},
		{"ended and its slot kept: the next one starts", testSweepKeptSlot},
		{"gone, with slot and place kept: the next one starts", testSweepGone},
		{"what is as it should be is left alone", testSweepRight},
	}
}

// calls records the calls of runners.
type calls struct{ sent []deployment.ID }

func (c *calls) Send(_ context.Context, id deployment.ID) error {
	c.sent = append(c.sent, id)
	return nil
}

func (c *calls) Wake(_ context.Context, id deployment.ID, parking int, delay time.Duration) error {
	if parking == 0 || delay != 0 {
		return fault.New(fault.Internal, "parking %d is woken after %s", parking, delay)
	}
	c.sent = append(c.sent, id)
	return nil
}

func (*calls) Publish(context.Context, deployment.Change) error { return nil }

// sweep sweeps and returns for which of these a runner was called. The store
// may hold other servers.
func (w *world) sweep(t *testing.T, among ...deployment.Record) []deployment.ID {
	t.Helper()
	called := &calls{}
	dispatcher := deployment.NewDispatcher(deployment.DispatcherPorts{Claims: w.Ledger, Expiries: w.Ledger,
		History: w.History, Store: w.Store,
		Sender: called, Publisher: called},
		deployment.DispatcherOptions{Now: func() time.Time { return w.now }})
	if err := dispatcher.Sweep(t.Context()); err != nil {
		t.Fatalf("Sweep: %v", err)
	}
	all := ids(among)
	return slices.DeleteFunc(called.sent, func(id deployment.ID) bool { return !slices.Contains(all, id) })
}

func testSweepParked(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.running(t, w.service(t, server), server)
	w.park(t, record, 4)
	w.now = w.now.Add(deployment.ParkedFor(4) + 20*time.Second)
	wantSame(t, "called while a message may be on its way", w.sweep(t, record), nil)
	w.now = w.now.Add(time.Second)
	wantSame(t, "called", w.sweep(t, record), []deployment.ID{record.ID})
}

func testSweepUnclaimed(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record, second := w.enqueue(t, w.service(t, server), server), w.enqueue(t, w.service(t, server), server)
	w.sweep(t)
	running, queue := w.load(t, server)
	wantSame(t, "what runs", running, []deployment.ID{record.ID})
	wantSame(t, "what waits", queue, []deployment.ID{second.ID})
}

func testSweepUnbegun(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	w.enqueue(t, w.service(t, server), server)
	record := w.claim(t, server)
	wantSame(t, "called at once", w.sweep(t, record), nil)
	w.now = w.now.Add(time.Minute)
	for range 2 { // the first message is lost as well
		wantSame(t, "called after a minute", w.sweep(t, record), []deployment.ID{record.ID})
	}
	begun := w.begin(t, record.ID, "runner")
	wantSame(t, "called once it is begun", w.sweep(t, begun), nil)
	w.finish(t, begun, deployment.Outcome{Status: deployment.Finished})
}

func testSweepExpired(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.running(t, w.service(t, server), server)
	w.now = record.Lease.Expires.Add(-time.Millisecond)
	wantSame(t, "called while the lease lasts", w.sweep(t, record), nil)
	w.now = record.Lease.Expires.Add(time.Minute)
	wantSame(t, "called when it is over", w.sweep(t, record), []deployment.ID{record.ID})
	next := w.begin(t, record.ID, "next")
	w.fenced(t, record)
	w.finish(t, next, deployment.Outcome{Status: deployment.Finished})
}

func testSweepKeptSlot(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.running(t, w.service(t, server), server)
	next := w.enqueue(t, record.ID.Resource(), server)
	w.ended(t, record)
	w.now = w.now.Add(time.Hour)
	wantSame(t, "called", w.sweep(t, record), nil)
	running, _ := w.load(t, server)
	wantSame(t, "what runs", running, []deployment.ID{next.ID})
	wantSame(t, "the orphaned entries", w.orphaned(t, server), nil)
}

func testSweepGone(t *testing.T, w *world) {
	server := w.server(t, 1, 2)
	record := w.running(t, w.service(t, server), server)
	queued := w.enqueue(t, w.service(t, server), server)
	next := w.enqueue(t, w.service(t, server), server)
	w.Damage.Forget(t, record.ID)
	w.Damage.Forget(t, queued.ID)
	wantSame(t, "called", w.sweep(t, record, queued), nil)
	running, queue := w.load(t, server)
	wantSame(t, "what runs", running, []deployment.ID{next.ID})
	wantSame(t, "what waits", queue, nil)
	for _, resource := range []catalog.ID{record.ID.Resource(), queued.ID.Resource()} {
		wantSame(t, "the state", w.state(t, resource), catalog.State{Deployments: 1})
	}
}

func testSweepRight(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service, other := w.service(t, server), w.service(t, server)
	w.finish(t, w.running(t, service, server), deployment.Outcome{Status: deployment.Finished})
	running, waiting := w.running(t, service, server), w.enqueue(t, other, server)
	before := w.everything(t, server, service, other)
	wantSame(t, "called", w.sweep(t, running, waiting), nil)
	wantSame(t, "the whole", w.everything(t, server, service, other), before)
}
