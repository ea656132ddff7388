package logbook

import (
	"bytes"
	"math"
	"time"
	"unicode/utf8"
)

// lines splits one redacted stream into the outputs of entries.
//
// Each piece comes with the number of bytes of the spool that it stands for, so lines
// knows the offset in the spool at which each line ends. After a crash a fresh
// recorder starts at such an offset and must produce the same lines. Therefore no
// state may remain when a line ends. A line ends only
//
//   - at a newline that the filter has emitted, so no secret spans the end;
//   - where its step ends, see [Recorder];
//   - where it is too long, between two unmasked bytes or next to a mask, but never
//     within a mask or a character.
//
// As on a terminal, text after a carriage return overwrites the line; the entry has
// the final text. A carriage return with nothing after it, such as one before the
// newline, overwrites nothing.
type lines struct {
	typ   Type
	which int // the stream's index in the sizes of an event
	steps *timeline
	next  int    // the first event not reached yet
	batch int    // of the label
	step  string // of the label
	label []byte
	out   func(l *lines, text []byte, continued bool)

	stamp    time.Time // when the newest bytes were read
	text     []byte    // the current text of the incomplete line
	restart  bool      // the last byte was a carriage return
	at       int64     // bytes of the spool taken
	entryEnd int64     // bytes of the spool in whole entries
}

// take adds a piece that a filter emits; see [NewFilter].
func (l *lines) take(p []byte, masked int) {
	l.cross()
	if masked > 0 {
		l.mask(p, masked)
		p = nil
	}
	for len(p) > 0 {
		piece := p[:min(int64(len(p)), l.bound()-l.at)]
		p = p[len(piece):]
		l.plain(piece)
		l.cross()
	}
}

// bound is the offset of the next event.
func (l *lines) bound() int64 {
	if l.next == len(l.steps.events) {
		return math.MaxInt64
	}
	return l.steps.events[l.next].sizes[l.which]
}

// cross passes the events that have been reached. A line ends at an event. Only a
// mask may extend past one, if a process that a step left running wrote a secret in
// two parts; it belongs to the step in which it begins.
func (l *lines) cross() {
	for l.bound() <= l.at {
		l.finish()
		if event := l.steps.events[l.next]; event.start {
			l.batch, l.step = 0, event.name // the recorder makes the label
		}
		l.next++
	}
}

// plain adds unmasked bytes before the next event.
func (l *lines) plain(p []byte) {
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			l.state(p)
			return
		}
		l.line(p[:end])
		p = p[end+1:]
	}
}

// line adds the rest of a line and its newline. Most lines arrive whole and are not
// copied.
func (l *lines) line(p []byte) {
	whole := bytes.TrimSuffix(p, []byte{'\r'})
	if len(l.text) > 0 || len(whole) > MaxLineBytes || bytes.IndexByte(whole, '\r') >= 0 {
		l.state(p)
		whole = l.text
	} else {
		l.at += int64(len(p))
	}
	l.at++
	l.end(whole)
}

// state adds bytes without a newline to the incomplete line.
func (l *lines) state(p []byte) {
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\r')
		if i < 0 {
			l.add(p)
			return
		}
		l.add(p[:i])
		p = p[i+1:]
		l.at++
		l.restart = true
	}
}

// add adds bytes without newline or carriage return. A full line is cut only when
// more bytes follow.
func (l *lines) add(p []byte) {
	l.overwrite(len(p))
	for len(l.text)+len(p) > MaxLineBytes {
		fill := p[:max(0, MaxLineBytes-len(l.text))]
		p = p[len(fill):]
		l.text = append(l.text, fill...)
		l.at += int64(len(fill))
		l.cut(unfinished(l.text))
	}
	l.text = append(l.text, p...)
	l.at += int64(len(p))
}

// mask adds a mask that stands for the given number of bytes.
func (l *lines) mask(p []byte, masked int) {
	l.overwrite(len(p))
	if len(l.text) > 0 && len(l.text)+len(p) > MaxLineBytes {
		l.cut(0)
	}
	l.text = append(l.text, p...)
	l.at += int64(masked)
	l.cross()
}

// overwrite clears the line after a carriage return if text follows.
func (l *lines) overwrite(size int) {
	if l.restart && size > 0 {
		l.text, l.restart = l.text[:0], false
	}
}

// cut ends the entry but not the line. The last bytes go to the next entry.
func (l *lines) cut(before int) {
	n := len(l.text) - before
	l.out(l, l.text[:n], true)
	l.text = append(l.text[:0], l.text[n:]...)
	l.entryEnd = l.at - int64(before)
}

// finish ends an incomplete line, if there is one.
func (l *lines) finish() {
	if len(l.text) > 0 {
		l.end(l.text)
		return
	}
	l.restart, l.entryEnd = false, l.at
}

func (l *lines) end(text []byte) {
	l.out(l, text, false)
	l.text, l.restart, l.entryEnd = l.text[:0], false, l.at
}

// unfinished is the number of bytes at the end of the text that may begin a
// character.
func unfinished(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if tail := text[len(text)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}
