package logbook

import (
	"context"
	"sort"
	"time"
)

// Since returns the order of an entry before all entries of the time or later, so that a
// reader that begins after it misses none and skips less than one chunk. It reads one block
// of the index for each halving of the log.
func Since(ctx context.Context, log Log, mark Mark, at time.Time) (Order, error) {
	at = at.Truncate(time.Second) // as the index has it
	chunks := newFinder(log, mark)
	low, high := Order(0), chunks.section.Before.Last
	if chunks.section.Before.Until.Before(at) {
		low = high // it is in the part of the mark
	}
	for low < high {
		if err := chunks.read(ctx, low+(high-low)/2+1); err != nil {
			return 0, err
		}
		section := chunks.section
		switch {
		case section.First > 1 && !section.Before.Until.Before(at):
			high = section.Before.Last
		case section.end().Until.Before(at):
			low = section.end().Last
		default:
			low = high
		}
	}
	section := chunks.section
	i := sort.Search(len(section.Ends), func(i int) bool { return !section.Ends[i].Until.Before(at) })
	if i == len(section.Ends) {
		return section.end().Last, nil
	}
	before, _ := section.bounds(section.First + i)
	return before.Last, nil
}
