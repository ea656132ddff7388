package redact

import (
	"bytes"
	"cmp"
	"slices"
)

// maxUserinfoBytes is how far the @ of a URL may be from its ://.
const maxUserinfoBytes = 1024

// inspect finds the secrets in a line of the text and adds them to the found parts.
// The line ends where the text does. left is the byte before the line. No pattern looks
// at a line of an open private key.
func (s *inspector) inspect(line []byte, left byte) {
	if s.key.open && s.keyLine(line) {
		return
	}
	p := passage{text: line, end: len(line), of: ofAnchors, base: len(s.text) - len(line), jump: -1}
	s.inspectIn(&p, left)
}

// passage is a line on its way through inspectIn. It is a part of a text, so that
// results about the bytes after the line can be used again.
type passage struct {
	text []byte
	from int // the line begins here
	end  int // and ends here
	of   kinds
	base int // where in the inspector's text the line begins
	// first is the anchor that the line begins with, nil if unknown.
	first *anchor
	jump  int // where the next anchor may begin, or needle if needles count; -1 if unknown
	what  kinds
	// scheme is the place of the first :// from the line's beginning on; 0 if unknown.
	scheme int
	// masked says that a secret was found.
	masked bool
}

// inspectIn is inspect for a line of a longer text, outside of a private key. If
// needles count too, it gives up where one may be in the line, and reports false.
func (s *inspector) inspectIn(p *passage, left byte) bool {
	line := p.text[p.from:p.end]
	s.search.begin(line)
	if p.scheme >= p.end {
		s.search.noScheme()
	}
	s.repeats.from, s.repeats.to = 0, 0
	covered := 0 // the text before it is masked already and needs no look
	for at, seen := 0, 0; at < len(line); {
		// An anchor may begin at a place, or the byte on its left may be there.
		last := min(at+1, len(line)-1)
		for i := max(at, seen); i <= last && i >= covered; i++ {
			seen = i + 1
			a := p.first
			if i > 0 {
				if s.anchors.none(line[i:]) {
					continue
				}
				left, a = line[i-1], nil
			}
			if a == nil {
				a = s.anchorIn(line[i:], left)
			}
			if a != nil {
				covered = max(covered, s.matchOrRepeat(a, line, p.base, i, left)-p.base)
			}
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
		at = min(p.jump-p.from, s.search.scheme(at))
	}
	s.search.work += len(line)
	s.tidy()
	return true
}

// seek sets p.jump to the next place at which an anchor may begin, from a place of the
// text on. It reports false if it meets a needle in the line.
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

// anchorIn is anchorAt for a complete text.
func (s *inspector) anchorIn(text []byte, left byte) (found *anchor) {
	if text[0] == ':' && startsWith(text, userinfo) {
		return &userinfoAnchor
	}
	found, _ = s.anchors.at(text, left)
	return found
}

// anchorAt is anchors.at, and also knows the :// of a URL.
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

// matchOrRepeat is match, or skips the text from i on that only repeats the text before
// it, and returns the place after that. It is a function of its own because match is
// slower with the call in it, even where no line is long enough.
func (s *inspector) matchOrRepeat(a *anchor, line []byte, base, i int, left byte) (end int) {
	if len(line)-i >= maxReach {
		if skip := s.repeated(line, i); skip > 0 {
			return base + i + skip
		}
	}
	return s.match(a, line, base, i, left)
}

// match adds the secret that the anchor at i of the line announces to the found parts,
// if there is one. It returns the place of the text before which no other anchor
// counts: the end of the secret, the end of prose, or 0. The line begins at base of
// the text. left is the byte before the anchor.
func (s *inspector) match(a *anchor, line []byte, base, i int, left byte) (end int) {
	rest, l := line[i+len(a.text):], &s.search
	var from, to int
	if a.kind == kindAmbiguous && l.isDull(rest) {
		return 0
	}
	switch a.kind {
	case kindDeclare:
		to = len(bytes.TrimRight(rest, "\r\n"))
	case kindKey:
		return s.openKey(line, base, i)
	case kindProse:
		return base + i + len(a.text)
	case kindStrong, kindPass, kindAmbiguous:
		from, to = l.keyValue(a, rest, left)
	case kindFlag, kindAmbiguousFlag:
		from, to = l.flagged(rest, a.text[len(a.text)-1] == ' ', a.kind == kindFlag)
	case kindHeader:
		from, to = l.header(a, rest)
	case kindBearer:
		from, to = l.bearer(rest)
	case kindToken:
		to = l.token(a, rest)
	case kindPath:
		to = l.prefixIn(rest, isPath)
	case kindQuoted:
		if from, to = l.quoted(rest); from == 0 {
			return 0
		}
	case kindShort:
		from, to = l.shortOption(a.text, rest)
	case kindUserinfo:
		from, to = l.password(rest)
	case kindAuth:
		from, to = l.dockerAuth(rest)
	case kindPgpass:
		from, to = l.pgpass(a, rest)
	case kindSAS:
		if to = l.prefixIn(rest, isSignature); to < 20 {
			to = 0
		}
	}
	if from >= to || bytes.Equal(rest[from:to], []byte{filler}) {
		return 0
	}
	at := base + i + len(a.text)
	s.found = append(s.found, secretRange{at + from, at + to})
	return at + to
}

// keyValue returns the value of a key such as "password", or from == to if there is
// none to mask. rest begins after the key, and left is the byte before it.
func (l *lineSearch) keyValue(a *anchor, rest []byte, left byte) (from, to int) {
	if last := a.text[len(a.text)-1]; last == '=' || last == ':' {
		from, to = l.value(rest, 0, last == '=', a.kind != kindAmbiguous)
	} else {
		from, to = l.assigned(rest, a.kind != kindAmbiguous)
	}
	switch {
	case from == to:
		return l.valueAfterSpace(a, rest, left)
	case a.kind == kindPass && l.isSmallNumber(rest[from:to]):
		return 0, 0
	}
	return from, to
}

// tidy sorts the found parts and joins the ones that overlap.
func (s *inspector) tidy() {
	if len(s.found) < 2 {
		return
	}
	slices.SortFunc(s.found, func(a, b secretRange) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
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

// token is where the token ends that begins with the anchor; 0 if the text after the
// anchor is too short for one or has another form.
func (l *lineSearch) token(a *anchor, rest []byte) (to int) {
	n := l.prefixIn(rest, isWordlike)
	switch a.text {
	case "AKIA", "ASIA":
		if n != a.least {
			return 0
		}
		return n
	case "ya29.", "=SG.", ":SG.", " SG.", `"SG.`, "'SG.", "dp.st.", "glc_ey", "sntrys_":
		n = l.prefixIn(rest, isDotted)
	case "eyJhbGci", "eyJ0eXAi", "eyJraWQi", "eyJjdHki", "eyJlbmMi":
		if n == len(rest) || rest[n] != '.' {
			return 0
		}
		n = l.prefixIn(rest, isDotted)
	}
	n = len(bytes.TrimRight(rest[:n], "."))
	if n < a.least {
		return 0
	}
	return n
}

// urlAt returns the first place from which on the text may have a URL with a password
// in it, or the length of the text. If more text may come, the place may also be a
// :// that is not decided yet, or, if partial is true, the possible beginning of a
// ://.
//
// The search is for the @: it is rarer than any other part of a URL, and there is an
// instruction for it. But the @ may be in the next write. So the end of the text
// counts too if it may be the user information of a URL. Mostly it is the end of a
// line, and then a look at one byte is enough.
func urlAt(text []byte, from int, last bool) (at int, partial bool) {
	if from == len(text) {
		return from, false
	}
	for at := from; ; at++ {
		i := bytes.IndexByte(text[at:], '@')
		if i < 0 {
			break
		}
		// User information cannot end directly after a byte that ends it. A slash is
		// the exception, because an @ directly after the :// may be in a password.
		if at += i; at == from || byteSets[endsUserinfo].has(text[at-1]) && text[at-1] != '/' {
			continue
		}
		if begin := schemeEnd(text[from:at]); begin >= 0 {
			return from + begin, false
		}
	}
	if end := text[len(text)-1]; last || byteSets[endsUserinfo].has(end) && end != '/' {
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

// schemeEnd returns the place of the :// whose user information goes to the end of
// the text, or -1.
func schemeEnd(text []byte) int {
	least := max(0, len(text)-1-maxUserinfoBytes)
	for i := len(text) - 1; i >= least; i-- {
		if byteSets[endsUserinfo].has(text[i]) {
			if text[i] == '/' && i >= 2 && text[i-1] == '/' && text[i-2] == ':' {
				return i - 2
			}
			return -1
		}
	}
	return -1
}

// password is the password in the text after the :// of a URL, or all of the user
// information if the user's name looks like a token.
func (l *lineSearch) password(rest []byte) (from, to int) {
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
