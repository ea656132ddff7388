package logbook_test

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

const noBudget = math.MaxInt64

func verify(t *testing.T, s *shelf, mark logbook.Mark) logbook.Verification {
	t.Helper()
	found, err := logbook.Verify(t.Context(), on(s), mark, 0, noBudget)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestVerifyFindsTheFirstBadChunk(t *testing.T) {
	for _, c := range damages {
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

// damages are the cases of TestVerifyFindsTheFirstBadChunk.
var damages = []struct {
	name   string
	damage func(chunks map[int]logbook.Chunk, mark *logbook.Mark)
	bad    int
	why    string
}{
	{
		name:   "nothing",
		damage: func(map[int]logbook.Chunk, *logbook.Mark) {},
	},
	{
		name:   "a chunk is gone",
		damage: func(chunks map[int]logbook.Chunk, _ *logbook.Mark) { delete(chunks, 3) },
		bad:    3,
		why:    "not there",
	},
	{
		name: "a bit of the content is turned",
		damage: func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			c := chunks[2]
			c.Body = bytes.Clone(c.Body)
			c.Body[len(c.Body)/2] ^= 1
			chunks[2] = c
		},
		bad: 2,
	},
	{
		name: "bytes follow the content",
		damage: func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			c := chunks[4]
			c.Body = append(bytes.Clone(c.Body), 0)
			chunks[4] = c
		},
		bad: 4,
		why: "more entries",
	},
	{
		name: "the content is that of another chunk",
		damage: func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			c := chunks[2]
			c.Body = chunks[1].Body
			chunks[2] = c
		},
		bad: 2,
		why: "not in its place",
	},
	{
		name: "two chunks changed places",
		damage: func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			chunks[2], chunks[3] = chunks[3], chunks[2]
		},
		bad: 2,
	},
	{
		name: "the content and its digest are another's",
		damage: func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			c := chunks[5]
			c.Previous = chunks[2].Digest
			chunks[5] = c
		},
		bad: 5,
		why: "does not follow",
	},
	{
		name: "a chunk was rewritten, and the next one has its new digest",
		damage: func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			forge(chunks, 2, 3)
		},
		bad: 3,
		why: "its digest",
	},
	{
		name: "a chunk was rewritten, and all after it",
		damage: func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			forge(chunks, 2, 6)
		},
		bad: 5,
		why: "the one in the record",
	},
	{
		name: "the record has another end",
		damage: func(_ map[int]logbook.Chunk, mark *logbook.Mark) {
			mark.Digest = strings.Repeat("0", 64)
		},
		bad: 5,
		why: "the one in the record",
	},
	{
		name: "the record counts more entries",
		damage: func(_ map[int]logbook.Chunk, mark *logbook.Mark) {
			mark.Index.Ends[4].Last++
		},
		bad: 5,
		why: "the record counts",
	},
	{
		name: "a header counts fewer entries",
		damage: func(chunks map[int]logbook.Chunk, mark *logbook.Mark) {
			c := chunks[5]
			c.Last--
			chunks[5] = c
			mark.Index.Ends[4].Last--
		},
		bad: 5,
		why: "more entries",
	},
	{
		name: "a header tells another size",
		damage: func(chunks map[int]logbook.Chunk, _ *logbook.Mark) {
			c := chunks[1]
			c.Bytes++
			chunks[1] = c
		},
		bad: 1,
		why: "size",
	},
	{
		name: "the index has another time",
		damage: func(_ map[int]logbook.Chunk, mark *logbook.Mark) {
			mark.Index.Ends[2].Until = mark.Index.Ends[2].Until.Add(time.Second)
		},
		bad: 3,
		why: "its time",
	},
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

func TestVerifyContinuesWhereItsBudgetEnded(t *testing.T) {
	s, mark, _ := filled(t, 500, 100)
	var found logbook.Verification
	for pages := 1; ; pages++ {
		var err error
		if found, err = logbook.Verify(t.Context(), on(s), mark, found.Checked, 1); err != nil {
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
	found, err := logbook.Verify(t.Context(), on(s), mark, 2, 1)
	if err != nil || found.Bad != 3 {
		t.Errorf("after chunk 2: %+v, %v, want chunk 3 to be bad", found, err)
	}
}

func TestVerifyDistinguishesErrorsOfTheArchive(t *testing.T) {
	s, mark, _ := filled(t, 100, 50)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if found, err := logbook.Verify(ctx, on(s), mark, 0, noBudget); err == nil {
		t.Errorf("a cancelled check found %+v", found)
	}
	if _, err := logbook.Verify(ctx, on(s), mark, 1, noBudget); err == nil ||
		fault.KindOf(err) == fault.NotFound {
		t.Errorf("a cancelled check after chunk 1: %v", err)
	}
}
