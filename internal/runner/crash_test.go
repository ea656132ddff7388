package runner_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/redact"
	"waybill/internal/runner"
)

// skipping is a clock that can be put forward, so that nobody has to wait for
// a dead runner's lease.
type skipping struct{ ahead atomic.Int64 }

func (c *skipping) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *skipping) skip()          { c.ahead.Add(int64(deployment.LeaseLength + time.Second)) }

// mortal is a ledger and an archive whose runner dies at one of its calls:
// before it, so that the call never happens, or after it, so that nobody learns
// that it did.
type mortal struct {
	deployment.Ledger
	logbook.Rewriter
	left   atomic.Int64 // calls until death
	before bool
	die    context.CancelFunc
}

var errDied = errors.New("this runner is dead")

// around makes a call, unless the runner dies there.
func (m *mortal) around(call func() error) error {
	last := m.left.Add(-1) == 0
	if last {
		defer m.die()
	}
	if last && m.before {
		return errDied
	}
	if err := call(); err != nil || !last {
		return err
	}
	return errDied
}

func (m *mortal) Put(ctx context.Context, book logbook.Book, chunk logbook.Chunk) error {
	return m.around(func() error { return m.Rewriter.Put(ctx, book, chunk) })
}

// mortalIndex is the index of a mortal's logs.
type mortalIndex struct {
	logbook.IndexStore
	m *mortal
}

func (x mortalIndex) Put(
	ctx context.Context, book logbook.Book, block logbook.Order, section logbook.Section,
) error {
	return x.m.around(func() error { return x.IndexStore.Put(ctx, book, block, section) })
}

func (m *mortal) Replace(
	ctx context.Context, book logbook.Book, chunk logbook.Chunk, was logbook.Header,
) error {
	return m.around(func() error { return m.Rewriter.Replace(ctx, book, chunk, was) })
}

func (m *mortal) Purge(ctx context.Context, book logbook.Book) error {
	return m.around(func() error { return m.Rewriter.Purge(ctx, book) })
}

func (m *mortal) RecordScrub(
	ctx context.Context, id deployment.ID, was string, mark logbook.Mark, scrub deployment.ScrubSummary,
) error {
	return m.around(func() error { return m.Ledger.RecordScrub(ctx, id, was, mark, scrub) })
}

func (m *mortal) Advance(
	ctx context.Context, id deployment.ID, lease deployment.Lease, progress deployment.Progress,
	now time.Time, length time.Duration,
) (signals deployment.Signals, err error) {
	return signals, m.around(func() error {
		signals, err = m.Ledger.Advance(ctx, id, lease, progress, now, length)
		return err
	})
}

func (m *mortal) Park(
	ctx context.Context, id deployment.ID, lease deployment.Lease, progress deployment.Progress,
	now time.Time,
) (signals deployment.Signals, err error) {
	return signals, m.around(func() error {
		signals, err = m.Ledger.Park(ctx, id, lease, progress, now)
		return err
	})
}

func (m *mortal) Finish(
	ctx context.Context, id deployment.ID, lease deployment.Lease, progress deployment.Progress,
	outcome deployment.Outcome, now time.Time,
) error {
	return m.around(func() error { return m.Ledger.Finish(ctx, id, lease, progress, outcome, now) })
}

const crashLines = 25

// crashJob prints numbered lines on both streams, some of them at once, and has
// an effect that can be counted.
const crashJob = `echo effect >>effects
i=1
while [ $i -le 25 ]; do
  echo "out $i"
  echo "err $i" >&2
  [ $((i % 3)) -ne 0 ] || sleep 0.1
  i=$((i + 1))
done`

// TestP4P5RunnersDie kills runners at random instants and at each of their
// calls, cuts connections, and has two runners work on one deployment at once.
// Whatever happens, each line is in the log once and in order, and what the
// command does is done once.
func TestP4P5RunnersDie(t *testing.T) {
	rounds := 30
	if testing.Short() {
		rounds = 6
	}
	w := newWorld(t)
	// Its clock is put forward for every death: that is not the server's fault.
	w.opts.ReachFor, w.opts.ReattachFor = 12*time.Hour, 12*time.Hour
	var deaths, cuts, pairs, parkings atomic.Int64
	var all sync.WaitGroup
	slots := make(chan struct{}, 4)
	for round := range rounds {
		resource := catalog.ID(fmt.Sprintf("app%021d", round))
		id := w.claimedAs(t, resource, catalog.Shell{Start: crashJob}, nil, 24*time.Hour)
		w.begunLog(t, id)
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			c := crash{world: w, clock: &skipping{}, random: rand.New(rand.NewPCG(4, uint64(round))), id: id}
			c.run(t)
			deaths.Add(c.deaths)
			cuts.Add(c.cuts)
			pairs.Add(c.pairs)
			parkings.Add(int64(w.record(t, id).Progress.Parkings))
			c.check(t, filepath.Join(w.server.DataDir, "applications", string(resource), "effects"))
		})
	}
	all.Wait()
	t.Logf("%d deployments, %d runners died, %d times all connections were cut, %d times two runners "+
		"worked at once, %d times one was parked",
		rounds, deaths.Load(), cuts.Load(), pairs.Load(), parkings.Load())
	if parkings.Load() == 0 {
		t.Error("no deployment was parked")
	}
}

