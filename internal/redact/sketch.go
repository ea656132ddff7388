package redact

import "encoding/binary"

// gramBytes is the length of a gram: what is looked up at once.
const gramBytes = 4

// golden spreads the grams: 2^32 divided by the golden ratio.
const golden = 0x9E3779B1

// sketchBits is the size of a sketch: 256 KiB, which stay in the second cache.
// The windows of a thousand needles fill 2 to 5 % of it. A smaller one is read
// a little faster, and with many needles takes far more grams for its own.
const sketchBits = 18

// sketch says of a gram whether it is in a window, and whether in a first
// place, for the scanner. Of a few other grams it says so too: of those that
// share their hash with one that is. It has a byte for each hash where two bits
// would do, because to find the bits costs as much as all the rest of a look.
type sketch [1 << sketchBits]byte

// What a sketch says of a gram.
const (
	inWindow byte = 1 << iota
	inFront
)

func (s *sketch) add(gram uint32, what byte) { s[hash(gram)] |= what }

func (s *sketch) has(gram uint32, what byte) bool { return s[hash(gram)]&what != 0 }

func hash(gram uint32) uint32 { return gram * golden >> (32 - sketchBits) }

// maxStride is how far apart the places may be that find looks at. It bounds
// how many grams of a needle are in the sketch.
const maxStride = 13

// find returns the first of the places at, at+stride, at+2*stride ... where a
// gram of a window begins, or else the first of them with no gram behind it.
//
// Nearly all of the time goes here: eight places are looked at with one branch.
// The text is taken as an array, and each offset has a bound, so that the
// compiler knows them to be inside and checks none.
func (s *sketch) find(text []byte, at, stride int) int {
	const span = 8*maxStride + gramBytes
	if len(text)-at < span {
		return s.findNear(text, at, stride)
	}
	n := uint(stride)
	n1, n2, n3, n4 := min(n, maxStride), min(2*n, 2*maxStride), min(3*n, 3*maxStride), min(4*n, 4*maxStride)
	n5, n6, n7, n8 := min(5*n, 5*maxStride), min(6*n, 6*maxStride), min(7*n, 7*maxStride), min(8*n, 8*maxStride)
	rest := text[at:]
	for len(rest) >= span {
		near := (*[span]byte)(rest)
		a, b, c, d := hash(gramAt(near[:])), hash(gramAt(near[n1:])), hash(gramAt(near[n2:])), hash(gramAt(near[n3:]))
		e, f, g, h := hash(gramAt(near[n4:])), hash(gramAt(near[n5:])), hash(gramAt(near[n6:])), hash(gramAt(near[n7:]))
		if s[a]|s[b]|s[c]|s[d]|s[e]|s[f]|s[g]|s[h] != 0 {
			break
		}
		rest = rest[n8:]
	}
	return s.findNear(text, len(text)-len(rest), stride)
}

// findNear is find for a text that is short or has the gram near.
func (s *sketch) findNear(text []byte, at, stride int) int {
	for at+gramBytes <= len(text) && !s.has(gramAt(text[at:]), inWindow) {
		at += stride
	}
	return at
}

func gramOf(text string) uint32 { return gramAt([]byte(text[:gramBytes])) }

func gramAt(text []byte) uint32 { return binary.LittleEndian.Uint32(text) }
