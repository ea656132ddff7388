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
// how many grams of a needle are in the sketch, and how much text one turn of
// find needs: lines of a log are short.
const maxStride = 13

// find returns the first of the places at, at+stride, at+2*stride ... where a
// gram of a window begins, or else the first of them with no gram behind it.
//
// Nearly all of the time goes here. Four places are looked at with one branch,
// and the text is taken as an array with offsets of which the compiler knows
// that they are inside, so that it does not check each of them.
func (s *sketch) find(text []byte, at, stride int) int {
	const span = 3*maxStride + gramBytes
	one := min(uint(stride), maxStride)
	two, three := min(2*one, 2*maxStride), min(3*one, 3*maxStride)
	for ; at+span <= len(text); at += 4 * stride {
		near := (*[span]byte)(text[at:])
		a, b := hash(gramAt(near[:])), hash(gramAt(near[one:]))
		c, d := hash(gramAt(near[two:])), hash(gramAt(near[three:]))
		if s[a]|s[b]|s[c]|s[d] != 0 {
			break
		}
	}
	for at+gramBytes <= len(text) && !s.has(gramAt(text[at:]), inWindow) {
		at += stride
	}
	return at
}

func gramOf(text string) uint32 { return gramAt([]byte(text[:gramBytes])) }

func gramAt(text []byte) uint32 { return binary.LittleEndian.Uint32(text) }
