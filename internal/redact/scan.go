package redact

import (
	"math/bits"
	"sort"
	"strings"
)

// scanner finds the needles that begin at a place of a text.
//
// It reads as little of a text as it can. Take the beginning of every needle,
// as many bytes as the shortest has: its window. A window of w bytes has w-2
// grams (runs of three bytes), and the sketch has all grams of all windows.
// Where a needle begins, the next w-2 places of the text all begin grams of its
// window. So it is enough to look at every (w-2)th place, the stride: while the
// sketch does not have the grams there, no needle has begun. In most logs that
// is a load, a multiplication and a test for every four bytes or more.
//
// Where the sketch has the gram, the places of one stride up to there are
// looked at one by one, for grams that needles begin with; and where one is,
// the first four bytes are looked up in a table, which names a run of the sorted
// needles, and these are compared. So of the worst text each byte is looked at twice
// before needles are compared, and nothing is ever written or allocated.
//
// A needle of MinSecretBytes makes the stride 2: then every byte is read.
type scanner struct {
	needles []needle // sorted by text
	// shorter has, for each needle, the longest other one that it begins with,
	// -1 if none.
	shorter []int
	stride  int
	sketch  *sketch
	// slots is a hash table with linear probing from four bytes to the run of
	// needles that begin with them.
	slots []slot
	// begins is for the end of a text, where grams are cut off.
	begins begins
}

// begins has the first byte, and the first two, of needles and anchors.
type begins struct {
	first [256]bool
	pairs [1 << 16 / 64]uint64
}

func (b *begins) add(text string) {
	b.first[text[0]] = true
	pair := uint16(text[0])<<8 | uint16(text[1])
	b.pairs[pair/64] |= 1 << (pair % 64)
}

// has reports whether one may begin as the text does, which has 1 byte or more.
func (b *begins) has(text []byte) bool {
	if len(text) == 1 {
		return b.first[text[0]]
	}
	pair := uint16(text[0])<<8 | uint16(text[1])
	return b.pairs[pair/64]&(1<<(pair%64)) != 0
}

// slot is the run needles[from:to] that begin with the four bytes; empty if to
// is 0.
type slot struct {
	begin    uint32
	from, to int32
}

// newScanner needs the needles sorted. The anchors may be nil.
func newScanner(needles []needle, anchors *anchors) *scanner {
	s := &scanner{needles: needles, shorter: shorter(needles), stride: maxStride, sketch: new(sketch)}
	if anchors != nil {
		*s.sketch, s.begins = anchors.sketch, anchors.begins
	}
	for _, n := range needles {
		s.stride = min(s.stride, len(n.text)-gramBytes+1)
	}
	for _, n := range needles {
		s.begins.add(n.text)
		for at := range s.stride {
			s.sketch.add(n.text[at:], at)
		}
	}
	s.slots = make([]slot, 2<<bits.Len(uint(len(needles))))
	for i := 0; i < len(needles); {
		begin := load([]byte(needles[i].text[:loadBytes]))
		end := i + 1
		for end < len(needles) && needles[end].text[:loadBytes] == needles[i].text[:loadBytes] {
			end++
		}
		at := s.slot(begin)
		for s.slots[at].to != 0 {
			at = (at + 1) & (len(s.slots) - 1)
		}
		s.slots[at] = slot{begin: begin, from: int32(i), to: int32(end)}
		i = end
	}
	return s
}

// slot is where the search for the four bytes starts.
func (s *scanner) slot(begin uint32) int {
	return int(uint64(begin)*0x9E3779B1>>16) & (len(s.slots) - 1)
}

// shorter finds for each needle the longest other one that it begins with. In
// sorted order that is the one before it, or one that this begins with.
func shorter(needles []needle) []int {
	out := make([]int, len(needles))
	for i := range needles {
		at := i - 1
		for at >= 0 && !strings.HasPrefix(needles[i].text, needles[at].text) {
			at = out[at]
		}
		out[i] = at
	}
	return out
}

