package redact

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
)

// The functions in this file take the text after an anchor, to the end of its line,
// and return the part of it that is a secret. If it has no secret, from is not less
// than to. A filler in the text is a mask and counts as a letter of the value: if a
// part of a password was known, the rest is masked with it.

// assigned is the value in the text after a key: `=value`, `": "value"`, `=> 'x'` and
// the like, or after a space in single quotes, as in SQL. Without a separator the key
// may name an XML element, see element. If strong is true, any value is a secret
// unless it is a placeholder or prose; otherwise it must also look like a secret.
func (l *lineSearch) assigned(rest []byte, strong bool) (from, to int) {
	at := l.suffix(rest)
	at += l.prefixIn(rest[at:], closesKey)
	spaces := l.prefixIn(rest[at:], isBlank)
	at += spaces
	switch n := separator(rest[at:]); {
	case n > 0:
		return l.value(rest, at+n, rest[at+n-1] == '=' || rest[at+n-1] == '>', strong)
	case spaces > 0 && strong && at < len(rest) && rest[at] == '\'':
		return l.value(rest, at, true, true)
	}
	return l.element(rest, strong)
}

// suffix is how many bytes after an anchor still belong to the key: one of the
// suffixes, or one or two digits. It is 0 for other letters, so that no separator is
// found after them and the anchor is only a part of another word.
func (l *lineSearch) suffix(rest []byte) int {
	if len(rest) == 0 || !byteSets[opensSuffix].has(rest[0]) {
		return 0
	}
	for _, s := range suffixes {
		if startsWith(rest, s) {
			return len(s)
		}
	}
	return min(2, l.prefixIn(rest, isDigit))
}

var suffixes = []string{"se", "SE", "_key", "-key", "key", "Key", "_KEY", "-Key",
	"_access_key", "_ACCESS_KEY", "AccessKey", "_confirmation", "_token", "Token", "_TOKEN"}

// separator is the length of the separator between a key and its value, without
// spaces, or 0.
func separator(rest []byte) int {
	if len(rest) == 0 {
		return 0
	}
	next := byte(0)
	if len(rest) > 1 {
		next = rest[1]
	}
	switch rest[0] {
	case '=': // or => or ==
		if next == '>' || next == '=' {
			return 2
		}
		return 1
	case ':': // or := or :-
		if next == '?' {
			return 0 // ${NAME:?message} has no value
		}
		if next == '=' || next == '-' {
			return 2
		}
		return 1
	}
	return 0
}

// flagged is the value in the text after an option: after a space, after an equals
// sign, or as the next element of a JSON list. spaced says that the anchor ends with
// a space, so the text may begin with the value.
func (l *lineSearch) flagged(rest []byte, spaced, strong bool) (from, to int) {
	at := l.prefixIn(rest, followsFlag)
	if at == 0 && !spaced || at < len(rest) && rest[at] == '-' {
		return 0, 0
	}
	for at > 0 && strings.IndexByte("\"'", rest[at-1]) >= 0 {
		at--
		if at == 0 || rest[at-1] != rest[at] {
			break
		}
	}
	from, to = l.value(rest, at, true, strong)
	if from < to && isOneOf(rest[from:to], prose) {
		return 0, 0
	}
	return from, to
}

// prose has the words that follow an option in a text about it.
var prose = []string{"via", "and", "or", "is", "on", "in", "to", "for", "flag", "option", "was"}

