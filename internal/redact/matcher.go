package redact

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// What a job may declare, so that it cannot take the runner's memory and time.
const (
	maxDeclared      = 1000
	maxDeclaredBytes = 64 << 10
	// maxDeclaredForms bounds the memory that all forms of the values take.
	maxDeclaredForms = 64 << 20
	// formOverhead is what a form takes beside its text.
	formOverhead = 64
)

// Matcher knows a set of secrets in all their forms, and the patterns. Any
// number of streams share it, from any goroutine: what is added to it counts
// in all of them from the next byte on.
type Matcher struct {
	plain bool // only the values are looked for

	// now is what streams use; nil when secrets have come that it has not.
	now atomic.Pointer[finder]

	mu       sync.Mutex
	built    *finder           // the last that was made, nil if none
	needles  []needle          // what the first is made of
	added    map[string]needle // what built has not, by text
	declared int
	forms    int // the memory of the forms of what was declared
	warnings []string
}

// NewMatcher returns a matcher of the secrets. Those that [Judge] finds too
// short or too common are left out.
func NewMatcher(secrets []Secret) *Matcher {
	return &Matcher{needles: needles(secrets)}
}

// Add makes the secrets unseen from the next byte on, in all streams. What a
// stream holds back is looked at once more with them. A form that is known keeps
// its name.
func (m *Matcher) Add(secrets ...Secret) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(needles(secrets))
}

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

// has reports whether the text is looked for.
func (m *Matcher) has(text string) bool {
	if _, found := m.added[text]; found {
		return true
	}
	if m.built == nil {
		m.built = newFinder(m.needles, m.plain)
		m.now.Store(m.built)
	}
	return m.built.scan.has(text)
}

// Declare adds a value that a job has declared, see [DeclaredMask]. What is
// weak, or too much, it leaves out, and Warnings says so. A job may declare the
// same value again and again.
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
		m.warn(fmt.Sprintf("A value that the job declared as a secret is not masked: at most %d values of at most %d bytes are.",
			maxDeclared, maxDeclaredBytes))
		return
	}
	if m.forms >= maxDeclaredForms {
		m.warn(fmt.Sprintf("The values that the job declares as secrets from here on are not masked: "+
			"all that it declared before take %d MiB with their encoded forms, which is the most that is kept.", maxDeclaredForms>>20))
		return
	}
	m.declared++
	all := needles([]Secret{{Value: value}})
	for _, n := range all {
		m.forms += len(n.text) + formOverhead
	}
	m.add(all)
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
	switch {
	case m.built == nil:
		m.built = newFinder(m.needles, m.plain)
	case len(m.added) > 0:
		m.built = m.built.with(tidy(slices.Collect(maps.Values(m.added))))
		m.added = nil
	}
	m.now.Store(m.built)
	return m.built
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
	// masks has what to show for each name.
	masks map[string][]byte
	// anchors is nil when only the values are looked for.
	anchors *anchors
}

// newFinder needs the needles sorted by text and each once.
func newFinder(all []needle, plain bool) *finder {
	f := &finder{}
	if !plain {
		f.anchors = allAnchors()
	}
	f.scan = newScanner(all, f.anchors)
	f.name(all, nil)
	return f
}

// with returns a finder that looks for more needles too, of which f has none.
func (f *finder) with(more []needle) *finder {
	out := &finder{anchors: f.anchors, scan: f.scan.with(more)}
	out.name(more, f.masks)
	return out
}

// name makes the masks of the needles and those of the names that were known
// before: a name may show what is a secret only now.
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

// nameless is the mask of what has no name that may be shown.
const nameless = "<REDACTED>"

// mask is what is shown in place of a secret. A name that would itself show a
// secret, or break a line, is not shown.
func mask(name string, scan *scanner) []byte {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '<' || r == '>' }) {
		return []byte(nameless)
	}
	for i := range name {
		if found, _ := scan.at([]byte(name[i:])); found != nil {
			return []byte(nameless)
		}
	}
	return []byte("<REDACTED:" + name + ">")
}
