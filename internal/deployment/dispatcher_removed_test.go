package deployment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/snapshot"
)

const day = 24 * time.Hour

// endWithLog runs the next deployment of the server to its end, with a log of two chunks.
func (w *world) endWithLog(t *testing.T, server catalog.ID, status deployment.Status) deployment.ID {
	t.Helper()
	record, err := w.Ledger().Claim(t.Context(), server, w.now())
	if err != nil {
		t.Fatal(err)
	}
	record, err = w.Ledger().Begin(t.Context(), record.ID, "runner", w.now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for number := 1; number <= 2; number++ {
		chunk := logbook.Chunk{Header: logbook.Header{Number: number}, Body: []byte("twenty bytes of text")}
		if err := w.Archive().Put(t.Context(), record.ID.Book(), chunk); err != nil {
			t.Fatal(err)
		}
	}
	record.Progress.Log.Chunks, record.Progress.Log.Stored = 2, 40
	if err := w.Ledger().Finish(t.Context(), record.ID, record.Lease, record.Progress,
		deployment.Outcome{Status: status}, w.now()); err != nil {
		t.Fatal(err)
	}
	return record.ID
}

// restart runs a restart of the resource to its end, and has the stream deliver it.
func (w *world) restart(t *testing.T, resource, server catalog.ID, status deployment.Status) deployment.ID {
	t.Helper()
	request := start(resource)
	request.Operation = deployment.Restart
	w.request(t, request)
	id := w.endWithLog(t, server, status)
	w.deliver(t)
	return id
}

// expire waits, lets records expire, and delivers each removal twice.
func (w *world) expire(t *testing.T, after time.Duration) []deployment.ID {
	t.Helper()
	w.wait(after)
	var gone []deployment.ID
	for _, removal := range w.Expire(w.now()) {
		for range 2 {
			if err := w.dispatcher.Removed(t.Context(), removal); err != nil {
				t.Fatal(err)
			}
		}
		gone = append(gone, removal.Record.ID)
	}
	return gone
}

func (w *world) hasLog(t *testing.T, id deployment.ID) bool {
	t.Helper()
	_, err := w.Archive().Head(t.Context(), id.Book(), 1)
	if err != nil && !errors.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func (w *world) hasSnapshot(t *testing.T, resource catalog.ID, hash string) bool {
	t.Helper()
	_, err := w.Snapshots().Get(t.Context(), resource, hash)
	return err == nil
}

func (w *world) state(t *testing.T, resource catalog.ID) catalog.State {
	t.Helper()
	found, err := catalog.Find[catalog.Deployable](t.Context(), w.Catalog(), resource)
	if err != nil {
		t.Fatal(err)
	}
	return found.Shared().State
}

func TestADeploymentExpiresAsItEnded(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	finished := w.restart(t, service, server, deployment.Finished)
	failed := w.restart(t, service, server, deployment.Failed)
	cancelled := w.restart(t, service, server, deployment.Cancelled)
	last := w.restart(t, service, server, deployment.Finished)
	if err := w.Excerpts().Put(t.Context(), failed, "no tea"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		gone  []deployment.ID
		left  int
	}{
		{29 * day, nil, 4},
		{1*day + time.Hour, []deployment.ID{cancelled}, 3},
		{60 * day, []deployment.ID{finished}, 2},
		{89 * day, nil, 2},
		{2 * day, []deployment.ID{failed}, 1},
		{3650 * day, nil, 1},
	} {
		if diff := cmp.Diff(w.expire(t, c.after), c.gone); diff != "" {
			t.Errorf("expired (-got +want)\n%s", diff)
		}
		for _, id := range c.gone {
			if w.hasLog(t, id) {
				t.Errorf("the log of %s is still there", id)
			}
		}
		state := w.state(t, service)
		if state.Deployments != c.left || state.LogObjects != 2*c.left || state.LogBytes != int64(40*c.left) {
			t.Errorf("the resource counts %d deployments with %d objects of %d bytes, want %d",
				state.Deployments, state.LogObjects, state.LogBytes, c.left)
		}
	}
	if !w.hasLog(t, last) {
		t.Error("the log of the last one that finished is gone")
	}
	if text, err := w.Excerpts().Get(t.Context(), failed); !errors.Is(err, fault.NotFound) {
		t.Errorf("the excerpt of what failed is still there: %q, %v", text, err)
	}
}

func TestASweepDatesWhatTheStreamMissed(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first := w.restart(t, service, server, deployment.Finished)
	w.request(t, start(service))
	w.endWithLog(t, server, deployment.Finished)
	w.Changes() // is lost
	w.wait(30 * time.Minute)
	for _, wait := range []time.Duration{0, 30 * time.Minute} {
		w.wait(wait)
		if err := w.dispatcher.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		record, err := w.History().Get(t.Context(), first)
		if err != nil || record.ExpiresAt.IsZero() != (wait == 0) {
			t.Errorf("%s after the half hour: expires at %s, %v", wait, record.ExpiresAt, err)
		}
	}
}

func TestAConfigurationStaysWhileItIsUsed(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	former := w.hash(t, service)
	first := w.restart(t, service, server, deployment.Failed)
	w.wait(day)
	second := w.restart(t, service, server, deployment.Failed)
	w.reconfigure(t, service)
	w.wait(day)
	third := w.restart(t, service, server, deployment.Failed)
	present := w.hash(t, service)
	for _, c := range []struct {
		gone            deployment.ID
		former, present bool
	}{
		{first, true, true},   // the second uses it
		{second, false, true}, // nothing does
		{third, false, true},  // the resource does
	} {
		after := 178*day + time.Hour
		if c.gone != first {
			after = day
		}
		if diff := cmp.Diff(w.expire(t, after), []deployment.ID{c.gone}); diff != "" {
			t.Fatalf("expired (-got +want)\n%s", diff)
		}
		if got := w.hasSnapshot(t, service, former); got != c.former {
			t.Errorf("after %s, the former configuration is there: %t", c.gone, got)
		}
		if got := w.hasSnapshot(t, service, present); got != c.present {
			t.Errorf("after %s, the present configuration is there: %t", c.gone, got)
		}
	}
}

// taking is an archive in which a request comes to use a configuration while it is removed.
type taking struct {
	snapshot.Archive
	take func()
}

func (s taking) Remove(ctx context.Context, resource catalog.ID, hash string) error {
	s.take()
	return s.Archive.Remove(ctx, resource, hash)
}

func TestAConfigurationThatIsUsedMeanwhileIsPutBack(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	former := w.hash(t, service)
	w.restart(t, service, server, deployment.Failed)
	present, err := catalog.Find[*catalog.Service](t.Context(), w.Catalog(), service)
	if err != nil {
		t.Fatal(err)
	}
	w.reconfigure(t, service)
	ports := w.ports()
	ports.Snapshots = taking{w.Snapshots(), func() {
		back, err := catalog.Find[*catalog.Service](t.Context(), w.Catalog(), service)
		if err != nil {
			t.Fatal(err)
		}
		was := back.UpdatedAt
		back.Compose, back.UpdatedAt = present.Compose, w.now()
		if err := w.Catalog().Update(t.Context(), back, was, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		w.request(t, start(service))
	}}
	w.dispatcher = deployment.NewDispatcher(ports, deployment.DispatcherOptions{Now: w.now})
	w.wait(181 * day)
	for _, removal := range w.Expire(w.now()) {
		if err := w.dispatcher.Removed(t.Context(), removal); err != nil {
			t.Fatal(err)
		}
	}
	if !w.hasSnapshot(t, service, former) {
		t.Error("the configuration of a queued deployment is gone")
	}
}

func TestARecordThatIsThereAgainKeepsItsLog(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	id := w.restart(t, service, server, deployment.Failed)
	record, err := w.History().Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	removal := deployment.Removal{Record: record, Place: "1"}
	if err := w.dispatcher.Removed(t.Context(), removal); err != nil {
		t.Fatal(err)
	}
	if state := w.state(t, service); !w.hasLog(t, id) || state.Deployments != 1 {
		t.Errorf("its log is there: %t; the resource counts %d", w.hasLog(t, id), state.Deployments)
	}
}

func TestTheDeploymentsOfADeletedResourceExpire(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	started := w.restart(t, service, server, deployment.Finished)
	w.request(t, ask(service, deployment.Delete))
	deleted := w.endWithLog(t, server, deployment.Finished)
	w.deliver(t)
	if diff := cmp.Diff(w.expire(t, 91*day), []deployment.ID{started, deleted}); diff != "" {
		t.Errorf("expired (-got +want)\n%s", diff)
	}
	if w.hasLog(t, started) || w.hasLog(t, deleted) {
		t.Error("a log is still there")
	}
}
