package redact

import (
	"cmp"
	"math/bits"
	"slices"
)

// scanner finds the needles that begin at a place of a text.
//
// It reads as little of a text as it can. The window of a needle is its beginning,
// with as many bytes as the shortest needle has. A window of w bytes has w-2 grams
// (runs of three bytes), and the sketch has all grams of all windows. Where a needle
// begins, the next w-2 places of the text all begin grams of its window. So it is
// enough to look at every (w-2)th place. This distance is the stride: while the
// sketch does not have the grams there, no needle has begun. In most logs that is a
// load, a multiplication and a test for every four bytes or more.
//
// Where the sketch has the gram, the scanner looks one by one at the places of one
// stride up to there, for grams that needles begin with. At such a gram it looks up
// the first four bytes in a table. The table names a run of the sorted needles, which
// are then compared. So even in the worst text the scanner looks at each byte twice
// before it compares needles, and it never writes or allocates.
//
// A needle of MinSecretBytes makes the stride 2: then every byte is read.
type scanner struct {
	// tables have the needles. Each needle is in one of them.
	tables []*table
	stride int
	sketch *sketch
	// begins is for the end of a text, where grams are cut off.
	begins begins
}

// begins has the first byte, and the first two bytes, of needles and anchors.
type begins struct {
	first [256]bool
	pairs [1 << 16 / 64]uint64
}

// add takes a needle or the text of an anchor.
func (b *begins) add(text string) {
	b.first[text[0]] = true
	pair := uint16(text[0])<<8 | uint16(text[1])
	b.pairs[pair/64] |= 1 << (pair % 64)
}

// has reports whether a needle or an anchor may begin as the text does, which has
// 1 byte or more.
func (b *begins) has(text []byte) bool {
	if len(text) == 1 {
		return b.first[text[0]]
	}
	pair := uint16(text[0])<<8 | uint16(text[1])
	return b.pairs[pair/64]&(1<<(pair%64)) != 0
}

// newScanner needs the needles sorted by text, each once. The anchors may be nil.
func newScanner(needles []needle, anchors *anchors) *scanner {
	s := &scanner{stride: maxStride, sketch: new(sketch)}
	if anchors != nil {
		*s.sketch, s.begins = anchors.sketch, anchors.begins
	}
	s.insert(needles)
	return s
}

// with returns a scanner that has more needles too. s must not have any of them.
//
// The new needles get a table of their own, joined with the last tables that are not
// larger. So a needle is moved at most as often as the number of needles can be
// doubled, and there are at most as many tables. Adding needles one by one takes only
// a little longer than adding them at once.
func (s *scanner) with(more []needle) *scanner {
	sketch := *s.sketch
	out := &scanner{tables: slices.Clone(s.tables), stride: s.stride, sketch: &sketch, begins: s.begins}
	out.insert(more)
	return out
}

// insert adds needles to a scanner that is still being made.
func (s *scanner) insert(needles []needle) {
	if len(needles) == 0 {
		return
	}
	for _, n := range needles {
		s.stride = min(s.stride, len(n.text)-gramBytes+1)
	}
	for _, n := range needles {
		s.begins.add(n.text)
		for at := range s.stride {
			s.sketch.add(n.text[at:], at, ofNeedles)
		}
	}
	for last := len(s.tables) - 1; last >= 0 && len(s.tables[last].needles) <= len(needles); last-- {
		needles = tidy(slices.Concat(s.tables[last].needles, needles))
		s.tables = s.tables[:last]
	}
	s.tables = append(s.tables, newTable(needles))
}

// at returns the longest needle that the text begins with, nil if there is no such
// needle. more says that the text is the beginning of a longer needle, so that more
// text could complete it.
func (s *scanner) at(text []byte) (longest *needle, more bool) {
	for _, t := range s.tables {
		found, longer := t.at(text)
		if found != nil && (longest == nil || len(found.text) > len(longest.text)) {
			longest = found
		}
		more = more || longer
	}
	return longest, more
}

// has reports whether the text is a needle.
func (s *scanner) has(text string) bool {
	return slices.ContainsFunc(s.tables, func(t *table) bool {
		_, found := slices.BinarySearchFunc(t.needles, text, func(n needle, text string) int {
			return cmp.Compare(n.text, text)
		})
		return found
	})
}

