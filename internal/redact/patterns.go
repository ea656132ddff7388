package redact

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// maxUserinfoBytes is how far the @ of a URL may be from its ://.
const maxUserinfoBytes = 1024

// inspect finds what is to be masked in a line of the text that ends where the
// text does. left is the byte before the line.
func (s *inspector) inspect(line []byte, left byte) {
	if s.key.open && s.keyLine(line) {
		return
	}
	base := len(s.text) - len(line)
	covered := 0   // what is masked already needs no look, or "token=token=..." would take for ever
	behind := true // an anchor may begin here for what was seen a byte before
	for i := range line {
		here := i+loadBytes <= len(line) && s.anchors.sketch.has(load(line[i:]), 0)
		if i >= covered && (here || behind || line[i] == ':') {
			if a, _ := s.anchorAt(line[i:], left); a != nil {
				covered = max(covered, s.match(a, line, base, i, left)-base)
			}
		}
		behind, left = here, line[i]
	}
	s.tidy()
}

// anchorAt is anchors.at, and knows the :// of a URL too.
func (s *inspector) anchorAt(text []byte, left byte) (found *anchor, more bool) {
	if text[0] == ':' {
		if startsWith(text, userinfo) {
			return &userinfoAnchor, false
		}
		more = beginning(text, userinfo)
	}
	found, other := s.anchors.at(text, left)
	return found, more || other
}

var userinfoAnchor = anchor{text: userinfo, kind: kindUserinfo}

// maxValueBytes is how much behind most anchors is looked at. A value that goes
// on is taken to the end of its word.
const maxValueBytes = 512

// match adds what the anchor at i of the line, which begins at base of the text,
// says is a secret, and returns where that ends in the text. left is the byte before
// the anchor.
func (s *inspector) match(a *anchor, line []byte, base, i int, left byte) (end int) {
	all := line[i+len(a.text):]
	rest := all[:min(len(all), maxValueBytes)]
	var from, to int
	switch a.kind {
	case kindDeclare:
		to = len(bytes.TrimRight(all, "\r\n"))
	case kindKey:
		return s.openKey(line, base, i)
	case kindProse:
		return base + i + len(a.text)
	case kindStrong, kindPass, kindWeak:
		if last := a.text[len(a.text)-1]; last == '=' || last == ':' {
			from, to = value(rest, 0, last == '=', a.kind != kindWeak)
		} else {
			from, to = assigned(rest, a.kind != kindWeak)
		}
		switch {
		case from == to:
			from, to = described(a, rest, left)
		case a.kind == kindPass && count(rest[from:to]):
			return 0
		}
	case kindFlag, kindWeakFlag:
		from, to = flagged(rest, a.text[len(a.text)-1] == ' ', a.kind == kindFlag)
	case kindHeader:
		from, to = header(a, all)
	case kindBearer:
		from, to = bearer(rest)
	case kindToken:
		to = token(a, rest)
	case kindPath:
		to = run(rest, wordlike+"/")
	case kindQuoted:
		if from, to = quoted(rest); from == 0 {
			return 0
		}
	case kindShort:
		from, to = short(a.text, rest)
	case kindUserinfo:
		from, to = password(all)
	case kindAuth:
		from, to = dockerAuth(rest)
	case kindPgpass:
		from, to = pgpass(a, rest)
	case kindOwn:
		from, to = ownToken(rest)
	case kindSAS:
		if to = run(rest, alnum+"%+/=-_"); to < 20 {
			to = 0
		}
	}
	if to == len(rest) && len(rest) < len(all) {
		to += until(all[to:], " \t\r\n\"'")
	}
	if from >= to || bytes.Equal(all[from:to], []byte{filler}) {
		return 0
	}
	at := base + i + len(a.text)
	s.found = append(s.found, reach{at + from, at + to})
	return at + to
}

