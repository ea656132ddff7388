package deploymenttest

import (
	"testing"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func noteCases() []testCase {
	return []testCase{
		{"what was noted can be read whole, is counted, and comes first in the history", testNote},
		{"it is in the way of nothing that waits or runs", testNoteBeside},
		{"of a resource that is gone it is NotFound", testNoteOfNothing},
		{"an id that is taken is a Conflict", testNoteTaken},
		{"many at once are all counted", testNotesAtOnce},
	}
}

// noted returns the record of an update.
func (w *world) noted(t *testing.T, resource, server catalog.ID) deployment.Record {
	t.Helper()
	record := w.plain(t, resource, server, deployment.Update)
	record.Status, record.Outcome = deployment.Finished, deployment.Outcome{Status: deployment.Finished}
	record.QueuedAt, record.StartedAt, record.FinishedAt = record.CreatedAt, record.CreatedAt,
		record.CreatedAt
	record.Progress.Log.Complete = true
	return record
}

func (w *world) note(t *testing.T, record deployment.Record) {
	t.Helper()
	if err := w.Ledger.Note(t.Context(), record); err != nil {
		t.Fatalf("Note: %v", err)
	}
}

func testNote(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	for _, resource := range []catalog.ID{w.service(t, server), w.application(t, server),
		w.database(t, server)} {
		all := w.past(t, resource, server, 1)
		w.observe(t, resource, "running:healthy")
		for range 2 {
			record := w.noted(t, resource, server)
			w.note(t, record)
			wantSame(t, "the stored record", w.get(t, record.ID), record)
			all = append([]deployment.ID{record.ID}, all...)
		}
		listing := w.page(t, resource, deployment.Page{})
		wantSame(t, "the history", ids(listing.Records), all)
		wantSame(t, "the count", listing.Count, 3)
		wantSame(t, "the state", w.state(t, resource),
			catalog.State{Status: "running:healthy", Deployments: 3})
	}
	running, queue := w.load(t, server)
	wantSame(t, "what waits and runs", append(running, queue...), nil)
}

func testNoteBeside(t *testing.T, w *world) {
	server := w.server(t, 1, 1)
	service := w.service(t, server)
	running, queued := w.running(t, service, server), w.enqueue(t, service, server)
	w.note(t, w.noted(t, service, server))
	wantSame(t, "the state", w.state(t, service),
		catalog.State{Running: string(running.ID), Queued: string(queued.ID), Deployments: 3})
	w.finish(t, running, deployment.Outcome{Status: deployment.Finished})
	wantSame(t, "the claimed one", w.claim(t, server).ID, queued.ID)
}

func testNoteOfNothing(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	deleted := w.database(t, server)
	if err := w.Store.Delete(t.Context(), deleted, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	for _, resource := range []catalog.ID{deleted, newID(t, catalog.KindService), server} {
		record := w.noted(t, resource, server)
		wantKind(t, w.Ledger.Note(t.Context(), record), fault.NotFound)
		_, err := w.History.Get(t.Context(), record.ID)
		wantKind(t, err, fault.NotFound)
	}
	_, err := w.Store.Get(t.Context(), deleted)
	wantKind(t, err, fault.NotFound)
}

func testNoteTaken(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	queued := w.enqueue(t, service, server)
	record := w.noted(t, service, server)
	w.note(t, record)
	for _, taken := range []deployment.Record{queued, record} {
		again := w.noted(t, service, server)
		again.ID = taken.ID
		wantKind(t, w.Ledger.Note(t.Context(), again), fault.Conflict)
		wantSame(t, "the record", w.get(t, taken.ID), taken)
	}
	wantSame(t, "the state", w.state(t, service), catalog.State{Queued: string(queued.ID), Deployments: 2})
}

func testNotesAtOnce(t *testing.T, w *world) {
	const n = 8
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	records := make([]deployment.Record, n)
	for i := range records {
		records[i] = w.noted(t, service, server)
	}
	for _, result := range together(records, func(record deployment.Record) (struct{}, error) {
		return struct{}{}, w.Ledger.Note(t.Context(), record)
	}) {
		if result.err != nil {
			t.Errorf("Note: %v", result.err)
		}
	}
	listing := w.page(t, service, deployment.Page{})
	if listing.Count != n || len(listing.Records) != n {
		t.Errorf("the history counts %d and has %d, want %d", listing.Count, len(listing.Records), n)
	}
}
