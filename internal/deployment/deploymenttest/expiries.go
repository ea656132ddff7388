package deploymenttest

import (
	"slices"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

const day = 24 * time.Hour

func expiriesCases() []testCase {
	return []testCase{
		{"a failed and a cancelled deployment get their date at their end", testDatedAtTheEnd},
		{"so does one that ends in the queue", testDatedInTheQueue},
		{"the days of the record count", testOwnRetention},
		{"a finished one gets its date when a later one finishes", testFinishedIsDated},
		{"the last one that started is kept beside a later stop", testLastStartIsKept},
		{"a note counts as finished", testNoteIsDated},
		{"the deployments of a deleted resource all get their date", testDeletedAreDated},
		{"of nothing to date, nothing changes", testNothingToDate},
		{"Undated finds the resource until it was dated", testUndated},
		{"the logs of ended deployments count on the resource", testLogsCount},
		{"a removal lowers the counts once, and a late one does not", testRemoved},
		{"the removal of one that has not ended takes no log off", testRemovedRunning},
		{"a removal of a deleted resource changes nothing", testRemovedOfNothing},
		{"storage counts records and logs, also those of a deleted resource", testStorage},
		{"Uses finds any other deployment of the resource", testUses},
		{"many at once leave the last one without a date", testDatedAtOnce},
	}
}

// endedAs runs a deployment of the operation to its end.
func (w *world) endedAs(t *testing.T, resource, server catalog.ID, operation deployment.Operation,
	status deployment.Status) deployment.ID {
	t.Helper()
	record := w.plain(t, resource, server, operation)
	if _, err := w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{}); err != nil {
		t.Fatalf("Enqueue: %v", err)
	}
	begun := w.begin(t, w.claim(t, server).ID, "runner")
	w.finish(t, begun, deployment.Outcome{Status: status})
	return begun.ID
}

func (w *world) date(t *testing.T, resource catalog.ID) {
	t.Helper()
	if err := w.Ledger.DateFinished(t.Context(), resource); err != nil {
		t.Fatalf("DateFinished: %v", err)
	}
}

// wantExpiry checks that the record expires so many days after its end, or never for 0.
func (w *world) wantExpiry(t *testing.T, what string, id deployment.ID, days int) {
	t.Helper()
	record := w.get(t, id)
	want := time.Time{}
	if days > 0 {
		want = record.FinishedAt.Add(time.Duration(days) * day).Truncate(time.Second)
	}
	if !record.ExpiresAt.Equal(want) {
		t.Errorf("%s ended at %s and expires at %s, want %s", what, record.FinishedAt, record.ExpiresAt, want)
	}
}

func testDatedAtTheEnd(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	for status, days := range map[deployment.Status]int{deployment.Failed: 180, deployment.Cancelled: 30,
		deployment.Finished: 0} {
		w.wantExpiry(t, string(status), w.endedAs(t, service, server, deployment.Restart, status), days)
	}
}

func testDatedInTheQueue(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	cancelled := w.enqueue(t, w.service(t, server), server)
	got, err := w.Ledger.Cancel(t.Context(), cancelled.ID, "ops", w.tick())
	if err != nil {
		t.Fatalf("Cancel: %v", err)
	}
	wantSame(t, "the cancelled record", w.get(t, cancelled.ID), got)
	w.wantExpiry(t, "cancelled", cancelled.ID, 30)
	service := w.service(t, server)
	superseded := w.enqueue(t, service, server)
	stop := w.plain(t, service, server, deployment.Delete)
	if _, err := w.Ledger.Enqueue(t.Context(), stop, deployment.RequestKey{}); err != nil {
		t.Fatalf("Enqueue: %v", err)
	}
	w.wantExpiry(t, "superseded", superseded.ID, 30)
}

func testOwnRetention(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	var all []deployment.ID
	for _, status := range []deployment.Status{deployment.Failed, deployment.Finished, deployment.Finished} {
		record := w.plain(t, service, server, deployment.Restart)
		record.Retention = catalog.Retention{Finished: 1, Failed: 3650, Cancelled: 2}
		if _, err := w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{}); err != nil {
			t.Fatalf("Enqueue: %v", err)
		}
		begun := w.begin(t, w.claim(t, server).ID, "runner")
		w.finish(t, begun, deployment.Outcome{Status: status})
		all = append(all, begun.ID)
	}
	w.date(t, service)
	w.wantExpiry(t, "failed", all[0], 3650)
	w.wantExpiry(t, "finished", all[1], 1)
	w.wantExpiry(t, "the last one", all[2], 0)
}

