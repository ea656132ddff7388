package logbook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// filled is a log of so many lines, a step each hundred, a chunk each few.
func filled(t *testing.T, lines, perChunk int) (*shelf, logbook.Mark, []string) {
	t.Helper()
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	var mark logbook.Mark
	var offset int64
	for i := range lines {
		if i%100 == 0 {
			r.StepStarted(1+i/100, fmt.Sprint("step ", i/100), `echo "x"`, noon, offset, 0, int64(10+i))
		}
		text := fmt.Sprintf("line %d\n", i)
		r.Data(logbook.Stdout, offset, []byte(text), noon)
		offset += int64(len(text))
		if i%50 == 49 {
			r.Message("a message", logbook.Stderr)
		}
		if i%perChunk == perChunk-1 || i == lines-1 {
			mark = commit(t, r)
		}
	}
	var stored []string
	for _, e := range entries(t, s, mark) {
		stored = append(stored, strings.TrimSuffix(string(e.Append(nil)), "\n"))
	}
	return s, mark, stored
}

func read(t *testing.T, s *shelf, mark logbook.Mark, q logbook.Query) logbook.Page {
	t.Helper()
	page, err := logbook.Read(t.Context(), on(s), mark, q)
	if err != nil {
		t.Fatalf("Read(%+v): %v", q, err)
	}
	return page
}

func text(lines [][]byte) (out []string) {
	for _, line := range lines {
		out = append(out, string(line))
	}
	return out
}

func TestReadGivesEachLineOnce(t *testing.T) {
	for _, perChunk := range []int{1, 7, 100, 1000} {
		s, mark, want := filled(t, 500, perChunk)
		for _, limit := range []int{0, 1, 3, 100, 10_000} {
			for _, q := range []logbook.Query{
				{}, {Type: logbook.Stdout}, {Type: logbook.Stderr}, {Step: "step 3"}, {Step: "step"},
				{Step: "step 2", Type: logbook.Stderr}, {Type: "std"},
			} {
				var got []string
				q.Limit = limit
				for q.After < mark.Last {
					page := read(t, s, mark, q)
					if page.Next <= q.After || page.Next > mark.Last ||
						(limit > 0 && len(page.Lines) > limit) {
						t.Fatalf("%+v: %d lines, next %d", q, len(page.Lines), page.Next)
					}
					got = append(got, text(page.Lines)...)
					q.After = page.Next
				}
				if d := cmp.Diff(got, only(t, want, q)); d != "" {
					t.Fatalf("%d lines a chunk, %+v, -got +want:\n%s", perChunk, q, d)
				}
			}
		}
	}
}

