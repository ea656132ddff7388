package terminal_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"waybill/internal/terminal"
)

func TestColours(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"plain text stays":                     {"a\tb\nc é 漢 …\n", "a\tb\nc é 漢 …\n"},
		"colours stay":                         {"\x1b[31;1mred\x1b[0m \x1b[m \x1b[38;2;1;2;3mrgb \x1b[4:3mcurl", "\x1b[31;1mred\x1b[0m \x1b[m \x1b[38;2;1;2;3mrgb \x1b[4:3mcurl"},
		"clearing the screen":                  {"a\x1b[2Jb\x1b[3J\x1bcc", "abc"},
		"moving the cursor":                    {"a\x1b[1;1Hb\x1b[5Ac\x1b[Kd", "abcd"},
		"a window's title":                     {"a\x1b]0;owned\x07b\x1b]2;owned\x1b\\c", "abc"},
		"a link keeps its word":                {"\x1b]8;;https://evil.example\x1b\\word\x1b]8;;\x1b\\.", "word."},
		"the clipboard":                        {"a\x1b]52;c;ZXZpbA==\x07b", "ab"},
		"a link that its line does not end":    {"\x1b]8;;https://x and\nthe error", "8;;https://x and\nthe error"},
		"a device control string":              {"a\x1bP+q544e\x1b\\b\x1b_x\x1b\\c\x1b^y\x1b\\d\x1bXz\x1b\\e", "abcde"},
		"a private parameter makes no colour":  {"\x1b[>4;1ma\x1b[?25hb\x1b[4 mc", "abc"},
		"C1 controls":                          {"a\u009b2Jb\u009d0;t\u009cc\u0085d\u009b31me", "abcde"},
		"bell, backspace, return, delete, NUL": {"a\x07\b\r\x7f\x00b", "ab"},
		"a character set":                      {"a\x1b(0b\x1b)Bc\x1b#8d", "abcd"},
		"one escape at the end":                {"a\x1b", "a"},
		"an unfinished sequence at the end":    {"a\x1b[31", "a"},
		"a sequence that a newline breaks":     {"a\x1b[31\nb", "a\nb"},
		"an escape before an escape":           {"\x1b\x1b[31mred", "\x1b[31mred"},
		"an escape in a sequence":              {"\x1b[3\x1b[31mred", "\x1b[31mred"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(terminal.Colours([]byte(c.text))); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"Add a page":                          "Add a page",
		"  spaces   inside  ":                 "spaces   inside",
		"\x1b[31mred\x1b[0m\x07 and\rback":    "red andback",
		"one\n\n\ttwo\n":                      "one two",
		"\x1b]0;title\x07v1.2":                "v1.2",
		"bad \xff byte é":                     "bad \uFFFD byte é",
		"\x1b[\x1b]0;x\x07[2J\u009b31mnested": "[2Jnested",
	} {
		if got := terminal.Line(text); got != want {
			t.Errorf("Line(%q) = %q, want %q", text, got, want)
		}
	}
}

var colour = regexp.MustCompile("\x1b\\[[0-9:;]*m")

// FuzzColours checks that nothing is left that a terminal obeys, whatever was
// taken out of what, and that printable characters are never made up.
func FuzzColours(f *testing.F) {
	for _, seed := range []string{"\x1b[31mred\x1b[0m", "\x1b]8;;x\x1b\\", "\u009b2J", "\xc2\x1b\x9b", "a\x1b\x1b]b\n\x07", "\x1b[3\xc2\x9b1m"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = bytes.ToValidUTF8(text, []byte("?"))
		once := terminal.Colours(bytes.Clone(text))
		if again := terminal.Colours(bytes.Clone(once)); !bytes.Equal(once, again) {
			t.Errorf("%q becomes %q, and that becomes %q", text, once, again)
		}
		if !utf8.Valid(once) {
			t.Errorf("%q becomes %q, which is no UTF-8", text, once)
		}
		rest := colour.ReplaceAllString(string(once), "")
		if i := strings.IndexFunc(rest, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 }); i >= 0 {
			t.Errorf("%q becomes %q, which has a control character", text, once)
		}
		if line := terminal.Line(string(text)); strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) {
			t.Errorf("Line(%q) = %q", text, line)
		}
	})
}