func testFinishedIsDated(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	for _, resource := range []catalog.ID{w.service(t, server), w.application(t, server),
		w.database(t, server)} {
		first := w.endedAs(t, resource, server, deployment.Restart, deployment.Finished)
		w.date(t, resource)
		w.wantExpiry(t, "the only one", first, 0)
		w.endedAs(t, resource, server, deployment.Restart, deployment.Failed)
		w.date(t, resource)
		w.wantExpiry(t, "the last one that finished", first, 0)
		second := w.endedAs(t, resource, server, deployment.Restart, deployment.Finished)
		for range 2 {
			w.date(t, resource)
			w.wantExpiry(t, "the one before the last", first, 90)
			w.wantExpiry(t, "the last one", second, 0)
		}
	}
}

func testLastStartIsKept(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	start := w.endedAs(t, service, server, deployment.Restart, deployment.Finished)
	first := w.endedAs(t, service, server, deployment.Scrub, deployment.Finished)
	second := w.endedAs(t, service, server, deployment.Scrub, deployment.Finished)
	w.date(t, service)
	w.wantExpiry(t, "the start", start, 0)
	w.wantExpiry(t, "the first scrub", first, 90)
	w.wantExpiry(t, "the second scrub", second, 0)
	again := w.endedAs(t, service, server, deployment.Restart, deployment.Finished)
	w.date(t, service)
	w.wantExpiry(t, "the start after another one", start, 90)
	w.wantExpiry(t, "the second scrub after a start", second, 90)
	w.wantExpiry(t, "the last start", again, 0)
}

func testNoteIsDated(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first, second := w.noted(t, service, server), w.noted(t, service, server)
	w.note(t, first)
	w.date(t, service)
	w.wantExpiry(t, "the only note", first.ID, 0)
	w.note(t, second)
	w.date(t, service)
	w.wantExpiry(t, "the first note", first.ID, 90)
	w.wantExpiry(t, "the last note", second.ID, 0)
}

func testDeletedAreDated(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	start := w.endedAs(t, service, server, deployment.Restart, deployment.Finished)
	failed := w.endedAs(t, service, server, deployment.Restart, deployment.Failed)
	gone := w.endedAs(t, service, server, deployment.Delete, deployment.Finished)
	if err := w.Store.Delete(t.Context(), service, audit.Entry{}); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	for range 2 {
		w.date(t, service)
		w.wantExpiry(t, "the last start", start, 90)
		w.wantExpiry(t, "the failed one", failed, 180)
		w.wantExpiry(t, "the delete", gone, 90)
	}
}

func testNothingToDate(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	running, queued := w.running(t, service, server), w.enqueue(t, service, server)
	for _, resource := range []catalog.ID{service, newID(t, catalog.KindDatabase), server, ""} {
		w.date(t, resource)
	}
	wantSame(t, "the running one", w.get(t, running.ID), running)
	wantSame(t, "the queued one", w.get(t, queued.ID), queued)
}

func testUndated(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	wantUndated := func(when string, want bool) {
		t.Helper()
		all, err := w.Ledger.Undated(t.Context())
		if err != nil || slices.Contains(all, service) != want {
			t.Errorf("%s: Undated: %v, %v; want the resource in it: %v", when, all, err, want)
		}
	}
	wantUndated("before any deployment", false)
	w.endedAs(t, service, server, deployment.Restart, deployment.Finished)
	wantUndated("after one", false)
	w.endedAs(t, service, server, deployment.Scrub, deployment.Finished)
	wantUndated("after one that does not start it", false)
	w.endedAs(t, service, server, deployment.Restart, deployment.Finished)
	wantUndated("after another start", true)
	w.date(t, service)
	wantUndated("after they were dated", false)
}

func testDatedAtOnce(t *testing.T, w *world) {
	const n = 4
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	notes := make([]deployment.Record, n)
	for i := range notes {
		notes[i] = w.noted(t, service, server)
	}
	for _, result := range together(notes, func(record deployment.Record) (struct{}, error) {
		if err := w.Ledger.Note(t.Context(), record); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, w.Ledger.DateFinished(t.Context(), service)
	}) {
		if result.err != nil {
			t.Error(result.err)
		}
	}
	undated := 0
	for _, note := range notes {
		if w.get(t, note.ID).ExpiresAt.IsZero() {
			undated++
		}
	}
	wantSame(t, "the notes without a date", undated, 1)
}

// wantCounts checks what the resource counts. Each log has the size of the progress of
// three chunks.
func (w *world) wantCounts(t *testing.T, when string, resource catalog.ID, deployments, logs int) {
	t.Helper()
	got := w.wholeState(t, resource)
	log := progress(3, w.now).Log
	if got.Deployments != deployments || got.LogObjects != logs*log.Chunks ||
		got.LogBytes != int64(logs)*log.Stored {
		t.Errorf("%s: %d deployments with %d objects of %d bytes; want %d, of which %d have a log", when,
			got.Deployments, got.LogObjects, got.LogBytes, deployments, logs)
	}
}

