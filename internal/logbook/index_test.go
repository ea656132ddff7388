package logbook_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// tenThousand is how many chunks a followed deployment of half a day has.
const tenThousand = 10_000

// grown is a log of so many chunks of one line each, a second apart, with the mark after
// each chunk.
func grown(t *testing.T, chunks int) (*shelf, []logbook.Mark) {
	t.Helper()
	s := &shelf{}
	now := noon
	r := logbook.NewRecorder(on(s), logbook.Mark{}, filter(nil),
		logbook.RecorderOptions{Now: func() time.Time { return now }})
	marks := []logbook.Mark{{}}
	for i := range chunks {
		now = noon.Add(time.Duration(i) * time.Second)
		r.Message(fmt.Sprint("line ", i+1), logbook.Stdout)
		marks = append(marks, commit(t, r))
	}
	return s, marks
}

// TestAPageOfALongLogCostsFewReads reads pages anywhere in a log of 10,000 chunks, with the
// index in the mark kept short.
func TestAPageOfALongLogCostsFewReads(t *testing.T) {
	s, marks := grown(t, tenThousand)
	mark := marks[tenThousand]
	ends := len(mark.Index.Ends)
	if ends > logbook.TailChunks || s.index.puts > tenThousand/logbook.TailChunks {
		t.Errorf("the mark has %d ends, and the index was written %d times", ends, s.index.puts)
	}
	afters := []int{0, 1, 255, 256, 257, 9980, 9984, 9985, 9990, 9999}
	for range 100 {
		afters = append(afters, rand.IntN(tenThousand))
	}
	for _, after := range afters {
		s.opened, s.index.gets = 0, 0
		page := read(t, s, mark, logbook.Query{After: logbook.Order(after), Limit: 1})
		if s.opened != 1 || s.index.gets > 1 || len(page.Lines) != 1 {
			t.Fatalf("after %d: %d lines for %d chunks and %d reads of the index", after, len(page.Lines),
				s.opened, s.index.gets)
		}
		if entry, err := logbook.Decode(page.Lines[0]); err != nil || int(entry.Order) != after+1 {
			t.Fatalf("after %d: entry %d, %v", after, entry.Order, err)
		}
	}
	s.index.gets = 0
	for after, pages := logbook.Order(0), 0; after < mark.Last; pages++ {
		if after = read(t, s, mark, logbook.Query{After: after}).Next; s.index.gets > pages+1 || pages > 40 {
			t.Fatalf("%d pages cost %d reads of the index", pages+1, s.index.gets)
		}
	}
}

func TestALongLogIsVerifiedScrubbedAndCutAtItsEnd(t *testing.T) {
	const chunks = 600
	s, marks := grown(t, chunks)
	mark := marks[chunks]
	found := verify(t, s, mark)
	if found.Bad != 0 || found.Checked != chunks {
		t.Errorf("%+v, want all of %d chunks", found, chunks)
	}
	s.index.gets = 0
	for after := 0; after < chunks; after += 100 {
		if _, err := logbook.Verify(t.Context(), on(s), mark, after, 1); err != nil {
			t.Fatal(err)
		}
	}
	if s.index.gets > 6 {
		t.Errorf("six slices read the index %d times", s.index.gets)
	}
	tail, err := logbook.Tail(t.Context(), on(s), mark, 1<<20)
	if err != nil || len(tail) != chunks {
		t.Errorf("the tail has %d lines, %v", len(tail), err)
	}
	done := scrub(t, s, mark, secrets("line 77"))
	if done.Mark.Index.Block != mark.Index.Block || done.Entries == 0 {
		t.Errorf("scrubbed: %+v", done)
	}
	if again := verify(t, s, done.Mark); again.Bad != 0 {
		t.Errorf("after the scrub: %+v", again)
	}
}

// TestAReaderWithAnOldRecord reads what its mark has, however far the log has grown since.
func TestAReaderWithAnOldRecord(t *testing.T) {
	s, marks := grown(t, 600)
	for _, chunks := range []int{1, 8, 9, 20, 255, 256, 257, 264, 265, 520} {
		var got int
		for after := logbook.Order(0); after < marks[chunks].Last; {
			page := read(t, s, marks[chunks], logbook.Query{After: after})
			got, after = got+len(page.Lines), page.Next
		}
		if found := verify(t, s, marks[chunks]); got != chunks || found.Bad != 0 {
			t.Errorf("with the mark after %d chunks: %d lines, %+v", chunks, got, found)
		}
	}
}

