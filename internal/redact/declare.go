package redact

import (
	"bytes"
	"strings"
)

// escapes are those of the declaration's value, as CI users know them.
var escapes = strings.NewReplacer("%0D", "\r", "%0d", "\r", "%0A", "\n", "%0a", "\n", "%25", "%")

func unescaped(value string) string { return escapes.Replace(value) }

// DeclaredMask returns the value that a line of a job's output declares to be a
// secret, if it does. The line may have its ending.
//
// A runner that takes up a job needs the values that were declared before its
// first byte: it looks in the spool for lines that begin with [Declaration] and
// gives each to [Matcher.Declare].
func DeclaredMask(line []byte) (value string, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(Declaration))
	if !ok {
		return "", false
	}
	return unescaped(string(bytes.TrimRight(rest, "\r\n"))), true
}
