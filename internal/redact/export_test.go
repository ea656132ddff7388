package redact

import (
	"slices"
	"strconv"
	"strings"
)

// Needles lists the needles, for the oracle in the tests.
func Needles(secrets []Secret) (texts, names []string) {
	for _, n := range needles(secrets) {
		texts, names = append(texts, n.text), append(names, n.name)
	}
	return texts, names
}

// Literal returns a matcher of exactly these texts, each named by its number in
// sorted order. It also returns the sorted texts.
func Literal(texts ...string) (*Matcher, []string) {
	texts = slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return len(s) < MinSecretBytes })
	slices.Sort(texts)
	texts = slices.Compact(texts)
	all := make([]needle, len(texts))
	for i, text := range texts {
		all[i] = needle{text: text, name: "n" + strconv.Itoa(i)}
	}
	return &Matcher{needles: all, valuesOnly: true}, texts
}

// WithPatterns is a matcher of the same needles that also has the patterns.
func WithPatterns(m *Matcher) *Matcher { return &Matcher{needles: m.needles} }

// Shown is the mask of a name that shows no secret.
func Shown(name string) string { return string(mask(name, newScanner(nil, nil))) }

// Values is a matcher of the secrets without patterns.
func Values(secrets []Secret) *Matcher { return &Matcher{needles: needles(secrets), valuesOnly: true} }

// HeldCapacity is the size of the stream's buffer.
func (s *Stream) HeldCapacity() int { return cap(s.held) + cap(s.out.text) }

// Work is how many bytes the patterns have read.
func (s *Stream) Work() int { return s.out.search.work }

// Longest is the length of the longest needle.
func (m *Matcher) Longest() (n int) {
	for _, needle := range m.needles {
		n = max(n, len(needle.text))
	}
	return n
}

// Lines is a text of several lines with the given ending.
func Lines(text, ending string) string { return strings.Join(splitLines(text), ending) }

// Generation tells one build of the finder from another.
func (m *Matcher) Generation() any { return m.finder() }

// Fresh is a matcher of the same secrets to which nothing was added, at no cost.
func Fresh(secrets []Secret) func() *Matcher {
	first := NewMatcher(secrets)
	f := first.finder()
	return func() *Matcher {
		m := &Matcher{needles: first.needles}
		m.built = f
		m.now.Store(f)
		return m
	}
}

// JudgeAll makes the stream judge repetitions too.
func (s *Stream) JudgeAll() { s.out.judgesAll = true }