// TestP4ADeathBetweenIndexAndRecord: a runner dies after it has stored a section, before
// its record drops those chunks. The next one stores the section again.
func TestP4ADeathBetweenIndexAndRecord(t *testing.T) {
	const chunks = 300
	want, marks := grown(t, chunks)
	s := &shelf{}
	mark := logbook.Mark{}
	for n := 0; n < chunks; {
		now := noon
		r := logbook.NewRecorder(on(s), mark, filter(nil),
			logbook.RecorderOptions{Now: func() time.Time { return now }})
		for ; n < chunks; n++ {
			now = noon.Add(time.Duration(n) * time.Second)
			r.Message(fmt.Sprint("line ", n+1), logbook.Stdout)
			if len(mark.Index.Ends) == logbook.TailChunks && s.index.puts%2 == 0 {
				s.index.fail = errors.New("died")
			}
			got, err := r.Commit(t.Context())
			if err != nil {
				n++ // the chunk is written
				break
			}
			mark = got
		}
		found, err := logbook.Recover(t.Context(), on(s), mark)
		if err != nil {
			t.Fatal(err)
		}
		mark = found.Mark
	}
	if diff := cmp.Diff(mark, marks[chunks]); diff != "" {
		t.Errorf("the mark (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(s.index.blocks, want.index.blocks); diff != "" {
		t.Errorf("the index (-got +want):\n%s", diff)
	}
	if found := verify(t, s, mark); found.Bad != 0 || found.Checked != chunks {
		t.Errorf("%+v", found)
	}
}

// TestP4AStaleRunnerChangesNoIndex: runners with any old mark recover the same log and
// store nothing else.
func TestP4AStaleRunnerChangesNoIndex(t *testing.T) {
	const chunks = 280
	s, marks := grown(t, chunks)
	want, _ := grown(t, chunks)
	for _, old := range []int{0, 7, 8, 9, 100, 255, 256, 257, 272, chunks} {
		found, err := logbook.Recover(t.Context(), on(s), marks[old])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(found.Mark, marks[chunks]); diff != "" {
			t.Errorf("from chunk %d (-got +want):\n%s", old, diff)
		}
		if old == chunks {
			continue
		}
		r := recorder(s, marks[old])
		r.Message("late", logbook.Stdout)
		if _, err := r.Commit(t.Context()); !errors.Is(err, fault.Conflict) {
			t.Errorf("a commit after chunk %d: %v, want Conflict", old, err)
		}
	}
	if diff := cmp.Diff(s.index.blocks, want.index.blocks); diff != "" {
		t.Errorf("the index (-got +want):\n%s", diff)
	}
}

func TestAnIndexWithAGapIsDamaged(t *testing.T) {
	s, marks := grown(t, 600)
	mark := marks[600]
	delete(s.index.blocks[book], 257)
	if _, err := logbook.Read(t.Context(), on(s), mark, logbook.Query{After: 300}); err == nil ||
		fault.KindOf(err) != fault.Internal {
		t.Errorf("Read: %v, want Internal", err)
	}
	if found := verify(t, s, mark); found.Bad != 257 || found.Checked != 256 {
		t.Errorf("%+v, want 257 as the first bad chunk", found)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := logbook.Verify(ctx, on(s), mark, 0, noBudget); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestTheFirstOrderOfAStep is known once it is committed, also to the next runner.
func TestTheFirstOrderOfAStep(t *testing.T) {
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	r.Message("hello", logbook.Stdout)
	r.StepStarted(1, "Pull", "docker pull", noon, 0, 0, 10)
	if got := r.FirstOrder(1); got != 0 {
		t.Errorf("before the commit: %d, want 0", got)
	}
	before := commit(t, r)
	r.Data(logbook.Stdout, 0, []byte(`,"command":"x"`+"\n"), noon)
	r.StepEnded(1, noon, 15, 0, 20)
	r.StepStarted(2, "Start", "docker up", noon, 15, 0, 30)
	commit(t, r)
	got := [3]logbook.Order{r.FirstOrder(1), r.FirstOrder(2), r.FirstOrder(3)}
	if got != [3]logbook.Order{2, 4, 0} {
		t.Errorf("after the commit: %d, want 2, 4 and 0", got)
	}
	found, err := logbook.Recover(t.Context(), on(s), before)
	want := logbook.Entry{Order: 4, Command: "docker up", Type: logbook.Stdout,
		Time: noon.Truncate(time.Microsecond), Batch: 2, Step: "Start"}
	if diff := cmp.Diff(found.Steps, []logbook.Entry{want}); err != nil || diff != "" {
		t.Errorf("the next runner finds: %v (-got +want):\n%s", err, diff)
	}
}
