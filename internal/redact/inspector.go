package redact

import "bytes"

// maxLineBytes is how much of a line is kept to look at. What is longer is
// looked at in pieces.
const maxLineBytes = 64 << 10

// filler stands in a line for a mask, so that no pattern begins or ends in it.
// It is any byte that no set of the anchors has.
const filler = 1

// inspector masks what the patterns find in a stream of which the values are
// masked already. Masks it takes for what they are: whatever is in a pattern's way
// may be one, and what is a mask and nothing else is not masked again, so that the
// name in it stays.
//
// Almost everything passes straight through. Only when the scanner has seen an
// anchor is the inspector armed: from there to the end of the line it keeps
// everything, then finds in it what is to be masked. What it finds depends on
// the line from the anchor on and on the byte before, and so not on the writes.
// To be armed for nothing, or for an anchor further on, changes nothing.
//
// A private key is of many lines, so in one the inspector stays armed until the
// line that ends it. Not a byte of it is let through before: a log that is taken
// up again is taken up at the end of a line that was let through, and nobody
// could tell there that a key had begun.
type inspector struct {
	emit     func(p []byte, masked int)
	anchors  *anchors
	scan     *scanner // knows the anchors
	nameless []byte

	armed bool
	left  byte   // the byte before the line
	text  []byte // what is kept, masks as one filler each
	spans []span // the masks in it
	next  int    // of the spans, the first that is not emitted
	raw   int    // the bytes written that the text stands for
	shown int    // how many at the beginning of the text are let through already
	line  int    // where in the text the last line begins
	found []reach
	looks looks
	key   key
}

// span is a mask at a place of the text.
type span struct {
	at, masked int
	mask       []byte
}

// reach is a part of the text that is to be masked.
type reach struct{ from, to int }

// arm keeps what comes from now on, until the line ends. shown is the beginning
// of it that was let through before it was known for that.
func (s *inspector) arm(left byte, shown []byte) {
	s.armed, s.left = true, left
	s.text, s.shown, s.raw = append(s.text, shown...), len(shown), len(shown)
}

// whole is arm and plain for a line of which all is there. It is looked at where it
// is: only when a private key begins in it, it must be kept. It reports false, and
// has done nothing, if a needle may be in the line.
func (s *inspector) whole(p *passage, left byte, shown int) bool {
	own, line := s.text, p.text[p.from:p.end]
	s.left, s.text = left, line
	whole := s.inspectIn(p, left)
	s.text = own
	switch {
	case !whole:
		s.found = s.found[:0]
		s.disarm()
		return false
	case s.key.open:
		s.armed, s.text = true, append(own, line...)
		s.line, s.shown, s.raw = len(line), shown, len(line)
		return true
	}
	for _, r := range s.found {
		if shown < r.from {
			s.emit(line[shown:r.from], 0)
		}
		s.emit(s.nameless, r.to-r.from)
		shown = r.to
	}
	if shown < len(line) {
		s.emit(line[shown:], 0)
	}
	s.found = s.found[:0]
	return true
}

// room is how many bytes more are kept of a line.
func (s *inspector) room() int { return maxLineBytes - len(s.text) }

// plain takes bytes as they were written.
func (s *inspector) plain(p []byte) {
	for len(p) > 0 {
		if !s.armed {
			s.emit(p, 0)
			return
		}
		end, whole := lineEnd(p)
		if room := maxLineBytes - len(s.text); end > room {
			end, whole = room, false
		}
		s.text = append(s.text, p[:end]...)
		s.raw += end
		p = p[end:]
		if whole {
			s.endLine()
		}
		s.limit()
	}
}

// lineEnd is how many bytes of p are of its first line, and whether that ends.
// A carriage return ends one too: what comes behind it overwrites the line.
func lineEnd(p []byte) (end int, whole bool) {
	end = bytes.IndexByte(p, '\n') + 1
	if end == 0 {
		end = len(p)
	} else {
		whole = true
	}
	if i := bytes.IndexByte(p[:end], '\r'); i >= 0 {
		return i + 1, true
	}
	return end, whole
}

