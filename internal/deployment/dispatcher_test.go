package deployment_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// deliver passes the changes of the stream to the dispatcher until no more come.
func (w *world) deliver(t *testing.T) {
	t.Helper()
	for changes := w.Changes(); len(changes) > 0; changes = w.Changes() {
		for _, change := range changes {
			if err := w.dispatcher.Changed(t.Context(), change); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestDispatcherFollowsTheStream(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	first := w.request(t, start(w.service(t, server))).Record.ID
	second := w.request(t, start(w.service(t, server))).Record.ID

	w.deliver(t)
	if diff := cmp.Diff(w.Sender().Sent(), []deployment.ID{first}); diff != "" {
		t.Errorf("sent while one has the slot (-got +want):\n%s", diff)
	}
	if err := w.end(t, first); err != nil {
		t.Fatal(err)
	}
	w.deliver(t)
	if diff := cmp.Diff(w.Sender().Sent(), []deployment.ID{first, second}); diff != "" {
		t.Errorf("sent after the end of the first (-got +want):\n%s", diff)
	}
}

// TestP6 holds: each change of a status is published once, in the order in
// which it happened to its deployment.
func TestP6EveryChangeIsPublishedOnce(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	id := w.request(t, start(w.service(t, server))).Record.ID
	w.deliver(t)
	if err := w.end(t, id); err != nil {
		t.Fatal(err)
	}
	w.deliver(t)
	want := []deployment.Status{"", deployment.Queued, deployment.Queued, deployment.InProgress,
		deployment.InProgress, deployment.Finished}
	for name, changes := range map[string][]deployment.Change{
		"published":   w.Publisher().Published(),
		"in the feed": w.Feed().Changes(),
	} {
		var got []deployment.Status
		for _, change := range changes {
			got = append(got, change.Previous, change.Record.Status)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
}

// TestP2 holds: of a hundred starts on a server with three slots never more
// than three run, and each is claimed in its turn, though every change is
// delivered twice and several dispatchers and runners work at once.
func TestP2NeverMoreThanTheLimit(t *testing.T) {
	const starts, limit = 100, 3
	w := newWorld(t)
	server := w.server(t, limit, starts)
	var ids [starts]deployment.ID
	var wait sync.WaitGroup
	for i := range ids {
		service := w.service(t, server)
		wait.Go(func() { ids[i] = w.request(t, start(service)).Record.ID })
	}
	wait.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := 0
	moved := map[deployment.Status][]deployment.ID{}
	for ended < starts && ctx.Err() == nil {
		var batch sync.WaitGroup
		for _, change := range w.Changes() {
			moved[change.Record.Status] = append(moved[change.Record.Status], change.Record.ID)
			for range 2 {
				batch.Go(func() {
					if err := w.dispatcher.Changed(ctx, change); err != nil {
						t.Error(err)
					}
				})
			}
		}
		batch.Wait()
		load, err := w.History().Load(ctx, server)
		if err != nil || len(load.Running) > limit {
			t.Fatalf("%d run, at most %d may; %v", len(load.Running), limit, err)
		}
		sent := w.Sender().Sent()
		for _, record := range load.Running {
			if !slices.Contains(sent, record.ID) {
				continue // its claim is still in the stream
			}
			ended++
			for range 2 { // its message came twice
				batch.Go(func() {
					if err := w.end(t, record.ID); err != nil {
						t.Error(err)
					}
				})
			}
		}
		batch.Wait()
	}
	if diff := cmp.Diff(moved[deployment.Queued], moved[deployment.InProgress]); diff != "" {
		t.Errorf("claimed in another order than queued (-queued +claimed):\n%s", diff)
	}
	for _, id := range ids {
		if record, err := w.History().Get(t.Context(), id); err != nil ||
			record.Status != deployment.Finished || record.Lease.Attempt != 1 {
			t.Errorf("%s is %s after %d attempts, %v", id, record.Status, record.Lease.Attempt, err)
		}
	}
}

// TestP6 holds for a cancelled one that never ran, too: those behind it do not
// wait for the sweep, and its end is published once.
func TestP6ACancelledOneMovesTheQueueAndIsPublishedOnce(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	first := w.request(t, start(w.service(t, server))).Record.ID
	second := w.request(t, start(w.service(t, server))).Record.ID
	w.Changes() // lost
	if _, err := w.Ledger().Cancel(t.Context(), first, "ops", w.now()); err != nil {
		t.Fatal(err)
	}
	w.deliver(t)
	if diff := cmp.Diff(w.Sender().Sent(), []deployment.ID{second}); diff != "" {
		t.Errorf("sent (-got +want):\n%s", diff)
	}
	var got []deployment.Change
	for _, change := range w.Publisher().Published() {
		if change.Record.ID == first {
			got = append(got, change)
		}
	}
	if len(got) != 1 || got[0].Previous != deployment.Queued || got[0].Record.Status != deployment.Cancelled {
		t.Errorf("published %+v, want one change from queued to cancelled", got)
	}
}

// A cancel request is for the runner, and does not change the status.
func TestACancelRequestStartsNothing(t *testing.T) {
	w := newWorld(t)
	id := w.request(t, start(w.service(t, w.server(t, 1, 25)))).Record.ID
	w.deliver(t)
	published := len(w.Publisher().Published())
	if _, err := w.Ledger().Cancel(t.Context(), id, "ops", w.now()); err != nil {
		t.Fatal(err)
	}
	w.deliver(t)
	if got := len(w.Publisher().Published()); got != published || len(w.Sender().Sent()) != 1 {
		t.Errorf("%d published, want %d; sent %v", got, published, w.Sender().Sent())
	}
}

// failing is a port that fails until it is repaired.
type failing struct {
	deployment.Claims
	deployment.Sender
	deployment.Feed
	deployment.Publisher
	err    error
	server catalog.ID // only this one fails; "" for all
}

func (f *failing) Claim(ctx context.Context, server catalog.ID, now time.Time) (deployment.Record, error) {
	if f.err != nil && (f.server == "" || f.server == server) {
		return deployment.Record{}, f.err
	}
	return f.Claims.Claim(ctx, server, now)
}

func (f *failing) Send(ctx context.Context, id deployment.ID) error {
	if f.err != nil {
		return f.err
	}
	return f.Sender.Send(ctx, id)
}

func (f *failing) Append(ctx context.Context, change deployment.Change, now time.Time) error {
	if f.err != nil {
		return f.err
	}
	return f.Feed.Append(ctx, change, now)
}

func (f *failing) Publish(ctx context.Context, change deployment.Change) error {
	if f.err != nil {
		return f.err
	}
	return f.Publisher.Publish(ctx, change)
}

// TestAFailureBringsTheChangeBack: a change is published only after all that
// follows from it, and any failure is returned, so that it is delivered again.
func TestAFailureBringsTheChangeBack(t *testing.T) {
	broken := fault.New(fault.Unavailable, "broken")
	for name, wire := range map[string]func(ports *deployment.DispatcherPorts, f *failing){
		"the ledger":    func(ports *deployment.DispatcherPorts, f *failing) { ports.Claims = f },
		"the sender":    func(ports *deployment.DispatcherPorts, f *failing) { ports.Sender = f },
		"the feed":      func(ports *deployment.DispatcherPorts, f *failing) { ports.Feed = f },
		"the publisher": func(ports *deployment.DispatcherPorts, f *failing) { ports.Publisher = f },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			failed, ports := &failing{Claims: w.Ledger(), Sender: w.Sender(), Feed: w.Feed(),
				Publisher: w.Publisher(), err: broken}, w.ports()
			wire(&ports, failed)
			w.dispatcher = deployment.NewDispatcher(ports, deployment.DispatcherOptions{Now: w.now})
			w.request(t, start(w.service(t, w.server(t, 1, 25))))
			change := w.Changes()[0]
			if name == "the sender" { // it has work to do after the claim
				if err := w.dispatcher.Changed(t.Context(), change); err != nil {
					t.Fatal(err)
				}
				change = w.Changes()[0]
			}
			published := len(w.Publisher().Published())
			if err := w.dispatcher.Changed(t.Context(), change); !errors.Is(err, broken) {
				t.Errorf("error = %v, want %v", err, broken)
			}
			if got := len(w.Publisher().Published()); got != published {
				t.Errorf("%d were published, want %d", got, published)
			}
			failed.err = nil
			if err := w.dispatcher.Changed(t.Context(), change); err != nil {
				t.Errorf("delivered again: %v", err)
			}
			w.deliver(t)
			if got := len(w.Sender().Sent()); got != 1 {
				t.Errorf("%d were sent, want 1", got)
			}
			// As a stream does when a later record of its batch fails.
			if err := w.dispatcher.Changed(t.Context(), change); err != nil {
				t.Errorf("delivered once more: %v", err)
			}
			told := map[string]int{}
			for _, change := range w.Publisher().Published() {
				told[change.ID()]++
			}
			if id := string(change.Record.ID) + "." + string(change.Record.Status); told[id] != 1 {
				t.Errorf("told %v, want %s once", told, id)
			}
		})
	}
}

// counted is a meter that notes what it counts.
type counted []deployment.ID

func (c *counted) Ended(record deployment.Record) { *c = append(*c, record.ID) }

// TestADeploymentCountsOnceItIsPublished: a change that comes again because something failed was
// not counted before, and one that was handled is not counted again.
func TestADeploymentCountsOnceItIsPublished(t *testing.T) {
	w := newWorld(t)
	var meter counted
	failed, ports := &failing{Publisher: w.Publisher()}, w.ports()
	ports.Publisher, ports.Meter = failed, &meter
	w.dispatcher = deployment.NewDispatcher(ports, deployment.DispatcherOptions{Now: w.now})
	id := w.request(t, start(w.service(t, w.server(t, 1, 25)))).Record.ID
	w.deliver(t)
	if err := w.end(t, id); err != nil || len(meter) > 0 {
		t.Fatalf("%v; counted %v before the end", err, meter)
	}
	end := w.Changes()[0]
	failed.err = fault.New(fault.Unavailable, "the bus is down")
	if err := w.dispatcher.Changed(t.Context(), end); err == nil || len(meter) > 0 {
		t.Errorf("%v; counted %v, though the change comes again", err, meter)
	}
	failed.err = nil
	for range 2 {
		if err := w.dispatcher.Changed(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]deployment.ID(meter), []deployment.ID{id}); diff != "" {
		t.Errorf("counted (-got +want):\n%s", diff)
	}
}

// lossy is a tracer whose queue is down.
type lossy struct{ asked []deployment.Status }

func (l *lossy) Ended(_ context.Context, record deployment.Record) error {
	l.asked = append(l.asked, record.Status)
	return fault.New(fault.Unavailable, "the queue is down")
}

// TestALostTraceHoldsNothingUp: it is logged once, and the change is handled.
func TestALostTraceHoldsNothingUp(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	tracer, ports := &lossy{}, w.ports()
	ports.Tracer = tracer
	w.dispatcher = deployment.NewDispatcher(ports, deployment.DispatcherOptions{Now: w.now,
		Log: slog.New(slog.NewTextHandler(&log, nil))})
	id := w.request(t, start(w.service(t, w.server(t, 1, 25)))).Record.ID
	w.deliver(t)
	if err := w.end(t, id); err != nil {
		t.Fatal(err)
	}
	w.deliver(t)
	if diff := cmp.Diff(tracer.asked, []deployment.Status{deployment.Finished}); diff != "" {
		t.Errorf("traced (-got +want):\n%s", diff)
	}
	if lines := strings.Count(log.String(), "level=WARN"); lines != 1 {
		t.Errorf("logged %q, want one warning", &log)
	}
}

func TestAChangeOfNothingDoesNothing(t *testing.T) {
	w := newWorld(t)
	record := w.request(t, start(w.service(t, w.server(t, 1, 25)))).Record
	if err := w.dispatcher.Changed(t.Context(), deployment.Change{Record: record,
		Previous: record.Status}); err != nil {
		t.Fatal(err)
	}
	if len(w.Sender().Sent())+len(w.Publisher().Published()) != 0 {
		t.Error("something was sent or published")
	}
	if got, err := w.History().Get(t.Context(), record.ID); err != nil || got.Status != deployment.Queued {
		t.Errorf("status = %s, %v; want queued", got.Status, err)
	}
}

// TestTheMessageOfACommitIsPublished: the stream has records without it.
func TestTheMessageOfACommitIsPublished(t *testing.T) {
	w := newWorld(t)
	want := deployment.Source{Commit: "c0ffee0123", Message: "Serve tea"}
	record := w.request(t, start(w.service(t, w.server(t, 1, 25)))).Record
	w.deliver(t)
	begun, err := w.Ledger().Begin(t.Context(), record.ID, "runner", w.now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	outcome := deployment.Outcome{Status: deployment.Finished, Source: want}
	if err := w.Ledger().Finish(t.Context(), record.ID, begun.Lease, deployment.Progress{}, outcome,
		w.now()); err != nil {
		t.Fatal(err)
	}
	for _, change := range w.Changes() {
		change.Record.Outcome.Source.Message = ""
		if err := w.dispatcher.Changed(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	published := w.Publisher().Published()
	if got := published[len(published)-1].Record.Outcome.Source; got != want {
		t.Errorf("published %+v, want %+v", got, want)
	}
}
