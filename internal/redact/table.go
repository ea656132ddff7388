package redact

import (
	"math/bits"
	"sort"
	"strings"
)

// table has needles and finds them by the beginning of a text. It never changes.
type table struct {
	needles []needle // sorted by text
	// shorter has, for each needle, the longest other needle that it begins with, or
	// -1.
	shorter []int
	// slots is a hash table with linear probing. It leads from four bytes to the run
	// of needles that begin with them.
	slots []slot
}

// slot is the run needles[from:to] that begin with the four bytes. It is empty if to
// is 0.
type slot struct {
	begin    uint32
	from, to int32
}

// newTable needs the needles sorted by text, each once.
func newTable(needles []needle) *table {
	t := &table{
		needles: needles,
		shorter: shorter(needles),
		slots:   make([]slot, 2<<bits.Len(uint(len(needles)))),
	}
	for i := 0; i < len(needles); {
		end := i + 1
		for end < len(needles) && needles[end].text[:loadBytes] == needles[i].text[:loadBytes] {
			end++
		}
		begin := load([]byte(needles[i].text[:loadBytes]))
		at := t.slotIndex(begin)
		for t.slots[at].to != 0 {
			at = (at + 1) & (len(t.slots) - 1)
		}
		t.slots[at] = slot{begin: begin, from: int32(i), to: int32(end)}
		i = end
	}
	return t
}

// slotIndex is the index of slots at which the search for the four bytes starts.
func (t *table) slotIndex(begin uint32) int {
	return int(uint64(begin)*0x9E3779B1>>16) & (len(t.slots) - 1)
}

// shorter finds for each needle the longest other needle that it begins with. In
// sorted order that is the needle before it, or one that the needle before begins
// with.
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

// at returns the longest needle that the text begins with, nil if there is no such
// needle. more says that the text is the beginning of a longer needle, so that more
// text could complete it.
func (t *table) at(text []byte) (longest *needle, more bool) {
	if len(text) < MinSecretBytes {
		return nil, t.beginsNeedle(text)
	}
	from, to := t.rangeOf(load(text))
	next := from + sort.Search(to-from, func(i int) bool { return t.needles[from+i].text > string(text) })
	// In sorted order the text stands at next. The needles that begin with the text
	// come directly after it. All needles between the text and the longest needle
	// that it begins with begin with that needle too. So the steps through shorter
	// lead from the needle before next to it, and a key of a thousand lines and a
	// text of nothing but its first letters cost a few comparisons.
	more = next < to && beginning(text, t.needles[next].text)
	found := next - 1
	for found >= from && !startsWith(text, t.needles[found].text) {
		found = t.shorter[found]
	}
	if found < from {
		return nil, more
	}
	return &t.needles[found], more
}

// beginning reports whether the text is the beginning of the needle and shorter.
// (strings.HasPrefix would be plainer, but it would copy the text first.)
func beginning(text []byte, needle string) bool {
	return len(text) < len(needle) && needle[:len(text)] == string(text)
}

// startsWith reports whether the text starts with the other.
func startsWith(text []byte, with string) bool {
	return len(text) >= len(with) && string(text[:len(with)]) == with
}

// rangeOf returns the range of the needles that begin with the four bytes. If no needle
// does, to is 0.
func (t *table) rangeOf(begin uint32) (from, to int) {
	for at := t.slotIndex(begin); t.slots[at].to != 0; at = (at + 1) & (len(t.slots) - 1) {
		if t.slots[at].begin == begin {
			return int(t.slots[at].from), int(t.slots[at].to)
		}
	}
	return 0, 0
}

// beginsNeedle reports whether a needle begins with the text, which has 1 to 3 bytes.
func (t *table) beginsNeedle(text []byte) bool {
	i := sort.Search(len(t.needles), func(i int) bool { return t.needles[i].text >= string(text) })
	return i < len(t.needles) && beginning(text, t.needles[i].text)
}
