package deploymenttest

import (
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// progress is the progress of a log that ends in chunk n.
func progress(n int, at time.Time) deployment.Progress {
	zero := 0
	p := deployment.Progress{
		Log: logbook.Mark{
			At:     logbook.Position{Out: int64(1000 * n), Err: int64(10 * n), Steps: int64(n)},
			Chunks: n, Last: logbook.Order(100 * n), Batch: n, Bytes: int64(2000 * n),
			Stored: int64(500 * n), Digest: "d1ce",
		},
		Process: "4711 0b3d",
		Sent:    true,
		Steps: []deployment.Step{
			{Name: "Pull", StartedAt: at, FinishedAt: at.Add(time.Second), ExitCode: &zero, First: 2},
			{Name: "Start", StartedAt: at.Add(time.Second), First: 50},
		},
	}
	for i := 1; i <= n; i++ {
		p.Log.Index = p.Log.Index.With(i, logbook.End{Last: logbook.Order(100 * i), Until: at})
	}
	return p
}

func leaseCases() []testCase {
	return []testCase{
		{"Begin takes the lease with the next attempt number", testBegin},
		{"TestP5: while it lasts no other runner begins; after it, the next one continues",
			testLeaseExcludes},
		{"the owner itself may begin again at once", testOwnerBeginsAgain},
		{"Advance keeps progress, renews the lease and brings back who follows", testAdvance},
		{"Follow is noted once in a while, however many follow", testFollow},
		{"an expired lease can be renewed until another takes it", testExpiredLease},
		{"a lease given up is free at once", testLeaseGivenUp},
		{"TestP14: Park gives the lease up, and the next runner ends the parking", testPark},
		{"Park brings back the signals, and a lost lease is a Conflict", testParkSignals},
		{"Resume takes no lease for a parking that is over", testResume},
		{"a deployment that reached its server has validated it", testReached},
		{"what was not claimed cannot be begun, advanced or finished", testUnclaimed},
		{"a lease is its owner and its attempt", testForgedLease},
		{"an unknown deployment is NotFound", testBeginUnknown},
	}
}

func testBegin(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	w.enqueue(t, w.service(t, server), server)
	want := w.claim(t, server)
	begun := w.begin(t, want.ID, "one")
	want.StartedAt, want.UpdatedAt = w.now, w.now
	want.Lease = deployment.Lease{Owner: "one", Attempt: 1, Expires: w.now.Add(lease)}
	wantSame(t, "the begun record", begun, want)
	wantSame(t, "the stored record", w.get(t, want.ID), want)
}

func testLeaseExcludes(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	first := w.running(t, w.service(t, server), server)
	done := progress(3, w.now)
	w.advance(t, first, done)
	expires := w.now.Add(lease)
	_, err := w.Ledger.Begin(t.Context(), first.ID, "two", expires.Add(-time.Microsecond), lease)
	wantKind(t, err, fault.Conflict)
	second, err := w.Ledger.Begin(t.Context(), first.ID, "two", expires, lease)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "the lease", second.Lease, deployment.Lease{Owner: "two", Attempt: 2,
		Expires: expires.Add(lease)})
	wantSame(t, "the progress", second.Progress, done)
	wantSame(t, "the start", second.StartedAt, first.StartedAt)
}

func testOwnerBeginsAgain(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	first := w.running(t, w.service(t, server), server)
	if again := w.begin(t, first.ID, first.Lease.Owner); again.Lease.Attempt != 2 {
		t.Errorf("attempt = %d, want 2", again.Lease.Attempt)
	}
	_, err := w.Ledger.Advance(t.Context(), first.ID, first.Lease, first.Progress, w.tick(), lease)
	wantKind(t, err, fault.Conflict)
}

func testAdvance(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.running(t, w.service(t, server), server)
	if signals := w.advance(t, record, progress(1, w.now)); signals != (deployment.Signals{}) {
		t.Errorf("signals = %+v", signals)
	}
	followed := w.tick()
	if err := w.History.Follow(t.Context(), record.ID, followed); err != nil {
		t.Fatal(err)
	}
	signals := w.advance(t, record, progress(2, record.StartedAt))
	wantSame(t, "the signals", signals, deployment.Signals{FollowedAt: followed})
	want := record
	want.Progress, want.FollowedAt, want.UpdatedAt = progress(2, record.StartedAt), followed, w.now
	want.Lease.Expires = w.now.Add(lease)
	wantSame(t, "the stored record", w.get(t, record.ID), want)
}

