package redact

// Stream removes the secrets of one matcher from one stream of bytes. It is
// not for use by several goroutines at once.
//
// It is always at one place of the text: everything before is decided, and at
// the place itself a needle may be beginning of which the end has not come
// yet. What is decided is either let through at once or belongs to the open
// mask: a range that at least one needle covers and that a needle from inside
// of it may still make longer. Of an open mask only the numbers are kept, so
// that neither a long line nor an endless chain of matches takes memory; what
// waits in the buffer is shorter than the longest needle.
type Stream struct {
	matcher *Matcher
	emit    func(p []byte, masked int)

	held []byte // the text from the place on

	open   bool
	masked int // bytes of the open mask before the place
	ahead  int // bytes of the open mask behind the place
	best   int // the longest needle in the open mask
}

// Stream returns a stream that gives what it lets through to emit, in order.
// masked is 0 when p is as it was written; else p stands for that many bytes
// that were a secret. The slice is emit's only until it returns.
func (m *Matcher) Stream(emit func(p []byte, masked int)) *Stream {
	return &Stream{matcher: m, emit: emit}
}

// joinBytes is how much of a write is put behind what is held, beside as much
// again as is held. It bounds the buffer, however large the write is.
const joinBytes = 64

// Write takes bytes and emits all that cannot become part of a secret any more.
func (s *Stream) Write(p []byte) {
	for len(s.held) > 0 && len(p) > 0 {
		piece := p[:min(len(p), len(s.held)+joinBytes)]
		s.held = append(s.held, piece...)
		rest := s.process(s.held, false)
		if len(piece) < len(p) && len(rest) <= len(piece) {
			// The place is in the write: the rest is read there, not copied.
			p, s.held = p[len(piece)-len(rest):], s.held[:0]
			break
		}
		p = p[len(piece):]
		s.keep(rest)
	}
	if len(p) > 0 {
		s.keep(s.process(p, false))
	}
}

func (s *Stream) keep(rest []byte) { s.held = append(s.held[:0], rest...) }

// Flush emits what is held back, taking it that no more bytes come. What is
// written later is a text of its own.
func (s *Stream) Flush() {
	s.process(s.held, true)
	s.held = s.held[:0]
}

// Held is how many of the bytes written are not yet emitted: those that may
// be the beginning of a secret, and those of an open mask.
func (s *Stream) Held() int { return s.masked + len(s.held) }

// process emits what it can decide of the text and returns the rest. last says
// that nothing comes after the text.
func (s *Stream) process(text []byte, last bool) (rest []byte) {
	scan := s.matcher.scan
	plain := 0 // the text is emitted or masked up to here
	end := s.ahead
	for i := 0; ; i++ {
		i = scan.skip(text, i)
		if s.open && i >= end {
			s.close(end - plain)
			plain = end
		}
		if i >= len(text) {
			s.pass(text[plain:])
			return nil
		}
		found, more := scan.at(text[i:])
		if found >= 0 {
			if !s.open {
				s.pass(text[plain:i])
				plain = i
			}
			end = max(end, i+s.cover(found))
		}
		if more && !last {
			return s.wait(text, plain, i, end)
		}
	}
}

// cover opens a mask with the needle, or adds it to the open one.
func (s *Stream) cover(found int) (size int) {
	size = len(s.matcher.scan.needles[found].text)
	if !s.open || size > len(s.matcher.scan.needles[s.best].text) {
		s.best = found
	}
	s.open = true
	return size
}

// wait leaves the place at i: nothing before it can be part of anything that
// is not found yet.
func (s *Stream) wait(text []byte, plain, i, end int) (rest []byte) {
	if s.open {
		s.masked += i - plain
		s.ahead = end - i
	} else {
		s.pass(text[plain:i])
	}
	return text[i:]
}

// close emits the open mask, which has some more bytes.
func (s *Stream) close(more int) {
	s.emit(s.matcher.masks[s.best], s.masked+more)
	s.open, s.masked, s.ahead = false, 0, 0
}

func (s *Stream) pass(plain []byte) {
	if len(plain) > 0 {
		s.emit(plain, 0)
	}
}
