package webhook

import (
	"strings"
	"unicode/utf8"
)

// A glob is matched by its set of places: for each letter of the text, all places in the glob
// that the text so far can have reached. So the time is at most the product of both lengths,
// whatever the glob.

// token is one step of a glob.
type token struct {
	kind tokenKind
	// letter is a literal. ranges are pairs of the first and the last letters of a class.
	letter  rune
	ranges  []rune
	negated bool
}

type tokenKind int

const (
	literal tokenKind = iota
	anyLetter
	class
	star       // any letters but slashes
	doubleStar // any letters
	folders    // "**/": nothing, or the next token
	folderText // any letters, and then a slash
)

// MatchGlob reports whether the whole text matches the glob: * is any letters but a slash, **
// any letters, "**/" before a name any folders or none, ? one letter but a slash, [a-z] and
// [^a-z] one letter of a class, and a backslash takes the next letter as it is. A malformed
// glob matches nothing.
func MatchGlob(glob, text string) bool {
	tokens, ok := tokensOf(glob)
	if !ok {
		return false
	}
	places := make([]bool, len(tokens)+1)
	next := make([]bool, len(tokens)+1)
	places[0] = true
	advance(tokens, places)
	for _, letter := range text {
		clear(next)
		reached := false
		for i, token := range tokens {
			if places[i] {
				token.take(letter, next[i:])
				reached = true
			}
		}
		if !reached {
			return false
		}
		advance(tokens, next)
		places, next = next, places
	}
	return places[len(tokens)]
}

// advance adds the places that are reached without a letter.
func advance(tokens []token, places []bool) {
	for i, token := range tokens {
		switch {
		case !places[i]:
		case token.kind == star || token.kind == doubleStar:
			places[i+1] = true
		case token.kind == folders:
			places[i+1], places[i+2] = true, true
		}
	}
}

// take adds the places that the letter leads to; next begins at the place of the token.
func (t token) take(letter rune, next []bool) {
	switch t.kind {
	case literal:
		next[1] = next[1] || letter == t.letter
	case anyLetter:
		next[1] = next[1] || letter != '/'
	case class:
		next[1] = next[1] || t.has(letter)
	case star:
		next[0] = next[0] || letter != '/'
	case doubleStar:
		next[0] = true
	case folderText:
		next[0] = true
		next[1] = next[1] || letter == '/'
	}
}

// has reports whether the class has the letter. No class has a slash.
func (t token) has(letter rune) bool {
	within := false
	for i := 0; i < len(t.ranges); i += 2 {
		within = within || t.ranges[i] <= letter && letter <= t.ranges[i+1]
	}
	return within != t.negated && letter != '/'
}

// tokensOf reads a glob. ok is false if it is malformed.
func tokensOf(glob string) (tokens []token, ok bool) {
	for rest := glob; rest != ""; {
		atName := rest == glob || tokens[len(tokens)-1].slash()
		switch {
		case atName && strings.HasPrefix(rest, "**/"):
			tokens = append(tokens, token{kind: folders}, token{kind: folderText})
			rest = rest[3:]
		case strings.HasPrefix(rest, "**"):
			tokens = append(tokens, token{kind: doubleStar})
			rest = strings.TrimLeft(rest, "*")
		case rest[0] == '*':
			tokens = append(tokens, token{kind: star})
			rest = rest[1:]
		case rest[0] == '?':
			tokens = append(tokens, token{kind: anyLetter})
			rest = rest[1:]
		case rest[0] == '[':
			var one token
			if one, rest, ok = classOf(rest[1:]); !ok {
				return nil, false
			}
			tokens = append(tokens, one)
		default:
			letter, size := letterOf(rest)
			if size == 0 {
				return nil, false
			}
			tokens = append(tokens, token{letter: letter})
			rest = rest[size:]
		}
	}
	return tokens, true
}

// slash reports whether a name begins after the token.
func (t token) slash() bool {
	return t.kind == folderText || t.kind == literal && t.letter == '/'
}

// letterOf returns the first letter, or the one after a backslash. size is 0 at the end.
func letterOf(text string) (letter rune, size int) {
	after, escaped := strings.CutPrefix(text, `\`)
	letter, size = utf8.DecodeRuneInString(after)
	if size > 0 && escaped {
		size++
	}
	return letter, size
}

// classOf reads a class after its bracket, and returns the rest of the glob.
func classOf(text string) (read token, rest string, ok bool) {
	read.kind = class
	rest, read.negated = strings.CutPrefix(text, "^")
	for {
		if len(read.ranges) > 0 && strings.HasPrefix(rest, "]") {
			return read, rest[1:], true
		}
		first, size := classLetter(rest)
		rest = rest[size:]
		last := first
		if after, is := strings.CutPrefix(rest, "-"); is && size > 0 {
			last, size = classLetter(after)
			rest = after[size:]
		}
		if size == 0 {
			return token{}, "", false
		}
		read.ranges = append(read.ranges, first, last)
	}
}

// classLetter is letterOf within a class, where a dash and a closing bracket need a backslash.
func classLetter(text string) (letter rune, size int) {
	if strings.HasPrefix(text, "-") || strings.HasPrefix(text, "]") {
		return 0, 0
	}
	return letterOf(text)
}
