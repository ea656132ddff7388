package logbook_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

func matcher(t testing.TB, text string, pattern bool) *logbook.Matcher {
	t.Helper()
	m, err := logbook.NewMatcher(text, pattern)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// searched reads all pages of a search: the lines that they show, and the matches.
func searched(t *testing.T, s *shelf, mark logbook.Mark, q logbook.Query) (shown []string,
	matches []logbook.Order) {
	t.Helper()
	for q.After < mark.Last {
		page := read(t, s, mark, q)
		if page.Next <= q.After || q.Limit > 0 && len(page.Matches) > q.Limit {
			t.Fatalf("%+v: next %d, %d matches", q, page.Next, len(page.Matches))
		}
		shown = append(shown, text(page.Lines)...)
		matches = append(matches, page.Matches...)
		q.After = page.Next
	}
	return shown, matches
}

// TestSearchIsGrep compares each search with a plain one over the decoded log.
func TestSearchIsGrep(t *testing.T) {
	for _, perChunk := range []int{1, 7, 1000} {
		s, mark, stored := filled(t, 400, perChunk)
		for _, query := range []string{"line 39", "echo", "message", "e", "nothing", `"`, "line 399"} {
			for _, c := range []struct{ limit, context int }{{0, 0}, {1, 0}, {3, 2}, {10, 20}, {0, 1}} {
				for _, pattern := range []bool{false, true} {
					q := logbook.Query{Match: matcher(t, query, pattern), Limit: c.limit, Context: c.context}
					shown, matches := searched(t, s, mark, q)
					var want []logbook.Order
					for i, line := range stored {
						entry, _ := logbook.Decode([]byte(line))
						if strings.Contains(entry.Command+entry.Output, query) {
							want = append(want, logbook.Order(i+1))
						}
					}
					if diff := cmp.Diff(matches, want); diff != "" {
						t.Fatalf("%q %+v in chunks of %d (-got +want):\n%s", query, c, perChunk, diff)
					}
					wantAround(t, shown, matches, stored, c.context)
				}
			}
		}
	}
}

// wantAround checks that each match is shown with the lines around it, and nothing else.
func wantAround(t *testing.T, shown []string, matches []logbook.Order, stored []string, context int) {
	t.Helper()
	want := map[string]bool{}
	for _, match := range matches {
		for order := int(match) - context; order <= int(match)+context; order++ {
			if order >= 1 && order <= len(stored) {
				want[stored[order-1]] = true
			}
		}
	}
	got := map[string]bool{}
	for _, line := range shown {
		got[line] = true
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Fatalf("lines around the matches (-got +want):\n%s", diff)
	}
}

// TestSearchLooksAtTheTextAndNotAtItsEncoding has texts whose stored form contains what the
// text itself does not.
func TestSearchLooksAtTheTextAndNotAtItsEncoding(t *testing.T) {
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	texts := []string{
		"tab\there", `back\slash`, `a "quote"`, "stdout", "ünïcödé", "\x01control", `\n`, "plain", "<tag>&",
	}
	for _, text := range texts {
		r.Message(text, logbook.Stdout)
	}
	mark := commit(t, r)
	for _, query := range append(texts, "n", "t", `\`, `"`, "u0001", `\t`, "order", "T", `":`, "}", "ï") {
		var want []logbook.Order
		for i, text := range texts {
			if strings.Contains(text, query) {
				want = append(want, logbook.Order(i+1))
			}
		}
		for _, pattern := range []bool{false, true} {
			asked := query
			if pattern {
				asked = regexp.QuoteMeta(query)
			}
			_, got := searched(t, s, mark, logbook.Query{Match: matcher(t, asked, pattern)})
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("%q, as a pattern %v (-got +want):\n%s", query, pattern, diff)
			}
		}
	}
}

func TestSearchWithinWhatIsSelected(t *testing.T) {
	s, mark, stored := filled(t, 300, 10)
	shown, matches := searched(t, s, mark, logbook.Query{
		Match: matcher(t, "message", false), Type: logbook.Stderr, Step: "", Context: 1,
	})
	if len(matches) != 6 || len(shown) != 6 {
		t.Errorf("%d matches and %d lines on stderr, want 6: %v", len(matches), len(shown), shown)
	}
	shown, _ = searched(t, s, mark, logbook.Query{Match: matcher(t, "^line 1.?5$", true), Step: "step 1"})
	if len(shown) != 10 {
		t.Errorf("%d of %d lines, want the ten of the step: %v", len(shown), len(stored), shown)
	}
}

func TestSearchEndsWhenItIsEnough(t *testing.T) {
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	line := strings.Repeat("x", 1000)
	for range 2000 {
		r.Message(line, logbook.Stdout)
	}
	mark := commit(t, r)
	asked := 0
	page := read(t, s, mark, logbook.Query{
		Match: matcher(t, "y", false), Enough: func() bool { asked++; return asked == 3 },
	})
	if asked != 3 || page.Next < 150 || page.Next > 250 {
		t.Errorf("asked %d times, next %d", asked, page.Next)
	}
}

func TestMatchersThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		text    string
		pattern bool
	}{
		{"", false}, {"\xff", false}, {"(", true}, {"a{1001}", true}, {"(a{100}){11}", true},
		{strings.Repeat("a{900}", 2), true}, {`(?P<n>`, true},
	} {
		if _, err := logbook.NewMatcher(c.text, c.pattern); !errors.Is(err, fault.Invalid) ||
			len(fault.Fields(err)["q"]) != 1 {
			t.Errorf("%q: %v, want Invalid with the field q", c.text, err)
		}
	}
}

// FuzzMatcher compares a search for a text with one in the decoded entry.
func FuzzMatcher(f *testing.F) {
	f.Add("a\tline", "t", false)
	f.Add(`a "quoted" line`, `"`, true)
	f.Add("\xff\x00", "\ufffd", false)
	f.Fuzz(func(t *testing.T, output, query string, command bool) {
		m, err := logbook.NewMatcher(query, false)
		if err != nil {
			return
		}
		entry := logbook.Entry{Order: 1, Type: logbook.Stdout, Output: output}
		if command && output != "" {
			entry.Command, entry.Output = output, ""
		}
		line := entry.Append(nil)
		decoded, err := logbook.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := logbook.Matches(m, line[:len(line)-1]),
			strings.Contains(decoded.Command+decoded.Output, query); got != want {
			t.Errorf("%q in %s: %v, want %v", query, line, got, want)
		}
	})
}

// timed is a log of lines a second apart, with so many chunks of so many lines.
func timed(t testing.TB, chunks, perChunk int) (*shelf, logbook.Mark) {
	t.Helper()
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	var mark logbook.Mark
	var offset int64
	for i := range chunks {
		for j := range perChunk {
			n := i*perChunk + j
			line := fmt.Sprintf("line %d of a long log\n", n+1)
			r.Data(logbook.Stdout, offset, []byte(line), noon.Add(time.Duration(n)*time.Second))
			offset += int64(len(line))
		}
		var err error
		if mark, err = r.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return s, mark
}

func TestSince(t *testing.T) {
	s, mark := timed(t, 600, 3)
	for _, n := range []int{-5, 0, 1, 2, 3, 700, 1535, 1536, 1537, 1777, 1779, 1799, 1800, 1801, 9999} {
		for _, part := range []time.Duration{0, time.Microsecond, 999 * time.Millisecond} {
			at := noon.Add(time.Duration(n)*time.Second + part)
			before, err := logbook.Since(t.Context(), on(s), mark, at)
			if err != nil {
				t.Fatal(err)
			}
			page := read(t, s, mark, logbook.Query{After: before, Since: at, Limit: 2})
			if len(page.Lines) == 0 { // the time is after the last line of the chunk
				page = read(t, s, mark, logbook.Query{After: page.Next, Since: at, Limit: 2})
			}
			first := max(n+1, 1) // the order of the first line at the time or later
			if part > 0 && n >= 0 {
				first++
			}
			var got logbook.Order
			if len(page.Lines) > 0 {
				entry, _ := logbook.Decode(page.Lines[0])
				got = entry.Order
			}
			if want := logbook.Order(first); got != want && (first <= 1800 || got != 0) {
				t.Errorf("since %d s and %s: the first is %d, want %d (after %d)", n, part, got, want, before)
			}
		}
	}
}

// TestATimeIsFoundByHalves has 20 blocks of the index.
func TestATimeIsFoundByHalves(t *testing.T) {
	s, mark := timed(t, 20*logbook.BlockChunks, 1)
	for n := 0; n < int(mark.Last); n += 97 {
		s.index.gets = 0
		got, err := logbook.Since(t.Context(), on(s), mark, noon.Add(time.Duration(n)*time.Second))
		if err != nil || got != logbook.Order(n) || s.index.gets > 6 || s.opened > 0 {
			t.Fatalf("second %d: after %d, %v, with %d blocks read and %d chunks opened", n, got, err,
				s.index.gets, s.opened)
		}
	}
}

// TestAnyPlaceCostsTheSame has a million lines in chunks as of a log that was followed. It
// counts the objects and the blocks of the index that are read.
func TestAnyPlaceCostsTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a million lines")
	}
	s, mark := timed(t, 1000, 1000)
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name  string
		query func() logbook.Query
		// blocks and chunks are the most that may be read.
		blocks, chunks int
	}{
		{
			name: "a page anywhere",
			query: func() logbook.Query {
				return logbook.Query{After: logbook.Order(random.IntN(1_000_000)), Limit: 1000}
			},
			blocks: 1,
			chunks: 2,
		},
		{
			name:   "the first page",
			query:  func() logbook.Query { return logbook.Query{Limit: 1000} },
			blocks: 1,
			chunks: 2,
		},
		{
			name:   "the tail",
			query:  func() logbook.Query { return logbook.Query{After: mark.Last - 100, Limit: 1000} },
			blocks: 0,
			chunks: 1,
		},
		{
			name: "a jump to a time",
			query: func() logbook.Query {
				at := noon.Add(time.Duration(random.IntN(1_000_000)) * time.Second)
				before, err := logbook.Since(t.Context(), on(s), mark, at)
				if err != nil {
					t.Fatal(err)
				}
				return logbook.Query{After: before, Since: at, Limit: 1000}
			},
			blocks: 4, // three halve four blocks, and one is of the page
			chunks: 2,
		},
		{
			name: "a page of a search with many matches",
			query: func() logbook.Query {
				return logbook.Query{After: logbook.Order(random.IntN(1_000_000)), Limit: 20, Context: 3,
					Match: matcher(t, "7", false)}
			},
			blocks: 3, // two more if the lines around begin in the block before
			chunks: 6,
		},
	} {
		for range 50 {
			s.opened, s.index.gets = 0, 0
			page := read(t, s, mark, c.query())
			if s.opened > c.chunks || s.index.gets > c.blocks || len(page.Lines) == 0 {
				t.Fatalf("%s: %d chunks and %d blocks for %d lines, want at most %d and %d", c.name, s.opened,
					s.index.gets, len(page.Lines), c.chunks, c.blocks)
			}
		}
	}
	s.opened = 0
	page := read(t, s, mark, logbook.Query{Match: matcher(t, "nothing", false)})
	if s.opened > 256 || page.Next == 0 {
		t.Errorf("a search for nothing read %d chunks up to %d", s.opened, page.Next)
	}
}