// value is the value that begins at a place of the text, after spaces, if it counts
// as a secret. If strong is false, it must look like a secret, and an unquoted one
// ends before an @. If tight is true, nothing but the value follows the separator
// ("=", an option); otherwise it may be prose. from and to are places in rest.
func (l *lineSearch) value(rest []byte, at int, tight, strong bool) (from, to int) {
	at += l.prefixIn(rest[at:], isBlank)
	from, to = l.quoted(rest[at:])
	isQuoted := from > 0
	if !isQuoted {
		if !strong && l.endsSoon(rest[at:]) {
			return 0, 0
		}
		to = l.word(rest[at:])
		if !strong {
			to = l.next(goalAt, rest[at:at+to], isAt) // a token has no @; the host of a URL follows it
		}
	}
	from, to = at+from, at+to
	v := rest[from:to]
	switch {
	case !strong && len(v) < minAmbiguousBytes, l.placeholder(v):
		return 0, 0
	case !strong && !l.secretLike(v):
		if !isQuoted && !l.random(v) {
			l.dull = l.place(v) + len(v)
		}
		return 0, 0
	case !isQuoted && v[0] == '<' && l.instruction(rest[at:]):
		return 0, 0
	case !tight && !isQuoted && (bytes.HasSuffix(v, []byte("...")) ||
		len(v) < 16 && isOneOf(bytes.TrimRight(v, "!;,?"), typeNames)):
		return 0, 0
	case !tight && !isQuoted && l.plainWord(v) && l.followed(rest[to:]):
		return 0, 0 // prose: "password: too short"
	case !tight && !isQuoted && l.sentence(v, rest[to:]):
		return 0, 0
	}
	return from, to
}

// endsSoon reports whether the word that the text begins with is too short for a value
// under an ambiguous name.
func (l *lineSearch) endsSoon(text []byte) bool {
	short := text[:min(len(text), minAmbiguousBytes)]
	n := l.until(short, endsWord)
	return n < minAmbiguousBytes
}

// isDull reports whether the text after a key is known to have no value that looks
// like a secret: it begins with "=" or ":" and then the end of a word that value has
// judged before. That word does not look random, so no end of it does.
func (l *lineSearch) isDull(rest []byte) bool {
	return l.place(rest)+1 < l.dull && len(rest) > 1 && (rest[0] == '=' || rest[0] == ':') &&
		!byteSets[opensValue].has(rest[1])
}

// quoted is the value in the quotes that the text begins with. The quotes may have a
// backslash before them, as in JSON inside JSON. from is 0 if the text does not begin
// with a quote. Without a closing quote the value is the rest of the line.
func (l *lineSearch) quoted(text []byte) (from, to int) {
	quote, escaped := byte(0), false
	switch {
	case len(text) > 0 && strings.IndexByte("\"'`", text[0]) >= 0:
		quote, from = text[0], 1
	case len(text) > 1 && text[0] == '\\' && strings.IndexByte("\"'", text[1]) >= 0:
		quote, from, escaped = text[1], 2, true
	default:
		return 0, 0
	}
	if end := l.plainQuoted(text[from:], quote); end >= 0 && !escaped {
		return from, from + end
	}
	resumptions := 0
	for i := from; i < len(text); i++ {
		i += l.until(text[i:], isQuotingOrTick)
		switch {
		case i == len(text):
		case escaped && text[i] == '\\' && i+1 < len(text) && text[i+1] == quote:
			return from, i
		case text[i] == '\\' && quote == '"' && !escaped:
			i++
		case text[i] == quote && !escaped:
			if n := resumed(text[i:], quote); n > 0 && resumptions < maxResumptions {
				i += n - 1
				resumptions++
				continue
			}
			return from, i
		}
	}
	return from, len(bytes.TrimRight(text, "\r\n"))
}

// plainQuoted is where the value ends whose opening quote stands before the text, if
// nothing in it is escaped. It is -1 if something may be, or without a closing quote.
func (l *lineSearch) plainQuoted(text []byte, quote byte) int {
	end := bytes.IndexByte(text, quote)
	if end < 0 {
		l.work += len(text)
		return -1
	}
	l.work += 2 * end
	if bytes.IndexByte(text[:end], '\\') >= 0 || resumed(text[end:], quote) > 0 {
		return -1
	}
	return end
}

