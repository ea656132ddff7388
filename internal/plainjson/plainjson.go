// Package plainjson encodes JSON without Go's escapes for HTML, which make stored and
// answered texts longer and harder to read.
package plainjson

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// Encode is json.Marshal without the escapes of <, > and &.
func Encode(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// Size returns the number of bytes that the text takes inside a JSON text, as Encode
// writes it: escapes count, the quotes around the text do not.
func Size(text []byte) int {
	size := len(text)
	for i := 0; i < len(text); {
		width := 1
		switch c := text[i]; {
		case c == '"', c == '\\', c == '\b', c == '\f', c == '\n', c == '\r', c == '\t':
			size++
		case c < ' ':
			size += len(`\u001b`) - 1
		case c >= utf8.RuneSelf:
			var r rune
			r, width = utf8.DecodeRune(text[i:])
			if r == '\u2028' || r == '\u2029' || r == utf8.RuneError && width == 1 {
				size += len(`\u2028`) - width
			}
		}
		i += width
	}
	return size
}
