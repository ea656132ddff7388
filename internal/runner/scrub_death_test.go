package runner_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/runner"
)

// TestP3AScrubWhoseRunnersDie kills the runner at each of its calls in turn,
// before and behind it, and cancels the scrub in the middle in every second
// round. In the end no log is half done.
func TestP3AScrubWhoseRunnersDie(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		for _, before := range []bool{true, false} {
			for calls := int64(1); ; calls++ {
				died := false
				synctest.Test(t, func(t *testing.T) {
					w, ids := leaks(t, 4)
					scrub := w.scrub(t)
					died = w.dies(t, scrub, calls, before)
					if died && cancelled {
						if _, err := w.Ledger().Cancel(t.Context(), scrub, "ops",
							w.now().UTC()); err != nil && !errors.Is(err, fault.Conflict) {
							t.Fatal(err)
						}
					}
					time.Sleep(time.Minute) // the lease runs out
					record, log := w.run(t, scrub)
					scrubbed := 0
					for _, id := range ids[1:] {
						if found := w.verify(t, id); found.Bad != 0 {
							t.Errorf("died at call %d, before it: %t, cancelled: %t: %s is %+v\n%s",
								calls, before, cancelled, id, found, log)
						}
						if w.record(t, id).Scrub.Entries > 0 {
							w.wantScrubbed(t, id, scrub)
							scrubbed++
						}
					}
					if scrubbed != 3 && record.Status != deployment.Cancelled || !record.Status.Terminal() {
						t.Errorf("died at call %d, before it: %t: %s with %d logs scrubbed\n%s",
							calls, before, record.Status, scrubbed, log)
					}
				})
				if !died || t.Failed() {
					break
				}
			}
		}
	}
}

// dies runs the deployment by a runner that dies at one of its calls, and
// reports whether it came to that.
func (w *world) dies(t *testing.T, id deployment.ID, calls int64, before bool) bool {
	t.Helper()
	ctx, die := context.WithCancel(t.Context())
	defer die()
	m := &mortal{Ledger: w.Ledger(), Rewriter: w.Archive(), before: before, die: die}
	m.left.Store(calls)
	ports, opts := w.ports(), w.opts
	ports.Ledger, ports.Archive, opts.Now = m, m, w.now
	err := runner.New(ports, opts).Run(ctx, id, "mortal")
	if ctx.Err() == nil && err != nil {
		t.Errorf("a runner that lives: %v", err)
	}
	return ctx.Err() != nil
}

func TestAScrubOfLogsThatCannotBeRead(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(chunks logbook.Rewriter, book logbook.Book, t *testing.T)
		status deployment.Status
		says   string
	}{
		{"an expired log is skipped", func(archive logbook.Rewriter, book logbook.Book, t *testing.T) {
			if err := archive.Remove(t.Context(), book); err != nil {
				t.Fatal(err)
			}
		}, deployment.Finished, "its log is no longer kept.\n"},
		{"a log without its beginning is told", func(
			archive logbook.Rewriter, book logbook.Book, t *testing.T,
		) {
			kept := copied(t, archive, book)
			if err := archive.Remove(t.Context(), book); err != nil {
				t.Fatal(err)
			}
			for _, chunk := range kept[1:] {
				if err := archive.Put(t.Context(), book, chunk); err != nil {
					t.Fatal(err)
				}
			}
		}, deployment.Failed, "may still have secrets in it.\n"},
		{"a damaged log is told", func(archive logbook.Rewriter, book logbook.Book, t *testing.T) {
			header, err := archive.Head(t.Context(), book, 2)
			if err != nil {
				t.Fatal(err)
			}
			if err := archive.Replace(t.Context(), book,
				logbook.Chunk{Header: header, Body: []byte("garbage")}, header); err != nil {
				t.Fatal(err)
			}
		}, deployment.Failed, "may still have secrets in it.\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, ids := leaks(t, 4)
				c.damage(w.Archive(), ids[2].Book(), t)
				scrub := w.scrub(t)
				record, log := w.run(t, scrub)
				if record.Status != c.status || !strings.Contains(log, string(ids[2])+": "+"its log ") ||
					!strings.Contains(log, c.says) {
					t.Errorf("%s %q, want %s and %q:\n%s",
						record.Status, record.Outcome.Reason, c.status, c.says, log)
				}
				w.wantScrubbed(t, ids[3], scrub)
				w.wantScrubbed(t, ids[1], scrub)
				w.wantFree(t, record)
			})
		})
	}
}

// copied are all chunks of a log.
func copied(t *testing.T, archive logbook.Rewriter, book logbook.Book) []logbook.Chunk {
	t.Helper()
	var all []logbook.Chunk
	for number := 1; ; number++ {
		header, body, err := archive.Open(t.Context(), book, number)
		if errors.Is(err, fault.NotFound) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		stored, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, logbook.Chunk{Header: header, Body: stored})
	}
}

func TestAScrubWithoutThePrivateKeyOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := leaks(t, 1)
		scrub := w.scrub(t)
		entity, err := w.Catalog().Get(t.Context(), w.server.KeyID)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Vault().Delete(t.Context(), w.server.KeyID, entity.Common().Generation); err != nil {
			t.Fatal(err)
		}
		record, log := w.run(t, scrub)
		if record.Outcome.Reason != deployment.ReasonConfiguration ||
			!strings.Contains(log, "The private key of the server is gone.") {
			t.Errorf("%s %q:\n%s", record.Status, record.Outcome.Reason, log)
		}
	})
}
