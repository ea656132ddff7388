package deployment_test

import (
	"testing"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func TestParkedFor(t *testing.T) {
	for parking, want := range map[int]time.Duration{1: 5 * time.Second, 2: 10 * time.Second,
		3: 20 * time.Second, 4: 30 * time.Second, 5: 30 * time.Second, 10_000: 30 * time.Second} {
		if got := deployment.ParkedFor(parking); got != want {
			t.Errorf("parked for the time %d: %s, want %s", parking, got, want)
		}
	}
}

// TestP14WakeUpsAreNoAttempts: a lease that ends a parking counts with the one before it.
func TestP14WakeUpsAreNoAttempts(t *testing.T) {
	now := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
	record := deployment.Record{Status: deployment.InProgress}
	want := func(attempts int, after string) {
		t.Helper()
		if got := record.Attempts(); got != attempts {
			t.Errorf("%d attempts after %s, want %d", got, after, attempts)
		}
	}
	begin := func() {
		t.Helper()
		var err error
		now = now.Add(time.Hour) // every lease is over
		if record, err = record.Begun("runner "+now.String(), now, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	park := func() {
		t.Helper()
		progress := record.Progress
		progress.Parkings++
		var err error
		if record, err = record.Parked(record.Lease, progress, now); err != nil {
			t.Fatal(err)
		}
	}
	want(0, "the claim")
	begin()
	want(1, "the first lease")
	for range 3 {
		park()
		want(1, "a parking")
		begin()
		want(1, "a wake-up")
	}
	begin()
	want(2, "the death of a runner")
	park()
	want(2, "another parking")
	begin()
	ended, err := record.Ended(record.Lease, record.Progress,
		deployment.Outcome{Status: deployment.Finished}, now)
	if err != nil {
		t.Fatal(err)
	}
	if record = ended; record.IsParked() || !record.ParkedAt.IsZero() {
		t.Errorf("an ended deployment is parked at %s", record.ParkedAt)
	}
	want(2, "the end")
}

func TestResumed(t *testing.T) {
	now := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
	parked := deployment.Record{Status: deployment.InProgress, ParkedAt: now,
		Progress: deployment.Progress{Parkings: 3},
		Lease:    deployment.Lease{Owner: "a", Attempt: 3, Expires: now}}
	leased := parked
	leased.ParkedAt, leased.Lease.Expires = time.Time{}, now.Add(time.Minute)
	ended := leased
	ended.Status = deployment.Finished
	for _, c := range []struct {
		name    string
		record  deployment.Record
		parking int
		after   time.Duration
		want    error
	}{
		{"at once, by dispatch", parked, 3, 0, nil},
		{"in time", parked, 3, 20 * time.Second, nil},
		{"late", parked, 3, time.Hour, nil},
		{"by the one before, which may still be needed", parked, 2, 19 * time.Second, fault.Conflict},
		{"by the one before, when it is overdue", parked, 2, 20 * time.Second, nil},
		{"by an older one, even then", parked, 1, time.Hour, fault.Gone},
		{"while it has a runner", leased, 3, time.Second, fault.Conflict},
		{"while it has a runner, by the one before", leased, 2, time.Second, fault.Conflict},
		{"after the death of its runner", leased, 3, time.Minute, nil},
		{"after its end", ended, 3, time.Second, fault.Gone},
	} {
		got, err := c.record.Resumed(c.parking, "b", now.Add(c.after), time.Minute)
		if fault.KindOf(err) != fault.KindOf(c.want) || (err == nil) != (c.want == nil) ||
			err == nil && (got.Lease.Attempt != 4 || got.IsParked()) {
			t.Errorf("%s: lease %+v, %v; want %v", c.name, got.Lease, err, c.want)
		}
	}
}
