package redact

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// The functions of this file find secrets that no separator follows: in XML, in
// the files of netrc, PostgreSQL and Docker, and in sentences. They take and return
// the same as those of assign.go.

// element is the text of an XML element or the value of an attribute, after the
// name of the element: "<password>x</password>", `name="password" value="x"`.
func element(rest []byte, strong bool) (from, to int) {
	at := suffix(rest)
	quotes := run(rest[at:], `"'\`)
	if quotes > 0 {
		return sibling(rest, at+quotes, strong)
	}
	if at < len(rest) && rest[at] == ' ' { // attributes
		n := until(rest[at:], "<>\r\n")
		if bytes.IndexByte(rest[at:at+n], '=') < 0 {
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
	to = from + until(rest[from:], "<\r\n")
	end := rest[to:]
	if !startsWith(end, "</") || placeholder(rest[from:to]) || !strong && !secretLike(rest[from:to]) {
		return 0, 0
	}
	return from, to - len(rest[from:to]) + len(bytes.TrimSuffix(rest[from:to], []byte("]]>")))
}

// sibling is the value in `"name": "password", "value": "x"` and in
// `name="password" value="x"`, after the quote that ends the key.
func sibling(rest []byte, at int, strong bool) (from, to int) {
	at += run(rest[at:], " ,\t")
	at += run(rest[at:], `"'\`)
	if !startsWith(rest[at:], "value") && !startsWith(rest[at:], "Value") {
		return 0, 0
	}
	at += len("value")
	at += run(rest[at:], `"'\`)
	at += run(rest[at:], " ")
	n := separator(rest[at:])
	if n == 0 {
		return 0, 0
	}
	return value(rest, at+n, true, strong)
}

// described is the secret that a sentence ends with, or that a token's usual
// form shows, after the name of what it is and a space.
func described(a *anchor, rest []byte, left byte) (from, to int) {
	if a.kind == kindWeak {
		return numbered(rest)
	}
	if !startsWith(rest, " ") {
		return 0, 0
	}
	line := bytes.TrimRight(rest[:until(rest, "\r\n")], " \t.\"")
	last := bytes.LastIndexByte(line, ' ')
	if last < 0 {
		return 0, 0
	}
	v, before := line[last+1:], line[1:max(1, last)]
	quote := run(v, "'`\"")
	v = bytes.TrimRight(v[quote:], "'`\"")
	from = last + 1 + quote
	if placeholder(v) || count(v) || strings.IndexByte("/.", v[0]) >= 0 {
		return 0, 0
	}
	switch colon := bytes.HasSuffix(before, []byte(":")); {
	case colon && announces(before[:len(before)-1]):
	case len(before) == 0 && left <= '\n' && left >= '\t' && !plainWord(v): // a line of a .netrc file
	case len(before) == 0 && left == ' ' && len(v) >= 8 && random(v) && !named(v): // or the end of one
	case (string(before) == "is" || string(before) == "set to") && !plainWord(v) && random(v):
	default:
		return 0, 0
	}
	return from, from + len(v)
}

// announces reports whether after such words, and a colon, a password is shown.
func announces(words []byte) bool {
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

// numbered is a token as Laravel's Sanctum makes them, after a space: "12|..." with
// forty letters and digits or more.
func numbered(rest []byte) (from, to int) {
	for _, words := range []string{" is: ", " is ", " "} {
		if !startsWith(rest, words) {
			continue
		}
		from = len(words)
		from += run(rest[from:], "'\"`")
		n := run(rest[from:], digits)
		if n == 0 || from+n == len(rest) || rest[from+n] != '|' {
			return 0, 0
		}
		from += n + 1
		if n = run(rest[from:], alnum); n < 40 {
			return 0, 0
		}
		return from, from + n
	}
	return 0, 0
}

// dockerAuth is the value of "auth" if that is the base64 of user:password.
func dockerAuth(rest []byte) (from, to int) {
	at := run(rest, `"'\ `)
	if at == len(rest) || rest[at] != ':' {
		return 0, 0
	}
	at++
	at += run(rest[at:], `"'\ `)
	n := run(rest[at:], alnum+"+/=")
	var plain [3 * 256]byte
	size, _ := base64.StdEncoding.Decode(plain[:], rest[at:at+min(n, 4*256)])
	if n < 4 || bytes.IndexByte(plain[:size], ':') < 0 && (n < 16 || !random(rest[at:at+n])) {
		return 0, 0
	}
	return at, at + n
}

// pgpass is the password in "HOST:PORT:DATABASE:USER:PASSWORD", after the port; and
// in "*:*:*:USER:PASSWORD", where the anchor takes in the database.
func pgpass(a *anchor, rest []byte) (from, to int) {
	fields := 2
	if a.text[0] == '*' {
		fields = 1
	}
	at := 0
	for range fields {
		n := run(rest[at:], wordlike+"*.")
		if n == 0 || at+n == len(rest) || rest[at+n] != ':' {
			return 0, 0
		}
		at += n + 1
	}
	to = at + until(rest[at:], " \t\r\n\"'`")
	if placeholder(rest[at:to]) || count(rest[at:to]) {
		return 0, 0
	}
	return at, to
}

// ownToken is the secret of a token of Waybill, "tok..." and 21 characters, a
// bar, the secret.
func ownToken(rest []byte) (from, to int) {
	const idBytes = 21
	if run(rest, base36) != idBytes || idBytes == len(rest) || rest[idBytes] != '|' {
		return 0, 0
	}
	from = idBytes + 1
	return from, from + run(rest[from:], alnum)
}

// named reports whether the value is a name or a path that people gave: words with
// something between them, each with three digits at most at its end, as in
// "db_password_v3" and "/etc/ssl/private/server1.key".
func named(v []byte) bool {
	const between = "/._-:~"
	words := 0
	for at := 0; at < len(v); words++ {
		at += run(v[at:], between)
		if at < len(v) && strings.IndexByte(capitals, v[at]) >= 0 && run(v[at:], capitals) == 1 {
			at++
		}
		n := max(run(v[at:], smalls), run(v[at:], capitals))
		number := run(v[at+n:], digits)
		if at += n + number; number > 3 || n == 0 && number > 0 && words == 0 ||
			at < len(v) && strings.IndexByte(between, v[at]) < 0 {
			return false
		}
	}
	return words > 1
}
