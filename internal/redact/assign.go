package redact

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The functions of this file take what follows an anchor, to the end of its line,
// and return the part of it that is a secret; from is not before to if there is
// none. A filler in it is a mask, and counts as a letter of the value: so the rest
// of a password of which a part was known is masked with it.

// assigned is the value in what follows a key: `=value`, `": "value"`, `=> 'x'`
// and the like, or behind a space in single quotes, as SQL has it. With strong
// any value is a secret that does not stand for another; else it must look like
// one.
func assigned(rest []byte, strong bool) (from, to int) {
	at := suffix(rest)
	at += run(rest[at:], "\"'\\])")
	spaces := run(rest[at:], " \t")
	at += spaces
	switch n := separator(rest[at:]); {
	case n > 0:
		return value(rest, at+n, rest[at+n-1] == '=' || rest[at+n-1] == '>', strong)
	case spaces > 0 && strong && at < len(rest) && rest[at] == '\'':
		return value(rest, at, true, true)
	}
	return element(rest, strong)
}

// suffix is how many bytes behind an anchor still belong to the key.
func suffix(rest []byte) int {
	for _, s := range suffixes {
		if startsWith(rest, s) {
			return len(s)
		}
	}
	return min(2, run(rest, digits))
}

var suffixes = []string{"se", "SE", "_key", "-key", "key", "Key", "_KEY", "-Key", "_access_key", "_ACCESS_KEY", "AccessKey",
	"_confirmation", "_token", "Token", "_TOKEN"}

// separator is the length of what stands between a key and its value, without
// spaces; 0 if there is none.
func separator(rest []byte) int {
	for _, s := range []string{"=>", ":=", "==", "=", ":-", ":"} {
		if startsWith(rest, s) && !startsWith(rest, ":?") {
			return len(s)
		}
	}
	return 0 // ${NAME:?message} has no value
}

// flagged is the value in what follows an option: behind a space, an equals
// sign, or as the next of a list in JSON.
func flagged(rest []byte, spaced, strong bool) (from, to int) {
	at := run(rest, "= \t,\"':")
	if at == 0 && !spaced || at < len(rest) && rest[at] == '-' {
		return 0, 0
	}
	for at > 0 && strings.IndexByte("\"'", rest[at-1]) >= 0 {
		at--
		if at == 0 || rest[at-1] != rest[at] {
			break
		}
	}
	from, to = value(rest, at, true, strong)
	if is(rest[from:to], prose) {
		return 0, 0
	}
	return from, to
}

// prose is what follows an option in a text about it.
var prose = []string{"via", "and", "or", "is", "on", "in", "to", "for", "flag", "option", "was"}

// value is the value that begins at a place, or none. With tight nothing but
// the value follows the separator ("=", an option); else it may be prose.
func value(rest []byte, at int, tight, strong bool) (from, to int) {
	at += run(rest[at:], " \t")
	from, to = quoted(rest[at:])
	isQuoted := from > 0
	if !isQuoted {
		to = word(rest[at:])
		if !strong {
			to = until(rest[at:at+to], "@") // a token has none; behind it is the host of a URL
		}
	}
	from, to = at+from, at+to
	v := rest[from:to]
	switch {
	case placeholder(v):
		return 0, 0
	case !strong && !secretLike(v):
		return 0, 0
	case !isQuoted && v[0] == '<' && instruction(rest[at:]):
		return 0, 0
	case !tight && !isQuoted && (bytes.HasSuffix(v, []byte("...")) || is(bytes.TrimRight(v, "!;,?"), typeNames)):
		return 0, 0
	case !tight && !isQuoted && followed(rest[to:]) && plainWord(v):
		return 0, 0 // prose: "password: too short"
	case !tight && !isQuoted && sentence(v, rest[to:]):
		return 0, 0
	}
	return from, to
}

// quoted is what is in the quotes that the text begins with; from is 0 if it
// begins with none. Without an end it is all of the line.
func quoted(text []byte) (from, to int) {
	quote, escaped := byte(0), false
	switch {
	case len(text) > 0 && strings.IndexByte("\"'`", text[0]) >= 0:
		quote, from = text[0], 1
	case len(text) > 1 && text[0] == '\\' && strings.IndexByte("\"'", text[1]) >= 0:
		quote, from, escaped = text[1], 2, true
	default:
		return 0, 0
	}
	for i := from; i < len(text); i++ {
		switch {
		case escaped && text[i] == '\\' && i+1 < len(text) && text[i+1] == quote:
			return from, i
		case text[i] == '\\' && quote == '"' && !escaped:
			i++
		case text[i] == quote && !escaped:
			if n := resumed(text[i:], quote); n > 0 {
				i += n - 1
				continue
			}
			return from, i
		}
	}
	return from, len(bytes.TrimRight(text, "\r\n"))
}

