package runner_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/redact"
	"waybill/internal/runner"
)

const (
	leaky  = catalog.ID("app00000000000000000000e")
	leaked = "Zq7-pa$$word'with\"marks"
)

// leaks is a world with a resource that nobody can reach, and that has printed
// what is a secret by now, in each of its deployments but the first.
func leaks(t *testing.T, deployments int) (*world, []deployment.ID) {
	t.Helper()
	w := stillWorld(t, &puppet{deaf: time.Now().Add(1000 * time.Hour)})
	w.create(t, &catalog.Application{Shell: &catalog.Shell{Start: "true"}, Resource: catalog.Resource{
		Meta: catalog.Meta{ID: leaky, Name: "leaky"}, ServerID: w.server.ID, Timeout: time.Second,
		Environment: []catalog.Variable{{Name: "LATER", Secret: true}}}})
	if err := w.SetSecrets(t.Context(), leaky, map[string]string{"LATER": leaked}); err != nil {
		t.Fatal(err)
	}
	var ids []deployment.ID
	for i := range deployments {
		text := "nothing of note\n"
		if i > 0 {
			text = strings.Repeat("before\n", 40) + leaked + "\n" + strings.Repeat("between\n", 40) + "<" +
				leaked + ">\n" + strings.Repeat("behind\n", 40)
		}
		ids = append(ids, w.wrote(t, text))
	}
	return w, ids
}