// skip returns the first place from i on where one of the given kinds may begin, and
// which of them; the text's length if there is no such place. Where it cannot tell the
// kinds apart, it returns both. The last three bytes of the text are too few to tell,
// so there it returns each place with the first bytes of a needle or an anchor.
func (s *scanner) skip(text []byte, i int, of kinds) (place int, what kinds) {
	at := i + s.stride - 1 // windows that begin before at-stride+1 were looked at
	for s.stride == maxStride && at+spanBytes <= len(text) {
		next, places := s.sketch.find(text, at, of)
		if places == 0 {
			at = next
			break
		}
		for at = next; places != 0; {
			lane := bits.TrailingZeros64(places) / 8
			if place, what = s.around(text, at+lane*maxStride, of); what != 0 {
				return place, what
			}
			places &^= 0xFF << (lane * 8)
		}
		at += spanBytes
	}
	return s.skipByStride(text, max(i, at-s.stride+1), of)
}

// soonPlaces is how many places soon looks at one by one.
const soonPlaces = 4

// soon is skip for a text in which the next place is probably near.
func (s *scanner) soon(text []byte, i int, of kinds) (place int, what kinds) {
	if s.stride == maxStride {
		for range soonPlaces {
			at := i + maxStride - 1
			if at+loadBytes > len(text) {
				break
			}
			if s.sketch[hash(load(text[at:]))]&byte(of) != 0 {
				if place, what = s.around(text, at, of); what != 0 {
					return place, what
				}
			}
			i += maxStride
		}
	}
	return s.skip(text, i, of)
}

// needleIn reports whether a needle may begin in a part of the text. It looks through
// whole spans first, because that is faster than to stop where the part ends.
func (s *scanner) needleIn(text []byte, from, to int) bool {
	at := from + maxStride - 1
	end := at + (to-from+spanBytes-1)/spanBytes*spanBytes
	if s.stride == maxStride && end <= len(text) {
		if _, places := s.sketch.find(text[:end], at, ofNeedles); places == 0 {
			return false
		}
	}
	place, _ := s.skip(text[:min(len(text), to+nearBytes)], from, ofNeedles)
	return place < to
}

// around returns where the first window begins that has the gram at a place of the
// text in it, and the window's kinds. If there is no such window, it returns 0 for
// the kinds. The stride must be maxStride.
func (s *scanner) around(text []byte, at int, of kinds) (place int, what kinds) {
	from := at - (maxStride - 1)
	if len(text)-from < nearBytes {
		return s.front(text, at, from, of)
	}
	place, what = s.sketch.near((*[nearBytes]byte)(text[from:]), of)
	return from + place, what
}

// skipByStride is skip for the end of a text, where no whole span is left. If a short
// needle makes the stride less than maxStride, it is skip for the whole text.
func (s *scanner) skipByStride(text []byte, i int, of kinds) (place int, what kinds) {
	for last := len(text) - loadBytes; i <= last; {
		// When less than a stride is left, the last gram decides for the rest.
		at := min(i+s.stride-1, last)
		if s.sketch[hash(load(text[at:]))]&byte(of) != 0 {
			if place, what = s.front(text, at, i, of); what != 0 {
				return place, what
			}
		}
		i = at + 1
	}
	for i < len(text) && !s.mayBegin(text[i:]) {
		i++
	}
	return i, of
}

// mayBegin reports whether a window may begin as the text does, which has 1 to 3
// bytes.
func (s *scanner) mayBegin(text []byte) bool {
	return s.begins.has(text) && (len(text) < gramBytes || s.sketch[hash(gram(text))]&atFirst != 0)
}

// front returns where the first window from i on begins that has the gram at a place
// of the text in it, and the window's kinds. If there is no such window, it returns 0
// for the kinds. The farther a gram is into its window, the earlier the window
// begins.
func (s *scanner) front(text []byte, at, i int, of kinds) (place int, what kinds) {
	places := s.sketch[hash(load(text[at:]))] & byte(of)
	for back := min(s.stride-1, at-i); back >= 0; back-- {
		if places>>back&atFirst != 0 {
			if what = s.window(text, at-back, of); what != 0 {
				return at - back, what
			}
		}
	}
	return 0, 0
}

// window returns the kinds that may begin at i, or 0: there is a window of each that
// has all grams there, as far as the text goes.
func (s *scanner) window(text []byte, i int, of kinds) kinds {
	what := byte(of) & atFirst
	for place := 0; what != 0 && place < min(s.stride, len(text)-i-loadBytes+1); place++ {
		what &= s.sketch[hash(load(text[i+place:]))] >> place
	}
	return kinds(what)
}