// maxResumptions is how many quotes of its own may interrupt a quoted value. Without
// a limit, a line of such quotes would be read again from each.
const maxResumptions = 16

// resumed is how many bytes of the text, which begins with a quote, only interrupt
// the quoted value; 0 if the quote ends it. Only a value in single quotes can be
// interrupted: the list has the ways of shells, and of YAML and SQL, to write a single
// quote inside single quotes.
func resumed(text []byte, quote byte) int {
	if quote == '\'' && len(text) > 1 && byteSets[isQuoting].has(text[1]) {
		for _, s := range []string{`'\''`, `'"'"'`, `''`} {
			if startsWith(text, s) {
				return len(s)
			}
		}
	}
	return 0
}

// word is the length of the unquoted value that the text begins with. It ends at
// white space, at a quote, and where the next pair of a list begins, see pair. Commas,
// semicolons and closing brackets at its end do not count.
func (l *lineSearch) word(text []byte) int {
	from := l.place(text)
	if _, ok := l.known(goalPair, from); !ok {
		end := from + l.next(goalWordEnd, text, endsWord)
		for i := from; i < end; i++ {
			if i += far(l.line[i:end], opensPair); i < end && l.pair(l.line[i+1:end]) {
				end = i
			}
		}
		l.found(goalPair, from, end)
		l.trimmedWord = trim(l.line[:end], closesWord)
		l.work += end - l.trimmedWord
	}
	return max(0, l.trimmedWord-from)
}

// pair reports whether the text begins with "name=" or "name:": the next element of a
// query, a connection string or a list.
func (l *lineSearch) pair(text []byte) bool {
	n := l.prefixIn(text, isPairName)
	return n > 0 && n < len(text) && (text[n] == '=' || text[n] == ':')
}

// followed reports whether more words follow on the line. A comment, a closing
// bracket and the next element of a list are not such words.
func (l *lineSearch) followed(rest []byte) bool {
	rest = rest[l.prefixIn(rest, isWhite):]
	return len(rest) > 0 && strings.IndexByte("#,;}])", rest[0]) < 0
}

// plainWord reports whether the value has only small letters and hyphens, and perhaps
// punctuation marks at its end. An empty value does.
func (l *lineSearch) plainWord(v []byte) bool {
	n := l.prefixIn(v, isPlain)
	return n+l.prefixIn(v[n:], endsSentence) == len(v)
}

// sentence reports whether a capitalised word and a plain word begin a sentence of
// three words or more: "Creation complete after 1s".
func (l *lineSearch) sentence(v, rest []byte) bool {
	if len(v) < 2 || strings.IndexByte(capitals, v[0]) < 0 || !l.plainWord(v[1:]) {
		return false
	}
	rest = rest[l.prefixIn(rest, isSpace):]
	n := l.prefixIn(rest, isSmall)
	return n > 0 && (startsWith(rest[n:], " ") || startsWith(rest[n:], "..."))
}

// typeNames are the words that a schema has in place of a value.
var typeNames = []string{"string", "str", "text", "boolean", "integer", "number", "required", "optional"}

// instruction reports whether the text begins with words in angle brackets, such
// as <set to the key 'password' in secret 'db'>.
func (l *lineSearch) instruction(text []byte) bool {
	n := l.prefixIn(text[1:], isInstruction)
	return n > 0 && n+1 < len(text) && text[n+1] == '>'
}

// isSmallNumber reports whether the value is a small number, such as a count or a share of
// passed tests: "12", "12/13", "95%".
func (l *lineSearch) isSmallNumber(v []byte) bool {
	return len(v) < 6 && l.prefixIn(v, isCount) == len(v)
}

// minAmbiguousBytes is the length of the shortest value that counts under an ambiguous name.
const minAmbiguousBytes = 8