// skip returns the first place from i on where a needle or an anchor may begin.
// In the last three bytes of the text, where too little is left to tell, that is
// each place with the first bytes of one.
func (s *scanner) skip(text []byte, i int) int {
	at := i + s.stride - 1 // no window begins before at-stride+1 but those that were looked at
	for s.stride == maxStride && at+spanBytes <= len(text) {
		next, places := s.sketch.find(text, at)
		if places == 0 {
			at = next
			break
		}
		for at = next; places != 0; {
			lane := bits.TrailingZeros64(places) / 8
			if found := s.front(text, at+lane*maxStride, i, byte(places>>(lane*8))); found >= 0 {
				return found
			}
			places &^= 0xFF << (lane * 8)
		}
		at += spanBytes
	}
	return s.skipNear(text, max(i, at-s.stride+1))
}

// skipNear is skip for the end of a text.
func (s *scanner) skipNear(text []byte, i int) int {
	for last := len(text) - loadBytes; i <= last; {
		// When less than a stride is left, the last gram decides on the rest.
		at := min(i+s.stride-1, last)
		if places := s.sketch[hash(load(text[at:]))]; places != 0 {
			if found := s.front(text, at, i, places); found >= 0 {
				return found
			}
		}
		i = at + 1
	}
	for i < len(text) && !s.begins.has(text[i:]) {
		i++
	}
	return i
}

// front returns where the first window begins, from i on, of which the gram at
// that place of the text is one, -1 if none. The farther into its window a gram
// is, the earlier that begins.
func (s *scanner) front(text []byte, at, i int, places byte) int {
	for places != 0 {
		back := bits.Len8(places) - 1
		places &^= 1 << back
		if at-back >= i && s.window(text, at-back) {
			return at - back
		}
	}
	return -1
}

// window reports whether all the grams at i are those of a window, as far as the
// text goes.
func (s *scanner) window(text []byte, i int) bool {
	for place := range min(s.stride, len(text)-i-loadBytes+1) {
		if !s.sketch.has(load(text[i+place:]), place) {
			return false
		}
	}
	return true
}

// at returns the longest needle that the text begins with, -1 if none, and
// whether more text could make a longer one: the text is the beginning of one.
func (s *scanner) at(text []byte) (longest int, more bool) {
	if len(text) < MinSecretBytes {
		return -1, s.short(text)
	}
	from, to := s.run(load(text))
	behind := from + sort.Search(to-from, func(i int) bool { return s.needles[from+i].text > string(text) })
	// In sorted order the text stands at behind. Whatever the text is the
	// beginning of comes right after it; and everything between the longest
	// needle that it begins with and the text begins with that needle too, so
	// the steps from the one before lead there. So a key of a thousand lines
	// and a text of nothing but its first letters cost a few comparisons.
	more = behind < to && beginning(text, s.needles[behind].text)
	longest = behind - 1
	for longest >= from && !startsWith(text, s.needles[longest].text) {
		longest = s.shorter[longest]
	}
	if longest < from {
		longest = -1
	}
	return longest, more
}

// beginning reports whether the text is the beginning of the needle. (Plainer
// with strings.HasPrefix, which would copy the text first.)
func beginning(text []byte, needle string) bool {
	return len(text) < len(needle) && needle[:len(text)] == string(text)
}

// startsWith reports whether the text starts with the other.
func startsWith(text []byte, with string) bool {
	return len(text) >= len(with) && string(text[:len(with)]) == with
}

// run returns the needles that begin with the four bytes.
func (s *scanner) run(begin uint32) (from, to int) {
	for at := s.slot(begin); s.slots[at].to != 0; at = (at + 1) & (len(s.slots) - 1) {
		if s.slots[at].begin == begin {
			return int(s.slots[at].from), int(s.slots[at].to)
		}
	}
	return 0, 0
}

// short reports whether a needle begins with the text, which has 1 to 3 bytes.
func (s *scanner) short(text []byte) bool {
	i := sort.Search(len(s.needles), func(i int) bool { return s.needles[i].text >= string(text) })
	return i < len(s.needles) && beginning(text, s.needles[i].text)
}
