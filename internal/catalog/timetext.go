package catalog

import (
	"strings"
	"time"
)

// TimeText encodes a time in 11 characters of [Alphabet], to the microsecond. Later times
// sort after earlier ones.
func TimeText(at time.Time) string {
	var text [timeTextLength]byte
	micros := uint64(at.UnixMicro())
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = Alphabet[micros&31]
		micros >>= 5
	}
	return string(text[:])
}

// timeTextLength characters of 5 bits encode the microseconds since 1970 until the year
// 3111.
const timeTextLength = 11

// MicrosOf returns the microseconds since 1970 of the text of a time, which text begins
// with.
func MicrosOf(text string) (micros int64, ok bool) {
	if len(text) < timeTextLength {
		return 0, false
	}
	for _, c := range []byte(text[:timeTextLength]) {
		digit := strings.IndexByte(Alphabet, c)
		if digit < 0 {
			return 0, false
		}
		micros = micros<<5 | int64(digit)
	}
	return micros, true
}
