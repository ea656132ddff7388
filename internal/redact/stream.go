package redact

import "bytes"

// Stream removes the secrets of a matcher from one stream of bytes. Only one
// goroutine may use a stream at a time, but many may share its matcher.
//
// A stream is always at one place of the text. Everything before the place is
// decided. At the place a needle or an anchor may begin whose end has not come yet. A
// decided byte is either let through at once or belongs to the open mask: a range
// that at least one needle covers and that a needle from inside it may still make
// longer. The stream keeps only the numbers of an open mask, so neither a long line
// nor an endless chain of matches takes memory. The text that waits in the buffer is
// shorter than the longest needle.
//
// The text that is let through goes to the inspector, which looks for patterns. It
// keeps the end of a line that has an anchor, and nothing of other lines. An anchor
// is not a secret. So where one may have begun, the bytes are let through but kept
// too: they are shown, and searched again together with the next bytes.
type Stream struct {
	matcher *Matcher
	finder  *finder
	out     inspector
	quiet   bool // nothing can be declared

	held   []byte // the text from the place on
	shown  int    // bytes of held that are let through already
	before byte   // the byte before held, if shown is not 0
	prev   byte   // the last byte let through; masked if it was a mask

	open   bool
	masked int    // bytes of the open mask before the place
	ahead  int    // bytes of the open mask after the place
	best   int    // the size of the longest needle in the open mask
	mask   []byte // the mask of that needle

	declaring bool   // inside a line that declares a secret
	declared  []byte // its value so far
	dropped   int    // bytes of the line so far
}

// masked stands for the byte before a place that follows a mask. No set of bytes to
// the left of an anchor has it.
const masked = 0

// Stream returns a stream that passes its output to emit, in order. If masked is 0, p
// is text as it was written; otherwise p takes the place of that many secret bytes. A
// line that declares a secret is left out with its ending: for it p is empty and
// masked is not 0. emit must not keep the slice.
func (m *Matcher) Stream(emit func(p []byte, masked int)) *Stream {
	f := m.finder()
	return &Stream{matcher: m, finder: f, prev: '\n',
		out: inspector{emit: emit, anchors: f.anchors, scan: f.scan, nameless: []byte(nameless)}}
}

// joinBytes is how many bytes of a write are appended to the held bytes, in addition
// to as many as are held. It bounds the buffer, however large the write is.
const joinBytes = 64

// Write takes bytes and emits all bytes that can no longer become part of a secret.
func (s *Stream) Write(p []byte) {
	for len(s.held) > 0 && len(p) > 0 {
		piece := p[:min(len(p), len(s.held)+joinBytes)]
		s.held = append(s.held, piece...)
		rest := s.process(s.held, false)
		if len(piece) < len(p) && len(rest) <= len(piece) {
			// The place is in the write: read the rest there instead of copying it.
			p, s.held = p[len(piece)-len(rest):], s.held[:0]
			break
		}
		p = p[len(piece):]
		s.hold(rest)
	}
	if len(p) > 0 {
		s.hold(s.process(p, false))
	}
}

func (s *Stream) hold(rest []byte) { s.held = append(s.held[:0], rest...) }

// Flush emits the bytes held back, because no more bytes come. Bytes that are written
// later are a text of their own.
func (s *Stream) Flush() {
	s.process(s.held, true)
	s.held, s.shown = s.held[:0], 0
	if s.declaring {
		s.declare()
	}
	s.out.flush()
	s.prev = '\n'
}

// Held is how many of the bytes written are not yet emitted: the possible beginning
// of a secret, an open mask, a line that declares a secret, and a line that patterns
// look at.
func (s *Stream) Held() int {
	return s.masked + len(s.held) - s.shown + s.dropped + s.out.raw - s.out.shown
}

// process emits the part of the text that it can decide and returns the rest. last
// says that nothing comes after the text.
func (s *Stream) process(text []byte, last bool) (rest []byte) {
	for {
		if s.declaring {
			if text = s.drop(text); s.declaring {
				return nil
			}
		}
		if f := s.matcher.finder(); f != s.finder {
			text = s.use(f, text)
		}
		if text = s.search(text, last); !s.declaring {
			return text
		}
	}
}

