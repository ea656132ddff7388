package redact

import (
	"bytes"
	"strings"
)

// escapes decodes the escapes in a declaration's value, as CI users know them.
var escapes = strings.NewReplacer("%0D", "\r", "%0d", "\r", "%0A", "\n", "%0a", "\n", "%25", "%")

func unescaped(value string) string { return escapes.Replace(value) }

// DeclaredValue returns the value that a line of a job's output declares to be a
// secret, if it does. The line may have its ending.
//
// A runner that takes over a job needs the values that were declared before its first
// byte. It searches the spool for lines that begin with [Declaration] and gives each
// value to [Matcher.Declare].
func DeclaredValue(line []byte) (value string, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(Declaration))
	if !ok {
		return "", false
	}
	return unescaped(string(bytes.TrimRight(rest, "\r\n"))), true
}
