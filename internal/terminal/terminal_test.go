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
	for _, c := range []struct {
		name       string
		text, want string
	}{
		{name: "plain text stays",
			text: "a\tb\nc é 漢 …\n",
			want: "a\tb\nc é 漢 …\n",
		},
		{name: "colours stay",
			text: "\x1b[31;1mred\x1b[0m \x1b[m",
			want: "\x1b[31;1mred\x1b[0m \x1b[m",
		},
		{name: "colours of many parameters stay",
			text: "\x1b[38;2;1;2;3mrgb \x1b[4:3mcurl",
			want: "\x1b[38;2;1;2;3mrgb \x1b[4:3mcurl",
		},
		{name: "clearing the screen",
			text: "a\x1b[2Jb\x1b[3J\x1bcc",
			want: "abc",
		},
		{name: "moving the cursor",
			text: "a\x1b[1;1Hb\x1b[5Ac\x1b[Kd",
			want: "abcd",
		},
		{name: "a window's title",
			text: "a\x1b]0;owned\x07b\x1b]2;owned\x1b\\c",
			want: "abc",
		},
		{name: "a link keeps its word",
			text: "\x1b]8;;https://evil.example\x1b\\word\x1b]8;;\x1b\\.",
			want: "word.",
		},
		{name: "the clipboard",
			text: "a\x1b]52;c;ZXZpbA==\x07b",
			want: "ab",
		},
		{name: "a link that its line does not end",
			text: "\x1b]8;;https://x and\nthe error",
			want: "8;;https://x and\nthe error",
		},
		{name: "a device control string",
			text: "a\x1bP+q544e\x1b\\b\x1b_x\x1b\\c\x1b^y\x1b\\d\x1bXz\x1b\\e",
			want: "abcde",
		},
		{name: "a private parameter is not a colour",
			text: "\x1b[>4;1ma\x1b[?25hb\x1b[4 mc",
			want: "abc",
		},
		{name: "C1 controls",
			text: "a\u009b2Jb\u009d0;t\u009cc\u0085d\u009b31me",
			want: "abcde",
		},
		{name: "bell, backspace, return, delete, NUL",
			text: "a\x07\b\r\x7f\x00b",
			want: "ab",
		},
		{name: "a character set",
			text: "a\x1b(0b\x1b)Bc\x1b#8d",
			want: "abcd",
		},
		{name: "one escape at the end",
			text: "a\x1b",
			want: "a",
		},
		{name: "an unfinished sequence at the end",
			text: "a\x1b[31",
			want: "a",
		},
		{name: "a sequence that a newline breaks",
			text: "a\x1b[31\nb",
			want: "a\nb",
		},
		{name: "an escape before an escape",
			text: "\x1b\x1b[31mred",
			want: "\x1b[31mred",
		},
		{name: "an escape in a sequence",
			text: "\x1b[3\x1b[31mred",
			want: "\x1b[31mred",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
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

// isControl reports whether a terminal might obey the character.
func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }

// FuzzColours checks that no control sequence is left, not even one that the
// removal of another put together, and that the result is UTF-8.
func FuzzColours(f *testing.F) {
	for _, seed := range []string{
		"\x1b[31mred\x1b[0m",
		"\x1b]8;;x\x1b\\",
		"\u009b2J",
		"\xc2\x1b\x9b",
		"a\x1b\x1b]b\n\x07",
		"\x1b[3\xc2\x9b1m",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = bytes.ToValidUTF8(text, []byte("?"))
		once := terminal.Colours(bytes.Clone(text))
		if again := terminal.Colours(bytes.Clone(once)); !bytes.Equal(once, again) {
			t.Errorf("%q becomes %q, and that becomes %q", text, once, again)
		}
		if !utf8.Valid(once) {
			t.Errorf("%q becomes %q, which is not UTF-8", text, once)
		}
		rest := colour.ReplaceAllString(string(once), "")
		if strings.ContainsFunc(rest, func(r rune) bool { return isControl(r) && r != '\n' && r != '\t' }) {
			t.Errorf("%q becomes %q, which has a control character", text, once)
		}
		if line := terminal.Line(string(text)); strings.ContainsFunc(line, isControl) {
			t.Errorf("Line(%q) = %q", text, line)
		}
	})
}
