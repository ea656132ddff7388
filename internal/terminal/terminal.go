// Package terminal makes text from outside safe to show on a terminal. A
// program, a server or a repository can put control sequences into its text
// that clear the reader's screen, move the cursor over earlier lines, set the
// window's title or hide a link under a harmless word.
//
// [Colours] is for text of many lines that a person reads: it keeps newlines,
// tabs and colours. [Line] is for a name or a message that is part of a record:
// it keeps printable characters only.
package terminal

import (
	"bytes"
	"strings"
)

// Control characters, as ECMA-48 names them.
const (
	escape = 0x1b
	bell   = 0x07
	rubout = 0x7f
	// A C1 control is U+0080 to U+009F, in UTF-8 this byte and the code point.
	c1Lead = 0xc2
	// terminator is the C1 form of ESC \.
	terminator = 0x9c
)

// Reset ends every colour.
const Reset = "\x1b[0m"

// Colours returns the text with newlines, tabs and SGR sequences (colours, bold
// and the like), and without any other control character or sequence. The
// content of a sequence, such as a window's title or a link's address, is removed
// with it. A sequence that does not end in its line loses only its control
// characters, because the reader may need the text after it. A text without any
// control character is returned unchanged.
func Colours(text []byte) []byte {
	i := harmless(text, 0)
	if i == len(text) {
		return text
	}
	out := make([]byte, 0, len(text))
	for begin := 0; ; {
		out = append(out, text[begin:i]...)
		if i == len(text) {
			return out
		}
		size, keep := sequence(text[i:])
		if keep {
			out = append(out, text[i:i+size]...)
		}
		begin = i + size
		i = harmless(text, begin)
	}
}

// Line returns the text as one line of printable characters: without any
// sequence or control character, with one space for each run of line ends and
// tabs inside it, and with U+FFFD for bytes that are not UTF-8.
func Line(text string) string {
	clean := Colours([]byte(strings.ToValidUTF8(text, "\uFFFD")))
	var out strings.Builder
	for i := 0; i < len(clean); {
		switch c := clean[i]; c {
		case escape: // Colours leaves whole SGR sequences only
			size, _ := sequence(clean[i:])
			i += size
			continue
		case '\n', '\t':
			if out.Len() > 0 && !strings.HasSuffix(out.String(), " ") {
				out.WriteByte(' ')
			}
		default:
			out.WriteByte(c)
		}
		i++
	}
	return strings.TrimSpace(out.String())
}

// harmless returns the index of the first control character at or after i that
// is neither a newline nor a tab, or the length of the text.
func harmless(text []byte, i int) int {
	for ; i < len(text); i++ {
		c := text[i]
		if c < ' ' && c != '\n' && c != '\t' || c == rubout || c == c1Lead && isC1(text[i:]) {
			break
		}
	}
	return i
}

// isC1 reports whether the text begins with a C1 control in UTF-8.
func isC1(text []byte) bool {
	return len(text) > 1 && text[0] == c1Lead && text[1] >= 0x80 && text[1] < 0xa0
}

// sequence returns the size of the control character or sequence that the text
// begins with, and whether it is a colour.
func sequence(text []byte) (size int, colour bool) {
	introducer, size := byte(0), 1
	switch {
	case isC1(text):
		introducer, size = text[1]-0x40, 2 // ESC and this byte are the same control
	case text[0] == escape && len(text) > 1:
		introducer, size = text[1], 2
	default:
		return 1, false
	}
	switch {
	case introducer == '[':
		return control(text, size)
	case strings.IndexByte("]PX^_", introducer) >= 0: // OSC, DCS, SOS, PM and APC
		return size + payload(text[size:]), false
	case text[0] == escape && introducer >= ' ' && introducer < '0':
		return designation(text), false
	case text[0] == escape && (introducer < ' ' || introducer >= rubout):
		return 1, false // a lone escape before another control or a letter
	}
	return size, false
}

// control returns the size of a CSI sequence, and whether it is an SGR without
// private parameters: with one it is another command. size is the length of its
// introducer.
func control(text []byte, size int) (int, bool) {
	colour := text[0] == escape
	for i := size; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= ';':
		case c >= ' ' && c < '@':
			colour = false
		case c >= '@' && c < rubout:
			return i + 1, colour && c == 'm'
		default:
			return i, false
		}
	}
	return len(text), false
}

// payload returns the size of a control string with its terminator (BEL or ST),
// and 0 if it does not end in its line.
func payload(text []byte) int {
	line, _, _ := bytes.Cut(text, []byte{'\n'})
	for i, c := range line {
		switch {
		case c == bell:
			return i + 1
		case c == escape && i+1 < len(line) && line[i+1] == '\\',
			c == c1Lead && i+1 < len(line) && line[i+1] == terminator:
			return i + 2
		}
	}
	return 0
}

// designation returns the size of an escape sequence with intermediate bytes,
// such as the choice of a character set.
func designation(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c >= ' ' && c < '0':
		case c >= '0' && c < rubout:
			return i + 1
		default:
			return i
		}
	}
	return len(text)
}
