package wire_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf8"

	"waybill/internal/wire"
)

// FuzzComposeText holds that base64 of a text is that text, and that a text
// with a colon is never taken for base64.
func FuzzComposeText(f *testing.F) {
	for _, seed := range []string{
		"services:\n  db:\n    image: redis:7.0\n", "", "a", "abcd", "a: b", "\x00", "YWJj",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, ":") && wire.ComposeText(text) != text {
			t.Errorf("%q was taken for base64", text)
		}
		if !utf8.ValidString(text) || text == "" {
			return
		}
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			if got := wire.ComposeText(encoding.EncodeToString([]byte(text))); got != text {
				t.Errorf("base64 of %q became %q", text, got)
			}
		}
	})
}
