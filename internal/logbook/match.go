package logbook

import (
	"bytes"
	"encoding/json"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"

	"waybill/internal/fault"
)

const (
	// maxPatternSize limits the program of a regular expression. Its time for a line grows
	// with the product of both: a line of 64 KiB takes a second at worst.
	maxPatternSize = 1000
	// MaxContext is the most lines before and after a match.
	MaxContext = 20
)

// Matcher finds a text in the outputs and the commands of entries.
type Matcher struct {
	// text is the text as it is, and stored as lines have it. Both are empty for a pattern.
	text, stored []byte
	pattern      *regexp.Regexp
}

// NewMatcher returns a matcher of a text, or of a regular expression in the syntax of RE2.
// Invalid, with the field q, if it is not UTF-8, no regular expression, or too large.
func NewMatcher(text string, isPattern bool) (*Matcher, error) {
	if text == "" || !utf8.ValidString(text) {
		return nil, fault.InvalidField("q", "must be a text in UTF-8")
	}
	if !isPattern {
		return &Matcher{text: []byte(text), stored: appendText(nil, []byte(text))}, nil
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, fault.InvalidField("q", "must be a regular expression in the syntax of RE2")
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(program.Inst) > maxPatternSize {
		return nil, fault.InvalidField("q", "is too large a regular expression; repeat less")
	}
	pattern, err := regexp.Compile(text)
	if err != nil {
		return nil, fault.InvalidField("q", "must be a regular expression in the syntax of RE2")
	}
	return &Matcher{pattern: pattern}, nil
}

// matches reports whether the text of a stored line matches. It decodes only lines with
// escapes, and of these, for a plain text, only the ones that may match.
func (m *Matcher) matches(line []byte) bool {
	text := storedText(line)
	escaped := bytes.IndexByte(text, '\\') >= 0
	if m.pattern == nil {
		if !bytes.Contains(text, m.stored) {
			return false
		}
		return !escaped || bytes.Contains(unescaped(text), m.text)
	}
	if escaped {
		text = unescaped(text)
	}
	return m.pattern.Match(text)
}

// storedText returns the output of a stored line, or its command, as it is escaped there.
// [Entry.Append] has the form.
func storedText(line []byte) []byte {
	_, rest, _ := bytes.Cut(line, []byte(`,"command":`))
	if output, is := bytes.CutPrefix(rest, []byte(`null,"output":"`)); is {
		output = bytes.TrimSuffix(output, []byte(`,"continued":true}`))
		return bytes.TrimSuffix(bytes.TrimSuffix(output, []byte(`}`)), []byte(`"`))
	}
	command, _ := bytes.CutSuffix(rest, []byte(`,"output":""}`))
	return bytes.TrimSuffix(bytes.TrimPrefix(command, []byte(`"`)), []byte(`"`))
}

// unescaped decodes the content of a JSON string.
func unescaped(text []byte) []byte {
	var decoded string
	quoted := append(append([]byte{'"'}, text...), '"')
	if err := json.Unmarshal(quoted, &decoded); err != nil {
		return text // a damaged line; its reader gets an error
	}
	return []byte(decoded)
}