func testFollow(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.running(t, w.service(t, server), server)
	first := w.tick()
	for _, c := range []struct{ at, want time.Time }{
		{first, first},
		{first.Add(time.Second), first},
		{first.Add(deployment.FollowEvery - time.Microsecond), first},
		{first.Add(deployment.FollowEvery), first.Add(deployment.FollowEvery)},
		{first, first.Add(deployment.FollowEvery)},
	} {
		if err := w.History.Follow(t.Context(), record.ID, c.at); err != nil {
			t.Fatal(err)
		}
		if got := w.get(t, record.ID).FollowedAt; !got.Equal(c.want) {
			t.Errorf("Follow %s after the first: noted at %s, want %s", c.at.Sub(first), got, c.want)
		}
	}
}

func testExpiredLease(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	first := w.running(t, w.service(t, server), server)
	w.now = w.now.Add(time.Hour)
	w.advance(t, first, progress(1, w.now))
	w.now = w.now.Add(time.Hour)
	second := w.begin(t, first.ID, "two")
	w.fenced(t, first)
	w.advance(t, second, progress(2, w.now))
}

func testLeaseGivenUp(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	first := w.running(t, w.service(t, server), server)
	if _, err := w.Ledger.Advance(t.Context(), first.ID, first.Lease, first.Progress, w.tick(),
		0); err != nil {
		t.Fatal(err)
	}
	if next := w.begin(t, first.ID, "two"); next.Lease.Attempt != 2 {
		t.Errorf("attempt = %d, want 2", next.Lease.Attempt)
	}
	w.fenced(t, first)
}

// park parks the record for the nth time.
func (w *world) park(t *testing.T, record deployment.Record, parking int) deployment.Progress {
	t.Helper()
	done := progress(parking, record.StartedAt)
	done.Parkings = parking
	if _, err := w.Ledger.Park(t.Context(), record.ID, record.Lease, done, w.tick()); err != nil {
		t.Fatalf("Park: %v", err)
	}
	return done
}

func testPark(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.running(t, w.service(t, server), server)
	want := record
	want.Progress = w.park(t, record, 1)
	want.ParkedAt, want.UpdatedAt, want.Lease.Expires = w.now, w.now, w.now
	wantSame(t, "the parked record", w.get(t, record.ID), want)
	if running, _ := w.load(t, server); len(running) != 1 {
		t.Errorf("%v run, want the parked one to keep its slot", running)
	}
	next := w.begin(t, record.ID, "two")
	if !next.Lease.Woken || !next.ParkedAt.IsZero() || next.Attempts() != 1 {
		t.Errorf("lease %+v, parked at %s, %d attempts; want the first attempt woken", next.Lease,
			next.ParkedAt, next.Attempts())
	}
	want = next
	want.Lease.Woken = false
	wantSame(t, "the stored record", w.get(t, record.ID), want)
	w.fenced(t, record)
	w.finish(t, next, deployment.Outcome{Status: deployment.Finished})
	if ended := w.get(t, record.ID); ended.Attempts() != 1 || ended.Lease.Attempt != 2 {
		t.Errorf("%d attempts with %d leases, want one with two", ended.Attempts(), ended.Lease.Attempt)
	}
}

func testParkSignals(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.running(t, w.service(t, server), server)
	want := deployment.Signals{FollowedAt: w.tick(), CancelRequested: true}
	if err := w.History.Follow(t.Context(), record.ID, w.now); err != nil {
		t.Fatal(err)
	}
	w.cancel(t, record.ID, "ops")
	signals, err := w.Ledger.Park(t.Context(), record.ID, record.Lease, record.Progress, w.tick())
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "the signals", signals, want)
	w.begin(t, record.ID, "two")
	before := w.get(t, record.ID)
	_, err = w.Ledger.Park(t.Context(), record.ID, record.Lease, record.Progress, w.tick())
	wantKind(t, err, fault.Conflict)
	wantSame(t, "the record", w.get(t, record.ID), before)
}

