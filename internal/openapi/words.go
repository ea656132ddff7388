package openapi

import (
	"strconv"
	"strings"
)

// FieldName returns a client's name for a field, shortened and without control
// characters.
func FieldName(name string) string {
	const longest = 64
	if runes := []rune(name); len(runes) > longest {
		name = string(runes[:longest]) + "…"
	}
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}

// JoinWords writes a list as in a sentence: "a, b and c".
func JoinWords(names []string, word string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + word + " " + names[last]
}