// mask takes a mask that stands for so many bytes; nil for what is left out.
func (s *inspector) mask(p []byte, masked int) {
	if !s.armed {
		s.emit(p, masked)
		return
	}
	s.spans = append(s.spans, span{at: len(s.text), masked: masked, mask: p})
	s.text = append(s.text, filler)
	s.raw += masked
	s.limit()
}

// take gives back all that is kept, and disarms. What it returns is the
// caller's.
func (s *inspector) take() (text []byte, spans []span) {
	text, spans = s.text, s.spans
	s.text, s.spans, s.next, s.raw, s.shown, s.line, s.found = nil, nil, 0, 0, 0, 0, s.found[:0]
	s.disarm()
	return text, spans
}

// flush takes it that the stream has ended.
func (s *inspector) flush() {
	if s.armed {
		if s.line < len(s.text) {
			s.endLine()
		}
		s.release(len(s.text))
		s.disarm()
	}
}

// endLine looks at the last line, which has ended. In a private key more lines
// are waited for.
func (s *inspector) endLine() {
	line := s.text[s.line:]
	left := s.left
	if s.line > 0 {
		left = s.text[s.line-1]
	}
	s.inspect(line, left)
	s.line = len(s.text)
	if !s.key.open {
		s.release(len(s.text))
		s.disarm()
	}
}

func (s *inspector) disarm() {
	s.armed, s.key = false, key{}
}

// limit makes room when the text is full. What it has is taken as a line; but
// the end of it, from the last thing on that is or may begin a secret, is kept
// for another look, unless that is the longer half.
func (s *inspector) limit() {
	if len(s.text) < maxLineBytes {
		return
	}
	s.inspect(s.text[s.line:], s.leftOf(s.line))
	keep := len(s.text)
	for i := len(s.text) - 1; i >= maxLineBytes/2; i-- {
		if a, more := s.anchorAt(s.text[i:], s.leftOf(i)); a != nil || more {
			keep = i
			break
		}
	}
	for _, r := range s.found {
		if r.from < keep && r.to > keep {
			keep = r.to
		}
	}
	left := s.leftOf(keep)
	s.release(keep)
	s.left = left
	if len(s.text) == 0 && !s.key.open {
		s.disarm()
	}
}

// leftOf is the byte before a place of the text.
func (s *inspector) leftOf(i int) byte {
	if i == 0 {
		return s.left
	}
	return s.text[i-1]
}

// release emits the text up to a place, with what was found in it masked.
func (s *inspector) release(to int) {
	at := 0
	for _, r := range s.found {
		if r.from >= to {
			break
		}
		s.pass(at, r.from)
		s.cover(r)
		at = r.to
	}
	s.pass(at, to)
	s.forget(to)
}

// pass emits a part of the text in which nothing was found.
func (s *inspector) pass(from, to int) {
	for from < to {
		end := to
		if s.next < len(s.spans) {
			end = min(end, s.spans[s.next].at)
		}
		if from < end {
			s.raw -= end - from
			if from = min(max(from, s.shown), end); from < end {
				s.emit(s.text[from:end], 0)
			}
		}
		if from = end; from < to {
			mask := s.spans[s.next]
			s.raw -= mask.masked
			s.emit(mask.mask, mask.masked)
			s.next++
			from++
		}
	}
}

// cover emits one mask for a part of the text and the masks in it.
func (s *inspector) cover(r reach) {
	masked := r.to - r.from
	for ; s.next < len(s.spans) && s.spans[s.next].at < r.to; s.next++ {
		masked += s.spans[s.next].masked - 1
	}
	s.raw -= masked
	s.emit(s.nameless, masked)
}

// forget drops the text up to a place, which is emitted.
func (s *inspector) forget(to int) {
	s.text = append(s.text[:0], s.text[to:]...)
	s.spans, s.next = append(s.spans[:0], s.spans[s.next:]...), 0
	for i := range s.spans {
		s.spans[i].at -= to
	}
	s.line, s.shown = max(0, s.line-to), max(0, s.shown-to)
	s.found = s.found[:0]
}