func testResume(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.running(t, w.service(t, server), server)
	resume := func(parking int, owner string) (deployment.Record, error) {
		return w.Ledger.Resume(t.Context(), record.ID, parking, owner, w.tick(), lease)
	}
	w.park(t, record, 1)
	next, err := resume(1, "two")
	if err != nil || !next.Lease.Woken || next.Lease.Attempt != 2 {
		t.Fatalf("lease %+v, %v; want the second", next.Lease, err)
	}
	_, err = resume(1, "three")
	wantKind(t, err, fault.Conflict)
	w.park(t, next, 2)
	w.now = w.now.Add(time.Second)
	parked := w.get(t, record.ID)
	_, err = resume(0, "three")
	wantKind(t, err, fault.Gone)
	_, err = resume(1, "three")
	wantKind(t, err, fault.Conflict)
	wantSame(t, "the record", w.get(t, record.ID), parked)
	w.now = parked.ParkedAt.Add(deployment.ParkedFor(2))
	if next, err = resume(1, "three"); err != nil || next.Lease.Attempt != 3 {
		t.Errorf("lease %+v, %v; want an earlier wake-up in place of one that is overdue", next.Lease, err)
	}
	w.finish(t, next, deployment.Outcome{Status: deployment.Finished})
	_, err = resume(2, "four")
	wantKind(t, err, fault.Gone)
}

func testReached(t *testing.T, w *world) {
	zero := 0
	for _, c := range []struct {
		progress deployment.Progress
		outcome  deployment.Outcome
		want     bool
	}{
		{deployment.Progress{}, deployment.Outcome{Status: deployment.Failed,
			Reason: deployment.ReasonUnreachable}, false},
		{progress(1, w.now), deployment.Outcome{Status: deployment.Failed,
			Reason: deployment.ReasonUnreachable}, false},
		{progress(1, w.now), deployment.Outcome{Status: deployment.Finished, ExitCode: &zero}, true},
	} {
		server := w.server(t, 1, 25)
		record := w.running(t, w.service(t, server), server)
		if err := w.Ledger.Finish(t.Context(), record.ID, record.Lease, c.progress, c.outcome,
			w.tick()); err != nil {
			t.Fatal(err)
		}
		stored, err := catalog.Find[*catalog.Server](t.Context(), w.Store, server)
		if err != nil {
			t.Fatal(err)
		}
		if stored.ValidatedAt.Equal(w.now) != c.want || stored.ValidatedAt.IsZero() == c.want {
			t.Errorf("%s: validated at %s, want it to be noted: %t", c.outcome.Reason, stored.ValidatedAt,
				c.want)
		}
		if running, _ := w.load(t, server); len(running) > 0 {
			t.Errorf("%v has a slot", running)
		}
	}
}

func testUnclaimed(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	queued := w.enqueue(t, w.service(t, server), server)
	_, err := w.Ledger.Begin(t.Context(), queued.ID, "one", w.tick(), lease)
	wantKind(t, err, fault.Gone)
	w.fenced(t, queued)
	w.claim(t, server)
	w.fenced(t, queued)
	queued.Lease = deployment.Lease{Owner: "one", Attempt: 1}
	w.fenced(t, queued)
}

func testForgedLease(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.running(t, w.service(t, server), server)
	for _, other := range []deployment.Lease{{Owner: "another", Attempt: 1},
		{Owner: record.Lease.Owner, Attempt: 2}} {
		record.Lease = other
		w.fenced(t, record)
	}
}

func testBeginUnknown(t *testing.T, w *world) {
	for _, resource := range []catalog.ID{newID(t, catalog.KindService), newID(t, catalog.KindServer)} {
		_, err := w.Ledger.Begin(t.Context(), w.record(t, resource, "").ID, "one", w.tick(), lease)
		wantKind(t, err, fault.NotFound)
	}
}

func (w *world) advance(t *testing.T, record deployment.Record, done deployment.Progress) deployment.Signals {
	t.Helper()
	signals, err := w.Ledger.Advance(t.Context(), record.ID, record.Lease, done, w.tick(), lease)
	if err != nil {
		t.Fatalf("Advance: %v", err)
	}
	return signals
}

// fenced checks that the record's lease is no longer valid.
func (w *world) fenced(t *testing.T, record deployment.Record) {
	t.Helper()
	before := w.get(t, record.ID)
	_, err := w.Ledger.Advance(t.Context(), record.ID, record.Lease, progress(9, w.now), w.tick(), lease)
	wantKind(t, err, fault.Conflict)
	err = w.Ledger.Finish(t.Context(), record.ID, record.Lease, progress(9, w.now),
		deployment.Outcome{Status: deployment.Failed}, w.tick())
	wantKind(t, err, fault.Conflict)
	wantSame(t, "the record", w.get(t, record.ID), before)
}

func endCases() []testCase {
	return []testCase{
		{"TestP6: the end frees slot and resource in the same write", testFinish},
		{"a finished start is remembered by the time at which it began", testLastStart},
		{"an outcome without a resource status leaves it as it was", testStatusKept},
		{"TestP6: a terminal state is final", testTerminal},
		{"an outcome that ends nothing is a Conflict", testNoOutcome},
		{"a status is observed before and after, but not while it runs", testObservedBeside},
	}
}