func testLogsCount(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first := w.logged(t, service, server)
	w.wantCounts(t, "after the first", service, 1, 1)
	w.logged(t, service, server)
	w.note(t, w.noted(t, service, server))
	w.enqueue(t, service, server)
	w.wantCounts(t, "after the second", service, 4, 2)
	mark := rewritten(first.Progress.Log, "beef")
	w.scrubbed(t, first, mark, deployment.ScrubSummary{At: w.tick(), By: "root", Deployment: "one"})
	log := first.Progress.Log
	if got := w.wholeState(t, service).LogBytes; got != log.Stored+mark.Stored {
		t.Errorf("after a scrub: %d bytes, want %d", got, log.Stored+mark.Stored)
	}
}

func (w *world) removed(t *testing.T, record deployment.Record, place string) {
	t.Helper()
	if err := w.Ledger.Removed(t.Context(), deployment.Removal{Record: record, Place: place}); err != nil {
		t.Fatalf("Removed: %v", err)
	}
}

func testRemoved(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first, second, third := w.logged(t, service, server), w.logged(t, service, server),
		w.logged(t, service, server)
	for _, c := range []struct {
		record deployment.Record
		place  string
		left   int
	}{{first, "11", 2}, {first, "11", 2}, {second, "12", 1}, {first, "11", 1}, {second, "12", 1},
		{third, "20", 0}, {third, "20", 0}} {
		w.Damage.Forget(t, c.record.ID)
		w.removed(t, c.record, c.place)
		w.wantCounts(t, "after "+c.place, service, c.left, c.left)
	}
}

func testRemovedRunning(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	w.logged(t, service, server)
	running := w.running(t, service, server)
	running.Progress = progress(3, w.now)
	w.advance(t, running, running.Progress)
	w.Damage.Forget(t, running.ID)
	w.removed(t, running, "1")
	w.wantCounts(t, "after the removal", service, 1, 1)
}

func testRemovedOfNothing(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	record := w.logged(t, service, server)
	if err := w.Store.Delete(t.Context(), service, audit.Entry{}); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	w.Damage.Forget(t, record.ID)
	w.removed(t, record, "1")
	_, err := w.Store.Get(t.Context(), service)
	wantKind(t, err, fault.NotFound)
	wantSame(t, "the history", w.page(t, service, deployment.Page{}).Count, 0)
}

// testStorage follows two deployments of a resource until both are removed, after the
// resource is.
func testStorage(t *testing.T, w *world) {
	services := func() deployment.Storage {
		t.Helper()
		all, err := w.Storage.Storage(t.Context())
		if err != nil {
			t.Fatalf("Storage: %v", err)
		}
		var kinds []catalog.Kind
		for _, one := range all {
			kinds = append(kinds, one.Kind)
		}
		wantSame(t, "the kinds", kinds,
			[]catalog.Kind{catalog.KindApplication, catalog.KindService, catalog.KindDatabase})
		return all[1]
	}
	before := services() // of other tests
	wantMore := func(when string, records int) {
		t.Helper()
		now, log := services(), progress(3, w.now).Log
		got := deployment.Storage{Records: now.Records - before.Records,
			LogObjects: now.LogObjects - before.LogObjects, LogBytes: now.LogBytes - before.LogBytes}
		wantSame(t, when, got, deployment.Storage{Records: records, LogObjects: records * log.Chunks,
			LogBytes: int64(records) * log.Stored})
	}
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	first, second := w.logged(t, service, server), w.logged(t, service, server)
	wantMore("after two deployments", 2)
	if err := w.Store.Delete(t.Context(), service, audit.Entry{}); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	wantMore("after the resource was deleted", 2)
	w.Damage.Forget(t, first.ID)
	for range 2 {
		w.removed(t, first, "1")
		wantMore("after one expired", 1)
	}
	w.Damage.Forget(t, second.ID)
	for range 2 {
		w.removed(t, second, "2")
		wantMore("after both expired", 0)
	}
}

func testUses(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	service, other := w.service(t, server), w.service(t, server)
	var all []deployment.Record
	for _, hash := range []string{"0a", "0b", "0c", "0c", "0d", "0e", "0f", "10", "11", "0a"} {
		record := w.noted(t, service, server)
		record.ConfigurationHash = hash
		w.note(t, record)
		all = append(all, record)
	}
	elsewhere := w.noted(t, other, server)
	elsewhere.ConfigurationHash = "0b"
	w.note(t, elsewhere)
	for _, c := range []struct {
		of   int
		hash string
		want bool
	}{{0, "0a", true}, {9, "0a", true}, {1, "0b", false}, {2, "0c", true}, {3, "0c", true}, {0, "11", true},
		{9, "0b", true}, {4, "00", false}, {8, "11", false}} {
		got, err := w.Ledger.Uses(t.Context(), all[c.of].ID, c.hash)
		if err != nil || got != c.want {
			t.Errorf("Uses of deployment %d and %s: %t, %v; want %t", c.of, c.hash, got, err, c.want)
		}
	}
}
