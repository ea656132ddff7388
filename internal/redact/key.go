package redact

import "bytes"

// What tells the blocks of private keys from those of certificates and public
// keys: "-----BEGIN RSA PRIVATE KEY-----", "... PRIVATE KEY BLOCK-----".
const (
	keyBegin = "-----BEGIN "
	keyEnd   = "-----END "
	keyKind  = "PRIVATE KEY"
	dashes   = "-----"
)

// What a private key is given before it is taken for one that has no end.
const maxForeignLines = 16

// minBodyBytes is how long a line of a key is at least, but for its last.
const minBodyBytes = 40

// key is the state of the inspector in a private key.
type key struct {
	open    bool
	column  int  // where in their lines the lines of the key begin, 0 if unknown
	foreign int  // lines in a row that are not of it
	joined  bool // the last line was of it
}

// openKey looks at the line with -----BEGIN at i, and returns where in the text
// that of the key ends. A key that is in one line, its line endings escaped, ends
// there; else the next lines are of it.
func (s *inspector) openKey(line []byte, base, i int) (end int) {
	l := &s.looks
	head := line[i+len(keyBegin):]
	n := l.until(head, endsKeyKind)
	if !bytes.Contains(head[:n], []byte(keyKind)) || !startsWith(head[n:], dashes) {
		return 0
	}
	from := base + i + len(keyBegin)
	if end := l.keyEndIn(line[i:]); end > 0 {
		s.found = append(s.found, reach{from, base + i + end})
		return base + i + end
	}
	end = base + len(bytes.TrimRight(line, "\r\n"))
	s.found = append(s.found, reach{from, end})
	s.key = key{open: true, joined: true}
	return end
}

// keyEndIn is where in the line a key ends, 0 if it does not.
func (l *looks) keyEndIn(line []byte) int {
	i := bytes.Index(line, []byte(keyEnd))
	if i < 0 {
		return 0
	}
	tail := line[i+len(keyEnd):]
	n := l.until(tail, endsKeyKind)
	if !bytes.Contains(tail[:n], []byte(keyKind)) {
		return 0
	}
	return i + len(keyEnd) + n + min(len(dashes), l.run(tail[n:], isDash))
}

// keyLine takes a line while a key is open, and reports whether it is of the
// key. A line is that ends in base64, behind any prefix: "web-1  | MIIE...". Of
// what is short only what begins in the same column, so that a service that
// writes in between is not taken for a part of the key.
func (s *inspector) keyLine(line []byte) bool {
	base, l := len(s.text)-len(line), &s.looks
	if end := l.keyEndIn(line); end > 0 {
		begin := bytes.Index(line, []byte(keyEnd))
		s.extend(base+begin, base+end)
		s.key = key{}
		return true
	}
	text := bytes.TrimRight(line, " \t\r\n\"',\\")
	begin := bytes.LastIndexAny(text, " \t\"'|") + 1
	n := len(text) - begin
	if n > 0 && l.run(text[begin:], isBase64) == n && (n >= minBodyBytes || s.key.column > 0 && begin+1 == s.key.column) {
		s.extend(base+begin, base+len(text))
		s.key.column, s.key.foreign, s.key.joined = begin+1, 0, true
		return true
	}
	s.key.joined = s.key.joined && len(text) == 0
	if s.key.foreign++; s.key.foreign > maxForeignLines {
		s.key = key{}
	}
	return false
}

// extend adds a line of the key to what was found: to the line before it, if
// that is of the key too.
func (s *inspector) extend(from, to int) {
	if n := len(s.found); n > 0 && s.key.joined {
		s.found[n-1].to = max(s.found[n-1].to, to)
		return
	}
	s.found = append(s.found, reach{from, to})
}