// tidy sorts what was found and joins what overlaps.
func (s *inspector) tidy() {
	if len(s.found) < 2 {
		return
	}
	slices.SortFunc(s.found, func(a, b reach) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	out := s.found[:1]
	for _, r := range s.found[1:] {
		if last := &out[len(out)-1]; r.from < last.to {
			last.to = max(last.to, r.to)
		} else {
			out = append(out, r)
		}
	}
	s.found = out
}

// run is how many bytes of the text, from its beginning on, are in the set.
func run(text []byte, set string) int {
	for i, c := range text {
		if strings.IndexByte(set, c) < 0 {
			return i
		}
	}
	return len(text)
}

// until is how many bytes come before the first that is in the set.
func until(text []byte, set string) int {
	for i, c := range text {
		if strings.IndexByte(set, c) >= 0 {
			return i
		}
	}
	return len(text)
}

// token is where a token ends of which the anchor is the beginning; 0 if what
// follows is too short for one.
func token(a *anchor, rest []byte) (to int) {
	n := run(rest, wordlike)
	switch a.text {
	case "AKIA", "ASIA":
		if n != a.least {
			return 0
		}
		return n
	case "ya29.", "=SG.", ":SG.", " SG.", `"SG.`, "'SG.", "dp.st.", "glc_ey", "sntrys_":
		n = run(rest, wordlike+".")
	case "eyJhbGci", "eyJ0eXAi", "eyJraWQi", "eyJjdHki", "eyJlbmMi":
		if n == len(rest) || rest[n] != '.' {
			return 0
		}
		n = run(rest, wordlike+".")
	}
	n = len(bytes.TrimRight(rest[:n], "."))
	if n < a.least {
		return 0
	}
	return n
}

// urlAt returns the first place from which on the text may have a URL with a
// password in it, or its length. With more to come that is also a :// of which
// it is not known yet; and, if partial, what may be the beginning of one.
//
// The @ is what to look for: it is rarer than anything else of a URL, and there
// is an instruction for it. But the @ may be in the next write. So the end of the
// text counts too if it may be the user information of a URL; mostly it is the end
// of a line, and that costs a look at one byte.
func urlAt(text []byte, from int, last bool) (at int, partial bool) {
	if from == len(text) {
		return from, false
	}
	for at := from; ; at++ {
		i := bytes.IndexByte(text[at:], '@')
		if i < 0 {
			break
		}
		// Behind what ends it no user information ends; but an @ right behind the
		// :// may be in a password.
		if at += i; at == from || userinfoEnds[text[at-1]] && text[at-1] != '/' {
			continue
		}
		if begin := schemeEnd(text[from:at]); begin >= 0 {
			return from + begin, false
		}
	}
	if end := text[len(text)-1]; last || userinfoEnds[end] && end != '/' {
		return len(text), false
	}
	if begin := schemeEnd(text[from:]); begin >= 0 {
		return from + begin, false
	}
	for n := min(len(text)-from, len(userinfo)-1); n > 0; n-- {
		if bytes.HasSuffix(text[from:], []byte(userinfo[:n])) {
			return len(text) - n, true
		}
	}
	return len(text), false
}

// schemeEnd returns the place of the :// from which on the text is a URL's user
// information to its end, -1 if there is none.
func schemeEnd(text []byte) int {
	least := max(0, len(text)-1-maxUserinfoBytes)
	for i := len(text) - 1; i >= least; i-- {
		if userinfoEnds[text[i]] {
			if text[i] == '/' && i >= 2 && text[i-1] == '/' && text[i-2] == ':' {
				return i - 2
			}
			return -1
		}
	}
	return -1
}

// endsUserinfo is what no user information of a URL has in it. A slash some
// would write there; but then any address behind any URL would be a password.
// A mask ends it too: what is around a mask is not known to belong to it.
const endsUserinfo = "/?#@\\ \t\r\n\"`<>\x01"

// userinfoEnds is the same as a table.
var userinfoEnds = [256]bool{'/': true, '?': true, '#': true, '@': true, '\\': true, ' ': true, '\t': true, '\r': true,
	'\n': true, '"': true, '`': true, '<': true, '>': true, filler: true}

// password is the password in what follows the :// of a URL, or all of the user
// information if that looks like a token.
func password(rest []byte) (from, to int) {
	first := until(rest, endsUserinfo)
	if first == len(rest) || rest[first] != '@' || first > maxUserinfoBytes {
		return 0, 0
	}
	// A password may have an @ in it: the last one counts.
	end := first
	for end+1 < len(rest) {
		next := end + 1 + until(rest[end+1:], endsUserinfo)
		if next == len(rest) || rest[next] != '@' {
			break
		}
		end = next
	}
	user, pass, found := bytes.Cut(rest[:end], []byte(":"))
	if len(user) >= 20 && random(user) && bytes.IndexByte(user, '@') < 0 {
		return 0, end
	}
	if !found || placeholder(pass) {
		return 0, 0
	}
	return len(user) + 1, end
}
