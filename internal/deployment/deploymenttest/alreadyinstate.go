package deploymenttest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/catalog/catalogtest"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func alreadyInStateCases() []testCase {
	return []testCase{
		{"what is in the state that was asked for is a Conflict by ErrAlreadyInState", testAlreadyInState},
		{"what is in any other state is not", testNotAlreadyInState},
		{"any option asks for more than a state", testOptionsAsk},
		{"a repeat after the resource reached the state is a Conflict, unless its key lasts",
			testAlreadyInStateRepeat},
		{"the same as what is queued is that, whatever the state is by then", testAlreadyInStateQueued},
		{"while one runs, nothing is a Conflict", testAlreadyInStateWhileRunning},
	}
}

// plain is a request without options.
func (w *world) plain(t *testing.T, resource, server catalog.ID,
	operation deployment.Operation) deployment.Record {
	t.Helper()
	record := w.record(t, resource, server)
	record.Operation, record.Options = operation, deployment.Options{}
	return record
}

func (w *world) observe(t *testing.T, resource catalog.ID, status string) {
	t.Helper()
	if err := w.Store.Observe(t.Context(), resource, status); err != nil {
		t.Fatalf("Observe: %v", err)
	}
}

func testAlreadyInState(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	for _, resource := range []catalog.ID{w.service(t, server), w.database(t, server)} {
		for _, c := range []struct {
			operation deployment.Operation
			statuses  []string
			says      string
		}{
			{deployment.Stop, []string{"", "exited", "exited:unhealthy"}, " is already stopped."},
			{deployment.Start, []string{"running", "running:healthy", "running:unhealthy", "running:unknown"},
				" is already running."},
		} {
			for _, status := range c.statuses {
				w.observe(t, resource, status)
				record := w.plain(t, resource, server, c.operation)
				w.refuses(t, record, fault.Conflict)
				_, err := w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
				if !errors.Is(err, deployment.ErrAlreadyInState) ||
					fault.Public(err) != resource.Kind().Title()+c.says {
					t.Errorf("%s of one that is %q: %v, which says %q", c.operation, status, err,
						fault.Public(err))
				}
			}
		}
	}
	_, queue := w.load(t, server)
	wantSame(t, "the queue", queue, nil)
}

func testNotAlreadyInState(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	everything := []string{"", "running:healthy", "exited", "degraded:unhealthy", "restarting",
		"starting:unhealthy", "unknown"}
	for _, c := range []struct {
		resource  catalog.ID
		operation deployment.Operation
		statuses  []string
	}{
		{w.service(t, server), deployment.Start, []string{"", "exited", "degraded:unhealthy", "restarting",
			"starting:unhealthy", "unknown"}},
		{w.database(t, server), deployment.Stop, []string{"running:healthy", "degraded:unhealthy",
			"restarting",
			"starting:unhealthy", "unknown"}},
		{w.service(t, server), deployment.Restart, everything},
		{w.database(t, server), deployment.Deploy, everything},
		{w.service(t, server), deployment.Delete, everything},
		{w.application(t, server), deployment.Start, everything},
		{w.application(t, server), deployment.Stop, everything},
	} {
		for _, status := range c.statuses {
			w.observe(t, c.resource, status)
			w.accepts(t, w.plain(t, c.resource, server, c.operation))
		}
	}
}

// testOptionsAsk tests each option separately.
func testOptionsAsk(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	var all deployment.Options
	catalogtest.Fill(t, &all)
	for i := range reflect.TypeFor[deployment.Options]().NumField() {
		var one deployment.Options
		reflect.ValueOf(&one).Elem().Field(i).Set(reflect.ValueOf(all).Field(i))
		for operation, status := range map[deployment.Operation]string{deployment.Start: "running:healthy",
			deployment.Stop: "exited"} {
			w.observe(t, service, status)
			record := w.plain(t, service, server, operation)
			record.Options = one
			w.accepts(t, record)
		}
	}
}

// accepts checks that the record is queued, and cancels it.
func (w *world) accepts(t *testing.T, record deployment.Record) {
	t.Helper()
	receipt, err := w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
	if err != nil || receipt.Repeated {
		t.Errorf("%s of %s with %+v, which is %q: repeated %v, %v", record.Operation, record.ID.Kind(),
			record.Options,
			w.state(t, record.ID.Resource()).Status, receipt.Repeated, err)
		return
	}
	wantSame(t, "the stored record", w.get(t, record.ID), record)
	w.cancel(t, record.ID, "ops")
}

func testAlreadyInStateRepeat(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	request := key("start", 10*time.Second)
	first := w.enqueueAs(t, w.plain(t, service, server, deployment.Start), request)
	w.repeats(t, w.plain(t, service, server, deployment.Start), key("other", time.Hour), first, 1)
	w.finish(t, w.begin(t, w.claim(t, server).ID, "runner"),
		deployment.Outcome{Status: deployment.Finished, ResourceStatus: "running:healthy"})
	_, err := w.Ledger.Enqueue(t.Context(), w.plain(t, service, server, deployment.Start), request)
	if !errors.Is(err, deployment.ErrAlreadyInState) {
		t.Errorf("after it ended: %v, want %v", err, deployment.ErrAlreadyInState)
	}
	w.refuses(t, w.plain(t, service, server, deployment.Start), fault.Conflict)
}

func testAlreadyInStateQueued(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first := w.plain(t, service, server, deployment.Start)
	if _, err := w.Ledger.Enqueue(t.Context(), first, deployment.RequestKey{}); err != nil {
		t.Fatal(err)
	}
	w.observe(t, service, "running:healthy")
	w.repeats(t, w.plain(t, service, server, deployment.Start), key("again", time.Minute), first.ID, 1)
	_, err := w.Ledger.Enqueue(t.Context(), w.plain(t, service, server, deployment.Restart),
		deployment.RequestKey{})
	if wantKind(t, err, fault.Conflict); errors.Is(err, deployment.ErrAlreadyInState) {
		t.Errorf("another request is said to be needless: %v", err)
	}
}

// testAlreadyInStateWhileRunning requests a start while a stop of the resource runs. If the
// start were refused, the resource would not run in the end.
func testAlreadyInStateWhileRunning(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	w.observe(t, service, "running:healthy")
	stop := w.running(t, service, server)
	w.accepts(t, w.plain(t, service, server, deployment.Start))
	w.finish(t, stop, deployment.Outcome{Status: deployment.Finished, ResourceStatus: "exited"})
	start := w.running(t, service, server)
	w.accepts(t, w.plain(t, service, server, deployment.Stop))
	w.finish(t, start, deployment.Outcome{Status: deployment.Finished, ResourceStatus: "running:healthy"})
}