// secretLike reports whether the value looks generated: it has at least minAmbiguousBytes,
// looks random, and is not a name, a URL or a digest. A number needs twelve digits.
func (l *lineSearch) secretLike(v []byte) bool {
	if len(v) < minAmbiguousBytes || l.hasScheme(v) || bytes.HasPrefix(v, []byte("sha256:")) {
		return false
	}
	if byteSets[isNumber].has(v[0]) && l.prefixIn(v, isNumber) == len(v) {
		return len(v) >= 12 && l.prefixIn(v, isDigit) == len(v)
	}
	return l.plainlyRandom(v) || l.random(v) && !l.looksNamed(v)
}

// random tells a token from a word or a name, as far as a look can tell. It reports
// whether the value has both digits and letters, or has at least sixteen bytes with
// letters of both cases.
func (l *lineSearch) random(v []byte) bool {
	small, capital := l.has(goalSmall, v, isSmall), l.has(goalCapital, v, isCapital)
	return l.has(goalDigit, v, isDigit) && (small || capital) || small && capital && len(v) >= 16
}

// plainlyRandom reports whether a letter follows a digit soon. Such a value is random,
// and no name.
func (l *lineSearch) plainlyRandom(v []byte) bool {
	digit := byte(0)
	for _, c := range v[:min(len(v), nearby)] {
		l.work++
		if digit&byteSets[isLetter][c] != 0 {
			return true
		}
		digit = byteSets[isDigit][c]
	}
	return false
}

// placeholder reports whether the value is empty or only stands for a value: a
// reference, a mask of this or another program, a word that means no value.
func (l *lineSearch) placeholder(v []byte) bool {
	if len(v) == 0 {
		return true
	}
	first := v[0]
	switch {
	case !byteSets[opensPlaceholder].has(first):
		return false
	case len(v) == 1 && first == filler, l.reference(v), l.all(v, opens), l.all(v, isStar),
		len(v) >= 3 && l.all(v, isCross):
		return true
	case first == '<' && len(v) > 1:
		return startsWith(v, nameless[:len(nameless)-1]) || v[len(v)-1] == '>'
	case first == '[' || first == '(':
		n := 1 + l.prefixIn(v[1:], isRemark) // [hidden], (unset)
		return n+l.prefixIn(v[n:], closes) == len(v)
	case len(v) > 32:
		return false
	}
	v = v[:trim(v, closesItem)]
	return len(v) <= maxNoValueBytes && isOneOf(v, noValues)
}

// all reports whether all bytes of the value, which is not empty, are in the set.
func (l *lineSearch) all(v []byte, set set) bool {
	return byteSets[set].has(v[0]) && l.prefixIn(v, set) == len(v)
}

// isOneOf reports whether the value is one of the words, whatever the case of its letters.
func isOneOf(v []byte, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return len(word) == len(v) && strings.EqualFold(word, string(v))
	})
}

// maxNoValueBytes is the length of the longest of noValues.
const maxNoValueBytes = len("undefined")

// noValues are the words that mean no value.
var noValues = []string{
	"true", "false", "null", "none", "nil", "undefined", "yes", "no", "redacted", "hidden", "unset", "~", "#",
}

// reference reports whether the value names a variable: $NAME in capital letters,
// ${NAME}, $(cmd), %NAME%, {{ .Name }}, process.env.NAME, os.environ.
func (l *lineSearch) reference(v []byte) bool {
	if v[0] == '$' && len(v) > 1 {
		if v[1] == '{' || v[1] == '(' {
			return true
		}
		return l.prefixIn(v[1:], isVariable) == len(v)-1 && !unicode.IsDigit(rune(v[1]))
	}
	if v[0] == '%' && len(v) > 2 && v[len(v)-1] == '%' {
		return l.prefixIn(v[1:], isBatchVariable) == len(v)-2
	}
	return bytes.HasPrefix(v, []byte("{{")) || bytes.HasPrefix(v, []byte("process.env.")) ||
		bytes.HasPrefix(v, []byte("os.environ"))
}
