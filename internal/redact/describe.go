package redact

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// The functions in this file find secrets after a key without a separator: in XML, in
// the files of netrc, PostgreSQL and Docker, and in sentences. They take and return
// the same as the ones in assign.go.

// element is the text of the XML element that has the anchor in its name,
// "<password>x</password>". If a quote ends the key, it is the value that stands next
// to the name, see sibling.
func (l *lineSearch) element(rest []byte, strong bool) (from, to int) {
	at := l.suffix(rest)
	quotes := l.prefixIn(rest[at:], isQuoting)
	if quotes > 0 {
		return l.sibling(rest, at+quotes, strong)
	}
	if at < len(rest) && rest[at] == ' ' { // attributes
		n := l.next(goalTagEnd, rest[at:], endsTag)
		if !l.has(goalEquals, rest[at:at+n], isEquals) {
			return 0, 0
		}
		at += n
	}
	if at == len(rest) || rest[at] != '>' {
		return 0, 0
	}
	from = at + 1
	if startsWith(rest[from:], "<![CDATA[") {
		from += len("<![CDATA[")
	}
	to = from + l.next(goalElementEnd, rest[from:], endsElement)
	end := rest[to:]
	if !startsWith(end, "</") || l.placeholder(rest[from:to]) || !strong && !l.secretLike(rest[from:to]) {
		return 0, 0
	}
	return from, to - len(rest[from:to]) + len(bytes.TrimSuffix(rest[from:to], []byte("]]>")))
}

// sibling is the value in `"name": "password", "value": "x"` and in
// `name="password" value="x"`, after the quote that ends the key.
func (l *lineSearch) sibling(rest []byte, at int, strong bool) (from, to int) {
	at += l.prefixIn(rest[at:], isListGap)
	at += l.prefixIn(rest[at:], isQuoting)
	if !startsWith(rest[at:], "value") && !startsWith(rest[at:], "Value") {
		return 0, 0
	}
	at += len("value")
	at += l.prefixIn(rest[at:], isQuoting)
	at += l.prefixIn(rest[at:], isSpace)
	n := separator(rest[at:])
	if n == 0 {
		return 0, 0
	}
	return l.value(rest, at+n, true, strong)
}

// maxSentenceBytes is how far the end of a sentence may be from its anchor.
const maxSentenceBytes = 160

// valueAfterSpace is the secret after its name and a space, without a separator. Under
// an ambiguous name only a token of Sanctum counts, see sanctumToken. Otherwise it is
// the last word of the line, if the words before announce it ("password for root is:
// x"), or if it is the only word after the name, as in a .netrc file ("password x").
// left is the byte before the anchor: a line of a .netrc file begins there or has a
// space there.
func (l *lineSearch) valueAfterSpace(a *anchor, rest []byte, left byte) (from, to int) {
	if a.kind == kindAmbiguous {
		return l.sanctumToken(rest)
	}
	if !startsWith(rest, " ") {
		return 0, 0
	}
	n := l.next(goalLineEnd, rest, endsLine)
	if n > maxSentenceBytes {
		return 0, 0
	}
	l.work += n / 8 // only the last word is read, from the end
	line := rest[:trim(rest[:n], closesSentence)]
	last := bytes.LastIndexByte(line, ' ')
	if last < 0 {
		return 0, 0
	}
	v, before := line[last+1:], line[1:max(1, last)]
	quote := l.prefixIn(v, isQuote)
	v = bytes.TrimRight(v[quote:], "'`\"")
	from = last + 1 + quote
	if l.placeholder(v) || l.isSmallNumber(v) || strings.IndexByte("/.", v[0]) >= 0 {
		return 0, 0
	}
	switch colon := bytes.HasSuffix(before, []byte(":")); {
	case colon && l.announces(before[:len(before)-1]):
	case len(before) == 0 && left <= '\n' && left >= '\t' && !l.plainWord(v): // a line of a .netrc file
	case len(before) == 0 && left == ' ' && len(v) >= 8 && l.random(v) && !l.looksNamed(v): // its end
	case (string(before) == "is" || string(before) == "set to") && !l.plainWord(v) && l.random(v):
	default:
		return 0, 0
	}
	return from, from + len(v)
}

