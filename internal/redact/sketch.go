package redact

import "encoding/binary"

// gramBytes is the length of a gram: what is looked up at once.
const gramBytes = 3

// loadBytes is how many bytes are read for a gram; one more than it has, as
// there is no load of three.
const loadBytes = 4

// factor spreads the grams: of 12,000 odd numbers the one that lets the anchors
// share the fewest hashes with the grams of the benchmark's logs and of this
// repository's documents. Eight bits to the left it also drops the fourth byte of
// what was loaded.
const factor = 0xB16505 << 8

// sketchBits is the size of a sketch: 128 KiB, which stay in the second cache.
// The windows of a thousand needles fill 3 % of it, those of the anchors 1 %.
// A smaller one is read a little faster, and with many needles takes far more
// grams for its own.
const sketchBits = 17

// sketch says of a gram at which places of windows it is: bit k for the place k.
// Of a few other grams it says so too: of those that share their hash with one
// that is in a window. It has a byte for each hash where four bits would do,
// because to find the bits costs as much as all the rest of a look.
type sketch [1 << sketchBits]byte

// add adds the gram that the text begins with, as the one at that place.
func (s *sketch) add(text string, place int) {
	s[hash(uint32(text[0])|uint32(text[1])<<8|uint32(text[2])<<16)] |= 1 << place
}

// has reports whether the gram is at that place of a window.
func (s *sketch) has(gram uint32, place int) bool { return s[hash(gram)]&(1<<place) != 0 }

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
func (s *sketch) find(text []byte, at int) (next int, places uint64) {
	const n = maxStride
	rest := text[at:]
	for ; len(rest) >= spanBytes; rest = rest[spanBytes:] {
		near := (*[spanBytes]byte)(rest)
		a, b, c, d := s[hash(load(near[:]))], s[hash(load(near[n:]))], s[hash(load(near[2*n:]))], s[hash(load(near[3*n:]))]
		e, f, g, h := s[hash(load(near[4*n:]))], s[hash(load(near[5*n:]))], s[hash(load(near[6*n:]))], s[hash(load(near[7*n:]))]
		if a|b|c|d|e|f|g|h != 0 {
			return len(text) - len(rest), uint64(a) | uint64(b)<<8 | uint64(c)<<16 | uint64(d)<<24 |
				uint64(e)<<32 | uint64(f)<<40 | uint64(g)<<48 | uint64(h)<<56
		}
	}
	return len(text) - len(rest), 0
}

// load reads the gram that the text begins with, and a byte more.
func load(text []byte) uint32 { return binary.LittleEndian.Uint32(text) }