// begunLog writes so many chunks that the next runners have to store a part of the index.
func (w *world) begunLog(t *testing.T, id deployment.ID) {
	t.Helper()
	now := time.Now()
	begun, err := w.Ledger().Begin(t.Context(), id, "an earlier runner", now, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	none := func(emit func([]byte, int)) logbook.Filter { return redact.NewMatcher(nil).Stream(emit) }
	recorder := logbook.NewRecorder(w.Log(id), logbook.Mark{}, none, logbook.RecorderOptions{})
	for range logbook.TailChunks {
		recorder.Message("A line of an earlier runner.", logbook.Stdout)
		if begun.Progress.Log, err = recorder.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Ledger().Advance(t.Context(), id, begun.Lease, begun.Progress, now, 0); err != nil {
		t.Fatal(err)
	}
}

// crash is one deployment and what happens to its runners.
type crash struct {
	*world
	clock               *skipping
	random              *rand.Rand
	id                  deployment.ID
	deaths, cuts, pairs int64
}

// run has runners work on the deployment until it has ended. Of each ten that
// are left to chance, eight die; one has its connection cut; one gets company.
func (c *crash) run(t *testing.T) {
	var all sync.WaitGroup
	defer all.Wait()
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); {
		if record, err := c.History().Get(t.Context(), c.id); err != nil || record.Status.Terminal() {
			return
		}
		wait := time.Duration(c.random.IntN(1500)) * time.Millisecond
		ctx, die, ended := c.spawn(t, &all)
		select {
		case <-ended:
		case <-time.After(wait):
		}
		switch what := c.random.IntN(10); {
		case c.deaths > 8: // enough: let it end
			<-ended
		case what == 0:
			c.cuts++
			c.ssh.CutAll()
			<-ended
		case what == 1:
			c.pairs++ // the first one sleeps, for all that the next one knows
		default:
			if ctx.Err() == nil {
				c.deaths++
			}
			die()
			<-ended
		}
		c.clock.skip()
		_ = die // it ends with the test
	}
	t.Errorf("%s has not ended after %d deaths", c.id, c.deaths)
}

// spawn starts a runner that dies at one of its calls, or at die.
func (c *crash) spawn(
	t *testing.T, all *sync.WaitGroup,
) (context.Context, context.CancelFunc, chan struct{}) {
	ctx, die := context.WithCancel(t.Context())
	m := &mortal{Ledger: c.Ledger(), Rewriter: c.Archive(), before: c.random.IntN(2) == 0, die: die}
	m.left.Store(1 + c.random.Int64N(12))
	if c.deaths > 8 {
		m.left.Store(1 << 40)
	}
	ports, opts := c.ports(), c.opts
	ports.Ledger, ports.Archive, ports.Index = m, m, mortalIndex{c.Index(), m}
	opts.Now = c.clock.now
	owner := fmt.Sprint("runner ", c.random.Int64())
	ended := make(chan struct{})
	all.Go(func() {
		defer close(ended)
		err := runner.New(ports, opts).Run(ctx, c.id, owner)
		if err != nil && ctx.Err() == nil && !errors.Is(err, fault.Conflict) {
			t.Errorf("a runner that lives: %v", err)
		}
	})
	return ctx, die, ended
}

func (c *crash) check(t *testing.T, effects string) {
	record := c.record(t, c.id)
	if record.Status != deployment.Finished || !record.Progress.Log.Complete {
		t.Errorf("%s is %s %q, log complete %t, want finished",
			c.id, record.Status, record.Outcome.Reason, record.Progress.Log.Complete)
	}
	if _, err := c.Index().Get(t.Context(), c.id.Book(), 1); err != nil {
		t.Errorf("the index of %s: %v", c.id, err)
	}
	log := c.log(t, c.id)
	for _, stream := range []string{"out", "err"} {
		var got, want []string
		for line := range strings.Lines(log) {
			if strings.HasPrefix(line, stream+" ") {
				got = append(got, line)
			}
		}
		for i := range crashLines {
			want = append(want, fmt.Sprintf("%s %d\n", stream, i+1))
		}
		if strings.Join(got, "") != strings.Join(want, "") {
			t.Errorf("%s of %s: got\n%q\nwant each line once:\n%q", stream, c.id, got, want)
		}
	}
	for _, step := range record.Progress.Steps {
		page, err := logbook.Read(t.Context(), c.Log(c.id), record.Progress.Log,
			logbook.Query{After: step.First - 1, Limit: 1})
		if err != nil || step.First == 0 || !strings.Contains(string(page.Lines[0]),
			`"step":"`+step.Name+`","hidden":false,"command":"`) {
			t.Errorf("%s of %s: entry %d is %q, %v", step.Name, c.id, step.First, page.Lines, err)
		}
	}
	if text, err := os.ReadFile(effects); err != nil || string(text) != "effect\n" {
		t.Errorf("the effect: %q %v, want it once", text, err)
	}
}

// TestP2TwoRunnersAtOnce: one works, the other is told so, whoever they are.
func TestP2TwoRunnersAtOnce(t *testing.T) {
	w := newWorld(t)
	id := w.claimed(t, catalog.Shell{Start: "echo effect >>effects; sleep 1"}, nil)
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		all.Go(func() { errs[i] = w.runner().Run(t.Context(), id, fmt.Sprint("invocation ", i)) })
	}
	all.Wait()
	worked := 0
	for _, err := range errs {
		if err == nil {
			worked++
		} else if !errors.Is(err, fault.Conflict) {
			t.Errorf("error = %v, want Conflict", err)
		}
	}
	record := w.record(t, id)
	if worked != 1 || record.Status != deployment.Finished || record.Lease.Attempt != 1 {
		t.Errorf("%d runners worked, %s in attempt %d, want one, finished in attempt 1",
			worked, record.Status, record.Lease.Attempt)
	}
}
