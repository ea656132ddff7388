package deploymenttest

import (
	"errors"
	"fmt"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

func scrubCases() []testCase {
	return []testCase{
		{"the record has the log as it is now, and what was done to it", testScrubbed},
		{"the second says what the log was before the first", testScrubbedTwice},
		{"it moves no queue and changes no status", testScrubbedIsQuiet},
		{"of a log that is another by now it is a Conflict, and changes nothing", testScrubbedOutdated},
		{"of one that has not ended it is a Conflict", testScrubbedTooEarly},
		{"of what is not there it is NotFound", testScrubbedOfNothing},
		{"of many at once exactly one is noted", testScrubbedAtOnce},
	}
}

// logged returns a deployment that has ended and has a log.
func (w *world) logged(t *testing.T, resource, server catalog.ID) deployment.Record {
	t.Helper()
	record := w.running(t, resource, server)
	record.Progress = progress(3, w.now)
	w.finish(t, record, deployment.Outcome{Status: deployment.Finished, ResourceStatus: "running"})
	return w.get(t, record.ID)
}

// rewritten returns the mark of the same log with other content.
func rewritten(mark logbook.Mark, digest string) logbook.Mark {
	mark.Bytes, mark.Stored, mark.Digest = mark.Bytes-7, mark.Stored-3, digest
	return mark
}

func (w *world) scrubbed(t *testing.T, record deployment.Record, mark logbook.Mark,
	scrub deployment.ScrubSummary) {
	t.Helper()
	if err := w.Ledger.RecordScrub(t.Context(), record.ID, record.Progress.Log.Digest, mark,
		scrub); err != nil {
		t.Fatalf("Scrubbed: %v", err)
	}
}

func testScrubbed(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	for _, resource := range []catalog.ID{w.service(t, server), w.application(t, server),
		w.database(t, server)} {
		want := w.logged(t, resource, server)
		mark := rewritten(want.Progress.Log, "beef")
		scrub := deployment.ScrubSummary{At: w.tick(), By: "root", Deployment: "one", Entries: 4,
			Original: "not for others to say"}
		w.scrubbed(t, want, mark, scrub)
		scrub.Original = "d1ce"
		want.Progress.Log, want.Scrub, want.UpdatedAt = mark, scrub, scrub.At
		wantSame(t, "the stored record", w.get(t, want.ID), want)
		listing := w.page(t, resource, deployment.Page{})
		wantSame(t, "the listed record", listing.Records, []deployment.Record{want})
	}
}

func testScrubbedTwice(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	want := w.logged(t, w.service(t, server), server)
	w.scrubbed(t, want, rewritten(want.Progress.Log, "beef"),
		deployment.ScrubSummary{At: w.tick(), By: "one", Deployment: "one", Entries: 4})
	once := w.get(t, want.ID)
	second := deployment.ScrubSummary{At: w.tick(), By: "two", Deployment: "two", Entries: 9}
	w.scrubbed(t, once, rewritten(once.Progress.Log, "cafe"), second)
	second.Original = "d1ce"
	wantSame(t, "what was done", w.get(t, want.ID).Scrub, second)
}

func testScrubbedIsQuiet(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	resource := w.service(t, server)
	record := w.logged(t, resource, server)
	running := w.running(t, resource, server)
	queued := w.enqueue(t, resource, server)
	state := w.state(t, resource)
	w.scrubbed(t, record, rewritten(record.Progress.Log, "beef"),
		deployment.ScrubSummary{At: w.tick(), By: "root"})
	after := w.get(t, record.ID)
	wantSame(t, "how it ended", after.Outcome, record.Outcome)
	wantSame(t, "when it ended", after.FinishedAt, record.FinishedAt)
	wantSame(t, "the resource", w.state(t, resource), state)
	runs, waits := w.load(t, server)
	wantSame(t, "what runs", runs, []deployment.ID{running.ID})
	wantSame(t, "what waits", waits, []deployment.ID{queued.ID})
}

func testScrubbedOutdated(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.logged(t, w.service(t, server), server)
	for _, was := range []string{"", "beef", "D1CE"} {
		wantKind(t, w.Ledger.RecordScrub(t.Context(), record.ID, was, rewritten(record.Progress.Log, "cafe"),
			deployment.ScrubSummary{At: w.tick()}), fault.Conflict)
	}
	wantSame(t, "the record", w.get(t, record.ID), record)
}

func testScrubbedTooEarly(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	resource := w.service(t, server)
	running := w.running(t, resource, server)
	w.advance(t, running, progress(2, w.now))
	for _, record := range []deployment.Record{w.get(t, running.ID), w.enqueue(t, resource, server)} {
		mark := rewritten(progress(2, w.now).Log, "beef")
		wantKind(t, w.Ledger.RecordScrub(t.Context(), record.ID, record.Progress.Log.Digest, mark,
			deployment.ScrubSummary{At: w.tick()}), fault.Conflict)
		wantSame(t, "the record", w.get(t, record.ID), record)
	}
}

func testScrubbedOfNothing(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	resource := w.service(t, server)
	for _, id := range []deployment.ID{w.record(t, resource, server).ID,
		w.record(t, newID(t, catalog.KindServer), server).ID} {
		wantKind(t, w.Ledger.RecordScrub(t.Context(), id, "", logbook.Mark{},
			deployment.ScrubSummary{At: w.tick()}), fault.NotFound)
	}
}

func testScrubbedAtOnce(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	record := w.logged(t, w.service(t, server), server)
	marks := make([]logbook.Mark, 8)
	for i := range marks {
		marks[i] = rewritten(record.Progress.Log, fmt.Sprint("digest ", i))
	}
	at, won := w.tick(), -1
	for i, result := range together(marks, func(mark logbook.Mark) (struct{}, error) {
		return struct{}{}, w.Ledger.RecordScrub(t.Context(), record.ID, "d1ce", mark,
			deployment.ScrubSummary{At: at, By: mark.Digest})
	}) {
		switch {
		case result.err == nil && won < 0:
			won = i
		case !errors.Is(result.err, fault.Conflict):
			t.Errorf("call %d: %v, want Conflict for all but one", i, result.err)
		}
	}
	if won < 0 {
		t.Fatal("none was noted")
	}
	after := w.get(t, record.ID)
	wantSame(t, "the log", after.Progress.Log, marks[won])
	wantSame(t, "who did it", after.Scrub.By, marks[won].Digest)
}
