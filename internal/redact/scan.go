package redact

import (
	"encoding/binary"
	"sort"
	"strings"
)

// scanner finds the needles that begin at a place of a text.
//
// Every needle has at least four bytes (MinSecretBytes), so its first four,
// its gram, decide nearly everything. One pass looks up the gram at each byte
// of the text in a small bitmap; only where its bit is set the exact gram is
// looked up, which names a run of the sorted needles, and these are compared.
// A log without secrets is read once, a load, a multiplication and a test a
// byte, and nothing in it is written or allocated.
type scanner struct {
	needles []needle // sorted by text
	// shorter has, for each needle, the longest other one that it begins with,
	// -1 if none.
	shorter []int
	// bits has a bit for each hashed gram; slots is a hash table with linear
	// probing from the gram to the run of needles that begin with it.
	bits  [1 << (gramBits - 6)]uint64
	slots []slot
	shift uint
	// first has the first bytes of all needles.
	first [256]bool
}

// slot is the run needles[from:to] that begin with the gram; empty if to is 0.
type slot struct {
	gram     uint32
	from, to int32
}

// gramBits is the size of the bitmap: 2^16 bits, 8 KiB, stay in the nearest
// cache, and a thousand needles set under 2 % of them.
const gramBits = 16

// golden spreads the grams: 2^32 divided by the golden ratio.
const golden = 0x9E3779B1

func newScanner(needles []needle) *scanner {
	s := &scanner{needles: needles, shorter: shorter(needles), shift: 31}
	size := 2
	for ; size < 2*len(needles); size *= 2 {
		s.shift--
	}
	s.slots = make([]slot, size)
	for i := 0; i < len(needles); {
		gram := gramOf(needles[i].text)
		end := i + 1
		for end < len(needles) && gramOf(needles[end].text) == gram {
			end++
		}
		s.first[needles[i].text[0]] = true
		hash := gram * golden
		s.bits[hash>>(32-gramBits+6)] |= 1 << (hash >> (32 - gramBits) & 63)
		at := hash >> s.shift
		for s.slots[at].to != 0 {
			at = (at + 1) & uint32(size-1)
		}
		s.slots[at] = slot{gram: gram, from: int32(i), to: int32(end)}
		i = end
	}
	return s
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

func gramOf(text string) uint32 { return binary.LittleEndian.Uint32([]byte(text[:4])) }

// skip returns the first place from i on where a needle may begin, or the last
// three bytes of the text, where too little is left to tell.
func (s *scanner) skip(text []byte, i int) int {
	for ; i+4 <= len(text); i++ {
		hash := binary.LittleEndian.Uint32(text[i:]) * golden
		if s.bits[hash>>(32-gramBits+6)]&(1<<(hash>>(32-gramBits)&63)) != 0 {
			return i
		}
	}
	return i
}

// at returns the longest needle that the text begins with, -1 if none, and
// whether more text could make a longer one: the text is the beginning of one.
func (s *scanner) at(text []byte) (longest int, more bool) {
	if len(text) < MinSecretBytes {
		return -1, s.short(text)
	}
	from, to := s.run(binary.LittleEndian.Uint32(text))
	behind := from + sort.Search(to-from, func(i int) bool { return s.needles[from+i].text > string(text) })
	// In sorted order the text stands at behind. Whatever the text is the
	// beginning of comes right after it; and everything between the longest
	// needle that it begins with and the text begins with that needle too, so
	// the steps from the one before lead there. So a key of a thousand lines
	// and a text of nothing but its first letters cost a few comparisons.
	more = behind < to && beginning(text, s.needles[behind].text)
	longest = behind - 1
	for longest >= from && !begins(text, s.needles[longest].text) {
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

func begins(text []byte, with string) bool {
	return len(text) >= len(with) && string(text[:len(with)]) == with
}

// run returns the needles that begin with the gram.
func (s *scanner) run(gram uint32) (from, to int) {
	mask := uint32(len(s.slots) - 1)
	for at := gram * golden >> s.shift; s.slots[at].to != 0; at = (at + 1) & mask {
		if s.slots[at].gram == gram {
			return int(s.slots[at].from), int(s.slots[at].to)
		}
	}
	return 0, 0
}

// short reports whether a needle begins with the text, which has 1 to 3 bytes.
func (s *scanner) short(text []byte) bool {
	if !s.first[text[0]] {
		return false
	}
	i := sort.Search(len(s.needles), func(i int) bool { return s.needles[i].text >= string(text) })
	return i < len(s.needles) && beginning(text, s.needles[i].text)
}