// announces reports whether a password follows such words and a colon.
func (l *lineSearch) announces(words []byte) bool {
	for _, w := range []string{"is", "set to", "has been set to"} {
		if string(words) == w {
			return true
		}
	}
	if startsWith(words, "for ") && bytes.HasSuffix(words, []byte(" is")) {
		return true
	}
	return len(words) < 100 && bytes.Contains(words, []byte("generated"))
}

// sanctumToken is the secret in a token of Laravel's Sanctum or of Waybill, "12|SECRET",
// after a space, " is " or " is: ". It has at least forty letters and digits.
func (l *lineSearch) sanctumToken(rest []byte) (from, to int) {
	if !startsWith(rest, " ") {
		return 0, 0
	}
	for _, words := range []string{" is: ", " is ", " "} {
		if !startsWith(rest, words) {
			continue
		}
		from = len(words)
		from += l.prefixIn(rest[from:], isQuote)
		n := l.prefixIn(rest[from:], isDigit)
		if n == 0 || from+n == len(rest) || rest[from+n] != '|' {
			return 0, 0
		}
		from += n + 1
		if n = l.prefixIn(rest[from:], isAlnum); n < 40 {
			return 0, 0
		}
		return from, from + n
	}
	return 0, 0
}

// dockerAuth is the value of "auth" if it is the base64 of user:password, or has at
// least sixteen characters and looks random.
func (l *lineSearch) dockerAuth(rest []byte) (from, to int) {
	at := l.prefixIn(rest, isQuotingOrSpace)
	if at == len(rest) || rest[at] != ':' {
		return 0, 0
	}
	at++
	at += l.prefixIn(rest[at:], isQuotingOrSpace)
	n := l.prefixIn(rest[at:], isBase64)
	var decoded [3 * 256]byte
	size, _ := base64.StdEncoding.Decode(decoded[:], rest[at:at+min(n, 4*256)])
	if n < 4 || bytes.IndexByte(decoded[:size], ':') < 0 && (n < 16 || !l.random(rest[at:at+n])) {
		return 0, 0
	}
	return at, at + n
}

// pgpass is the password in "HOST:PORT:DATABASE:USER:PASSWORD", after the port; and
// in "*:*:*:USER:PASSWORD", where the anchor takes in the database.
func (l *lineSearch) pgpass(a *anchor, rest []byte) (from, to int) {
	fields := 2
	if a.text[0] == '*' {
		fields = 1
	}
	at := 0
	for range fields {
		n := l.prefixIn(rest[at:], isPgpassField)
		if n == 0 || at+n == len(rest) || rest[at+n] != ':' {
			return 0, 0
		}
		at += n + 1
	}
	to = at + l.next(goalWordEnd, rest[at:], endsWord)
	if l.placeholder(rest[at:to]) || l.isSmallNumber(rest[at:to]) {
		return 0, 0
	}
	return at, to
}

// looksNamed reports whether the value is a name or a path that people chose: words with a
// separator between them, each with at most three digits at its end, as in
// "db_password_v3" and "/etc/ssl/private/server1.key".
func (l *lineSearch) looksNamed(v []byte) bool {
	const between = "/._-"
	words := 0
	for at := 0; at < len(v); words++ {
		at += l.prefixIn(v[at:], isBetween)
		if at < len(v) && strings.IndexByte(capitals, v[at]) >= 0 && l.prefixIn(v[at:], isCapital) == 1 {
			at++
		}
		n := max(l.prefixIn(v[at:], isSmall), l.prefixIn(v[at:], isCapital))
		number := l.prefixIn(v[at+n:], isDigit)
		if at += n + number; number > 3 || n == 0 && number > 0 && words == 0 ||
			at < len(v) && strings.IndexByte(between, v[at]) < 0 {
			return false
		}
	}
	return words > 1
}
