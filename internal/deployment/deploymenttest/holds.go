package deploymenttest

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func holdsCases() []testCase {
	return []testCase{
		{"a held deployment has its reason and no date, and gets its date back", testHold},
		{"a second hold replaces the first", testHoldTwice},
		{"one that ends while it is held gets no date", testHoldBeforeTheEnd},
		{"one that finished is dated after its release, unless it is the last one", testHoldFinished},
		{"the deployments of a deleted resource can be held", testHoldDeleted},
		{"a release of what is not held changes nothing", testReleaseOfNothing},
		{"each change of a hold leaves its entry", testHoldEntries},
		{"a change whose entry exists is not made again", testHoldAgain},
		{"of what is not there it is NotFound", testHoldOfNothing},
		{"holds, releases and an end at once leave a date exactly if nothing is held", testHoldsAtOnce},
	}
}

func (w *world) hold(t *testing.T, id deployment.ID, reason string) deployment.Record {
	t.Helper()
	record, err := w.Ledger.Hold(t.Context(), id,
		deployment.Hold{At: w.tick(), By: "legal", Reason: reason}, audit.Entry{})
	if err != nil {
		t.Fatalf("Hold: %v", err)
	}
	return record
}

// entry returns an entry for a change of the deployment.
func (w *world) entry(t *testing.T, action audit.Action, id deployment.ID) audit.Entry {
	t.Helper()
	entry, err := audit.New(audit.Entry{At: w.tick(), Action: action,
		Target: audit.Target{Kind: audit.KindDeployment, ID: string(id)}}, 24*time.Hour, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// wantEntries compares the entries of the deployment, newest first.
func (w *world) wantEntries(t *testing.T, id deployment.ID, want ...audit.Entry) {
	t.Helper()
	page, err := audit.List(t.Context(), w.Audit, audit.Query{Since: w.now.Add(-time.Hour),
		Until: w.now.Add(time.Hour), Target: string(id), Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var got, wanted []audit.ID
	for _, entry := range page.Entries {
		got = append(got, entry.ID)
	}
	for _, entry := range want {
		wanted = append(wanted, entry.ID)
	}
	wantSame(t, "the entries", got, wanted)
}

func testHoldEntries(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	id := w.endedAs(t, w.service(t, server), server, deployment.Restart, deployment.Failed)
	none, held := w.entry(t, audit.Release, id), w.entry(t, audit.Hold, id)
	replaced, released := w.entry(t, audit.Hold, id), w.entry(t, audit.Release, id)
	call := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	_, err := w.Ledger.Release(t.Context(), id, none)
	call("Release of nothing", err)
	hold := deployment.Hold{At: w.tick(), By: "legal", Reason: "one"}
	_, err = w.Ledger.Hold(t.Context(), id, hold, held)
	call("Hold", err)
	hold.Reason = "two"
	_, err = w.Ledger.Hold(t.Context(), id, hold, replaced)
	call("Hold again", err)
	_, err = w.Ledger.Release(t.Context(), id, released)
	call("Release", err)
	w.wantEntries(t, id, released, replaced, held)
}

// testHoldAgain has a second run of a request, after another request has changed the hold.
func testHoldAgain(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	id := w.endedAs(t, w.service(t, server), server, deployment.Restart, deployment.Failed)
	entry := w.entry(t, audit.Hold, id)
	hold := deployment.Hold{At: w.tick(), By: "legal", Reason: "one"}
	if _, err := w.Ledger.Hold(t.Context(), id, hold, entry); err != nil {
		t.Fatal(err)
	}
	released := w.release(t, id)
	again, err := w.Ledger.Hold(t.Context(), id, hold, entry)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "the record after the second run", again, released)
	w.wantEntries(t, id, entry)
}

func (w *world) release(t *testing.T, id deployment.ID) deployment.Record {
	t.Helper()
	record, err := w.Ledger.Release(t.Context(), id, audit.Entry{})
	if err != nil {
		t.Fatalf("Release: %v", err)
	}
	return record
}

func testHold(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	for _, resource := range []catalog.ID{w.service(t, server), w.application(t, server),
		w.database(t, server)} {
		before := w.get(t, w.endedAs(t, resource, server, deployment.Restart, deployment.Failed))
		held := w.hold(t, before.ID, "case 7")
		want := before.HeldBy(deployment.Hold{At: w.now, By: "legal", Reason: "case 7"})
		wantSame(t, "the answered record", held, want)
		wantSame(t, "the stored record", w.get(t, before.ID), want)
		wantSame(t, "the listed record", w.page(t, resource, deployment.Page{}).Records,
			[]deployment.Record{want})
		w.wantExpiry(t, "the held one", before.ID, 0)
		wantSame(t, "the released record", w.release(t, before.ID), before)
		wantSame(t, "the stored record after its release", w.get(t, before.ID), before)
	}
}

func testHoldTwice(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	id := w.endedAs(t, w.service(t, server), server, deployment.Restart, deployment.Cancelled)
	w.hold(t, id, "one")
	w.hold(t, id, "two")
	if got := w.get(t, id).Hold.Reason; got != "two" {
		t.Errorf("reason %q, want the second one", got)
	}
	w.release(t, id)
	w.wantExpiry(t, "the released one", id, 30)
}

func testHoldBeforeTheEnd(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	service := w.service(t, server)
	running := w.running(t, service, server)
	queued := w.enqueue(t, service, server)
	w.hold(t, running.ID, "runs")
	w.hold(t, queued.ID, "waits")
	w.finish(t, running, deployment.Outcome{Status: deployment.Failed})
	if _, err := w.Ledger.Cancel(t.Context(), queued.ID, "ops", w.tick()); err != nil {
		t.Fatalf("Cancel: %v", err)
	}
	for id, days := range map[deployment.ID]int{running.ID: 180, queued.ID: 30} {
		w.wantExpiry(t, "the held one", id, 0)
		w.release(t, id)
		w.wantExpiry(t, "the released one", id, days)
	}
}

func testHoldFinished(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first := w.endedAs(t, service, server, deployment.Restart, deployment.Finished)
	w.hold(t, first, "the first")
	w.release(t, first)
	w.wantExpiry(t, "the last one", first, 0)
	w.hold(t, first, "the first")
	second := w.endedAs(t, service, server, deployment.Restart, deployment.Finished)
	w.date(t, service)
	w.wantExpiry(t, "the held one", first, 0)
	w.release(t, first)
	w.wantExpiry(t, "the released one", first, 90)
	w.hold(t, first, "again, after it had its date")
	w.wantExpiry(t, "the one held again", first, 0)
	w.release(t, first)
	w.wantExpiry(t, "the one released again", first, 90)
	w.wantExpiry(t, "the last one", second, 0)
}

func testHoldDeleted(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	start := w.endedAs(t, service, server, deployment.Restart, deployment.Finished)
	gone := w.endedAs(t, service, server, deployment.Delete, deployment.Finished)
	w.hold(t, start, "before")
	if err := w.Store.Delete(t.Context(), service, audit.Entry{}); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	w.hold(t, gone, "after")
	w.date(t, service)
	for _, id := range []deployment.ID{start, gone} {
		w.wantExpiry(t, "the held one", id, 0)
		w.release(t, id)
		w.wantExpiry(t, "the released one", id, 90)
	}
}

func testReleaseOfNothing(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	failed := w.get(t, w.endedAs(t, service, server, deployment.Restart, deployment.Failed))
	running := w.running(t, service, server)
	for _, want := range []deployment.Record{failed, running} {
		wantSame(t, "the answered record", w.release(t, want.ID), want)
		wantSame(t, "the stored record", w.get(t, want.ID), want)
	}
}

func testHoldOfNothing(t *testing.T, w *world) {
	for _, resource := range []catalog.ID{newID(t, catalog.KindService), newID(t, catalog.KindServer)} {
		id := w.record(t, resource, "").ID
		_, err := w.Ledger.Hold(t.Context(), id, deployment.Hold{Reason: "none"}, audit.Entry{})
		wantKind(t, err, fault.NotFound)
		_, err = w.Ledger.Release(t.Context(), id, audit.Entry{})
		wantKind(t, err, fault.NotFound)
		_, err = w.History.Get(t.Context(), id)
		wantKind(t, err, fault.NotFound)
	}
}

func testHoldsAtOnce(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	for round := range 5 {
		running := w.running(t, service, server)
		at := w.tick()
		calls := []func() error{
			func() error {
				return w.Ledger.Finish(t.Context(), running.ID, running.Lease, running.Progress,
					deployment.Outcome{Status: deployment.Failed}, at)
			},
			func() error {
				_, err := w.Ledger.Hold(t.Context(), running.ID, deployment.Hold{At: at, Reason: "now"},
					audit.Entry{})
				return err
			},
			func() error {
				_, err := w.Ledger.Release(t.Context(), running.ID, audit.Entry{})
				return err
			},
		}
		for _, result := range together(calls, func(call func() error) (struct{}, error) {
			return struct{}{}, call()
		}) {
			if result.err != nil {
				t.Error(result.err)
			}
		}
		days := 180
		if w.get(t, running.ID).Hold.Held {
			days = 0
		}
		w.wantExpiry(t, fmt.Sprint("round ", round), running.ID, days)
	}
}
