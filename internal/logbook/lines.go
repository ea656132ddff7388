package logbook

import (
	"bytes"
	"math"
	"time"
	"unicode/utf8"
)

// lines cuts one stream, redacted, into the outputs of entries.
//
// It is told for every piece how many bytes of the spool it stands for, and so
// knows for each line where in the spool it ends. That place is what makes a
// log whole after a crash: a fresh recorder that starts there has the same
// rest before it. For that to be true, what is kept here between two pieces
// must be gone whenever a line ends:
//
//   - a line ends at a newline that was let through, so no secret spans it;
//   - it ends where its step ends, see [Recorder];
//   - a line that grows too long is cut between two bytes that were let
//     through, or beside a mask, never inside of a mask or a character.
//
// A carriage return makes what follows overwrite the line, as on a terminal:
// the line that is kept is its last state. Only when something follows; so a
// return before the newline, and one at the end, take nothing away.
type lines struct {
	typ   Type
	which int // of the two sizes in an event
	steps *timeline
	next  int    // the first event that lies ahead
	batch int    // of the label
	step  string // of the label
	label []byte
	out   func(l *lines, text []byte, continued bool)

	stamp   time.Time // when the newest bytes were read
	text    []byte    // the state of the line that is not yet whole
	restart bool      // a carriage return came last
	at      int64     // bytes of the spool taken
	settled int64     // bytes of the spool in whole entries
}

// take adds a piece as a filter emits it.
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

// bound is where the next event lies.
func (l *lines) bound() int64 {
	if l.next == len(l.steps.events) {
		return math.MaxInt64
	}
	return l.steps.events[l.next].sizes[l.which]
}

// cross goes over the events that are reached. A line does not go on behind
// one. A mask may, when what a step left running wrote a secret in two halves:
// it belongs to where it begins.
func (l *lines) cross() {
	for l.bound() <= l.at {
		l.finish()
		if event := l.steps.events[l.next]; event.start {
			l.batch, l.step = 0, event.name // the recorder makes the label
		}
		l.next++
	}
}

// plain adds bytes that are as they were written and lie before any bound.
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

// line adds the rest of a line and its newline. Most lines come whole, and
// these are not copied.
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

// state adds bytes without a newline to the state of the line.
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

// add adds bytes without any line ending. A line that is full is cut only when
// more of it comes.
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

// mask adds the mask of a secret of so many bytes.
func (l *lines) mask(p []byte, masked int) {
	l.overwrite(len(p))
	if len(l.text) > 0 && len(l.text)+len(p) > MaxLineBytes {
		l.cut(0)
	}
	l.text = append(l.text, p...)
	l.at += int64(masked)
	l.cross()
}

// overwrite begins the line's next state if something comes.
func (l *lines) overwrite(size int) {
	if l.restart && size > 0 {
		l.text, l.restart = l.text[:0], false
	}
}

// cut ends the entry, but not the line, before its last bytes.
func (l *lines) cut(before int) {
	n := len(l.text) - before
	l.out(l, l.text[:n], true)
	l.text = append(l.text[:0], l.text[n:]...)
	l.settled = l.at - int64(before)
}

// finish ends a line that has no newline, if there is one.
func (l *lines) finish() {
	if len(l.text) > 0 {
		l.end(l.text)
		return
	}
	l.restart, l.settled = false, l.at
}

func (l *lines) end(text []byte) {
	l.out(l, text, false)
	l.text, l.restart, l.settled = l.text[:0], false, l.at
}

// unfinished is how many bytes at the end of the text may be the beginning of
// a character.
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
