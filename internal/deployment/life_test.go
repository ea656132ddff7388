package deployment_test

import (
	"testing"
	"time"

	"waybill/internal/deployment"
)

func TestLostContact(t *testing.T) {
	now := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
	before := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, c := range map[string]struct {
		record deployment.Record
		want   bool
	}{
		"queued for hours":     {deployment.Record{Status: deployment.Queued, QueuedAt: before(time.Hour)}, false},
		"claimed just now":     {deployment.Record{Status: deployment.InProgress, ClaimedAt: before(time.Second)}, false},
		"claimed a minute ago": {deployment.Record{Status: deployment.InProgress, ClaimedAt: before(time.Minute)}, true},
		"leased": {deployment.Record{Status: deployment.InProgress, ClaimedAt: before(time.Hour),
			Lease: deployment.Lease{Owner: "a", Attempt: 1, Expires: now.Add(time.Second)}}, false},
		"its lease just ran out": {deployment.Record{Status: deployment.InProgress, ClaimedAt: before(time.Hour),
			Lease: deployment.Lease{Owner: "a", Attempt: 1, Expires: before(time.Second)}}, false},
		"its lease ran out a minute ago": {deployment.Record{Status: deployment.InProgress, ClaimedAt: before(time.Hour),
			Lease: deployment.Lease{Owner: "a", Attempt: 1, Expires: before(time.Minute)}}, true},
		"ended, its lease long over": {deployment.Record{Status: deployment.Finished, ClaimedAt: before(time.Hour),
			Lease: deployment.Lease{Owner: "a", Attempt: 1, Expires: before(time.Minute)}}, false},
	} {
		if got := c.record.LostContact(now); got != c.want {
			t.Errorf("%s: LostContact = %v, want %v", name, got, c.want)
		}
	}
}

func TestStray(t *testing.T) {
	for _, status := range deployment.Statuses() {
		record := deployment.Record{Status: status}
		if got, want := record.Stray(true), status != deployment.Queued; got != want {
			t.Errorf("%s in the queue: %v, want %v", status, got, want)
		}
		if got, want := record.Stray(false), status.Terminal(); got != want {
			t.Errorf("%s with a slot: %v, want %v", status, got, want)
		}
	}
}
