package deploymenttest

import (
	"context"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// limitsCases tests large but valid input: a compose file near its limit, the index of a log
// of tens of gigabytes, a long queue.
func limitsCases() []testCase {
	return []testCase{
		{"a compose file of 200 KB and a log of 10,000 chunks", testLargeItems},
		{"a queue longer than one batch of reads", testLongQueue},
	}
}

func testLargeItems(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.create(t, &catalog.Service{Compose: strings.Repeat("x", 200<<10), Resource: catalog.Resource{
		Meta: w.meta(t, catalog.KindService), ServerID: server}})
	record := w.running(t, service, server)
	done := progress(1, w.now)
	done.Log.Chunks = 10_000
	for n := 1; n <= done.Log.Chunks; n++ {
		done.Log.Index = done.Log.Index.With(n, logbook.End{Last: logbook.Order(30_000 * n), Until: w.now})
	}
	w.advance(t, record, done)
	wantSame(t, "the progress", w.get(t, record.ID).Progress, done)
	wantSame(t, "the progress in a page", w.page(t, service, deployment.Page{}).Records[0].Progress, done)
	record.Progress = done
	w.finish(t, record, deployment.Outcome{Status: deployment.Finished})
}

func testLongQueue(t *testing.T, w *world) {
	server := w.server(t, 2, 200)
	var want []deployment.ID
	for range 105 {
		want = append(want, w.enqueue(t, w.service(t, server), server).ID)
	}
	w.claim(t, server)
	running, queue := w.load(t, server)
	wantSame(t, "what runs", running, want[:1])
	wantSame(t, "what waits", queue, want[1:])
}

func testCancelled(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	service := w.service(t, server)
	running := w.running(t, w.service(t, server), server)
	queued := w.enqueue(t, service, server)
	next := w.record(t, w.service(t, server), server)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	now, outcome := w.tick(), deployment.Outcome{Status: deployment.Finished}
	for call, make := range map[string]func() error{
		"Enqueue": func() error {
			_, err := w.Ledger.Enqueue(ctx, next, deployment.RequestKey{})
			return err
		},
		"Claim": func() error { _, err := w.Ledger.Claim(ctx, server, now); return err },
		"Begin": func() error {
			_, err := w.Ledger.Begin(ctx, running.ID, "runner", now, time.Minute)
			return err
		},
		"Advance": func() error {
			_, err := w.Ledger.Advance(ctx, running.ID, running.Lease, progress(1, now), now, time.Minute)
			return err
		},
		"Finish": func() error {
			return w.Ledger.Finish(ctx, running.ID, running.Lease, progress(1, now), outcome, now)
		},
		"Resume": func() error {
			_, err := w.Ledger.Resume(ctx, running.ID, 1, "runner", now, time.Minute)
			return err
		},
		"Park": func() error {
			_, err := w.Ledger.Park(ctx, running.ID, running.Lease, progress(1, now), now)
			return err
		},
		"Signals": func() error { _, err := w.Ledger.Signals(ctx, running.ID, running.Lease); return err },
		"Cancel":  func() error { _, err := w.Ledger.Cancel(ctx, queued.ID, "ci", now); return err },
		"Repair":  func() error { return w.Ledger.Repair(ctx, server, queued.ID) },
		"Scrubbed": func() error {
			return w.Ledger.RecordScrub(ctx, queued.ID, "", logbook.Mark{}, deployment.ScrubSummary{})
		},
		"Note":   func() error { return w.Ledger.Note(ctx, w.noted(t, service, server)) },
		"Get":    func() error { _, err := w.History.Get(ctx, running.ID); return err },
		"List":   func() error { _, err := w.History.List(ctx, service, deployment.Page{}); return err },
		"Load":   func() error { _, err := w.History.Load(ctx, server); return err },
		"Follow": func() error { return w.History.Follow(ctx, running.ID, now) },
	} {
		wantCancelled(t, call, make())
	}
	wantSame(t, "the running one", w.get(t, running.ID), running)
	wantSame(t, "the queued one", w.get(t, queued.ID), queued)
	_, err := w.History.Get(t.Context(), next.ID)
	wantKind(t, err, fault.NotFound)
}
