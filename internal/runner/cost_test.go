package runner_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/pricetest"
	"waybill/internal/remote"
	"waybill/internal/runner"
)

// talker is a server whose job prints ten lines a second until its time is over.
type talker struct {
	*puppet
	talks time.Duration
}

func (s talker) Dial(context.Context, remote.Target) (remote.Shell, error) { return s, nil }

func (s talker) Run(ctx context.Context, script string, arguments []string, out, err io.Writer) (int, error) {
	if !strings.Contains(script, "fresh=") {
		return s.puppet.Run(ctx, script, arguments, out, err)
	}
	at := func() string { return fmt.Sprintf("%d.%09d", time.Now().Unix(), time.Now().Nanosecond()) }
	step := "S 1 " + at() + " 0 0\n"
	fmt.Fprintf(out, "\n%s\nA 4711 b00-7 1 %s\nS 0 %d %s\n%s", nonces.FindStringSubmatch(script)[1], at(),
		len(step), at(), step)
	offset := 0
	time.Sleep(37 * time.Millisecond) // so that no line comes at the moment of a tick
	for end := time.Now().Add(s.talks); time.Now().Before(end); time.Sleep(time.Second / 10) {
		line := fmt.Sprintf("line at %d\n", offset)
		fmt.Fprintf(out, "O %d %d %s\n%s", offset, len(line), at(), line)
		offset += len(line)
	}
	fmt.Fprintf(out, "X 0 %s %d 0 0\n", at(), offset)
	return 0, nil
}

// costs counts the writes of a deployment by the port that makes them. Its ports are used
// inside of one bubble, by the runner and by a reader.
type costs struct {
	chunks, sections, begins, advances, notes int
	// looks are reads of the record, for a cancel and for a reader.
	looks int
}

type (
	countedArchive struct {
		logbook.Rewriter
		*costs
	}
	countedIndex struct {
		logbook.IndexStore
		*costs
	}
	countedLedger struct {
		runner.Ledger
		*costs
	}
)

func (c countedArchive) Put(ctx context.Context, book logbook.Book, chunk logbook.Chunk) error {
	c.chunks++
	return c.Rewriter.Put(ctx, book, chunk)
}

func (c countedIndex) Put(ctx context.Context, book logbook.Book, block logbook.Order,
	section logbook.Section) error {
	c.sections++
	return c.IndexStore.Put(ctx, book, block, section)
}

func (c countedLedger) Resume(ctx context.Context, id deployment.ID, parking int, owner string,
	now time.Time, length time.Duration) (deployment.Record, error) {
	c.begins++
	return c.Ledger.Resume(ctx, id, parking, owner, now, length)
}

func (c countedLedger) Signals(ctx context.Context, id deployment.ID, lease deployment.Lease) (
	deployment.Signals, error) {
	c.looks++
	return c.Ledger.Signals(ctx, id, lease)
}

func (c countedLedger) Park(ctx context.Context, id deployment.ID, lease deployment.Lease,
	progress deployment.Progress, now time.Time) (deployment.Signals, error) {
	c.advances++
	return c.Ledger.Park(ctx, id, lease, progress, now)
}

func (c countedLedger) Advance(ctx context.Context, id deployment.ID, lease deployment.Lease,
	progress deployment.Progress, now time.Time, length time.Duration) (deployment.Signals, error) {
	c.advances++
	return c.Ledger.Advance(ctx, id, lease, progress, now, length)
}

// follow notes like the logs endpoint that a reader follows, until the deployment has
// ended: whenever it finds no recent note.
func (c *costs) follow(t *testing.T, history deployment.History, id deployment.ID) {
	for {
		record, err := history.Get(t.Context(), id)
		if err != nil || record.Status.Terminal() {
			return
		}
		if time.Since(record.FollowedAt) >= deployment.FollowEvery {
			if err := history.Follow(t.Context(), id, time.Now()); err != nil &&
				fault.KindOf(err) != fault.NotFound {
				t.Error(err)
			}
			c.notes++
		}
		time.Sleep(time.Second / 2)
	}
}

