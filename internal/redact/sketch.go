package redact

import (
	"encoding/binary"
	"math/bits"
)

// gramBytes is the length of a gram: what is looked up at once.
const gramBytes = 3

// loadBytes is how many bytes are read for a gram; one more than it has, as
// there is no load of three.
const loadBytes = 4

// factor spreads the grams: of 400,000 odd numbers the one that lets the anchors
// share the fewest hashes with the grams of the benchmark's logs and of this
// repository's documents. Eight bits to the left it also drops the fourth byte of
// what was loaded.
const factor = 0x6512EF << 8

// sketchBits is the size of a sketch: 128 KiB, which stay in the second cache.
// The windows of a thousand needles fill 3 % of it, those of the anchors 1 %.
// A smaller one is read a little faster, and with many needles takes far more
// grams for its own.
const sketchBits = 17

// sketch says of a gram at which places of windows it is: bit k for the place k of
// a needle's, bit k+maxStride for that of an anchor's. Of a few other grams it says
// so too: of those that share their hash with one that is in a window.
type sketch [1 << sketchBits]byte

// kinds are the halves of a sketch: what is looked for.
type kinds byte

const (
	ofNeedles kinds = 1<<maxStride - 1
	ofAnchors       = ofNeedles << maxStride
	ofAll           = ofNeedles | ofAnchors
	// atFirst are the bits of the first place.
	atFirst byte = 1 | 1<<maxStride
)

// add adds the gram that the text begins with, as the one at that place.
func (s *sketch) add(text string, place int, of kinds) {
	s[hash(gram([]byte(text[:gramBytes])))] |= 1 << place * (byte(of) & atFirst)
}

func hash(gram uint32) uint32 { return gram * factor >> (32 - sketchBits) }

// maxStride is how far apart the places may be that find looks at. It bounds
// how many grams of a needle are in the sketch, and how long an anchor must be.
const maxStride = 4

// spanBytes is how many bytes find looks through at once: eight places.
const spanBytes = 8 * maxStride

// find returns what the sketch says of the grams at the places at,
// at+maxStride ... of the first spanBytes of the text, from at on, in which it says
// anything of any: that of the first in the lowest byte. If it says nothing, at is
// where there is no whole spanBytes any more.
//
// Nearly all of the time goes here: eight places are looked at with one branch.
// The text is taken as an array, so that the compiler knows them to be inside and
// checks none.
func (s *sketch) find(text []byte, at int, of kinds) (next int, places uint64) {
	const n = maxStride
	rest := text[at:]
	for ; len(rest) >= spanBytes; rest = rest[spanBytes:] {
		near := (*[spanBytes]byte)(rest)
		a, b, c, d := s[hash(load(near[:]))], s[hash(load(near[n:]))], s[hash(load(near[2*n:]))], s[hash(load(near[3*n:]))]
		e, f, g, h := s[hash(load(near[4*n:]))], s[hash(load(near[5*n:]))], s[hash(load(near[6*n:]))], s[hash(load(near[7*n:]))]
		if (a|b|c|d|e|f|g|h)&byte(of) != 0 {
			places = uint64(a) | uint64(b)<<8 | uint64(c)<<16 | uint64(d)<<24 |
				uint64(e)<<32 | uint64(f)<<40 | uint64(g)<<48 | uint64(h)<<56
			return len(text) - len(rest), places & (uint64(of) * 0x0101010101010101)
		}
	}
	return len(text) - len(rest), 0
}

// nearBytes is what the windows have that a gram may be in: those that begin up to
// three bytes before it.
const nearBytes = 2*(maxStride-1) + loadBytes

// near returns the first place of the bytes at which a whole window may begin, and
// of what; none if that is 0. The gram that was found is in the middle of the bytes.
//
// Most grams that are found have no window around them, so a look at both neighbours
// comes first, and there are no branches.
func (s *sketch) near(text *[nearBytes]byte, of kinds) (place int, what kinds) {
	const last = 1<<(maxStride-1) | 1<<(2*maxStride-1) // at the last place
	c, d, e := s[hash(load(text[2:]))], s[hash(load(text[3:]))], s[hash(load(text[4:]))]
	if (d&^last&(e>>1)|d&last&(c<<1))&byte(of) == 0 {
		return 0, 0
	}
	a, b, f, g := s[hash(load(text[:]))], s[hash(load(text[1:]))], s[hash(load(text[5:]))], s[hash(load(text[6:]))]
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

// load reads the gram that the text begins with, and a byte more.
func load(text []byte) uint32 { return binary.LittleEndian.Uint32(text) }

// gram is the gram that the text begins with, which has no byte more.
func gram(text []byte) uint32 {
	return uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16
}