func testFinish(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	record := w.running(t, service, server)
	seven := 7
	record.Progress = progress(2, w.now)
	record.Progress.Log.Complete = true
	outcome := deployment.Outcome{Status: deployment.Failed, Reason: deployment.ReasonExit, ExitCode: &seven,
		Signal: "SIGKILL", ResourceStatus: "running:healthy",
		Source: deployment.Source{Commit: "c0ffee0123", Message: "Serve tea"}}
	if err := w.History.Follow(t.Context(), record.ID, w.tick()); err != nil {
		t.Fatal(err)
	}
	w.finish(t, record, outcome)
	want := record
	want.Status, want.Outcome, want.Lease = deployment.Failed, outcome, deployment.Lease{Attempt: 1}
	want.FinishedAt, want.UpdatedAt = w.now, w.now
	want.ExpiresAt = want.Expiry()
	wantSame(t, "the stored record", w.get(t, record.ID), want)
	wantSame(t, "the listed record", w.page(t, service, deployment.Page{}).Records, []deployment.Record{want})
	wantSame(t, "the state", w.state(t, service), catalog.State{Status: "running:healthy", Deployments: 1})
	running, _ := w.load(t, server)
	wantSame(t, "what runs", running, nil)
}

func testLastStart(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	wantLast := func(what string, want time.Time) {
		t.Helper()
		if got := w.wholeState(t, service).LastStart; !got.Equal(want) {
			t.Errorf("%s, the last start began at %s, want %s", what, got, want)
		}
	}
	wantLast("before any start", time.Time{})
	w.finish(t, w.running(t, service, server), deployment.Outcome{Status: deployment.Failed})
	wantLast("after a start that failed", time.Time{})
	started := w.running(t, service, server)
	w.finish(t, started, deployment.Outcome{Status: deployment.Finished})
	wantLast("after a start", w.get(t, started.ID).StartedAt)
}

func testStatusKept(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	w.finish(t, w.running(t, service, server), deployment.Outcome{Status: deployment.Finished,
		ResourceStatus: "exited"})
	w.finish(t, w.running(t, service, server), deployment.Outcome{Status: deployment.Failed,
		Reason: deployment.ReasonLost})
	wantSame(t, "the state", w.state(t, service), catalog.State{Status: "exited", Deployments: 2})
}

func testTerminal(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	for _, status := range []deployment.Status{deployment.Finished, deployment.Failed, deployment.Cancelled} {
		record := w.running(t, w.service(t, server), server)
		w.finish(t, record, deployment.Outcome{Status: status})
		w.fenced(t, record)
		_, err := w.Ledger.Begin(t.Context(), record.ID, "two", w.now.Add(time.Hour), lease)
		wantKind(t, err, fault.Gone)
		if err := w.History.Follow(t.Context(), record.ID, w.tick()); err != nil {
			t.Errorf("Follow of what has ended: %v", err)
		}
		if got := w.get(t, record.ID); got.Status != status || !got.FollowedAt.IsZero() {
			t.Errorf("status %s, followed at %s; want %s and never", got.Status, got.FollowedAt, status)
		}
	}
}

func testNoOutcome(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.running(t, w.service(t, server), server)
	for _, status := range []deployment.Status{"", deployment.Queued, deployment.InProgress} {
		err := w.Ledger.Finish(t.Context(), record.ID, record.Lease, record.Progress,
			deployment.Outcome{Status: status}, w.tick())
		wantKind(t, err, fault.Conflict)
	}
	wantSame(t, "the record", w.get(t, record.ID), record)
}

func testObservedBeside(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	queued := w.enqueue(t, service, server)
	w.observe(t, service, "degraded:unhealthy")
	want := catalog.State{Status: "degraded:unhealthy", Queued: string(queued.ID), Deployments: 1}
	wantSame(t, "the state while it is queued", w.state(t, service), want)
	running := w.begin(t, w.claim(t, server).ID, "runner")
	w.observe(t, service, "exited")
	want.Queued, want.Running = "", string(running.ID)
	wantSame(t, "the state while it runs", w.state(t, service), want)
	w.finish(t, running, deployment.Outcome{Status: deployment.Finished, ResourceStatus: "running:healthy"})
	w.observe(t, service, "exited")
	wantSame(t, "the state after its end", w.state(t, service),
		catalog.State{Status: "exited", Deployments: 1})
}
