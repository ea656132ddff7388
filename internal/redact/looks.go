package redact

import "bytes"

// looks is a line while the patterns look at it, from anchor to anchor.
//
// Each look is made at what follows its anchor, and a line may have an anchor in
// every few bytes of it. So that the time for a line grows no faster than the line,
// no byte may be read again for each anchor before it. There are two means. Most
// runs of bytes that a look reads have no anchor in them, so no other look reads
// them. And what is searched for to the end of a word, a command or the line is
// searched for once: where it was found is kept, and the next look whose search
// begins before that place needs no search. What a look finds is the same as if
// it had read everything itself.
//
// work counts the bytes read, so that a test can tell.
type looks struct {
	line  []byte
	work  int
	nexts [marks]next
	// Where the value ends that ends at a place of a mark, without the brackets and
	// the like at its end.
	trimmedWord, trimmedHeader int
	judged                     [options]int // the place after each option that was judged last
	dull                       int          // to here a word goes that looks like no secret, see isDull
	trimmed                    int          // where the line ends without white space, -1 if not known
}

// next says that from a place on the first of something is at another.
type next struct{ from, at int }

// mark is what is searched for in a line.
type mark uint8

const (
	markWordEnd mark = iota
	markAt
	markDigit
	markSmall
	markCapital
	markScheme
	markLineEnd
	markCommandEnd
	markTagEnd
	markElementEnd
	markHeaderEnd
	markPair
	markEquals
	markOption
	marks = markOption + mark(options)
)

// begin takes a line. None of what was found in another counts.
func (l *looks) begin(line []byte) {
	l.line = line
	l.nexts = [marks]next{}
	l.judged, l.trimmed, l.dull = [options]int{}, -1, 0
}

// place is where in the line the text begins, which is a part of the line: what may
// follow the text, its capacity, tells.
func (l *looks) place(text []byte) int { return cap(l.line) - cap(text) }

// known returns the place that was found for the mark, and whether that is the
// first from a place on.
func (l *looks) known(m mark, from int) (at int, ok bool) {
	n := l.nexts[m]
	return n.at, n.from <= from && from <= n.at && n.at > 0
}

// found keeps a place.
func (l *looks) found(m mark, from, at int) int {
	l.work += at - from + 1
	l.nexts[m] = next{from, at}
	return at
}

// next is until, with what was found kept. Each mark has one set.
func (l *looks) next(m mark, text []byte, set set) int {
	from := l.place(text)
	at, ok := l.known(m, from)
	if !ok {
		at = l.found(m, from, from+scan(l.line[from:], set, true))
	}
	return min(at-from, len(text))
}

// has reports whether a byte of the text is in the set.
func (l *looks) has(m mark, text []byte, set set) bool { return l.next(m, text, set) < len(text) }

// hasScheme reports whether the text has a :// in it.
func (l *looks) hasScheme(text []byte) bool {
	from := l.place(text)
	return l.scheme(from)-from+len(userinfo) <= len(text)
}

// scheme is the place of the first :// from a place on.
func (l *looks) scheme(from int) int {
	at, ok := l.known(markScheme, from)
	if !ok {
		at = l.found(markScheme, from, schemeIn(l.line, from))
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

// lineEnd is where the line ends without what is white at its end.
func (l *looks) lineEnd() int {
	if l.trimmed < 0 {
		l.trimmed = trim(l.line, endsBlank)
		l.work += len(l.line) - l.trimmed
	}
	return l.trimmed
}

// run is how many bytes of the text, from its beginning on, are in the set.
func (l *looks) run(text []byte, set set) int {
	n := scan(text, set, false)
	l.work += n + 1
	return n
}

// until is how many bytes come before the first that is in the set.
func (l *looks) until(text []byte, set set) int {
	n := scan(text, set, true)
	l.work += n + 1
	return n
}

// trim is how long the text is without the bytes at its end that are in the set.
func trim(text []byte, set set) int {
	n := len(text)
	for n > 0 && byteSets[set][text[n-1]] {
		n--
	}
	return n
}

func scan(text []byte, set set, stop bool) int {
	table := &byteSets[set]
	for i, c := range text {
		if table[c] == stop {
			return i
		}
	}
	return len(text)
}
