package redact

import "bytes"

// maxLineBytes is how much of a line is kept to look at. A longer line is looked at
// in pieces.
const maxLineBytes = 64 << 10

// filler stands for a mask in a line, so that no pattern begins or ends in it. It may
// be any byte that no set of the anchors has.
const filler = 1

// inspector masks the secrets that the patterns find in a stream whose values are
// masked already. A mask can stand for any text that a pattern looks for. But a
// secret that is only a mask is not masked again, so that the name in the mask stays.
//
// Almost everything passes straight through. The inspector is armed only when the
// scanner has seen an anchor. From there to the end of the line it keeps everything,
// then finds the secrets in it. The result depends on the line from the anchor on and
// on the byte before, and so not on the writes. To arm the inspector for nothing, or
// for an anchor further on, does not change the result.
//
// A private key has many lines, so in one the inspector stays armed until the line
// that ends it. No byte of the key is let through before. The reason is that a log is
// resumed at the end of a line that was let through, and the reader could not tell
// there that a key had begun.
type inspector struct {
	emit     func(p []byte, masked int)
	anchors  *anchors
	scan     *scanner // knows the anchors
	nameless []byte

	armed  bool
	left   byte   // the byte before the line
	text   []byte // the kept text, with one filler for each mask
	spans  []span // the masks in it
	next   int    // the first of the spans that is not emitted
	raw    int    // the number of written bytes that the text stands for
	shown  int    // how many bytes at the beginning of the text are let through already
	line   int    // where in the text the last line begins
	found  []secretRange
	search lineSearch
	key    key

	repeats   repeats
	judgesAll bool // judges repetitions too; for a test that compares the results
}

// span is a mask at a place of the text.
type span struct {
	at, masked int
	mask       []byte
}

// secretRange is a part of the text that must be masked.
type secretRange struct{ from, to int }

// arm keeps all text from now on, until the line ends. shown is the beginning of it
// that was let through before the anchor was known.
func (s *inspector) arm(left byte, shown []byte) {
	s.armed, s.left = true, left
	s.text, s.shown, s.raw = append(s.text, shown...), len(shown), len(shown)
}

// whole is arm and takeText for a complete line. It looks at the line in place, and
// keeps it only if a private key begins in it. If a needle may be in the line, it
// does nothing and reports false.
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
	p.masked = len(s.found) > 0
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

// room is how many more bytes of a line can be kept.
func (s *inspector) room() int { return maxLineBytes - len(s.text) }

// takeText takes bytes as they were written. It emits them, or keeps them if the
// inspector is armed.
func (s *inspector) takeText(p []byte) {
	for len(p) > 0 {
		if !s.armed {
			s.emit(p, 0)
			return
		}
		end, whole := firstLine(p)
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

// firstLine is how many bytes of p belong to its first line, and whether that line
// ends. A carriage return ends a line too, because the text after it overwrites the
// line.
func firstLine(p []byte) (end int, whole bool) {
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

// mask takes a mask that stands for so many bytes, or nil for a line that is left
// out.
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

// take returns all kept text and disarms. The result belongs to the caller.
func (s *inspector) take() (text []byte, spans []span) {
	text, spans = s.text, s.spans
	s.text, s.spans, s.next, s.raw, s.shown, s.line, s.found = nil, nil, 0, 0, 0, 0, s.found[:0]
	s.disarm()
	return text, spans
}

// flush looks at a last line without an ending, emits all kept text and disarms.
func (s *inspector) flush() {
	if s.armed {
		if s.line < len(s.text) {
			s.endLine()
		}
		s.release(len(s.text))
		s.disarm()
	}
}

// endLine looks at the last line, which has ended. In a private key it waits for more
// lines.
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

// disarm lets the next bytes pass. An open key ends, but kept text stays.
func (s *inspector) disarm() {
	s.armed, s.key = false, key{}
}

// limit makes room when the text is full. It looks at the text as at a line and emits
// it. But it keeps the end of the text for another look, from the last anchor or
// possible anchor in its second half on. Without one, the inspector is disarmed in the
// middle of the line, until the next anchor arms it.
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

// release emits the text up to a place, with the found parts masked, and drops it.
func (s *inspector) release(to int) {
	at := 0
	for _, r := range s.found {
		if r.from >= to {
			break
		}
		s.pass(at, r.from)
		s.emitMask(r)
		at = r.to
	}
	s.pass(at, to)
	s.forget(to)
}

// pass emits a part of the text in which nothing was found, with the masks in it and
// without the bytes that are shown already.
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

// emitMask emits one mask for a part of the text and the masks in it.
func (s *inspector) emitMask(r secretRange) {
	masked := r.to - r.from
	for ; s.next < len(s.spans) && s.spans[s.next].at < r.to; s.next++ {
		masked += s.spans[s.next].masked - 1
	}
	s.raw -= masked
	s.emit(s.nameless, masked)
}

// forget drops the text up to a place. That text is emitted.
func (s *inspector) forget(to int) {
	s.text = append(s.text[:0], s.text[to:]...)
	s.spans, s.next = append(s.spans[:0], s.spans[s.next:]...), 0
	for i := range s.spans {
		s.spans[i].at -= to
	}
	s.line, s.shown = max(0, s.line-to), max(0, s.shown-to)
	s.found = s.found[:0]
}
