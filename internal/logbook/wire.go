package logbook

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strconv"
	"time"
	"unicode/utf8"

	"waybill/internal/fault"
)

// timeFormat is RFC 3339 in UTC with microseconds.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// Append appends the encoded entry to dst: one line of JSON with its newline. Invalid
// UTF-8 in the output becomes U+FFFD.
func (e Entry) Append(dst []byte) []byte {
	stamp := e.Time.UTC().AppendFormat(nil, timeFormat)
	label := label(e.Type, e.Batch, e.Step, e.Hidden)
	if e.Command == "" {
		return appendLine(dst, e.Order, stamp, label, []byte(e.Output), e.Continued)
	}
	dst = appendHead(dst, e.Order, stamp, label)
	dst = append(dst, `"command":"`...)
	dst = appendText(dst, []byte(e.Command))
	return append(dst, `","output":""}`+"\n"...)
}

// label is the part of a stored line that all lines of one step and stream share. It
// is encoded once for all of them.
func label(typ Type, batch int, step string, hidden bool) []byte {
	dst := make([]byte, 0, 64+len(step))
	dst = append(append(dst, `","type":"`...), typ...)
	dst = append(dst, `","batch":`...)
	dst = strconv.AppendInt(dst, int64(batch), 10)
	dst = append(dst, `,"step":"`...)
	dst = appendText(dst, []byte(step))
	dst = append(dst, `","hidden":`...)
	dst = strconv.AppendBool(dst, hidden)
	return append(dst, ',')
}

func appendHead(dst []byte, order Order, stamp, label []byte) []byte {
	dst = append(dst, `{"order":`...)
	dst = strconv.AppendInt(dst, int64(order), 10)
	dst = append(dst, `,"timestamp":"`...)
	dst = append(dst, stamp...)
	return append(dst, label...)
}

// appendLine appends an entry with output. It is called for every line of every log
// and allocates only space in dst.
func appendLine(dst []byte, order Order, stamp, label, output []byte, continued bool) []byte {
	dst = appendHead(dst, order, stamp, label)
	dst = append(dst, `"command":null,"output":"`...)
	dst = appendText(dst, output)
	if continued {
		return append(dst, `","continued":true}`+"\n"...)
	}
	return append(dst, '"', '}', '\n')
}

// appendText appends text as the content of a JSON string. It escapes only what JSON
// requires, so that masks stay readable in the stored log.
func appendText(dst, text []byte) []byte {
	copied := 0
	for i := plainRun(text, 0); i < len(text); i = plainRun(text, i) {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(text[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			dst = append(append(dst, text[copied:i]...), "\uFFFD"...)
		} else {
			dst = appendEscaped(append(dst, text[copied:i]...), c)
		}
		i++
		copied = i
	}
	return append(dst, text[copied:]...)
}

// plainRun returns the first index from i on whose byte is not printable ASCII or is a
// quote or a backslash. It tests eight bytes at a time: x-ones borrows through the top
// bit of a zero byte, so an xor finds one value, and a subtraction of spaces finds all
// bytes below them. A borrow may also flag the byte above a found one, but never a
// byte below it, and only the lowest flag is used.
func plainRun(text []byte, i int) int {
	const (
		ones = 0x0101010101010101
		tops = 0x8080808080808080
	)
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		quote, slash := x^ones*'"', x^ones*'\\'
		found := (x | (x-ones*' ')&^x | (quote-ones)&^quote | (slash-ones)&^slash) & tops
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

func appendEscaped(dst []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}

// stored is a decoded line of the log.
type stored struct {
	Order     Order     `json:"order"`
	Timestamp time.Time `json:"timestamp"`
	Type      Type      `json:"type"`
	Batch     int       `json:"batch"`
	Step      string    `json:"step"`
	Hidden    bool      `json:"hidden"`
	Command   *string   `json:"command"`
	Output    string    `json:"output"`
	Continued bool      `json:"continued"`
}

// Decode decodes a stored line. Internal if it is damaged.
func Decode(line []byte) (Entry, error) {
	var s stored
	if err := json.Unmarshal(line, &s); err != nil {
		return Entry{}, fault.Wrap(err, fault.Internal, "a line of the log is damaged")
	}
	entry := Entry{Order: s.Order, Output: s.Output, Type: s.Type, Time: s.Timestamp, Hidden: s.Hidden,
		Batch: s.Batch, Step: s.Step, Continued: s.Continued}
	if s.Command != nil {
		entry.Command = *s.Command
	}
	return entry, nil
}

// Text returns the entry for people, without a newline: the output, or "$ " and the
// command.
func (e Entry) Text() string {
	if e.Command != "" {
		return "$ " + e.Command
	}
	return e.Output
}
