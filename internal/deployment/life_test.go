package deployment_test

import (
	"errors"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func TestLostContact(t *testing.T) {
	now := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
	before := func(d time.Duration) time.Time { return now.Add(-d) }
	for _, c := range []struct {
		name   string
		record deployment.Record
		want   bool
	}{
		{"queued for hours", deployment.Record{Status: deployment.Queued, QueuedAt: before(time.Hour)},
			false},
		{"claimed just now", deployment.Record{Status: deployment.InProgress,
			ClaimedAt: before(time.Second)}, false},
		{"claimed a minute ago", deployment.Record{Status: deployment.InProgress,
			ClaimedAt: before(time.Minute)}, true},
		{"leased", deployment.Record{Status: deployment.InProgress, ClaimedAt: before(time.Hour),
			Lease: deployment.Lease{Owner: "a", Attempt: 1, Expires: now.Add(time.Second)}}, false},
		{"its lease just ran out", deployment.Record{Status: deployment.InProgress,
			ClaimedAt: before(time.Hour),
			Lease:     deployment.Lease{Owner: "a", Attempt: 1, Expires: before(time.Second)}}, false},
		{"its lease ran out a minute ago", deployment.Record{Status: deployment.InProgress,
			ClaimedAt: before(time.Hour),
			Lease:     deployment.Lease{Owner: "a", Attempt: 1, Expires: before(time.Minute)}}, true},
		{"parked for 30 s, half a minute ago", deployment.Record{Status: deployment.InProgress,
			ParkedAt: before(49 * time.Second), Progress: deployment.Progress{Parkings: 4},
			Lease: deployment.Lease{Owner: "a", Attempt: 4, Expires: before(49 * time.Second)}}, false},
		{"parked for 30 s, a minute ago", deployment.Record{Status: deployment.InProgress,
			ParkedAt: before(51 * time.Second), Progress: deployment.Progress{Parkings: 4},
			Lease: deployment.Lease{Owner: "a", Attempt: 4, Expires: before(51 * time.Second)}}, true},
		{"ended, its lease long over", deployment.Record{Status: deployment.Finished,
			ClaimedAt: before(time.Hour),
			Lease:     deployment.Lease{Owner: "a", Attempt: 1, Expires: before(time.Minute)}}, false},
	} {
		if got := c.record.LostContact(now); got != c.want {
			t.Errorf("%s: LostContact = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAlreadyInState(t *testing.T) {
	const service, application = "svc000000000000000000000", "app000000000000000000000"
	for _, c := range []struct {
		name      string
		resource  string
		operation deployment.Operation
		options   deployment.Options
		state     catalog.State
		want      bool
	}{
		{"a start of what runs", service, deployment.Start, deployment.Options{},
			catalog.State{Status: "running:healthy"}, true},
		{"a start of what runs and is not well", service, deployment.Start, deployment.Options{},
			catalog.State{Status: "running:unhealthy"}, true},
		{"a start of what never ran", service, deployment.Start, deployment.Options{}, catalog.State{},
			false},
		{"a start of what is down", service, deployment.Start, deployment.Options{},
			catalog.State{Status: "exited"}, false},
		{"a start of what runs in part", service, deployment.Start, deployment.Options{},
			catalog.State{Status: "degraded:unhealthy"}, false},
		{"a forced start of what runs", service, deployment.Start, deployment.Options{Force: true},
			catalog.State{Status: "running:healthy"}, false},
		{"a rollback of what runs", service, deployment.Start,
			deployment.Options{Configuration: "0a1b"}, catalog.State{Status: "running:healthy"}, false},
		{"a start of what is being stopped", service, deployment.Start, deployment.Options{},
			catalog.State{Status: "running:healthy", Running: "x"}, false},
		{"a start of what a stop is queued for", service, deployment.Start, deployment.Options{},
			catalog.State{Status: "running:healthy", Queued: "x"}, true},
		{"a start of an application that runs", application, deployment.Start, deployment.Options{},
			catalog.State{Status: "running:healthy"}, false},
		{"a stop of what never ran", service, deployment.Stop, deployment.Options{}, catalog.State{},
			true},
		{"a stop of what is down", service, deployment.Stop, deployment.Options{},
			catalog.State{Status: "exited"}, true},
		{"a stop of what runs", service, deployment.Stop, deployment.Options{},
			catalog.State{Status: "running:healthy"}, false},
		{"a stop of what is unknown", service, deployment.Stop, deployment.Options{},
			catalog.State{Status: "unknown"}, false},
		{"a stop of what is being started", service, deployment.Stop, deployment.Options{},
			catalog.State{Running: "x"}, false},
		{"a stop of an application that is down", application, deployment.Stop, deployment.Options{},
			catalog.State{Status: "exited"}, false},
		{"a restart of what runs", service, deployment.Restart, deployment.Options{},
			catalog.State{Status: "running:healthy"}, false},
		{"a delete of what is down", service, deployment.Delete, deployment.Options{},
			catalog.State{Status: "exited"}, false},
	} {
		record := deployment.Record{ID: deployment.ID(c.resource + "01h2xcejqtf2nbre"),
			Operation: c.operation, Options: c.options}
		if got := record.AlreadyInState(c.state); got != c.want {
			t.Errorf("%s: AlreadyInState = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAlreadyInStateIsAConflictInUpstreamsWords(t *testing.T) {
	for id, title := range map[deployment.ID]string{"svc": "Service", "dbs": "Database"} {
		for operation, state := range map[deployment.Operation]string{deployment.Start: "running",
			deployment.Stop: "stopped"} {
			err := deployment.NewAlreadyInStateError(deployment.Record{ID: id +
				"00000000000000000000001h2xcejqtf2nbre", Operation: operation})
			want := title + " is already " + state + "."
			if !errors.Is(err, fault.Conflict) || !errors.Is(err, deployment.ErrAlreadyInState) ||
				fault.Public(err) != want {
				t.Errorf("%v says %q, want a Conflict by ErrAlreadyInState that says %q", err,
					fault.Public(err), want)
			}
		}
	}
}

func TestOrphaned(t *testing.T) {
	for _, status := range deployment.Statuses() {
		record := deployment.Record{Status: status}
		if got, want := record.Orphaned(true), status != deployment.Queued; got != want {
			t.Errorf("%s in the queue: %v, want %v", status, got, want)
		}
		if got, want := record.Orphaned(false), status.Terminal(); got != want {
			t.Errorf("%s with a slot: %v, want %v", status, got, want)
		}
	}
}
