package deploymenttest

import (
	"testing"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func claimCases() []testCase {
	return []testCase{
		{"slot, resource and record change together", testClaimWhole},
		{"an empty queue and an unknown server are NotFound", testClaimNothing},
		{"TestP2: no more than the server's limit, first come, first served", testClaimLimit},
		{"TestP2: one at a time on a resource, and it does not block others", testClaimBusyResource},
		{"one that was passed over keeps its place", testClaimKeepsPlace},
		{"servers do not wait for each other", testClaimServersApart},
		{"a changed limit counts from then on", testClaimChangedLimit},
	}
}

func testClaimWhole(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	queued := w.enqueue(t, service, server)
	claimed := w.claim(t, server)
	want := queued
	want.Status, want.ClaimedAt, want.UpdatedAt = deployment.InProgress, w.now, w.now
	wantSame(t, "the claimed record", claimed, want)
	wantSame(t, "the stored record", w.get(t, queued.ID), want)
	wantSame(t, "the state", w.state(t, service), catalog.State{Running: string(queued.ID), Deployments: 1})
	running, queue := w.load(t, server)
	wantSame(t, "what runs", running, []deployment.ID{queued.ID})
	wantSame(t, "what waits", queue, nil)
}

func testClaimNothing(t *testing.T, w *world) {
	w.claimsNothing(t, w.server(t, 1, 25))
	w.claimsNothing(t, newID(t, catalog.KindServer))
	w.claimsNothing(t, "")
}

func testClaimLimit(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	var want []deployment.ID
	for range 4 {
		want = append(want, w.enqueue(t, w.service(t, server), server).ID)
	}
	first, second := w.claim(t, server), w.claim(t, server)
	w.claimsNothing(t, server)
	w.finish(t, w.begin(t, second.ID, "runner"), deployment.Outcome{Status: deployment.Finished})
	third := w.claim(t, server)
	w.claimsNothing(t, server)
	wantSame(t, "the order", ids([]deployment.Record{first, second, third}), want[:3])
	running, queue := w.load(t, server)
	wantSame(t, "what runs", running, []deployment.ID{want[0], want[2]})
	wantSame(t, "what waits", queue, want[3:])
}

func testClaimBusyResource(t *testing.T, w *world) {
	server := w.server(t, 3, 25)
	busy := w.service(t, server)
	running := w.running(t, busy, server)
	blocked := w.enqueue(t, busy, server)
	second := w.enqueue(t, w.service(t, server), server)
	third := w.enqueue(t, w.application(t, server), server)
	got := []deployment.ID{w.claim(t, server).ID, w.claim(t, server).ID}
	wantSame(t, "the order", got, []deployment.ID{second.ID, third.ID})
	w.claimsNothing(t, server)
	w.finish(t, running, deployment.Outcome{Status: deployment.Failed, Reason: deployment.ReasonExit})
	wantSame(t, "the freed one", w.claim(t, server).ID, blocked.ID)
}

func testClaimKeepsPlace(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	busy := w.service(t, server)
	running := w.running(t, busy, server)
	blocked := w.enqueue(t, busy, server)
	passing := w.enqueue(t, w.service(t, server), server)
	last := w.enqueue(t, w.service(t, server), server)
	wantSame(t, "the first", w.claim(t, server).ID, passing.ID)
	w.finish(t, running, deployment.Outcome{Status: deployment.Finished})
	wantSame(t, "the second", w.claim(t, server).ID, blocked.ID)
	_, queue := w.load(t, server)
	wantSame(t, "what waits", queue, []deployment.ID{last.ID})
}

func testClaimServersApart(t *testing.T, w *world) {
	one, two := w.server(t, 1, 25), w.server(t, 1, 25)
	w.enqueue(t, w.service(t, one), one)
	other := w.enqueue(t, w.service(t, two), two)
	w.claim(t, one)
	wantSame(t, "the other server's", w.claim(t, two).ID, other.ID)
}

func testClaimChangedLimit(t *testing.T, w *world) {
	server := w.server(t, 1, 1)
	w.enqueue(t, w.service(t, server), server)
	w.claim(t, server)
	w.enqueue(t, w.service(t, server), server)
	w.claimsNothing(t, server)
	entity, err := catalog.Find[*catalog.Server](t.Context(), w.Store, server)
	if err != nil {
		t.Fatal(err)
	}
	was := entity.UpdatedAt
	entity.Concurrency, entity.QueueLimit, entity.UpdatedAt = 2, 2, w.tick()
	if err := w.Store.Update(t.Context(), entity, was, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	w.enqueue(t, w.service(t, server), server)
	w.claim(t, server)
	w.claimsNothing(t, server)
}

func deleteCases() []testCase {
	return []testCase{
		{"while a deployment waits or runs, neither resource nor server goes", testDeleteBusy},
		{"the records of a deleted resource stay under their own ids", testDeletedHistory},
	}
}

func testDeleteBusy(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	refused := func(when string) {
		t.Helper()
		for _, id := range []catalog.ID{service, server} {
			if err := w.Store.Delete(t.Context(), id, audit.Entry{}); fault.KindOf(err) != fault.Conflict {
				t.Errorf("Delete of %s while %s: %v, want a Conflict", id, when, err)
			}
		}
	}
	w.enqueue(t, service, server)
	refused("queued")
	record := w.begin(t, w.claim(t, server).ID, "runner")
	refused("running")
	w.finish(t, record, deployment.Outcome{Status: deployment.Finished})
	for _, id := range []catalog.ID{service, server} {
		if err := w.Store.Delete(t.Context(), id, audit.Entry{}); err != nil {
			t.Errorf("Delete of %s after the end: %v", id, err)
		}
	}
}

func testDeletedHistory(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	record := w.running(t, service, server)
	w.finish(t, record, deployment.Outcome{Status: deployment.Finished})
	if err := w.Store.Delete(t.Context(), service, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	if got := w.get(t, record.ID).Status; got != deployment.Finished {
		t.Errorf("status = %s", got)
	}
	listing, err := w.History.List(t.Context(), service, deployment.Page{})
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "the history", listing, deployment.Listing{})
}