// resumed is how many bytes of the text, which begins with a single quote, only
// interrupt the quoted: '\” and '"'"' of shells, ” of YAML and SQL.
func resumed(text []byte, quote byte) int {
	if quote == '\'' {
		for _, s := range []string{`'\''`, `'"'"'`, `''`} {
			if startsWith(text, s) {
				return len(s)
			}
		}
	}
	return 0
}

// word is how long the value without quotes is that the text begins with. It
// ends at white space and at a quote; and where the next pair of a list begins,
// if the list is one of those below.
func word(text []byte) int {
	end := until(text, " \t\r\n\"'`")
	for i := 0; i < end; i++ {
		if strings.IndexByte("&;,", text[i]) >= 0 && pair(text[i+1:end]) {
			end = i
		}
	}
	return len(bytes.TrimRight(text[:end], ",;)]}"))
}

// pair reports whether the text is "name=" or "name:" and more: the next of a
// query, a connection string or a list.
func pair(text []byte) bool {
	n := run(text, wordlike+". ")
	return n > 0 && n < len(text) && (text[n] == '=' || text[n] == ':')
}

// followed reports whether more words come.
func followed(rest []byte) bool {
	rest = bytes.TrimSpace(rest)
	return len(rest) > 0 && strings.IndexByte("#,;}])", rest[0]) < 0
}

// plainWord reports whether the value is of small letters only.
func plainWord(v []byte) bool {
	n := run(v, smalls+"-")
	return n+run(v[n:], ".,!?;:") == len(v)
}

// sentence reports whether a capital and a plain word begin a sentence of three
// words or more: "Creation complete after 1s".
func sentence(v, rest []byte) bool {
	if len(v) < 2 || strings.IndexByte(capitals, v[0]) < 0 || !plainWord(v[1:]) {
		return false
	}
	rest = bytes.TrimLeft(rest, " ")
	n := run(rest, smalls)
	return n > 0 && (startsWith(rest[n:], " ") || startsWith(rest[n:], "..."))
}

// typeNames are what a schema has in the place of a value.
var typeNames = []string{"string", "str", "text", "boolean", "integer", "number", "required", "optional"}

// instruction reports whether the text begins with words in angle brackets, such
// as <set to the key 'password' in secret 'db'>.
func instruction(text []byte) bool {
	n := run(text[1:], alnum+" '\"_-./")
	return n > 0 && n+1 < len(text) && text[n+1] == '>'
}

// count reports whether the value is a small number, as of tests that passed.
func count(v []byte) bool { return len(v) < 6 && run(v, digits+"/.,%") == len(v) }

// secretLike reports whether the value looks like something that a machine has
// made: long enough, and not of letters of one kind.
func secretLike(v []byte) bool {
	if len(v) < 8 || bytes.Contains(v, []byte("://")) || bytes.HasPrefix(v, []byte("sha256:")) {
		return false
	}
	if run(v, digits+".,:") == len(v) {
		return len(v) >= 12 && run(v, digits) == len(v)
	}
	if named(v) {
		return false
	}
	return random(v)
}

// random tells a token from a word or a name, as well as can be told by a look:
// it reports whether the value has digits beside letters, or is long and
// has letters of both kinds.
func random(v []byte) bool {
	has := func(set string) bool { return bytes.IndexAny(v, set) >= 0 }
	small, capital := has(smalls), has(capitals)
	return has(digits) && (small || capital) || small && capital && len(v) >= 16
}

// placeholder reports whether the value only stands for one: a reference, a
// mask of somebody's, a word that says there is none.
func placeholder(v []byte) bool {
	switch {
	case len(v) == 0, len(v) == 1 && v[0] == filler, run(v, "{[(") == len(v), run(v, "*.•\xe2\x80\xa2") == len(v), reference(v),
		len(v) >= 3 && run(v, "*xX") == len(v):
		return true
	case v[0] == '<' && bytes.IndexByte(v, '>') > 0:
		return bytes.HasPrefix(v, []byte(nameless[:len(nameless)-1])) || v[len(v)-1] == '>'
	case v[0] == '[' || v[0] == '(':
		return run(bytes.TrimRight(v[1:], "])"), smalls+capitals+" -_") == len(bytes.TrimRight(v[1:], "])")) // [hidden], (unset)
	}
	v = bytes.TrimRight(v, ",;")
	return is(v, noValues)
}

// is reports whether the value is one of the words, in letters of any case.
func is(v []byte, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return len(word) == len(v) && strings.EqualFold(word, string(v)) })
}

// noValues say that there is no value.
var noValues = []string{"true", "false", "null", "none", "nil", "undefined", "yes", "no", "redacted", "hidden", "unset", "~", "#"}

