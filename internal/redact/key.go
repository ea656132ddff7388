package redact

import "bytes"

// These texts tell the blocks of private keys from the blocks of certificates and
// public keys: "-----BEGIN RSA PRIVATE KEY-----", "... PRIVATE KEY BLOCK-----".
const (
	keyBegin = "-----BEGIN "
	keyEnd   = "-----END "
	keyKind  = "PRIVATE KEY"
	dashes   = "-----"
)

// maxForeignLines is how many foreign lines in a row a private key may have. After
// more, it counts as a key without an end.
const maxForeignLines = 16

// minBodyBytes is the least length of a line of a key, except for its last line.
const minBodyBytes = 40

// key is the state of the inspector inside a private key.
type key struct {
	open     bool
	column   int  // where the key begins in its lines, from 1; 0 if unknown
	foreign  int  // lines in a row that are not part of the key
	adjacent bool // the last line was part of the key
}

// openKey looks at the line with -----BEGIN at i, and returns where the key in this
// line ends in the text, or 0 if it is not a private key. The line begins at base of
// the text. A key in one line, with escaped line endings, ends there; otherwise the
// next lines are part of it.
func (s *inspector) openKey(line []byte, base, i int) (end int) {
	l := &s.search
	head := line[i+len(keyBegin):]
	n := l.until(head, endsKeyKind)
	if !bytes.Contains(head[:n], []byte(keyKind)) || !startsWith(head[n:], dashes) {
		return 0
	}
	from := base + i + len(keyBegin)
	if end := l.keyEndIn(line[i:]); end > 0 {
		s.found = append(s.found, secretRange{from, base + i + end})
		return base + i + end
	}
	end = base + len(bytes.TrimRight(line, "\r\n"))
	s.found = append(s.found, secretRange{from, end})
	s.key = key{open: true, adjacent: true}
	return end
}

// keyEndIn is where in the line a key ends, 0 if it does not.
func (l *lineSearch) keyEndIn(line []byte) int {
	i := bytes.Index(line, []byte(keyEnd))
	if i < 0 {
		return 0
	}
	tail := line[i+len(keyEnd):]
	n := l.until(tail, endsKeyKind)
	if !bytes.Contains(tail[:n], []byte(keyKind)) {
		return 0
	}
	return i + len(keyEnd) + n + min(len(dashes), l.prefixIn(tail[n:], isDash))
}

// keyLine takes a line while a key is open, and reports whether the line is part of
// the key. It adds the part that must be masked, and closes the key at its END line or
// after too many foreign lines.
//
// A line is part of the key if it ends in base64, after any prefix: "web-1  | MIIE...".
// A short line must also begin in the same column, so that the line of a service that
// writes in between is not taken for a part of the key.
func (s *inspector) keyLine(line []byte) bool {
	base, l := len(s.text)-len(line), &s.search
	if end := l.keyEndIn(line); end > 0 {
		begin := bytes.Index(line, []byte(keyEnd))
		s.extend(base+begin, base+end)
		s.key = key{}
		return true
	}
	text := bytes.TrimRight(line, " \t\r\n\"',\\")
	begin := bytes.LastIndexAny(text, " \t\"'|") + 1
	n := len(text) - begin
	if n > 0 && l.prefixIn(text[begin:], isBase64) == n &&
		(n >= minBodyBytes || s.key.column > 0 && begin+1 == s.key.column) {
		s.extend(base+begin, base+len(text))
		s.key.column, s.key.foreign, s.key.adjacent = begin+1, 0, true
		return true
	}
	s.key.adjacent = s.key.adjacent && len(text) == 0
	if s.key.foreign++; s.key.foreign > maxForeignLines {
		s.key = key{}
	}
	return false
}

// extend adds a line of the key to the found parts. It joins the line to the line
// before, if that is part of the key too.
func (s *inspector) extend(from, to int) {
	if n := len(s.found); n > 0 && s.key.adjacent {
		s.found[n-1].to = max(s.found[n-1].to, to)
		return
	}
	s.found = append(s.found, secretRange{from, to})
}
