package redact

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// shortOption is the password in a short option of a command whose options are certain: -p
// of MySQL's programs, only without a space, and of "docker login" and sshpass; -a of
// redis-cli; -u and --user of curl, after the colon.
func (l *lineSearch) shortOption(command string, rest []byte) (from, to int) {
	rest = rest[:l.next(goalCommandEnd, rest, endsCommand)]
	switch strings.TrimSpace(command) {
	case "curl":
		return l.login(rest)
	case "is-cli":
		return l.optionValue(rest, authAfter)
	case "ogin", "shpass":
		if from, to = l.optionValue(rest, passwordAfter); from < to {
			return from, to
		}
		return l.optionValue(rest, passwordGlued)
	}
	from, to = l.optionValue(rest, passwordGlued)
	if l.prefixIn(rest[from:to], isPort) == to-from {
		return 0, 0 // a port of docker run
	}
	return from, to
}

// option is a short option in one of its spellings.
type option uint8

const (
	passwordAfter option = iota // -p VALUE
	passwordGlued               // -pVALUE
	authAfter                   // -a VALUE
	userAfter                   // -u VALUE
	longUserAfter               // --user VALUE
	options
)

var optionNames = [options]string{"-p", "-p", "-a", "-u", "--user"}

// optionValue is the value of an option, after a space, after an equals sign or directly
// after the name. The same option is judged once, however many commands stand before
// it: only the first search finds a value.
func (l *lineSearch) optionValue(rest []byte, o option) (from, to int) {
	name := optionNames[o]
	start := l.place(rest)
	at, ok := l.known(goalOption+goal(o), start)
	if !ok {
		at = l.findOption(start, name, o != passwordGlued)
		l.found(goalOption+goal(o), start, at)
	}
	after := at + len(name)
	if after >= start+len(rest) || l.judged[o] == after {
		return 0, 0
	}
	l.judged[o] = after
	at = after - start
	return l.value(rest, at+l.prefixIn(rest[at:min(at+1, len(rest))], isEquals), true, true)
}

// findOption is the place of the first option of that name from a place of the line
// on, or the line's length. spaced says whether a space or an equals sign must follow
// the name, or must not.
func (l *lineSearch) findOption(start int, name string, spaced bool) int {
	for at := start; ; {
		i := bytes.Index(l.line[at:], []byte(name))
		if i < 0 || at+i+len(name) == len(l.line) {
			return len(l.line)
		}
		at += i
		if c := l.line[at+len(name)]; (at == start || l.line[at-1] == ' ') &&
			(c == ' ' || c == '=') == spaced {
			return at
		}
		at += len(name)
	}
}

// login is the password in -u user:password or --user user:password.
func (l *lineSearch) login(rest []byte) (from, to int) {
	for _, o := range []option{userAfter, longUserAfter} {
		from, to = l.optionValue(rest, o)
		user, pass, found := bytes.Cut(rest[from:to], []byte(":"))
		l.work += len(user)
		if found && !l.placeholder(pass) && utf8.Valid(user) {
			return from + len(user) + 1, to
		}
	}
	return 0, 0
}
