package remote

import (
	"slices"
	"sort"
	"time"
)

// stamp says how far the output was at a time: every byte below the sizes was
// written by then.
type stamp struct {
	at    time.Time
	sizes Offsets
}

// times tells when bytes of the output were written. It is fed with marks and
// with the bounds of steps, so it knows the time of what was written while
// nobody read; for what is newer than its last stamp, the time of reading is
// good enough.
//
// It keeps at most maxStamps. A job that has more, or a server that makes them up,
// gets coarser times: of two stamps the later one stays.
type times struct {
	stamps []stamp // in the order of time, which is the order of sizes too
}

// add takes a stamp. They come nearly in order: from two files, each of which
// is in order. What is below next is read already and needs no time any more.
// A stamp that contradicts the others, since the server's clock was set back,
// is left out: sizes grow with time, or the search goes astray.
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
	if (at > 0 && !t.stamps[at-1].below(s)) || (at < len(t.stamps) && !s.below(t.stamps[at])) {
		return
	}
	t.stamps = slices.Insert(t.stamps, at, s)
	if len(t.stamps) == maxStamps {
		t.thin()
	}
}

// maxStamps is 18 hours of a job that prints in every second, in 3 MB.
const maxStamps = 1 << 16

// thin leaves every second stamp.
func (t *times) thin() {
	kept := t.stamps[:0]
	for i := 1; i < len(t.stamps); i += 2 {
		kept = append(kept, t.stamps[i])
	}
	t.stamps = kept
}

func (s stamp) below(other stamp) bool { return s.passed(other.sizes) }

func (s stamp) passed(next Offsets) bool { return s.sizes.Out <= next.Out && s.sizes.Err <= next.Err }

// of tells when the bytes from an offset on were written, and how many of the
// n bytes have that time.
func (t *times) of(stream Stream, offset int64, n int, now time.Time) (int, time.Time) {
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
