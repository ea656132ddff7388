package logbook

// LineAppender returns what the recorder calls for each line of a step, for
// the tests of its speed.
func LineAppender(e Entry) func(dst, output []byte) []byte {
	stamp := e.Time.UTC().AppendFormat(nil, timeFormat)
	label := label(e.Type, e.Batch, e.Step, e.Hidden)
	return func(dst, output []byte) []byte {
		return appendLine(dst, e.Order, stamp, label, output,
			e.Continued)
	}
}

// Matches reports whether the matcher finds its text in a stored line.
func Matches(m *Matcher, line []byte) bool { return m.matches(line) }
