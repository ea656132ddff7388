package remote

import (
	"slices"
	"sort"
	"time"
)

// stamp says how long the output was at a time: every byte below the sizes had
// been written by then.
type stamp struct {
	at    time.Time
	sizes Offsets
}

// times finds the times at which bytes of the output were written. It is fed
// with the marks and with the bounds of steps, so it knows the times of output
// that was written while no reader was attached. For output after the last
// stamp, the time of reading is close enough.
//
// It keeps at most maxStamps. If a job has more, or a server makes them up, the
// times become coarser: of two neighbouring stamps, the later one stays.
type times struct {
	stamps []stamp // in the order of time, which is the order of sizes too
}

// add takes a stamp. Stamps come nearly in order, because they come from two
// files that are each in order. A stamp for bytes below next is left out, since
// those have been read and need no time any more. A stamp that contradicts the
// others, because the server's clock was set back, is left out too: the binary
// search needs sizes that grow with time.
func (t *times) add(s stamp, next Offsets) {
	old := 0
	for old < len(t.stamps) && t.stamps[old].passed(next) {
		old++
	}
	t.stamps = slices.Delete(t.stamps, 0, old)
	if s.passed(next) {
		return
	}
	at := sort.Search(len(t.stamps), func(i int) bool { return t.stamps[i].at.After(s.at) })
	if (at > 0 && !t.stamps[at-1].atMost(s)) || (at < len(t.stamps) && !s.atMost(t.stamps[at])) {
		return
	}
	t.stamps = slices.Insert(t.stamps, at, s)
	if len(t.stamps) == maxStamps {
		t.thin()
	}
}

// maxStamps is enough for 18 hours of a job that prints in every second. It
// takes 3 MB.
const maxStamps = 1 << 16

// thin drops every other stamp.
func (t *times) thin() {
	kept := t.stamps[:0]
	for i := 1; i < len(t.stamps); i += 2 {
		kept = append(kept, t.stamps[i])
	}
	t.stamps = kept
}

func (s stamp) atMost(other stamp) bool { return s.passed(other.sizes) }

func (s stamp) passed(next Offsets) bool { return s.sizes.Out <= next.Out && s.sizes.Err <= next.Err }

// timeOf returns how many of the n bytes from an offset on were written at the same
// time, and that time. It is now, the time of reading, if no stamp tells.
func (t *times) timeOf(stream Stream, offset int64, n int, now time.Time) (int, time.Time) {
	first := sort.Search(len(t.stamps), func(i int) bool { return t.stamps[i].size(stream) > offset })
	if first == len(t.stamps) {
		return n, now
	}
	s := t.stamps[first]
	return int(min(int64(n), s.size(stream)-offset)), s.at
}

func (s stamp) size(stream Stream) int64 {
	if stream == Err {
		return s.sizes.Err
	}
	return s.sizes.Out
}
