package redact

import (
	"bytes"
	"cmp"
	"slices"
)

// maxUserinfoBytes is how far the @ of a URL may be from its ://.
const maxUserinfoBytes = 1024

// inspect finds what is to be masked in a line of the text that ends where the
// text does. left is the byte before the line.
func (s *inspector) inspect(line []byte, left byte) {
	if s.key.open && s.keyLine(line) {
		return
	}
	p := passage{text: line, end: len(line), of: ofAnchors, base: len(s.text) - len(line), jump: -1}
	s.inspectIn(&p, left)
}

// passage is a line on its way through inspectIn. It is a part of a text, so that
// what is found out about the bytes behind it need not be found out again.
type passage struct {
	text []byte
	from int // the line begins here
	end  int // and ends here
	of   kinds
	base int // where in the inspector's text the line begins
	jump int // where the next anchor may begin, or needle if these count; -1 if unknown
	what kinds
}

// inspectIn is inspect for a line of a longer text. If needles count too, it gives up
// where one may be in the line, and reports false.
func (s *inspector) inspectIn(p *passage, left byte) bool {
	line := p.text[p.from:p.end]
	s.looks.begin(line)
	covered := 0 // what is masked already needs no look
	for at, seen := 0, 0; at < len(line); {
		// At a place an anchor may begin, or its left side.
		for i := max(at, seen); i <= at+1 && i < len(line) && i >= covered; i++ {
			if i > 0 {
				left = line[i-1]
			}
			if a := s.anchorIn(line[i:], left); a != nil {
				covered = max(covered, s.match(a, line, p.base, i, left)-p.base)
			}
			seen = i + 1
		}
		if at++; at < covered {
			if p.of&ofNeedles != 0 && s.scan.needleIn(p.text, p.from+at, min(p.from+covered+1, p.end)) {
				return false
			}
			at = covered
			continue
		}
		if !s.seek(p, p.from+at) {
			return false
		}
		at = min(p.jump-p.from, s.looks.scheme(at))
	}
	s.looks.work += len(line)
	s.tidy()
	return true
}

// seek finds the next place at which an anchor may begin, from a place of the text
// on. It reports false at a needle in the line.
func (s *inspector) seek(p *passage, at int) bool {
	for p.jump < at || p.what&ofAnchors == 0 && p.jump < p.end {
		p.jump, p.what = s.scan.soon(p.text, max(at, p.jump+1), p.of)
		if p.what&p.of&ofNeedles != 0 && p.jump < p.end {
			if found, more := s.scan.at(p.text[p.jump:]); found != nil || more {
				return false
			}
		}
	}
	return true
}

// anchorIn is anchorAt for a text that is whole.
func (s *inspector) anchorIn(text []byte, left byte) (found *anchor) {
	if text[0] == ':' && startsWith(text, userinfo) {
		return &userinfoAnchor
	}
	found, _ = s.anchors.at(text, left)
	return found
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

// match adds what the anchor at i of the line, which begins at base of the text,
// says is a secret, and returns where that ends in the text. left is the byte before
// the anchor.
func (s *inspector) match(a *anchor, line []byte, base, i int, left byte) (end int) {
	rest, l := line[i+len(a.text):], &s.looks
	var from, to int
	if a.kind == kindWeak && l.isDull(rest) {
		return 0
	}
	switch a.kind {
	case kindDeclare:
		to = len(bytes.TrimRight(rest, "\r\n"))
	case kindKey:
		return s.openKey(line, base, i)
	case kindProse:
		return base + i + len(a.text)
	case kindStrong, kindPass, kindWeak:
		if last := a.text[len(a.text)-1]; last == '=' || last == ':' {
			from, to = l.value(rest, 0, last == '=', a.kind != kindWeak)
		} else {
			from, to = l.assigned(rest, a.kind != kindWeak)
		}
		switch {
		case from == to:
			from, to = l.described(a, rest, left)
		case a.kind == kindPass && l.count(rest[from:to]):
			return 0
		}
	case kindFlag, kindWeakFlag:
		from, to = l.flagged(rest, a.text[len(a.text)-1] == ' ', a.kind == kindFlag)
	case kindHeader:
		from, to = l.header(a, rest)
	case kindBearer:
		from, to = l.bearer(rest)
	case kindToken:
		to = l.token(a, rest)
	case kindPath:
		to = l.run(rest, isPath)
	case kindQuoted:
		if from, to = l.quoted(rest); from == 0 {
			return 0
		}
	case kindShort:
		from, to = l.short(a.text, rest)
	case kindUserinfo:
		from, to = l.password(rest)
	case kindAuth:
		from, to = l.dockerAuth(rest)
	case kindPgpass:
		from, to = l.pgpass(a, rest)
	case kindOwn:
		from, to = l.ownToken(rest)
	case kindSAS:
		if to = l.run(rest, isSignature); to < 20 {
			to = 0
		}
	}
	if from >= to || bytes.Equal(rest[from:to], []byte{filler}) {
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

// token is where a token ends of which the anchor is the beginning; 0 if what
// follows is too short for one.
func (l *looks) token(a *anchor, rest []byte) (to int) {
	n := l.run(rest, isWordlike)
	switch a.text {
	case "AKIA", "ASIA":
		if n != a.least {
			return 0
		}
		return n
	case "ya29.", "=SG.", ":SG.", " SG.", `"SG.`, "'SG.", "dp.st.", "glc_ey", "sntrys_":
		n = l.run(rest, isDotted)
	case "eyJhbGci", "eyJ0eXAi", "eyJraWQi", "eyJjdHki", "eyJlbmMi":
		if n == len(rest) || rest[n] != '.' {
			return 0
		}
		n = l.run(rest, isDotted)
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
		if at += i; at == from || byteSets[endsUserinfo][text[at-1]] && text[at-1] != '/' {
			continue
		}
		if begin := schemeEnd(text[from:at]); begin >= 0 {
			return from + begin, false
		}
	}
	if end := text[len(text)-1]; last || byteSets[endsUserinfo][end] && end != '/' {
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
		if byteSets[endsUserinfo][text[i]] {
			if text[i] == '/' && i >= 2 && text[i-1] == '/' && text[i-2] == ':' {
				return i - 2
			}
			return -1
		}
	}
	return -1
}

// password is the password in what follows the :// of a URL, or all of the user
// information if that looks like a token.
func (l *looks) password(rest []byte) (from, to int) {
	first := l.until(rest, endsUserinfo)
	if first == len(rest) || rest[first] != '@' || first > maxUserinfoBytes {
		return 0, 0
	}
	// A password may have an @ in it: the last one counts.
	end := first
	for end+1 < len(rest) {
		next := end + 1 + l.until(rest[end+1:], endsUserinfo)
		if next == len(rest) || rest[next] != '@' {
			break
		}
		end = next
	}
	user, pass, found := bytes.Cut(rest[:end], []byte(":"))
	if len(user) >= 20 && l.random(user) && bytes.IndexByte(user, '@') < 0 {
		return 0, end
	}
	if !found || l.placeholder(pass) {
		return 0, 0
	}
	return len(user) + 1, end
}
