package logbook

import "bytes"

// filter matches the bytes of a stored line without decoding it. That is safe because
// only [Entry.Append] writes lines: its fields have one encoding and one order, and a
// quote within a JSON string always follows a backslash.
type filter struct {
	typ, step []byte
	shown     bool
	since     []byte
}

func newFilter(q Query) (f filter) {
	f.shown = q.Shown
	if !q.Since.IsZero() {
		f.since = q.Since.UTC().AppendFormat(nil, timeFormat)
	}
	if q.Type != "" {
		f.typ = append(appendText([]byte(`,"type":"`), []byte(q.Type)), `",`...)
	}
	if q.Step != "" {
		f.step = append(appendText([]byte(`,"step":"`), []byte(q.Step)), `"`...)
	}
	return f
}

// selects reports whether the filter may leave out most of the lines. Few are hidden.
func (f filter) selects() bool { return f.typ != nil || f.step != nil }

func (f filter) matches(line []byte) bool {
	if f.since != nil && bytes.Compare(storedTime(line), f.since) < 0 {
		return false
	}
	if !f.selects() && !f.shown {
		return true
	}
	head, rest, _ := bytes.Cut(line, []byte(`,"hidden":`))
	if f.shown && bytes.HasPrefix(rest, []byte("true")) {
		return false
	}
	return bytes.Contains(head, f.typ) && bytes.HasSuffix(head, f.step)
}

// storedTime returns the time of a stored line, whose texts sort like the times.
func storedTime(line []byte) []byte {
	_, rest, _ := bytes.Cut(line, []byte(`"timestamp":"`))
	return rest[:min(len(timeFormat), len(rest))]
}
