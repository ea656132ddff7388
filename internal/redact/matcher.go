package redact

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// These limits keep a job from taking the runner's memory and time with declarations.
const (
	maxDeclared      = 1000
	maxDeclaredBytes = 64 << 10
	// maxDeclaredForms bounds the memory that all forms of the values take.
	maxDeclaredForms = 64 << 20
	// formOverhead is the memory that a form takes in addition to its text.
	formOverhead = 64
)

// Matcher knows a set of secrets in all their forms, and the patterns. Any number of
// streams share it, from any goroutine. A secret that is added counts in all of them
// from the next byte on.
type Matcher struct {
	valuesOnly bool // search for values only, not for patterns

	// now is the finder for streams. It is nil if secrets were added that it lacks.
	now atomic.Pointer[finder]

	mu       sync.Mutex
	built    *finder           // the last finder made, nil before the first
	needles  []needle          // the needles of the first finder
	added    map[string]needle // the needles that built lacks, by text
	declared int
	forms    int // the memory that the forms of declared values take
	warnings []string
}

// NewMatcher returns a matcher of the secrets. It leaves out the ones that [Judge]
// finds too short or too common.
func NewMatcher(secrets []Secret) *Matcher {
	return &Matcher{needles: needles(secrets)}
}

// Add masks the secrets from the next byte on, in all streams. A stream searches the
// bytes that it holds back once more with them. A known form keeps its name.
func (m *Matcher) Add(secrets ...Secret) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(needles(secrets))
}

// add keeps the new needles for the next finder, and makes streams ask for it.
func (m *Matcher) add(all []needle) {
	for _, n := range all {
		if m.has(n.text) {
			continue
		}
		if m.added == nil {
			m.added = map[string]needle{}
		}
		m.added[n.text] = n
		m.now.Store(nil)
	}
}

// has reports whether the text is a needle already. It makes the first finder if
// that was not done yet.
func (m *Matcher) has(text string) bool {
	if _, found := m.added[text]; found {
		return true
	}
	if m.built == nil {
		m.built = newFinder(m.needles, m.valuesOnly)
		m.now.Store(m.built)
	}
	return m.built.scan.has(text)
}

// Declare adds a value that a job has declared, see [DeclaredValue]. It leaves out a
// weak value and a value beyond the limits, and Warnings says so. A job may declare
// the same value again and again.
func (m *Matcher) Declare(value string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if weakness := Judge(value); weakness != Strong {
		m.warn(fmt.Sprintf("A value that the job declared as a secret is not masked: it %s.", weakness))
		return
	}
	if m.has(strings.Trim(value, "\r\n")) {
		return
	}
	if len(value) > maxDeclaredBytes || m.declared == maxDeclared {
		m.warn(fmt.Sprintf("A value that the job declared as a secret is not masked: at most %d values "+
			"of at most %d bytes are.",
			maxDeclared, maxDeclaredBytes))
		return
	}
	if m.forms >= maxDeclaredForms {
		m.warn(fmt.Sprintf("The values that the job declares as secrets from here on are not masked: "+
			"all that it declared before take %d MiB with their encoded forms, which is the most that "+
			"is kept.",
			maxDeclaredForms>>20))
		return
	}
	m.declared++
	all := needles([]Secret{{Value: value}})
	for _, n := range all {
		m.forms += len(n.text) + formOverhead
	}
	m.add(all)
}

// warn keeps a text for Warnings, unless it is kept already.
func (m *Matcher) warn(text string) {
	if !slices.Contains(m.warnings, text) {
		m.warnings = append(m.warnings, text)
	}
}

// Warnings returns a text for each reason why a declared value was left out since the
// last call. The texts are for people and show no value.
func (m *Matcher) Warnings() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.warnings
	m.warnings = nil
	return out
}

// finder returns the finder for streams. If no secret was added, it costs one load.
func (m *Matcher) finder() *finder {
	if f := m.now.Load(); f != nil {
		return f
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.built == nil:
		m.built = newFinder(m.needles, m.valuesOnly)
	case len(m.added) > 0:
		m.built = m.built.with(tidy(slices.Collect(maps.Values(m.added))))
		m.added = nil
	}
	m.now.Store(m.built)
	return m.built
}

// Text returns s without secrets. It is for short texts that stand alone: commands,
// reasons, messages. A declaration in s has no effect.
func (m *Matcher) Text(s string) string {
	var out strings.Builder
	stream := m.Stream(func(p []byte, _ int) { out.Write(p) })
	stream.quiet = true
	stream.Write([]byte(s))
	stream.Flush()
	return out.String()
}

// finder is a set of secrets, ready for searches. It never changes.
type finder struct {
	scan *scanner
	// masks has the mask of each name.
	masks map[string][]byte
	// anchors is nil if the search is for values only, not for patterns.
	anchors *anchors
}

// newFinder needs the needles sorted by text, each once.
func newFinder(all []needle, valuesOnly bool) *finder {
	f := &finder{}
	if !valuesOnly {
		f.anchors = allAnchors()
	}
	f.scan = newScanner(all, f.anchors)
	f.name(all, nil)
	return f
}

// with returns a finder that has more needles too. f must not have any of them.
func (f *finder) with(more []needle) *finder {
	out := &finder{anchors: f.anchors, scan: f.scan.with(more)}
	out.name(more, f.masks)
	return out
}

// name makes the masks of the needles. It makes the masks of the earlier names again,
// because such a name may contain one of the new secrets.
func (f *finder) name(all []needle, before map[string][]byte) {
	f.masks = make(map[string][]byte, len(before)+1)
	for name := range before {
		f.masks[name] = mask(name, f.scan)
	}
	for _, n := range all {
		if f.masks[n.name] == nil {
			f.masks[n.name] = mask(n.name, f.scan)
		}
	}
}

// nameless is the mask of a secret that has no name or a name that must not be shown.
const nameless = "<REDACTED>"

// mask returns the text that takes the place of a secret. A name that contains a
// secret, a control character or an angle bracket is not shown.
func mask(name string, scan *scanner) []byte {
	if name == "" ||
		strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '<' || r == '>' }) {
		return []byte(nameless)
	}
	for i := range name {
		if found, _ := scan.at([]byte(name[i:])); found != nil {
			return []byte(nameless)
		}
	}
	return []byte("<REDACTED:" + name + ">")
}
