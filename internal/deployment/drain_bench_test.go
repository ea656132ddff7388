package deployment_test

import (
	"fmt"
	"testing"
	"time"

	"waybill/internal/deployment"
)

// BenchmarkDrain measures the dispatcher and the ledger in this process for each deployment of a
// server whose queue is that long: the claim, its message, the end, and what follows from both.
func BenchmarkDrain(b *testing.B) {
	for _, queued := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("with %d queued", queued), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				w := newWorld(b)
				server := w.server(b, 1, queued)
				for range queued {
					w.request(b, start(w.service(b, server)))
				}
				b.StartTimer()
				w.drain(b, queued)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*queued), "ns/deployment")
		})
	}
}

// drain delivers all changes and ends what was claimed, until so many deployments have ended.
func (w *world) drain(b *testing.B, want int) {
	b.Helper()
	for ended := 0; ended < want; {
		for _, change := range w.Changes() {
			if err := w.dispatcher.Changed(b.Context(), change); err != nil {
				b.Fatal(err)
			}
			if change.Record.Status != deployment.InProgress || change.Previous != deployment.Queued {
				continue
			}
			begun, err := w.Ledger().Begin(b.Context(), change.Record.ID, "runner", w.now(), time.Minute)
			if err != nil {
				b.Fatal(err)
			}
			if err := w.Ledger().Finish(b.Context(), begun.ID, begun.Lease, begun.Progress,
				deployment.Outcome{Status: deployment.Finished}, w.now()); err != nil {
				b.Fatal(err)
			}
			ended++
		}
	}
}
