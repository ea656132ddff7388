package redact

import "bytes"

// view is a text on its way through search.
type view struct {
	text   []byte
	last   bool // nothing comes after it
	shown  int  // bytes that were let through before: no needle begins there
	done   int  // the text is emitted or masked up to here
	end    int  // the open mask ends here
	begun  int  // where an anchor may have begun, -1 if nowhere
	left   byte // the byte before that
	next   int  // where the next needle or anchor may begin; -1 if not known yet
	what   kinds
	needle int  // where the next needle may begin while no anchor counts; -1 if not known yet
	line   int  // where a line begins that must be searched; -1 if nowhere
	feed   int  // where the next line feed is; -1 if not known yet
	cr     int  // where the next carriage return is, likewise
	until  int  // the armed inspector keeps everything before this place
	url    int  // where the next URL may have a password; -1 if not known yet
	scheme int  // where the next :// is, not only one with a password; -1 if not known yet
	half   bool // only the beginning of a :// has come yet
	// before is where the last line began that was inspected in place. Neither it nor
	// the text after it has a secret, and no mask was on its left. 0 if there is none.
	before int
}

// quickBytes is the length of the longest text that passes looks at. If the text does
// not pass, the results are dropped and found once more.
const quickBytes = 256

// passes lets a short text through if no needle or anchor may begin in it, as in most
// lines, and reports whether it did. It helps jobs that write line by line.
func (s *Stream) passes(text []byte, last bool) bool {
	if s.open || s.shown > 0 || s.out.armed || len(text) == 0 || len(text) > quickBytes {
		return false
	}
	scan, of := s.finder.scan, ofNeedles
	if s.finder.anchors != nil {
		if scan.begins.has(text) {
			return false
		}
		if url, _ := urlAt(text, 0, last); url < len(text) {
			return false
		}
		of = ofAll
	}
	if place, _ := scan.skip(text, 0, of); place < len(text) {
		return false
	}
	s.prev = text[len(text)-1]
	s.out.emit(text, 0)
	return true
}

// emitEndedMask emits the open mask if it ends before the place.
func (s *Stream) emitEndedMask(v *view, i int) {
	if s.open && i >= v.end {
		s.close(v.end - v.done)
		v.done = v.end
	}
}

// skip returns the next place from i on that must be searched, and the kinds that may
// begin there. The first place, and the beginning of a line after a kept one, must be
// searched if an anchor may begin there: the byte on its left is not in the text that
// the scanner sees.
func (s *Stream) skip(v *view, i int) (place int, what kinds) {
	if s.finder.anchors == nil {
		return s.finder.scan.skip(v.text, i, ofNeedles)
	}
	for {
		if i <= v.line {
			i, v.line = v.line, -1
			if i < len(v.text) && s.finder.scan.begins.has(v.text[i:]) {
				return i, ofAll
			}
		}
		if !s.out.armed {
			break
		}
		if place, what = s.skipArmed(v, i); place != v.line || place == len(v.text) {
			return place, what
		}
		i = place
	}
	if v.url < i {
		v.url, v.half = urlAt(v.text, i, v.last)
	}
	if v.next < i {
		v.next, v.what = s.finder.scan.skip(v.text, i, ofAll)
	}
	if v.url <= v.next {
		return v.url, ofAll
	}
	return v.next, v.what
}

// skipArmed is skip while the inspector is armed. The inspector keeps everything up
// to the end of the line, so no anchor counts before that. skipArmed stops at that
// end, after it has given the line to the inspector, and at the end of the open mask,
// which may be in the line.
func (s *Stream) skipArmed(v *view, i int) (place int, what kinds) {
	if v.until <= i {
		from := v.done
		if s.open {
			from = v.end
		}
		v.until, _ = s.lineEnd(v, from, s.out.room())
	}
	end := v.until
	if s.open {
		end = min(end, v.end)
	}
	if v.needle < i {
		v.needle, _ = s.finder.scan.skip(v.text[:min(len(v.text), end+nearBytes)], i, ofNeedles)
	}
	if v.needle < end {
		return v.needle, ofNeedles
	}
	if !s.open {
		s.passTo(v, end)
		v.line = end
	}
	return end, ofAll
}

// lineEnd is where the line at a place ends, but at most so many bytes from there and
// at most the text's length. whole says whether its ending is in these bytes. A
// carriage return ends a line too, because the text after it overwrites the line.
func (s *Stream) lineEnd(v *view, from, most int) (end int, whole bool) {
	if v.feed < from {
		v.feed = s.indexByte(v, from, '\n')
	}
	if v.cr < from {
		v.cr = s.indexByte(v, from, '\r')
	}
	last := min(v.feed, v.cr)
	if end = min(len(v.text), from+most); last < end {
		return last + 1, true
	}
	return end, false
}

// indexByte is the place of the first such byte from a place on, or the text's length.
func (s *Stream) indexByte(v *view, from int, c byte) int {
	n := bytes.IndexByte(v.text[from:], c)
	if n < 0 {
		n = len(v.text) - from
	}
	s.out.search.work += n
	return from + n
}
