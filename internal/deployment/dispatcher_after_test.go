package deployment_test

import (
	"slices"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

func (w *world) get(t *testing.T, id deployment.ID) deployment.Record {
	t.Helper()
	record, err := w.History().Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func TestTheEndOfADeploymentLetsOthersStart(t *testing.T) {
	w := newWorld(t)
	far, server := w.server(t, 1, 25), w.server(t, 1, 25)
	database := w.service(t, far)
	first := w.request(t, start(database)).Record.ID
	one := w.request(t, startAfter(w.service(t, server), database)).Record.ID
	two := w.request(t, startAfter(w.service(t, server), database)).Record.ID
	w.deliver(t)
	if sent := w.Sender().Sent(); !slices.Equal(sent, []deployment.ID{first}) {
		t.Errorf("sent %v", sent)
	}
	if err := w.end(t, first); err != nil {
		t.Fatal(err)
	}
	w.deliver(t)
	if err := w.end(t, one); err != nil {
		t.Fatal(err)
	}
	w.deliver(t)
	if sent := w.Sender().Sent(); !slices.Equal(sent, []deployment.ID{first, one, two}) {
		t.Errorf("sent %v, want %v", sent, []deployment.ID{first, one, two})
	}
	for _, change := range w.Publisher().Published() {
		if change.Previous == change.Record.Status {
			t.Errorf("published a change to the same status, %s", change.Record.Status)
		}
	}
}

func TestAFailedDependencyEndsAChain(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	a, b, c := w.service(t, server), w.service(t, server), w.service(t, server)
	w.request(t, start(a))
	second := w.request(t, startAfter(b, a)).Record.ID
	third := w.request(t, startAfter(c, b)).Record.ID
	w.fails(t, server)
	w.deliver(t)
	for id, resource := range map[deployment.ID]catalog.ID{second: a, third: b} {
		ended := w.get(t, id)
		if ended.Status != deployment.Failed || ended.Outcome.Reason != deployment.ReasonDependency ||
			ended.Outcome.Unmet.Resource != resource {
			t.Errorf("%s is %s with %+v", id, ended.Status, ended.Outcome)
		}
	}
}

func TestTheSweepLetsWaitingDeploymentsStart(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 1)
	database := w.service(t, server)
	w.request(t, start(database))
	first := w.request(t, startAfter(w.service(t, server), database)).Record.ID
	w.run(t, server)
	w.Changes() // are lost
	running := w.request(t, start(w.service(t, server))).Record.ID
	w.claim(t, server)
	filling := w.request(t, start(w.service(t, server))).Record.ID
	for _, ends := range []deployment.ID{running, filling, first} {
		w.wait(time.Minute)
		if err := w.dispatcher.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if full := ends == running; w.get(t, first).Waiting() != full {
			t.Errorf("it waits: %v, and the queue is full: %v", !full, full)
		}
		if got := w.get(t, ends).Status; got != deployment.InProgress {
			t.Errorf("%s is %s", ends, got)
		}
		if err := w.end(t, ends); err != nil {
			t.Fatal(err)
		}
		w.Changes()
	}
}
