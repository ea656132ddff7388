package redact

import "strings"

// Matcher knows a set of secrets in all their forms. It never changes and may
// be used by any number of streams at once.
type Matcher struct {
	scan *scanner
	// masks has what to show for each needle.
	masks [][]byte
}

// NewMatcher returns a matcher of the secrets. [Weak] ones are left out.
func NewMatcher(secrets []Secret) *Matcher {
	return newMatcher(needles(secrets))
}

// newMatcher needs the needles sorted by text and each once.
func newMatcher(all []needle) *Matcher {
	m := &Matcher{scan: newScanner(all), masks: make([][]byte, len(all))}
	byName := map[string][]byte{}
	for i, n := range all {
		if byName[n.name] == nil {
			byName[n.name] = mask(n.name, all)
		}
		m.masks[i] = byName[n.name]
	}
	return m
}

// mask is what is shown in place of a secret. A name that would itself show a
// secret, or break a line, is not shown.
func mask(name string, all []needle) []byte {
	const nameless = "<REDACTED>"
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '<' || r == '>' }) {
		return []byte(nameless)
	}
	for _, n := range all {
		if strings.Contains(name, n.text) {
			return []byte(nameless)
		}
	}
	return []byte("<REDACTED:" + name + ">")
}

// Text returns s without secrets. It is for short texts that stand alone:
// commands, reasons, messages.
func (m *Matcher) Text(s string) string {
	var out strings.Builder
	stream := m.Stream(func(p []byte, _ int) { out.Write(p) })
	stream.Write([]byte(s))
	stream.Flush()
	return out.String()
}
