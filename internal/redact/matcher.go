package redact

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// What a job may declare, so that it cannot take the runner's memory and time.
const (
	maxDeclared      = 1000
	maxDeclaredBytes = 64 << 10
)

// Matcher knows a set of secrets in all their forms, and the patterns. Any
// number of streams share it, from any goroutine: what is added to it counts
// in all of them from the next byte on.
type Matcher struct {
	plain bool // only the values are looked for

	// now is what streams use; nil when secrets have come that it has not.
	// Making it takes a millisecond or ten, so it is made when the next byte
	// comes: a job that declares a hundred values in a row pays once.
	now atomic.Pointer[finder]

	mu       sync.Mutex
	needles  []needle
	declared int
	warnings []string
}

// NewMatcher returns a matcher of the secrets. Those that [Judge] finds too
// short or too common are left out.
func NewMatcher(secrets []Secret) *Matcher {
	return &Matcher{needles: needles(secrets)}
}

// Add makes the secrets unseen from the next byte on, in all streams. What a
// stream holds back is looked at once more with them.
func (m *Matcher) Add(secrets ...Secret) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(secrets)
}

// add does nothing when all forms are known, so that a job may declare the same
// value again and again.
func (m *Matcher) add(secrets []Secret) {
	all := tidy(append(slices.Clone(m.needles), needles(secrets)...))
	if len(all) > len(m.needles) {
		m.needles = all
		m.now.Store(nil)
	}
}

// Declare adds a value that a job has declared, see [DeclaredMask]. What is
// weak, or too much, it leaves out, and Warnings says so.
func (m *Matcher) Declare(value string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if weakness := Judge(value); weakness != Strong {
		m.warn(fmt.Sprintf("A value that the job declared as a secret is not masked: it %s.", weakness))
		return
	}
	if len(value) > maxDeclaredBytes || m.declared == maxDeclared {
		m.warn(fmt.Sprintf("A value that the job declared as a secret is not masked: at most %d values of at most %d bytes are.",
			maxDeclared, maxDeclaredBytes))
		return
	}
	before := len(m.needles)
	m.add([]Secret{{Value: value}})
	if len(m.needles) > before {
		m.declared++
	}
}

// warn keeps a text for Warnings, each once.
func (m *Matcher) warn(text string) {
	if !slices.Contains(m.warnings, text) {
		m.warnings = append(m.warnings, text)
	}
}

// Warnings returns, for people, what was declared in vain since it was last
// called. The texts show no value.
func (m *Matcher) Warnings() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.warnings
	m.warnings = nil
	return out
}

// finder returns what streams are to use. With nothing added it costs a load.
func (m *Matcher) finder() *finder {
	if f := m.now.Load(); f != nil {
		return f
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.now.Load()
	if f == nil {
		f = newFinder(m.needles, m.plain)
		m.now.Store(f)
	}
	return f
}

// Text returns s without secrets. It is for short texts that stand alone:
// commands, reasons, messages. Nothing can be declared in it.
func (m *Matcher) Text(s string) string {
	var out strings.Builder
	stream := m.Stream(func(p []byte, _ int) { out.Write(p) })
	stream.quiet = true
	stream.Write([]byte(s))
	stream.Flush()
	return out.String()
}

// finder is a set of secrets, ready to be looked for. It never changes.
type finder struct {
	scan *scanner
	// masks has what to show for each needle.
	masks [][]byte
	// anchors is nil when only the values are looked for.
	anchors *anchors
}

// newFinder needs the needles sorted by text and each once.
func newFinder(all []needle, plain bool) *finder {
	f := &finder{masks: make([][]byte, len(all))}
	if !plain {
		f.anchors = allAnchors()
	}
	f.scan = newScanner(all, f.anchors)
	byName := map[string][]byte{}
	for i, n := range all {
		if byName[n.name] == nil {
			byName[n.name] = mask(n.name, f.scan)
		}
		f.masks[i] = byName[n.name]
	}
	return f
}

// nameless is the mask of what has no name that may be shown.
const nameless = "<REDACTED>"

// mask is what is shown in place of a secret. A name that would itself show a
// secret, or break a line, is not shown.
func mask(name string, scan *scanner) []byte {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '<' || r == '>' }) {
		return []byte(nameless)
	}
	for i := range name {
		if found, _ := scan.at([]byte(name[i:])); found >= 0 {
			return []byte(nameless)
		}
	}
	return []byte("<REDACTED:" + name + ">")
}
