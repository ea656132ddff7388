package redact

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// A job that prints "token=" all the time must not hold up its own log. So text with
// anchors that only repeats the text before it is skipped, at the speed of a
// comparison: in a line by repeated, and as whole lines by repeats.

// repeats has the known repetitions in a line.
//
// A look depends on the bytes after its anchor and on the byte before, and not on the
// place in the line. So one repetition has the same secrets as the one before, unless
// a look compares a distance with a limit and the text after the repetitions is within
// that limit. maxReach is more than each of the limits. A search that leaves the
// repetitions ends at the same place from each of them.
type repeats struct {
	from   int // an anchor, at which the first repetition may begin; 0 if there is none
	to     int // how far the line was compared
	found  int // how many secrets were found before from
	judged [options]int
}

// maxPeriod is the length of the longest text whose repetitions in a line are noticed.
const maxPeriod = 256

// maxReach is how many bytes of repetitions must follow on an anchor that is skipped,
// in addition to maxReachTimes repetitions. No limit of bytes is larger than
// maxUserinfoBytes, and no limit of repetitions is larger than maxResumptions.
const (
	maxReach      = 2 * maxUserinfoBytes
	maxReachTimes = maxResumptions + 4
)

// repeated returns how many bytes of the line, from the anchor at i on, only repeat
// the bytes before it, and adds the secrets in them. No secret before i reaches to i.
// At least maxReach bytes of the line must follow.
func (s *inspector) repeated(line []byte, i int) (skip int) {
	r := &s.repeats
	period := i - r.from
	if r.from == 0 || period > maxPeriod {
		s.repeatFrom(i)
		return 0
	}
	if i < r.to || s.judgesAll || !sameEight(line[r.from+8:], line[i+8:]) {
		return 0
	}
	if !s.search.steady(r, period) {
		s.repeatFrom(i)
		return 0
	}
	r.to = i - 1 + common(line[r.from-1:], line[i-1:])
	s.search.work += r.to - i
	times := (r.to-i-maxReach)/period - maxReachTimes
	if times <= 0 {
		return 0
	}
	skip = times * period
	for o, place := range s.search.judged {
		s.search.judged[o] += times * (place - r.judged[o]) // they move with the repetitions
	}
	for n := len(s.found) - r.found; n > 0 && times > 0; times-- {
		for _, f := range s.found[len(s.found)-n:] {
			s.found = append(s.found, secretRange{f.from + period, f.to + period})
		}
	}
	s.repeatFrom(i + skip)
	return skip
}

// repeatFrom makes the anchor at i the one at which the first repetition may begin.
func (s *inspector) repeatFrom(i int) {
	r := &s.repeats
	r.from, r.found, r.judged = i, len(s.found), s.search.judged
}

// repeats lets lines through that repeat the line from before on, and all text between
// it and the line from i on. It reports whether there are any. Lines that are the
// same to the byte, with the byte on their left, give the same result: no secret.
func (s *Stream) repeats(v *view, before, i int) bool {
	period := i - before
	if s.out.judgesAll || v.done != i || i+period > len(v.text) ||
		!bytes.Equal(v.text[before-1:i], v.text[i-1:i+period]) {
		return false
	}
	equal := i - 1 + common(v.text[before-1:], v.text[i-1:])
	s.out.search.work += equal - i
	// So near to the end of the text, every place with a needle's first byte counts.
	equal = min(equal, len(v.text)-nearBytes)
	to := i + (equal-i)/period*period
	if to <= i || s.finder.scan.needleIn(v.text, i, to+1) {
		return false
	}
	s.passTo(v, to)
	v.line = to
	return true
}

// steady reports whether the options that were judged in the last repetition are the
// ones of the repetition before, or no others.
func (l *lineSearch) steady(r *repeats, period int) bool {
	for o, place := range l.judged {
		if was := r.judged[o]; place != was && place != was+period {
			return false
		}
	}
	return true
}

// sameEight reports whether the texts have the same eight bytes at their beginnings.
func sameEight(first, second []byte) bool {
	return len(second) >= 8 &&
		binary.LittleEndian.Uint64(first) == binary.LittleEndian.Uint64(second)
}

// common is how many bytes the texts have in common at their beginnings. The second is
// not longer than the first.
func common(first, second []byte) int {
	const many = 256
	n := 0
	for len(second)-n >= many && bytes.Equal(first[n:n+many], second[n:n+many]) {
		n += many
	}
	for ; len(second)-n >= 8; n += 8 {
		differ := binary.LittleEndian.Uint64(first[n:]) ^ binary.LittleEndian.Uint64(second[n:])
		if differ != 0 {
			return n + bits.TrailingZeros64(differ)/8
		}
	}
	for n < len(second) && first[n] == second[n] {
		n++
	}
	return n
}