// search is process up to a line that declares a secret. At such a line it returns
// the text after [Declaration].
//
// It moves from place to place where a needle or an anchor may begin. The order of
// its steps at each place matters:
//
//  1. The open mask is emitted if it ends before the place. No needle from inside the
//     mask can make it longer any more: all their places were searched.
//  2. The longest needle that begins here opens a mask or joins the open one. If a
//     longer one may still come, the search waits here.
//  3. An anchor arms the inspector, unless a mask covers it, because the masked text
//     is unknown. The inspector has all text before the anchor by then, so it knows
//     whether a line has ended.
func (s *Stream) search(text []byte, last bool) (rest []byte) {
	if s.passes(text, last) {
		return nil
	}
	v := view{text: text, last: last, done: s.shown, end: s.ahead,
		begun: -1, next: -1, needle: -1, feed: -1, cr: -1, url: -1, scheme: -1}
	v.shown, s.shown = s.shown, 0
	for i := 0; ; i++ {
		s.emitEndedMask(&v, i)
		var what kinds
		i, what = s.skip(&v, i)
		s.emitEndedMask(&v, i)
		if i >= len(text) {
			return s.wait(&v, i)
		}
		if what&ofNeedles != 0 && i >= v.shown {
			found, more := s.finder.scan.at(text[i:])
			if found != nil {
				s.addToMask(&v, i, found)
			}
			if more && !last {
				return s.wait(&v, i)
			}
		}
		if what&ofAnchors == 0 || s.finder.anchors == nil {
			continue
		}
		switch at, what := s.anchor(&v, i); what {
		case waits:
			return s.wait(&v, at)
		case declares:
			return text[at:]
		}
	}
}

// verdict is the answer of anchor.
type verdict int

const (
	goesOn verdict = iota
	waits
	declares
)

// anchor looks for an anchor at i, and directly after i for an anchor that has the
// byte at i on its left, and arms the inspector. Its verdict is waits if it needs
// more bytes from the place at on, and declares if the text from there on is a
// declared value.
func (s *Stream) anchor(v *view, i int) (at int, what verdict) {
	if s.open && i < v.end {
		return 0, goesOn
	}
	if at, what = s.anchorAt(v, i); what == goesOn && i+1 < len(v.text) && v.line <= i {
		return s.anchorAt(v, i+1)
	}
	return at, what
}

// anchorAt is anchor for one place, which no mask covers.
//
// Where an anchor may have begun and its end has not come yet, the place is noted and
// the bytes are let through. Only the beginning of a line that may declare a secret is
// held back instead, because no byte of such a line may be shown.
func (s *Stream) anchorAt(v *view, i int) (at int, what verdict) {
	left := s.leftOf(v, i)
	found, more := s.finder.anchors.at(v.text[i:], left)
	if i == v.url {
		if more = v.half; !more {
			found = &userinfoAnchor
		}
	}
	if found == nil && (!more || v.last) {
		return 0, goesOn
	}
	// The text before goes first: a line may end in it.
	s.passTo(v, i)
	declaration := left == '\n' && !s.quiet
	switch {
	case found == nil && declaration && beginning(v.text[i:], Declaration):
		return i, waits
	case found == nil && v.begun < 0 && !s.out.armed:
		v.begun, v.left = i, left
	case found == nil:
	case found.kind == kindDeclare && declaration:
		s.declaring, s.dropped, s.ahead = true, len(Declaration), 0
		return i + len(Declaration), declares
	case !s.out.armed:
		s.armInspector(v, i, left, found)
	}
	return 0, goesOn
}

// armInspector gives the inspector the line from an anchor on, or from the place where a
// longer anchor may have begun before it ("AGE-SECRET-KEY-1" has "SECRET" in it). If
// the whole line is in the text and has no needle in it, it need not be kept.
func (s *Stream) armInspector(v *view, i int, left byte, found *anchor) {
	here := i
	if v.begun >= 0 {
		i, left, found = v.begun, v.left, nil
	}
	shown := max(here, v.done) - i
	end, whole := s.lineEnd(v, i+shown, maxLineBytes-shown)
	before := v.before
	v.before = 0
	if whole && s.finder.scan.window(v.text, here, ofNeedles) == 0 {
		if before > 0 && sameEight(v.text[before:], v.text[i:]) && s.repeats(v, before, i) {
			return
		}
		if v.scheme < i {
			v.scheme = schemeIn(v.text, i)
		}
		p := passage{text: v.text, from: i, end: end, of: ofAll, jump: -1, scheme: v.scheme, first: found}
		if s.out.whole(&p, left, shown) {
			s.prev, v.done, v.line = v.text[end-1], end, end
			if !p.masked && !s.out.armed && i > 0 && left == v.text[i-1] {
				v.before = i
			}
			if p.jump >= end {
				v.next, v.what = p.jump, p.what
			}
			return
		}
	}
	s.out.arm(left, v.text[i:i+shown])
}

