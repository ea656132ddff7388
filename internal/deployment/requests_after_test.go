package deployment_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// startAfter is a start of the resource after the others.
func startAfter(resource catalog.ID, others ...catalog.ID) deployment.Request {
	request := start(resource)
	request.After = others
	return request
}

// fails ends the next deployment of the server as failed.
func (w *world) fails(t *testing.T, server catalog.ID) {
	t.Helper()
	record, err := w.Ledger().Claim(t.Context(), server, w.now())
	if err != nil {
		t.Fatal(err)
	}
	record, err = w.Ledger().Begin(t.Context(), record.ID, "runner", w.now(), deployment.LeaseLength)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Ledger().Finish(t.Context(), record.ID, record.Lease, record.Progress,
		deployment.Outcome{Status: deployment.Failed, Reason: deployment.ReasonExit}, w.now()); err != nil {
		t.Fatal(err)
	}
}

func TestARequestComesAfterWhatIsQueuedOrRuns(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	queued, running, service := w.service(t, server), w.service(t, server), w.service(t, server)
	ran := w.request(t, start(running)).Record.ID
	w.claim(t, server)
	waits := w.request(t, start(queued)).Record.ID
	restart := start(running)
	restart.Operation = deployment.Restart
	receipt := w.request(t, startAfter(service, queued, running, queued))
	want := []deployment.Dependency{{Resource: queued, Deployment: waits},
		{Resource: running, Deployment: ran}}
	if !slices.Equal(receipt.Record.After, want) || !receipt.Record.Waiting() || receipt.Position != 0 {
		t.Errorf("it is at %d, after %+v; want %+v", receipt.Position, receipt.Record.After, want)
	}
	if again := w.request(t, startAfter(service, queued, running)); !again.Repeated {
		t.Error("the same request is not a repeat")
	}
	last := w.request(t, restart).Record.ID
	receipt = w.request(t, startAfter(w.service(t, server), running))
	if got := receipt.Record.After[0].Deployment; got != last {
		t.Errorf("it comes after %s, want the one that is queued, %s", got, last)
	}
}

func TestADependencyThatIsMetHoldsNothing(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	started, observed := w.service(t, server), w.service(t, server)
	first := w.request(t, start(started)).Record.ID
	w.run(t, server)
	if err := w.Catalog().Observe(t.Context(), observed, "running:healthy"); err != nil {
		t.Fatal(err)
	}
	receipt := w.request(t, startAfter(w.service(t, server), started, observed))
	want := []deployment.Dependency{{Resource: started, Deployment: first, Status: deployment.Finished},
		{Resource: observed, Status: deployment.Finished}}
	if receipt.Record.Waiting() || receipt.Position != 1 || !slices.Equal(receipt.Record.After, want) {
		t.Errorf("it is at %d, after %+v", receipt.Position, receipt.Record.After)
	}
}

func TestRefusedDependencies(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	failed, stopped, idle, deleted := w.service(t, server), w.service(t, server), w.service(t, server),
		w.service(t, server)
	if err := w.Catalog().Delete(t.Context(), deleted, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	w.request(t, start(failed))
	w.fails(t, server)
	for _, operation := range []deployment.Operation{deployment.Start, deployment.Stop} {
		request := start(stopped)
		request.Operation, request.Options.Force = operation, true
		w.request(t, request)
		w.run(t, server)
	}
	service := w.service(t, server)
	const notRunning = ") is not running"
	stop := startAfter(service, failed)
	stop.Operation = deployment.Stop
	for name, c := range map[string]struct {
		request deployment.Request
		kind    fault.Kind
		says    string
	}{
		"never started":       {startAfter(service, idle), fault.Conflict, string(idle) + notRunning},
		"failed":              {startAfter(service, failed), fault.Conflict, string(failed) + notRunning},
		"stopped":             {startAfter(service, stopped), fault.Conflict, string(stopped) + notRunning},
		"deleted":             {startAfter(service, deleted), fault.Invalid, "names " + string(deleted)},
		"a server":            {startAfter(service, server), fault.Invalid, "names " + string(server)},
		"no id":               {startAfter(service, "x"), fault.Invalid, "names x"},
		"itself":              {startAfter(service, service), fault.Invalid, "names the resource itself"},
		"a stop":              {stop, fault.Invalid, "is for a start"},
		"eleven":              {startAfter(service, make([]catalog.ID, 11)...), fault.Invalid, "at most 10"},
		"of an unknown other": {startAfter("svc000000000000000000000", idle), fault.NotFound, "not found"},
	} {
		_, err := w.requests.Request(t.Context(), c.request)
		wantKind(t, err, c.kind)
		if said := fmt.Sprint(fault.Public(err), fault.Fields(err)); !strings.Contains(said, c.says) {
			t.Errorf("%s: %s, want %q", name, said, c.says)
		}
	}
	if n := w.count(t, service); n != 0 {
		t.Errorf("%d records, want none", n)
	}
}

func TestACycleIsRefusedAndNamed(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	a, b, c := w.service(t, server), w.service(t, server), w.service(t, server)
	w.request(t, start(a))
	w.request(t, startAfter(b, a))
	w.request(t, startAfter(c, b))
	for _, last := range []catalog.ID{b, c} {
		request := startAfter(a, last)
		request.Options.Force = true
		_, err := w.requests.Request(t.Context(), request)
		wantKind(t, err, fault.Invalid)
		path := fmt.Sprintf("%s after %s after %s", a, b, a)
		if last == c {
			path = fmt.Sprintf("%s after %s after %s after %s", a, c, b, a)
		}
		if said := fmt.Sprint(fault.Fields(err)); !strings.Contains(said, path) {
			t.Errorf("%s, want %q", said, path)
		}
	}
	w.request(t, startAfter(w.service(t, server), a, b, c))
}

// endsDependency is a queue in which a deployment ends between the look and the write.
type endsDependency struct {
	deployment.Ledger
	end func()
}

func (q *endsDependency) Enqueue(ctx context.Context, record deployment.Record,
	key deployment.RequestKey, entries ...audit.Entry) (deployment.Receipt, error) {
	if q.end != nil {
		q.end()
		q.end = nil
	}
	return q.Ledger.Enqueue(ctx, record, key, entries...)
}

func TestADependencyThatEndsMeanwhileIsLookedAtAgain(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	first, service := w.service(t, server), w.service(t, server)
	for name, end := range map[string]func(){
		"finished": func() { w.run(t, server) },
		"failed":   func() { w.fails(t, server) },
	} {
		w.request(t, start(first))
		requests := deployment.NewRequests(w.Catalog(), &endsDependency{w.Ledger(), end},
			deployment.RequestsOptions{Now: w.now})
		receipt, err := requests.Request(t.Context(), startAfter(service, first))
		if name == "failed" {
			wantKind(t, err, fault.Conflict)
			continue
		}
		if err != nil || receipt.Position != 1 || receipt.Record.Waiting() {
			t.Errorf("%s: position %d, %v", name, receipt.Position, err)
			continue
		}
		w.run(t, server)
	}
}

func TestARequestWithAnIDThatRanBeforeLooksAtNothing(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	first, service := w.service(t, server), w.service(t, server)
	w.request(t, start(first))
	request := startAfter(service, first)
	request.ID = w.newID(t, service)
	receipt := w.request(t, request)
	w.fails(t, server)
	again := w.request(t, request)
	if !again.Repeated || again.Record.ID != receipt.Record.ID || again.Record.ID != request.ID {
		t.Errorf("answered with %s, repeated %v", again.Record.ID, again.Repeated)
	}
}