// only is what the filter lets through, by decoding.
func only(t *testing.T, lines []string, q logbook.Query) (out []string) {
	t.Helper()
	for _, line := range lines {
		e, err := logbook.Decode([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if (q.Type == "" || e.Type == q.Type) && (q.Step == "" || e.Step == q.Step) {
			out = append(out, line)
		}
	}
	return out
}

func TestReadBeyondTheEndIsAnEmptyPage(t *testing.T) {
	s, mark, _ := filled(t, 10, 3)
	for _, q := range []logbook.Query{{After: mark.Last}, {After: mark.Last + 5}} {
		if page := read(t, s, mark, q); len(page.Lines) != 0 || page.Next != q.After {
			t.Errorf("after %d: got %d lines and next %d", q.After, len(page.Lines), page.Next)
		}
	}
	if page := read(t, s, logbook.Mark{}, logbook.Query{}); len(page.Lines) != 0 || page.Next != 0 {
		t.Errorf("of an empty log: got %d lines and next %d", len(page.Lines), page.Next)
	}
	if page := read(t, s, mark, logbook.Query{After: -7, Limit: 1}); page.Next != 1 {
		t.Errorf("after -7: got next %d, want 1", page.Next)
	}
}

func TestReadStopsAtThePageSize(t *testing.T) {
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	zeros := make([]byte, 400_000) // each takes six bytes in JSON
	var offset int64
	for range 20 {
		r.Data(logbook.Stdout, offset, append(zeros, '\n'), noon)
		offset += int64(len(zeros)) + 1
	}
	mark := commit(t, r)
	var after logbook.Order
	for after < mark.Last {
		page := read(t, s, mark, logbook.Query{After: after})
		size := 0
		for _, line := range page.Lines {
			size += len(line)
		}
		if size > logbook.MaxPageBytes || len(page.Lines) == 0 ||
			page.Next != after+logbook.Order(len(page.Lines)) {
			t.Fatalf("after %d: %d lines of %d bytes, next %d", after, len(page.Lines), size, page.Next)
		}
		after = page.Next
	}
}

// TestReadOfALongLogOpensTwoChunks wherever the page lies.
func TestReadOfALongLogOpensTwoChunks(t *testing.T) {
	s, mark, want := filled(t, 20_000, 1500)
	for range 50 {
		after := logbook.Order(rand.IntN(len(want)))
		s.opened = 0
		page := read(t, s, mark, logbook.Query{After: after, Limit: logbook.MaxLimit})
		if s.opened > 2 {
			t.Errorf("after %d: %d chunks were opened, want 1 or 2", after, s.opened)
		}
		if d := cmp.Diff(text(page.Lines), want[after:min(int(after)+logbook.MaxLimit, len(want))]); d != "" {
			t.Fatalf("after %d, -got +want:\n%s", after, d)
		}
	}
}

func TestDamagedChunksAreInternal(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(c *logbook.Chunk)
	}{
		{"its last entry differs", func(c *logbook.Chunk) { c.Last++ }},
		{"its first entry differs", func(c *logbook.Chunk) { c.First-- }},
		{"no gzip", func(c *logbook.Chunk) { c.Body = []byte("hello") }},
		{"empty", func(c *logbook.Chunk) { c.Body = nil }},
		{"cut in half", func(c *logbook.Chunk) { c.Body = c.Body[:len(c.Body)/2] }},
		{"a wrong byte", func(c *logbook.Chunk) { c.Body[len(c.Body)/2] ^= 0x55 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, mark, _ := filled(t, 1000, 100)
			chunk := s.chunks[book][3]
			c.damage(&chunk)
			s.chunks[book][3] = chunk
			_, err := logbook.Read(t.Context(), on(s), mark, logbook.Query{After: s.chunks[book][2].Last})
			if err == nil || fault.KindOf(err) != fault.Internal {
				t.Errorf("Read: got %v, want Internal", err)
			}
			_, err = logbook.Tail(t.Context(), on(s), mark, 1<<30)
			if err == nil || fault.KindOf(err) != fault.Internal {
				t.Errorf("Tail: got %v, want Internal", err)
			}
		})
	}
}

func TestReadFails(t *testing.T) {
	t.Run("a chunk that is not there is Gone", func(t *testing.T) {
		s, mark, _ := filled(t, 10, 10)
		s.chunks = nil
		if _, err := logbook.Read(t.Context(), on(s), mark, logbook.Query{}); !errors.Is(err, fault.Gone) {
			t.Errorf("got %v, want Gone", err)
		}
	})
	t.Run("a cancelled read is Canceled", func(t *testing.T) {
		s, mark, _ := filled(t, 10, 10)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := logbook.Read(ctx, on(s), mark, logbook.Query{})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
}

func TestTailIsTheNewestThatFits(t *testing.T) {
	for _, perChunk := range []int{40, 1000} {
		s, mark, want := filled(t, 700, perChunk)
		for _, room := range []int{0, 1, 150, 151, 1000, 20_000, int(mark.Bytes) - 1, int(mark.Bytes),
			1 << 30} {
			got, err := logbook.Tail(t.Context(), on(s), mark, room)
			if err != nil {
				t.Fatal(err)
			}
			first, size := len(want), 0
			for first > 0 && size+len(want[first-1])+1 <= room {
				first--
				size += len(want[first]) + 1
			}
			if len(got) > len(want)-first || size-len(strings.Join(text(got), " ")) > room/4+200 {
				t.Fatalf("%d bytes: %d lines, where %d fit", room, len(got), len(want)-first)
			}
			first = len(want) - len(got)
			if d := cmp.Diff(text(got), append([]string(nil), want[first:]...)); d != "" {
				t.Fatalf("%d bytes, -got +want:\n%s", room, d)
			}
		}
	}
}

func TestAStepCannotPassForAnother(t *testing.T) {
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	names := []string{`a`, `","step":"a`, `a","hidden":`, `\`, `\"`, `","type":"stderr","`, "a\n"}
	for i, name := range names {
		r.StepStarted(i+1, name, "run", noon, 0, 0, int64(i+1))
	}
	mark := commit(t, r)
	for i, name := range names {
		page := read(t, s, mark, logbook.Query{Step: name})
		if len(page.Lines) != 1 || !bytes.Contains(page.Lines[0], fmt.Appendf(nil, `"batch":%d,`, i+1)) {
			t.Errorf("step %q: got %q", name, page.Lines)
		}
	}
	if page := read(t, s, mark, logbook.Query{Type: logbook.Stderr}); len(page.Lines) != 0 {
		t.Errorf("on stderr: got %q, want nothing", page.Lines)
	}
}

// TestATailStaysWhereItBegins, so that a client that reads it again and again
// can tell what is new.
func TestATailStaysWhereItBegins(t *testing.T) {
	s, whole, _ := filled(t, 3000, 10)
	begins := map[string]bool{}
	for n := whole.Chunks / 2; n <= whole.Chunks; n++ {
		mark := logbook.Mark{}
		for number := 1; number <= n; number++ {
			header := s.chunks[book][number].Header
			mark.Chunks, mark.Last, mark.Bytes, mark.Index = number, header.Last, mark.Bytes+header.Bytes,
				mark.Index.With(number, logbook.End{Last: header.Last, Until: header.Until})
		}
		got, err := logbook.Tail(t.Context(), on(s), mark, 100_000)
		if err != nil {
			t.Fatal(err)
		}
		begins[string(got[0])] = true
	}
	if len(begins) < 2 || len(begins) > 12 {
		t.Errorf("while the log grew by %d chunks, its tail had %d beginnings", whole.Chunks/2, len(begins))
	}
}

// slow is an archive that counts how many chunks are being opened at once.
type slow struct {
	*shelf
	now, most atomic.Int64
}

func (s *slow) Open(ctx context.Context, book logbook.Book,
	number int) (logbook.Header, io.ReadCloser, error) {
	now := s.now.Add(1)
	defer s.now.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	time.Sleep(30 * time.Millisecond)
	return s.shelf.Open(ctx, book, number)
}

// TestAFollowedLogIsReadInFewPages has an hour of a log that was followed: 735
// chunks of a few lines.
func TestAFollowedLogIsReadInFewPages(t *testing.T) {
	s, mark, want := filled(t, 735*2, 2)
	synctest.Test(t, func(t *testing.T) {
		slow := &slow{shelf: s}
		began, pages, lines := time.Now(), 0, 0
		for after := logbook.Order(0); after < mark.Last; pages++ {
			page, err := logbook.Read(t.Context(), on(slow), mark, logbook.Query{After: after})
			if err != nil {
				t.Fatal(err)
			}
			after, lines = page.Next, lines+len(page.Lines)
		}
		if took := time.Since(began); pages > 3 || lines != len(want) || took > 3*time.Second {
			t.Errorf("%d lines in %d pages took %s, want %d in 3", lines, pages, took, len(want))
		}
		if most := slow.most.Load(); most < 8 || most > 16 {
			t.Errorf("%d chunks were opened at once, want 8 to 16", most)
		}
	})
}
