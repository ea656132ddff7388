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

func (c countedLedger) Begin(ctx context.Context, id deployment.ID, owner string, now time.Time,
	length time.Duration) (deployment.Record, error) {
	c.begins++
	return c.Ledger.Begin(ctx, id, owner, now, length)
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
		server := talker{&puppet{}, 10 * time.Minute}
		w, id := still(t, server.puppet, time.Hour)
		w.dialer = server
		var c costs
		ports := w.ports()
		ports.Archive = countedArchive{ports.Archive, &c}
		ports.Index = countedIndex{ports.Index, &c}
		ports.Ledger = countedLedger{ports.Ledger, &c}
		var reader sync.WaitGroup
		defer reader.Wait()
		reader.Go(func() { c.follow(t, w.History(), id) })
		err := runner.New(ports, runner.Options{Now: time.Now}).Run(t.Context(), id, "runner")
		if err != nil {
			t.Fatal(err)
		}
		record, err := w.History().Get(t.Context(), id)
		if err != nil || record.Status != deployment.Finished || record.Progress.Log.Last < 6000 {
			t.Fatalf("%s with %d entries, %v; want it finished with the lines of ten minutes", record.Status,
				record.Progress.Log.Last, err)
		}
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
