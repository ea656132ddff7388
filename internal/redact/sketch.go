package redact

import (
	"encoding/binary"
	"math/bits"
)

// gramBytes is the length of a gram: the bytes of one lookup.
const gramBytes = 3

// loadBytes is how many bytes are read for a gram. It is one more than a gram has,
// because no load reads three.
const loadBytes = 4

// factor spreads the grams. Of 400,000 odd numbers it is the one with which the
// anchors share the fewest hashes with the grams of the benchmark's logs and of this
// repository's documents. The shift by eight bits also drops the fourth byte of a
// load.
const factor = 0x6512EF << 8

// sketchBits is the size of a sketch: 128 KiB, which stay in the second-level cache.
// The windows of a thousand needles fill 3 % of it. The windows of the anchors fill 1
// % of it. A smaller sketch is read a little faster, but with many needles it takes
// far more foreign grams for its own.
const sketchBits = 17

// sketch says at which places of windows a gram is: bit k for place k of a needle's
// window, bit k+maxStride for place k of an anchor's window. It also says so for the
// few other grams that share their hash with a gram in a window.
type sketch [1 << sketchBits]byte

// kinds are the halves of a sketch: needles and anchors.
type kinds byte

const (
	ofNeedles kinds = 1<<maxStride - 1
	ofAnchors       = ofNeedles << maxStride
	ofAll           = ofNeedles | ofAnchors
	// atFirst has the bits of the first place.
	atFirst byte = 1 | 1<<maxStride
)

// add adds the gram that the text begins with, for that place of a window.
func (s *sketch) add(text string, place int, of kinds) {
	s[hash(gram([]byte(text[:gramBytes])))] |= 1 << place * (byte(of) & atFirst)
}

func hash(gram uint32) uint32 { return gram * factor >> (32 - sketchBits) }

// maxStride is the largest distance of the places that find looks at. It bounds how
// many grams of a needle are in the sketch, and how long an anchor must be.
const maxStride = 4

// spanBytes is how many bytes find looks through at once: eight places.
const spanBytes = 8 * maxStride

// find searches the text from at on, spanBytes at a time. It looks up the grams at
// the first byte of a span and at every maxStride bytes after it. At the first span
// with an entry in the sketch it returns the place of the span and all its entries,
// the first in the lowest byte. If no span has an entry, places is 0 and next is
// where less than a span is left.
//
// The search spends nearly all of its time here, so one branch decides on eight
// places. The text is converted to an array, so that the compiler needs no bounds
// checks.
func (s *sketch) find(text []byte, at int, of kinds) (next int, places uint64) {
	const n = maxStride
	rest := text[at:]
	for ; len(rest) >= spanBytes; rest = rest[spanBytes:] {
		near := (*[spanBytes]byte)(rest)
		a, b, c, d := s[hash(load(near[:]))], s[hash(load(near[n:]))],
			s[hash(load(near[2*n:]))], s[hash(load(near[3*n:]))]
		e, f, g, h := s[hash(load(near[4*n:]))], s[hash(load(near[5*n:]))],
			s[hash(load(near[6*n:]))], s[hash(load(near[7*n:]))]
		if (a|b|c|d|e|f|g|h)&byte(of) != 0 {
			places = uint64(a) | uint64(b)<<8 | uint64(c)<<16 | uint64(d)<<24 |
				uint64(e)<<32 | uint64(f)<<40 | uint64(g)<<48 | uint64(h)<<56
			return len(text) - len(rest), places & (uint64(of) * 0x0101010101010101)
		}
	}
	return len(text) - len(rest), 0
}

// nearBytes is the length of the text in which the windows around a gram lie: they
// begin up to three bytes before it.
const nearBytes = 2*(maxStride-1) + loadBytes

// near returns the first place of the bytes at which a whole window may begin, and
// the window's kinds. If there is no such window, it returns 0 for the kinds. The
// gram that was found is in the middle of the bytes.
//
// Most grams that are found have no window around them, so a look at both neighbours
// comes first. The rest has no branch for a single place.
func (s *sketch) near(text *[nearBytes]byte, of kinds) (place int, what kinds) {
	const last = 1<<(maxStride-1) | 1<<(2*maxStride-1) // at the last place
	c, d, e := s[hash(load(text[2:]))], s[hash(load(text[3:]))], s[hash(load(text[4:]))]
	if (d&^last&(e>>1)|d&last&(c<<1))&byte(of) == 0 {
		return 0, 0
	}
	a, b, f, g := s[hash(load(text[:]))], s[hash(load(text[1:]))],
		s[hash(load(text[5:]))], s[hash(load(text[6:]))]
	first := a & (b >> 1) & (c >> 2) & (d >> 3)
	second := b & (c >> 1) & (d >> 2) & (e >> 3)
	third := c & (d >> 1) & (e >> 2) & (f >> 3)
	fourth := d & (e >> 1) & (f >> 2) & (g >> 3)
	all := uint32(first) | uint32(second)<<8 | uint32(third)<<16 | uint32(fourth)<<24
	if all &= uint32(byte(of)&atFirst) * 0x01010101; all == 0 {
		return 0, 0
	}
	place = bits.TrailingZeros32(all) / 8
	return place, kinds(all >> (place * 8))
}

// load reads the gram that the text begins with, and one byte more.
func load(text []byte) uint32 { return binary.LittleEndian.Uint32(text) }

// gram reads the gram that the text begins with, and no byte more.
func gram(text []byte) uint32 {
	return uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16
}
