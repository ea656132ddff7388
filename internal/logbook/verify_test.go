package logbook_test

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

const noBudget = math.MaxInt64

func verify(t *testing.T, s *shelf, mark logbook.Mark) logbook.Verification {
	t.Helper()
	found, err := logbook.Verify(t.Context(), s, book, mark, 0, noBudget)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestVerifyFindsTheFirstBadChunk(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(chunks map[int]logbook.Chunk, mark *logbook.Mark)
		bad    int
		why    string
	}{
		{"nothing", func(map[int]logbook.Chunk, *logbook.Mark) {}, 0, ""},
		{"a chunk is gone", func(chunks map[int]logbook.Chunk, _ *logbook.Mark) { delete(chunks, 3) }, 3,
			"not there"},
		{"a bit of the content is turned", func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			c := chunks[2]
			c.Body = bytes.Clone(c.Body)
			c.Body[len(c.Body)/2] ^= 1
			chunks[2] = c
		}, 2, ""},
		{"bytes follow the content", func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			c := chunks[4]
			c.Body = append(bytes.Clone(c.Body), 0)
			chunks[4] = c
		}, 4, "more entries"},
		{"the content is that of another chunk", func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			c := chunks[2]
			c.Body = chunks[1].Body
			chunks[2] = c
		}, 2, "not in its place"},
		{"two chunks changed places", func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			chunks[2], chunks[3] = chunks[3], chunks[2]
		}, 2, ""},
		{"the content and its digest are another's", func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			c := chunks[5]
			c.Previous = chunks[2].Digest
			chunks[5] = c
		}, 5, "does not follow"},
		{"a chunk was rewritten, and the next one has its new digest",
			func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
				forge(chunks, 2, 3)
			}, 3, "its digest"},
		{"a chunk was rewritten, and all after it", func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			forge(chunks, 2, 6)
		}, 5, "the one in the record"},
		{"the record has another end", func(_ map[int]logbook.Chunk,
			mark *logbook.Mark) {
			mark.Digest = strings.Repeat("0", 64)
		}, 5, "the one in the record"},
		{"the record counts more entries", func(_ map[int]logbook.Chunk, mark *logbook.Mark) {
			mark.Index = append(mark.Index[:4:4], mark.Index[4]+1)
		}, 5, "the record counts"},
		{"a header counts fewer entries", func(chunks map[int]logbook.Chunk, mark *logbook.Mark) {
			c := chunks[5]
			c.Last--
			chunks[5] = c
			mark.Index = append(mark.Index[:4:4], mark.Index[4]-1)
		}, 5, "more entries"},
		{"a header tells another size", func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			c := chunks[1]
			c.Bytes++
			chunks[1] = c
		}, 1, "size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, mark, _ := filled(t, 500, 100)
			if mark.Chunks != 5 {
				t.Fatalf("%d chunks, want 5", mark.Chunks)
			}
			c.damage(s.chunks[book], &mark)
			found := verify(t, s, mark)
			checked := 5
			if c.bad > 0 {
				checked = c.bad - 1
			}
			if found.Bad != c.bad || !strings.Contains(found.Why, c.why) || found.Checked != checked ||
				found.More {
				t.Errorf("%+v, want the first bad chunk %d because %q", found, c.bad, c.why)
			}
		})
	}
	t.Run("a log without a chunk is right", func(t *testing.T) {
		if found := verify(t, &shelf{}, logbook.Mark{}); found != (logbook.Verification{}) {
			t.Errorf("%+v", found)
		}
	})
}

// forge changes a chunk like an attacker who knows the format: the chunk gets its new
// digest, and so do the chunks after it, up to one that keeps its digest.
func forge(chunks map[int]logbook.Chunk, number, keeps int) {
	c := chunks[number]
	c.Body = bytes.Clone(c.Body)
	c.Body[9] ^= 1 // names the system that compressed it, and nothing else
	for ; ; number++ {
		if number < keeps {
			c.Digest = digest(c.Previous, c.Body)
		}
		chunks[number] = c
		previous, there := c.Digest, false
		if c, there = chunks[number+1]; !there || number+1 > keeps {
			return
		}
		c.Previous = previous
	}
}

func TestVerifyGoesOnWhereItsBudgetEnded(t *testing.T) {
	s, mark, _ := filled(t, 500, 100)
	var found logbook.Verification
	for pages := 1; ; pages++ {
		var err error
		if found, err = logbook.Verify(t.Context(), s, book, mark, found.Checked, 1); err != nil {
			t.Fatal(err)
		}
		if found.Checked != pages || found.More != (pages < 5) {
			t.Fatalf("page %d: %+v", pages, found)
		}
		if !found.More {
			break
		}
	}
	chunks := s.chunks[book]
	bad := chunks[3]
	bad.Previous = chunks[1].Digest
	chunks[3] = bad
	found, err := logbook.Verify(t.Context(), s, book, mark, 2, 1)
	if err != nil || found.Bad != 3 {
		t.Errorf("after chunk 2: %+v, %v, want chunk 3 to be bad", found, err)
	}
}

func TestVerifyTellsTheArchivesErrorsApart(t *testing.T) {
	s, mark, _ := filled(t, 100, 50)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if found, err := logbook.Verify(ctx, s, book, mark, 0, noBudget); err == nil {
		t.Errorf("a cancelled check found %+v", found)
	}
	if _, err := logbook.Verify(ctx, s, book, mark, 1, noBudget); err == nil ||
		fault.KindOf(err) == fault.NotFound {
		t.Errorf("a cancelled check after chunk 1: %v", err)
	}
}