// wrote is a deployment that has ended with the output, in chunks of 20 lines.
func (w *world) wrote(t *testing.T, output string) deployment.ID {
	t.Helper()
	time.Sleep(time.Second) // an id is of its time
	id := w.asked(t, leaky, deployment.Deploy)
	record, err := w.Ledger().Begin(t.Context(), id, "writer", w.now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	none := func(emit func([]byte, int)) logbook.Filter { return redact.NewMatcher(nil).Stream(emit) }
	recorder := logbook.NewRecorder(w.Log(id), logbook.Mark{}, none,
		logbook.RecorderOptions{Now: w.now})
	recorder.StepStarted(1, "Start", "run", w.now(), 0, 0, 1)
	at := int64(0)
	for lines := strings.SplitAfter(output, "\n"); len(lines) > 0; lines = lines[min(20, len(lines)):] {
		part := strings.Join(lines[:min(20, len(lines))], "")
		recorder.Data(logbook.Stdout, at, []byte(part), w.now())
		at += int64(len(part))
		if record.Progress.Log, err = recorder.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	recorder.End()
	if record.Progress.Log, err = recorder.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	record.Progress.Log.Complete = true
	outcome := deployment.Outcome{Status: deployment.Finished, ResourceStatus: "running:healthy"}
	if err := w.Ledger().Finish(t.Context(), id, record.Lease, record.Progress, outcome,
		w.now()); err != nil {
		t.Fatal(err)
	}
	return id
}

// scrub queues a scrub of the resource.
func (w *world) scrub(t *testing.T) deployment.ID {
	t.Helper()
	time.Sleep(time.Second)
	requests := deployment.NewRequests(w.Catalog(), w.Ledger(), deployment.RequestsOptions{
		Now: w.now, Snapshots: w.Snapshots(),
	})
	receipt, err := requests.Request(t.Context(),
		deployment.Request{Resource: leaky, Operation: deployment.Scrub,
			Trigger: deployment.Trigger{Kind: deployment.TriggerAPI, Name: "the root"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Ledger().Claim(t.Context(), w.server.ID, w.now().UTC()); err != nil {
		t.Fatal(err)
	}
	return receipt.Record.ID
}

// wantScrubbed checks that nothing of the secret is left in a log, that the log
// can be verified, and that its record says what was done.
func (w *world) wantScrubbed(t *testing.T, id, by deployment.ID) {
	t.Helper()
	record, log := w.record(t, id), w.log(t, id)
	if strings.Contains(log, leaked) || strings.Count(log, "<REDACTED:LATER>") != 2 {
		t.Errorf("%s: want two masks:\n%s", id, log)
	}
	found := w.verify(t, id)
	if found.Bad != 0 || found.Rewritten != 2 {
		t.Errorf("%s: %+v, want it right, with two chunks rewritten", id, found)
	}
	if s := record.Scrub; s.By != "the root" || s.Deployment != by || s.Entries != 2 || s.At.IsZero() ||
		s.Original == "" || s.Original == record.Progress.Log.Digest {
		t.Errorf("%s: %+v, want what was done", id, s)
	}
	if record.Outcome.ResourceStatus != "running:healthy" || !record.Progress.Log.Complete {
		t.Errorf("%s: %+v, want the rest as it was", id, record)
	}
}

func (w *world) verify(t *testing.T, id deployment.ID) logbook.Verification {
	t.Helper()
	found, err := logbook.Verify(t.Context(), w.Log(id), w.record(t, id).Progress.Log, 0, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestP3AScrubTakesALaterSecretOutOfEveryLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ids := leaks(t, 12)
		clean := w.record(t, ids[0])
		scrub := w.scrub(t)
		record, log := w.run(t, scrub)
		if record.Status != deployment.Finished || record.Outcome.ResourceStatus != "" {
			t.Errorf("%s %q, the resource %q; want finished and nothing said of it",
				record.Status, record.Outcome.Reason, record.Outcome.ResourceStatus)
		}
		for _, id := range ids[1:] {
			w.wantScrubbed(t, id, scrub)
			if !strings.Contains(log, string(id)+": 2 entries.\n") {
				t.Errorf("the log does not say what was done to %s:\n%s", id, log)
			}
		}
		if !strings.Contains(log, "Scrubbed 22 entries in 11 logs; looked at 12.\n") {
			t.Errorf("the log has no total:\n%s", log)
		}
		if now := w.record(t, ids[0]); now.Scrub != (deployment.ScrubSummary{}) ||
			!now.UpdatedAt.Equal(clean.UpdatedAt) {
			t.Errorf("a log with nothing in it was touched: %+v", now)
		}
		if dials := w.dialer.(*puppet).dials; len(dials) > 0 {
			t.Errorf("the server was dialed %d times", len(dials))
		}
		if changes := w.Changes(); changes[len(changes)-1].Record.ID != scrub {
			t.Errorf("the last change is of %s, want the scrub", changes[len(changes)-1].Record.ID)
		}
		w.wantFree(t, record)

		record, log = w.run(t, w.scrub(t))
		if record.Status != deployment.Finished ||
			!strings.Contains(log, "Scrubbed 0 entries in 0 logs; looked at 13.\n") {
			t.Errorf("again: %s, want nothing left to do:\n%s", record.Status, log)
		}
		w.wantScrubbed(t, ids[1], scrub)
	})
}

// A scrub with another secret adds to the counts, and the first digest stays.
func TestP3ASecondScrubAddsToTheCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ids := leaks(t, 2)
		first := w.record(t, ids[1]).Progress.Log.Digest
		w.run(t, w.scrub(t))
		if err := w.SetSecrets(t.Context(), leaky, map[string]string{
			"LATER": leaked, "MORE": "between",
		}); err != nil {
			t.Fatal(err)
		}
		_, log := w.run(t, w.scrub(t))
		if got := w.record(t, ids[1]).Scrub; got.Entries != 42 || got.Original != first {
			t.Errorf("%+v, want 42 entries and the first digest", got)
		}
		if !strings.Contains(log, "Scrubbed 40 entries in 1 log; looked at 3.\n") {
			t.Errorf("want what the second did:\n%s", log)
		}
	})
}

// A scrub with the secrets that the job ran with finds nothing to do, neither in masks
// nor in the text around them.
func TestP3AScrubLeavesMasksUnchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		prints := leaked + "\npassword=hunter2hunter2\nAuthorization: Bearer " +
			"abcdefabcdefabcdef0123\n::add-mask::a declared value\na declared value\n" +
			"postgres://user:correct-horse@db/shop\n-----BEGIN PRIVATE " +
			"KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END PRIVATE KEY-----\n" +
			strings.Repeat("x", 3*logbook.MaxLineBytes) + "\n"
		w := stillWorld(t, &puppet{prints: prints})
		id := w.claimedAs(t, leaky, catalog.Shell{Start: "true"},
			map[string]string{"LATER": leaked}, time.Hour)
		before, log := w.run(t, id)
		if strings.Count(log, "<REDACTED") < 5 || strings.Contains(log, "a declared value") {
			t.Fatalf("the log has hardly a mask:\n%.2000s", log)
		}
		_, scrubbed := w.run(t, w.scrub(t))
		if after := w.record(t, id); after.Progress.Log.Digest != before.Progress.Log.Digest {
			t.Errorf("%+v\n%s\nwas\n%.2000s\nis\n%.2000s", after.Scrub, scrubbed, log, w.log(t, id))
		}
	})
}

func TestAScrubIsCancelledBetweenTwoLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ids := leaks(t, 5)
		scrub := w.scrub(t)
		archive := &slow{Rewriter: w.Archive(), wait: 10 * time.Second, stalled: make(chan struct{})}
		ended := make(chan error, 1)
		ports, opts := w.ports(), w.opts
		ports.Archive, opts.Now = archive, w.now
		go func() { ended <- runner.New(ports, opts).Run(t.Context(), scrub, "runner") }()
		<-archive.stalled
		if _, err := w.Ledger().Cancel(t.Context(), scrub, "ops", w.now().UTC()); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		record, log := w.record(t, scrub), w.log(t, scrub)
		if record.Status != deployment.Cancelled ||
			!strings.Contains(log, "Cancelled by ops. The logs that are older") ||
			!strings.Contains(log, "Scrubbed 2 entries in 1 log; looked at 1.\n") {
			t.Errorf("%s, want cancelled after one log:\n%s", record.Status, log)
		}
		w.wantScrubbed(t, ids[4], scrub)
		for _, id := range ids {
			if found := w.verify(t, id); found.Bad != 0 {
				t.Errorf("%s: %+v, want no log half done", id, found)
			}
		}
		w.wantFree(t, record)
	})
}

// slow is an archive whose first Replace takes its time.
type slow struct {
	logbook.Rewriter
	wait    time.Duration
	stalled chan struct{}
}

func (s *slow) Replace(
	ctx context.Context, book logbook.Book, chunk logbook.Chunk, was logbook.Header,
) error {
	if s.wait > 0 {
		close(s.stalled)
		time.Sleep(s.wait)
		s.wait = 0
	}
	return s.Rewriter.Replace(ctx, book, chunk, was)
}

func TestAScrubIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ids := leaks(t, 6)
		scrub := w.scrub(t)
		ports, opts := w.ports(), w.opts
		opts.Now = w.now
		for attempt := 1; w.record(t, scrub).Status == deployment.InProgress; attempt++ {
			if attempt > 20 {
				t.Fatal("it comes to no end")
			}
			// The second chunk takes until the time is up, in the middle of a log.
			ports.Archive = &heavy{Rewriter: w.Archive(), light: 3}
			ctx, cancel := context.WithTimeout(t.Context(), runner.HandOverTime+10*time.Second)
			if err := runner.New(ports, opts).Run(ctx, scrub, fmt.Sprint("runner ", attempt)); err != nil {
				t.Fatal(err)
			}
			cancel()
		}
		record, log := w.record(t, scrub), w.log(t, scrub)
		if record.Status != deployment.Finished || record.Lease.Attempt < 3 ||
			!strings.Contains(log, "Scrubbed 10 entries in 5 logs; looked at 6.\n") {
			t.Errorf("%s in attempt %d, want finished, and all counted once:\n%s",
				record.Status, record.Lease.Attempt, log)
		}
		for _, id := range ids[1:] {
			w.wantScrubbed(t, id, scrub)
		}
	})
}

// heavy is an archive that stalls behind some rewritten chunks.
type heavy struct {
	logbook.Rewriter
	light int
}

func (h *heavy) Replace(
	ctx context.Context, book logbook.Book, chunk logbook.Chunk, was logbook.Header,
) error {
	if h.light--; h.light < 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	return h.Rewriter.Replace(ctx, book, chunk, was)
}
