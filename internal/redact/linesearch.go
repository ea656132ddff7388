package redact

import "bytes"

// lineSearch is a line in which the patterns search for secrets, from anchor to anchor.
//
// Each pattern reads the text after its anchor, and a line may have an anchor every few
// bytes. The time for a line must not grow faster than the line, so no byte may be
// read again for each anchor before it. Two facts ensure that. Most bytes that a pattern
// reads have no anchor among them, so no other pattern reads them. And a search for the
// end of a word, a command or the line is made once: its result is kept, and the next
// pattern whose search begins before that place needs no search. It finds the same as if
// it had read everything itself.
//
// work counts the bytes read, for the tests.
type lineSearch struct {
	line   []byte
	origin int // more than the bytes of all lines before
	work   int
	nexts  [goals]next
	// trimmedWord and trimmedHeader are where the value before the place of goalPair
	// or goalHeaderEnd ends, without brackets and similar signs at its end.
	trimmedWord, trimmedHeader int
	judged                     [options]int // for each option, the place after the last one judged
	dull                       int          // the end of a word that does not look like a secret, see isDull
	trimmed                    int          // the result of trimmedEnd, -1 if not known
}

// next says that at is the first place of a goal, from the place from on. Both count
// from looks.origin on, so the next of an earlier line is no next of this line.
type next struct{ from, at int }

// goal is a place that is searched for in a line.
type goal uint8

const (
	goalWordEnd goal = iota
	goalAt
	goalDigit
	goalSmall
	goalCapital
	goalScheme
	goalLineEnd
	goalCommandEnd
	goalTagEnd
	goalElementEnd
	goalHeaderEnd
	goalPair
	goalEquals
	goalOption
	goals = goalOption + goal(options)
)

// begin takes a line and forgets all places in the line before.
func (l *lineSearch) begin(line []byte) {
	l.origin += len(l.line) + 1
	l.line = line
	l.judged, l.trimmed, l.dull = [options]int{}, -1, 0
}

// noScheme notes that the line has no :// in it.
func (l *lineSearch) noScheme() {
	l.nexts[goalScheme] = next{l.origin, l.origin + len(l.line)}
}

// place is where the text begins in the line. The text must be a part of the line:
// the place follows from the capacities of the two.
func (l *lineSearch) place(text []byte) int { return cap(l.line) - cap(text) }

// known returns the place that was found for the goal, and whether it is the first
// from the place from on.
func (l *lineSearch) known(m goal, from int) (at int, ok bool) {
	n, from := l.nexts[m], from+l.origin
	return n.at - l.origin, n.from <= from && from <= n.at
}

// found keeps a place and returns it.
func (l *lineSearch) found(m goal, from, at int) int {
	l.work += at - from + 1
	l.nexts[m] = next{from + l.origin, at + l.origin}
	return at
}

// next is until, but keeps the result. Each goal has one set.
func (l *lineSearch) next(m goal, text []byte, set set) int {
	from := l.place(text)
	at, ok := l.known(m, from)
	if !ok {
		rest := l.line[from:]
		n := indexInSet(rest[:min(nearby, len(rest))], set, 1)
		if n == nearby {
			n += far(rest[n:], set)
		}
		at = l.found(m, from, from+n)
	}
	return min(at-from, len(text))
}

// has reports whether a byte of the text is in the set. It searches with next.
func (l *lineSearch) has(m goal, text []byte, set set) bool { return l.next(m, text, set) < len(text) }

// hasScheme reports whether the text has a :// in it.
func (l *lineSearch) hasScheme(text []byte) bool {
	from := l.place(text)
	return l.scheme(from)-from+len(userinfo) <= len(text)
}

// scheme is schemeIn, but keeps the result.
func (l *lineSearch) scheme(from int) int {
	at, ok := l.known(goalScheme, from)
	if !ok {
		at = l.found(goalScheme, from, schemeIn(l.line, from))
	}
	return at
}

// schemeIn is the place of the first :// of the line from a place on, or the line's
// length. It looks for the slashes, which are rarer in most logs than colons.
func schemeIn(line []byte, from int) int {
	for at := from + 1; at < len(line); at++ {
		i := bytes.IndexByte(line[at:], '/')
		if i < 0 {
			break
		}
		if at += i; line[at-1] == ':' && startsWith(line[at:], "//") {
			return at - 1
		}
	}
	return len(line)
}

// trimmedEnd is where the line ends without trailing white space.
func (l *lineSearch) trimmedEnd() int {
	if l.trimmed < 0 {
		l.trimmed = trim(l.line, endsBlank)
		l.work += len(l.line) - l.trimmed
	}
	return l.trimmed
}

// prefixIn is how many bytes at the beginning of the text are in the set.
func (l *lineSearch) prefixIn(text []byte, set set) int {
	n := indexInSet(text, set, 0)
	l.work += n + 1
	return n
}

// until is how many bytes come before the first byte in the set.
func (l *lineSearch) until(text []byte, set set) int {
	n := indexInSet(text, set, 1)
	l.work += n + 1
	return n
}

// trim is the length of the text without the bytes at its end that are in the set.
func trim(text []byte, set set) int {
	n := len(text)
	for n > 0 && byteSets[set].has(text[n-1]) {
		n--
	}
	return n
}

// indexInSet returns the place of the first byte that is in the set if stop is 1, or that is
// not if stop is 0; the text's length if there is no such byte.
func indexInSet(text []byte, set set, stop byte) int {
	t := &byteSets[set]
	for i, c := range text {
		if t[c] == stop {
			return i
		}
	}
	return len(text)
}

// nearby is how far a search goes byte by byte. Most end within it.
const nearby = 16

// far is scan for a place that may be far: one branch decides on eight bytes.
func far(text []byte, set set) int {
	t, n := &byteSets[set], 0
	for ; len(text)-n >= 8; n += 8 {
		b := (*[8]byte)(text[n:])
		if t[b[0]]|t[b[1]]|t[b[2]]|t[b[3]]|t[b[4]]|t[b[5]]|t[b[6]]|t[b[7]] != 0 {
			break
		}
	}
	return n + indexInSet(text[n:], set, 1)
}
