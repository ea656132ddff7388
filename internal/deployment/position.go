package deployment

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Position is a place in the [Feed]: a reader has seen the changes before From, and of the
// later ones those with the marks.
//
// A time alone is not enough. Several functions append at once, each by its own clock, so a
// change may get its place before one that a reader has already seen. So a position stays
// [FeedOverlap] in the past, and has marks for later changes that the reader has seen.
type Position struct {
	From time.Time
	Seen []string
}

const (
	// FeedOverlap is how much later than its time a change may be appended and still be
	// found by every reader.
	FeedOverlap = 10 * time.Second
	// maxSeen limits the marks of a position. In a feed with more changes within the
	// overlap, the overlap is shorter.
	maxSeen = 120
	// MaxChanges is the most changes that a reader takes at once, seen ones included. It is
	// greater than maxSeen, so that each full answer has new ones.
	MaxChanges = maxSeen + 100
	// markLength is the length of a mark, 40 bits. In a full answer of a busy feed, two
	// marks are the same by chance once in forty million answers.
	markLength = 8
)

// NewPosition returns the position of a reader that has seen all changes before now.
func NewPosition(now time.Time) Position { return Position{From: now.Truncate(time.Microsecond)} }

// ParsePosition parses the text of a position. Invalid, naming the field after, if it is
// malformed or in the future; Gone if the feed no longer has all changes since.
func ParsePosition(text string, now time.Time) (Position, error) {
	const timeLength = 11
	micros, ok := catalog.MicrosOf(text)
	if !ok || (len(text)-timeLength)%markLength != 0 || len(text) > timeLength+maxSeen*markLength ||
		strings.Trim(text, catalog.Alphabet) != "" {
		return Position{}, fault.InvalidField("after", "must be the next of an earlier answer")
	}
	position := Position{From: time.UnixMicro(micros).UTC()}
	for mark := range slices.Chunk([]byte(text[timeLength:]), markLength) {
		position.Seen = append(position.Seen, string(mark))
	}
	switch {
	case position.From.After(now.Add(FeedOverlap)):
		return Position{}, fault.InvalidField("after", "must be the next of an earlier answer; this one is "+
			"in the future")
	case now.Sub(position.From) > FeedWindow:
		return Position{}, fault.New(fault.Gone, "The changes since then are no longer listed. Read the "+
			"history again, and begin without after.")
	}
	return position, nil
}

// Text returns the position as text.
func (p Position) Text() string { return catalog.TimeText(p.From) + strings.Join(p.Seen, "") }

// Advance takes the changes since From, as the feed lists them, and returns the new ones and
// the position after them. full says that the feed may have more.
func (p Position) Advance(listed []Listed, full bool, now time.Time) (fresh []Listed, next Position) {
	seen := map[string]bool{}
	for _, mark := range p.Seen {
		seen[mark] = true
	}
	for _, one := range listed {
		if mark := markOf(one.ID); !seen[mark] {
			seen[mark] = true
			fresh = append(fresh, one)
		}
	}
	reached := now
	if full {
		reached = listed[len(listed)-1].At
	}
	next.From = p.From
	if from := reached.Add(-FeedOverlap).Truncate(time.Microsecond); from.After(next.From) {
		next.From = from
	}
	if extra := len(listed) - maxSeen; extra > 0 && !listed[extra-1].At.Before(next.From) {
		next.From = listed[extra-1].At.Add(time.Microsecond)
	}
	for _, one := range listed {
		if !one.At.Before(next.From) {
			next.Seen = append(next.Seen, markOf(one.ID))
		}
	}
	return fresh, next
}

// markOf returns the mark of a change.
func markOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	mark := make([]byte, markLength)
	for i := range mark {
		mark[i] = catalog.Alphabet[sum[i]&31]
	}
	return string(mark)
}
