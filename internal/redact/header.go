package redact

import (
	"bytes"
	"strings"
)

// The functions in this file take and return the same as the ones in assign.go.

// header is the secret part of a header's value. If the value begins with a word of
// letters, digits and hyphens before a space, that is a scheme ("Basic"), and the
// secret is the rest; otherwise the secret is the whole value, as in most cookies. A
// plain word, a version, brackets and, outside of cookies, a setting are not secrets.
func (l *lineSearch) header(a *anchor, rest []byte) (from, to int) {
	at := l.prefixIn(rest, closesKey)
	at += l.prefixIn(rest[at:], isBlank)
	n := separator(rest[at:])
	if n == 0 {
		return 0, 0
	}
	at += n
	at += l.prefixIn(rest[at:], opensHeader)
	to = at + l.headerEnd(rest[at:])
	scheme := l.prefixIn(rest[at:to], isScheme)
	if scheme > 0 && at+scheme < to && rest[at+scheme] == ' ' {
		at += scheme + 1
		at += l.prefixIn(rest[at:to], isSpace)
	} else if v := rest[at:to]; l.plainWord(v) || l.prefixIn(v, isVersion) == len(v) ||
		l.prefixIn(v, isBracket) == len(v) ||
		a.text[0] != 'c' && a.text[0] != 'C' && l.setting(v) {
		return 0, 0 // no credentials, but a package's version or a section's name
	}
	if l.placeholder(rest[at:to]) {
		return 0, 0
	}
	return at, to
}

// setting reports whether the value is a name and a word, as in "mode=RBAC".
func (l *lineSearch) setting(v []byte) bool {
	name := l.prefixIn(v, isSmall)
	return name > 0 && name < len(v) && v[name] == '=' && l.prefixIn(v[name+1:], isSetting) == len(v)-name-1
}

// headerEnd is where a header's value ends. The header may be quoted as a whole, so a
// quote ends it if a space, a comma, a closing bracket, a backslash or the end of the
// line follows. Without such a quote the value is the rest of the line, without
// brackets at its end.
func (l *lineSearch) headerEnd(text []byte) int {
	from := l.place(text)
	if _, ok := l.known(goalHeaderEnd, from); !ok {
		l.findHeaderEnd(from)
	}
	return max(0, l.trimmedHeader-from)
}

// findHeaderEnd makes the search of headerEnd and keeps its result.
func (l *lineSearch) findHeaderEnd(from int) {
	text := l.line[:max(from, l.trimmedEnd())]
	for i := from; i < len(text); i++ {
		if c := text[i]; c != '"' && c != '\'' {
			continue
		}
		if i+1 == len(text) || strings.IndexByte(" ,}])\\", text[i+1]) >= 0 {
			l.found(goalHeaderEnd, from, i)
			l.trimmedHeader = len(bytes.TrimRight(text[:i], "\\"))
			return
		}
	}
	l.found(goalHeaderEnd, from, len(text))
	l.trimmedHeader = len(bytes.TrimRight(text, "]}"))
}

// bearer is the token after the word "bearer", wherever the word stands. A token has a
// digit or at least twenty bytes.
func (l *lineSearch) bearer(rest []byte) (from, to int) {
	from = l.prefixIn(rest, isSpace)
	to = from + trim(rest[from:from+l.until(rest[from:], endsBearer)], closesBearer)
	v := rest[from:to]
	if len(v) < 4 || l.placeholder(v) || !l.has(goalDigit, v, isDigit) && len(v) < 20 {
		return 0, 0
	}
	return from, to
}