// TestTenFollowedMinutesCostFewWrites runs a runner in virtual time, over the ports in this
// process, while a reader follows a log that never pauses. Each write of a record is one
// unit, because the record stays below 1 KB; a test of package dynamostore holds that.
func TestTenFollowedMinutesCostFewWrites(t *testing.T) {
	const (
		maxObjects = 150
		maxUnits   = 450
		// sectionUnits is what a section of the index costs at most: the item of a
		// block has less than 2 KB, until the next one begins.
		sectionUnits = 2
		// others are the units of a deployment without its runner's progress: the
		// end-to-end test counts them.
		others = 34
	)
	synctest.Test(t, func(t *testing.T) {
		c := whileFollowed(t, 10*time.Minute)
		objects := 1 + c.chunks
		units := others + c.begins + c.advances + c.notes + sectionUnits*c.sections
		fmt.Printf("figure: ten followed minutes: %d objects in S3 (at most %d), %d write units (at most "+
			"%d): %d of progress, %d notes of a reader, %d sections of the index, %d for the rest\n",
			objects, maxObjects, units, maxUnits, c.begins+c.advances, c.notes, c.sections, others)
		if objects > maxObjects || units > maxUnits {
			t.Errorf("%d objects and %d units, want at most %d and %d", objects, units, maxObjects, maxUnits)
		}
	})
}

// whileFollowed runs a job that prints for the time, while a reader follows its log, and returns what
// that costs.
func whileFollowed(t *testing.T, length time.Duration) costs {
	t.Helper()
	server := talker{&puppet{}, length}
	w, id := still(t, server.puppet, 2*length)
	w.dialer = server
	var c costs
	var reader sync.WaitGroup
	defer reader.Wait()
	reader.Go(func() { c.follow(t, w.History(), id) })
	err := runner.New(c.counted(w.ports()), runner.Options{Now: time.Now}).Run(t.Context(), id, "runner")
	if err != nil {
		t.Fatal(err)
	}
	record, err := w.History().Get(t.Context(), id)
	if err != nil || record.Status != deployment.Finished ||
		record.Progress.Log.Last < logbook.Order(10*length.Seconds()) {
		t.Fatalf("%s with %d entries, %v; want it finished with all lines", record.Status,
			record.Progress.Log.Last, err)
	}
	return c
}

// counted returns the ports, of which c counts the writes.
func (c *costs) counted(ports runner.Ports) runner.Ports {
	ports.Archive = countedArchive{ports.Archive, c}
	ports.Index = countedIndex{ports.Index, c}
	ports.Ledger = countedLedger{ports.Ledger, c}
	return ports
}

// progress is what the runner and the reader write, in units of DynamoDB.
func (c *costs) progress() int {
	const sectionUnits = 2
	return c.begins + c.advances + c.notes + sectionUnits*c.sections
}

// TestTheCountsThatArePriced compares the counts of docs/scale.md with what is counted here. A
// difference of a tenth is none.
func TestTheCountsThatArePriced(t *testing.T) {
	for name, c := range map[string]struct {
		length time.Duration
		want   pricetest.Counted
	}{
		"20 s, followed":       {20 * time.Second, pricetest.ShortFollowed},
		"30 minutes, followed": {30 * time.Minute, pricetest.LongFollowed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := whileFollowed(t, c.length)
				wantCounted(t, name, pricetest.Counted{Chunks: got.chunks, Progress: got.progress(),
					Looks: got.looks, Runners: 1, Busy: c.length, Followed: c.length}, c.want)
			})
		})
	}
	t.Run("30 minutes, not followed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := parkable(t, &puppet{until: time.Now().Add(30 * time.Minute)}, time.Hour)
			var c costs
			f.counts = &c
			if record := f.run(t, time.Hour); record.Status != deployment.Finished {
				t.Fatalf("it is %s", record.Status)
			}
			wantCounted(t, "30 minutes, not followed", pricetest.Counted{Chunks: c.chunks,
				Progress: c.progress(), Looks: c.looks, Runners: len(f.wakes), Busy: f.busy}, pricetest.Long)
		})
	})
}

func wantCounted(t *testing.T, name string, got, want pricetest.Counted) {
	t.Helper()
	fmt.Printf("figure: %s: %d chunks, %d write units of progress, %d looks, %d runners for %s\n",
		name, got.Chunks, got.Progress, got.Looks, got.Runners, got.Busy.Round(time.Second))
	for what, pair := range map[string][2]float64{
		"chunks":              {float64(got.Chunks), float64(want.Chunks)},
		"units of progress":   {float64(got.Progress), float64(want.Progress)},
		"looks":               {float64(got.Looks), float64(want.Looks)},
		"calls of a runner":   {float64(got.Runners), float64(want.Runners)},
		"seconds of a runner": {got.Busy.Seconds(), want.Busy.Seconds()},
	} {
		if max(pair[0], pair[1]) > 1.1*min(pair[0], pair[1]) {
			t.Errorf("%s: %.0f are counted, and %.0f in package pricetest: change them there", what, pair[0],
				pair[1])
		}
	}
}