// reference reports whether the value names a variable: $NAME, ${NAME}, $(cmd),
// %NAME%, {{ .Name }}.
func reference(v []byte) bool {
	if v[0] == '$' && len(v) > 1 {
		if v[1] == '{' || v[1] == '(' {
			return true
		}
		return run(v[1:], capitals+digits+"_") == len(v)-1 && !unicode.IsDigit(rune(v[1]))
	}
	if v[0] == '%' && len(v) > 2 && v[len(v)-1] == '%' {
		return run(v[1:], capitals+"_") == len(v)-2
	}
	return bytes.HasPrefix(v, []byte("{{")) || bytes.HasPrefix(v, []byte("process.env.")) || bytes.HasPrefix(v, []byte("os.environ"))
}

// header is the secret part of a header's value: behind "Authorization" the
// credentials without their scheme, of the others all.
func header(a *anchor, rest []byte) (from, to int) {
	at := run(rest, "\"'\\])")
	at += run(rest[at:], " \t")
	n := separator(rest[at:])
	if n == 0 {
		return 0, 0
	}
	at += n
	at += run(rest[at:], " \t\"'\\[")
	to = at + headerEnd(rest[at:])
	scheme := run(rest[at:to], alnum+"-")
	if scheme > 0 && at+scheme < to && rest[at+scheme] == ' ' {
		at += scheme + 1
		at += run(rest[at:to], " ")
	} else if v := rest[at:to]; plainWord(v) || run(v, digits+".^~<>=*x") == len(v) || run(v, "{}[]") == len(v) ||
		a.text[0] != 'c' && a.text[0] != 'C' && setting(v) {
		return 0, 0 // no credentials, but a package's version or a section's name
	}
	if placeholder(rest[at:to]) {
		return 0, 0
	}
	return at, to
}

// setting reports whether the value is a name and a word, as in "mode=RBAC".
func setting(v []byte) bool {
	name := run(v, smalls)
	return name > 0 && name < len(v) && v[name] == '=' && run(v[name+1:], smalls+capitals+",-") == len(v)-name-1
}

// headerEnd is where a header ends that may be quoted: at a quote that ends
// something.
func headerEnd(text []byte) int {
	text = bytes.TrimRight(text, "\r\n \t")
	for i, c := range text {
		if c != '"' && c != '\'' {
			continue
		}
		if i+1 == len(text) || strings.IndexByte(" ,}])\\", text[i+1]) >= 0 {
			return len(bytes.TrimRight(text[:i], "\\"))
		}
	}
	return len(bytes.TrimRight(text, "]}"))
}

// bearer is the token behind the word, wherever it stands.
func bearer(rest []byte) (from, to int) {
	from = run(rest, " ")
	to = from + len(bytes.TrimRight(rest[from:from+until(rest[from:], " \t\r\n\"'`,;)]}<>\\")], ".:"))
	v := rest[from:to]
	if len(v) < 4 || placeholder(v) || bytes.IndexAny(v, digits) < 0 && len(v) < 20 {
		return 0, 0
	}
	return from, to
}

// short is the password behind the short option of a command of which it is
// certain: -p of MySQL's programs, only without a space, and of "docker login"
// and sshpass; -a of redis-cli; -u and --user of curl, behind the colon.
func short(command string, rest []byte) (from, to int) {
	rest = rest[:until(rest, "|;\r\n")]
	switch strings.TrimSpace(command) {
	case "curl":
		return login(rest)
	case "is-cli":
		return option(rest, "-a", true)
	case "ogin", "shpass":
		if from, to = option(rest, "-p", true); from < to {
			return from, to
		}
		return option(rest, "-p", false)
	}
	from, to = option(rest, "-p", false)
	if run(rest[from:to], digits+":") == to-from {
		return 0, 0 // a port of docker run
	}
	return from, to
}

// option is the value of a short option, behind a space or at once.
func option(rest []byte, name string, spaced bool) (from, to int) {
	for at := 0; ; {
		i := bytes.Index(rest[at:], []byte(name))
		if i < 0 {
			return 0, 0
		}
		at += i + len(name)
		if i := at - len(name); i > 0 && rest[i-1] != ' ' || at == len(rest) {
			continue
		}
		if (rest[at] == ' ' || rest[at] == '=') == spaced {
			return value(rest, at+run(rest[at:min(at+1, len(rest))], "="), true, true)
		}
	}
}

// login is the password of -u user:password.
func login(rest []byte) (from, to int) {
	for _, name := range []string{"-u", "--user"} {
		from, to = option(rest, name, true)
		user, pass, found := bytes.Cut(rest[from:to], []byte(":"))
		if found && !placeholder(pass) && utf8.Valid(user) {
			return from + len(user) + 1, to
		}
	}
	return 0, 0
}