// leftOf is the byte before a place.
func (s *Stream) leftOf(v *view, i int) byte {
	switch {
	case i == 0 && v.shown > 0:
		return s.before
	case i == v.done:
		return s.prev
	}
	return v.text[i-1]
}

// addToMask opens a mask with the needle at i, or adds the needle to the open mask.
func (s *Stream) addToMask(v *view, i int, found *needle) {
	size := len(found.text)
	if !s.open {
		s.passTo(v, i)
	}
	if !s.open || size > s.best {
		s.best, s.mask = size, s.finder.masks[found.name]
	}
	s.open = true
	v.end = max(v.end, i+size)
	v.begun = -1 // no anchor has a mask in it
	v.before = 0
}

// wait makes i the place of the stream: no byte before it can be part of a needle
// that is not found yet. It returns the text from there on, or from where an anchor may
// have begun, to be held for the next search.
func (s *Stream) wait(v *view, i int) (rest []byte) {
	if s.open {
		s.masked += i - v.done
		s.ahead = v.end - i
		return v.text[i:]
	}
	s.passTo(v, i)
	if v.begun < 0 || s.out.armed {
		return v.text[i:]
	}
	s.shown, s.before = v.done-v.begun, v.left
	return v.text[v.begun:]
}

// close emits the open mask, which has that many more bytes.
func (s *Stream) close(more int) {
	n := s.masked + more
	s.open, s.masked, s.ahead, s.prev = false, 0, 0, masked
	s.out.mask(s.mask, n)
}

// passTo gives the text before i that is not emitted yet to the inspector. No mask may
// be open.
func (s *Stream) passTo(v *view, i int) {
	if i > v.done {
		s.prev = v.text[i-1]
		s.out.takeText(v.text[v.done:i])
		v.done = i
	}
}

// drop takes the rest of a line that declares a secret and returns the text after it.
// Without a line ending, the stream stays inside the line.
func (s *Stream) drop(text []byte) (rest []byte) {
	n := bytes.IndexByte(text, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(text)
	}
	if room := maxDeclaredBytes + 2 - len(s.declared); room > 0 {
		s.declared = append(s.declared, text[:min(n, room)]...)
	}
	s.dropped += n
	if whole {
		s.declare()
	}
	return text[n:]
}

// declare makes the value of the line a secret and leaves the line out.
func (s *Stream) declare() {
	s.matcher.Declare(unescaped(string(bytes.TrimRight(s.declared, "\r\n"))))
	n := s.dropped
	s.declaring, s.declared, s.dropped, s.prev = false, s.declared[:0], 0, '\n'
	s.out.mask(nil, n)
}

// use switches to other secrets. The bytes held back were searched without them, so
// the text in the inspector passes the search again, ahead of the text. The bytes of
// a mask are no longer known, so a mask splits that text. Nothing is declared in it a
// second time.
func (s *Stream) use(f *finder, text []byte) []byte {
	s.finder, s.out.scan = f, f.scan
	if len(s.out.text) == 0 {
		return text
	}
	was := *s
	kept, spans := s.out.take()
	s.open, s.masked, s.ahead, s.quiet = false, 0, 0, true
	s.prev, s.before, s.shown = was.out.left, was.out.left, was.out.shown
	at := 0
	for _, span := range spans {
		s.search(kept[at:span.at], true)
		if at = span.at + 1; span.mask != nil {
			s.prev = masked
		}
		s.out.mask(span.mask, span.masked)
	}
	s.quiet = was.quiet
	if !was.open {
		return append(kept[at:], text...)
	}
	s.search(kept[at:], true)
	s.open, s.masked, s.ahead, s.best, s.mask = true, was.masked, was.ahead, was.best, was.mask
	return text
}
