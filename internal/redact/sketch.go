package redact

import "encoding/binary"

// gramBytes is the length of a gram: what is looked up at once.
const gramBytes = 3

// loadBytes is how many bytes are read for a gram; one more than it has, as
// there is no load of three.
const loadBytes = 4

// golden spreads the grams: 2^32 divided by the golden ratio. Eight bits to the
// left it also drops the fourth byte of what was loaded.
const golden = 0x9E3779B1 << 8 & 0xFFFFFFFF

// sketchBits is the size of a sketch: 128 KiB, which stay in the second cache.
// The windows of a thousand needles fill 3 % of it, those of the anchors 1 %.
// A smaller one is read a little faster, and with many needles takes far more
// grams for its own.
const sketchBits = 17

// sketch says of a gram whether it is in a window, and whether in a first
// place, for the scanner. Of a few other grams it says so too: of those that
// share their hash with one that is. It has a byte for each hash where three
// bits would do, because to find the bits costs as much as all the rest of a
// look.
type sketch [1 << sketchBits]byte

// What a sketch says of a gram.
const (
	inWindow byte = 1 << iota
	inFront       // a needle may begin here
	inAnchor      // an anchor may begin here, or behind the byte here
)

func (s *sketch) add(gram uint32, what byte) { s[hash(gram)] |= what }

func (s *sketch) has(gram uint32, what byte) bool { return s[hash(gram)]&what != 0 }

func hash(gram uint32) uint32 { return gram * golden >> (32 - sketchBits) }

// maxStride is how far apart the places may be that find looks at. It bounds
// how many grams of a needle are in the sketch, and how long an anchor must be.
const maxStride = 4

// find returns the first of the places at, at+stride, at+2*stride ... where a
// gram of a window begins, or else the first of them with no gram behind it.
//
// Nearly all of the time goes here: eight places are looked at with one branch.
// The text is taken as an array, and each offset has a bound, so that the
// compiler knows them to be inside and checks none.
func (s *sketch) find(text []byte, at, stride int) int {
	const span = 8*maxStride + loadBytes
	if len(text)-at < span {
		return s.findNear(text, at, stride)
	}
	n := uint(stride)
	n1, n2, n3, n4 := min(n, maxStride), min(2*n, 2*maxStride), min(3*n, 3*maxStride), min(4*n, 4*maxStride)
	n5, n6, n7, n8 := min(5*n, 5*maxStride), min(6*n, 6*maxStride), min(7*n, 7*maxStride), min(8*n, 8*maxStride)
	rest := text[at:]
	for len(rest) >= span {
		near := (*[span]byte)(rest)
		a, b, c, d := hash(load(near[:])), hash(load(near[n1:])), hash(load(near[n2:])), hash(load(near[n3:]))
		e, f, g, h := hash(load(near[n4:])), hash(load(near[n5:])), hash(load(near[n6:])), hash(load(near[n7:]))
		if s[a]|s[b]|s[c]|s[d]|s[e]|s[f]|s[g]|s[h] != 0 {
			break
		}
		rest = rest[n8:]
	}
	return s.findNear(text, len(text)-len(rest), stride)
}

// findNear is find for a text that is short or has the gram near.
func (s *sketch) findNear(text []byte, at, stride int) int {
	for at+loadBytes <= len(text) && !s.has(load(text[at:]), inWindow) {
		at += stride
	}
	return at
}

// load reads the gram that the text begins with, and a byte more.
func load(text []byte) uint32 { return binary.LittleEndian.Uint32(text) }

// gramOf is the gram that the text begins with, which may be all of it.
func gramOf(text string) uint32 {
	return uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16
}
