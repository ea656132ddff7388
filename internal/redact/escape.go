package redact

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// encoder writes a value as one program does.
type encoder func(value string) string

// spelled is the encoder that writes each character by itself. Letters and digits of
// ASCII always stay: spell is not asked. For others it returns the text that takes
// their place, or false if they stay too. raw is the character as it stands, which is
// a single byte where the value is not UTF-8.
func spelled(spell func(r rune, raw string) (string, bool)) encoder {
	return func(value string) string {
		var out []byte
		from := 0 // the value before this place is in out
		for at := 0; at < len(value); {
			if byteSets[isAlnum].has(value[at]) {
				at++
				continue
			}
			r, size := utf8.DecodeRuneInString(value[at:])
			if text, ok := spell(r, value[at:at+size]); ok {
				out = append(append(out, value[from:at]...), text...)
				from = at + size
			}
			at += size
		}
		if from == 0 {
			return value
		}
		return string(append(out, value[from:]...))
	}
}

// percentKeeps lists the characters that the common percent-encoders leave alone
// besides letters and digits, and whether a space becomes a plus.
var percentKeeps = []struct {
	keep string
	plus bool
}{
	{"-_.~", true},                     // Go's QueryEscape, Python's quote_plus
	{"-_.~", false},                    // RFC 3986: everything that is not unreserved
	{"-_.~/", false},                   // Python's quote
	{"-_.~$&+=:@", false},              // Go's PathEscape
	{"-_.~$&+=:@/,;", false},           // Go's path of a URL
	{"-_.~$&+,;=", false},              // Go's user and password of a URL
	{"-_.~!*'()", false},               // JavaScript's encodeURIComponent
	{"-_.~!*'();/?:@&=+$,#", false},    // JavaScript's encodeURI
	{"-_.*", true},                     // HTML forms, Java's URLEncoder
	{"-_.", true}, {"-_.~!*'()", true}, // PHP's urlencode; query strings by hand
}

// percentEncoders lists the percent-encoders, with either case of digits.
func percentEncoders() (out []encoder) {
	for _, e := range percentKeeps {
		out = append(out, percent(e.keep, e.plus, "%%%02X"), percent(e.keep, e.plus, "%%%02x"))
	}
	return out
}

// percent writes every byte in the format, except for letters, digits and the
// characters in keep. If plus is true, a space becomes a plus.
func percent(keep string, plus bool, format string) encoder {
	return spelled(func(r rune, raw string) (string, bool) {
		switch {
		case neverEscaped(r), r < utf8.RuneSelf && strings.IndexByte(keep, raw[0]) >= 0:
			return "", false
		case r == ' ' && plus:
			return "+", true
		}
		return eachByte(raw, format), true
	})
}

// neverEscaped reports whether every encoder leaves the character alone.
func neverEscaped(r rune) bool { return r < utf8.RuneSelf && byteSets[isAlnum].has(byte(r)) }

func eachByte(raw, format string) string {
	var out []byte
	for i := range len(raw) {
		out = fmt.Appendf(out, format, raw[i])
	}
	return string(out)
}

// replaced is the encoder that replaces each old text by the new text after it.
func replaced(oldnew ...string) encoder { return strings.NewReplacer(oldnew...).Replace }

// closing is the encoder of a shell that closes its single quotes around a single
// quote. It writes the text quote in place of each. Quotes at either end of the result
// are dropped, because a program may leave out the outermost ones.
func closing(quote string) encoder {
	return func(value string) string { return strings.Trim(strings.ReplaceAll(value, `'`, quote), `'`) }
}

// closingRuns is closing for dash, which quotes several single quotes at once.
func closingRuns(value string) string {
	var out strings.Builder
	for value != "" {
		n := len(value) - len(strings.TrimLeft(value, `'`))
		if n > 0 {
			out.WriteString(`'"` + value[:n] + `"'`)
			value = value[n:]
			continue
		}
		before, _, _ := strings.Cut(value, `'`)
		out.WriteString(before)
		value = value[len(before):]
	}
	return strings.Trim(out.String(), `'`)
}

// dollarQuoted is the encoder of coreutils. It closes the single quotes and writes
// the bytes that the locale cannot print in $'...'.
func dollarQuoted(utf8Locale bool) encoder {
	return func(value string) string {
		var out strings.Builder
		inside := false
		for i := range len(value) {
			c := value[i]
			strange := c < ' ' || c == 0x7f || c > 0x7f && !utf8Locale
			if strange && !inside {
				out.WriteString(`'$'`)
			}
			if !strange && inside {
				out.WriteString(`''`)
			}
			inside = strange
			switch {
			case strange:
				out.WriteString(cEscape(c))
			case c == '\'':
				out.WriteString(`'\''`)
			default:
				out.WriteByte(c)
			}
		}
		return strings.Trim(out.String(), `'`)
	}
}

// cEscape writes a byte as C does: by its letter if it has one, otherwise in octal
// digits.
func cEscape(c byte) string {
	if at := strings.IndexByte(echoMeanings[1:], c); at >= 0 {
		return `\` + echoEscapes[1+at:2+at]
	}
	return fmt.Sprintf(`\%03o`, c)
}

// zshQuoted is printf %q of zsh: the special characters have a backslash before them,
// and each byte that the locale cannot print stands in a $'...' of its own.
func zshQuoted(special string, utf8Locale bool) encoder {
	return spelled(func(r rune, raw string) (string, bool) {
		switch {
		case strings.ContainsRune(special, r):
			return `\` + raw, true
		case r >= ' ' && r < 0x7f, r >= utf8.RuneSelf && utf8Locale:
			return "", false
		}
		var out strings.Builder
		for i := range len(raw) {
			out.WriteString(`$'` + cEscape(raw[i]) + `'`)
		}
		return out.String(), true
	})
}

// echoed is the output of the POSIX echo for the value. It takes a backslash for the
// beginning of an escape, as bash's echo does with -e. It does not print the text
// after \c.
func echoed(value string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(value, `\`)
		out.WriteString(before)
		if !found {
			return out.String()
		}
		switch char := firstByte(after); {
		case char == 'c':
			return out.String()
		case char == '0':
			code, digits := octal(after[1:])
			out.WriteByte(code)
			value = after[1+digits:]
			continue
		case char != 0 && strings.IndexByte(echoEscapes, char) >= 0:
			out.WriteByte(echoMeanings[strings.IndexByte(echoEscapes, char)])
			value = after[1:]
			continue
		}
		out.WriteByte('\\')
		value = after
	}
}

// echoEscapes has the escapes of one character that echo knows, and echoMeanings the
// characters that they stand for.
const (
	echoEscapes  = `\abfnrtv`
	echoMeanings = "\\\a\b\f\n\r\t\v"
)

func firstByte(text string) byte {
	if text == "" {
		return 0
	}
	return text[0]
}

// octal reads up to three octal digits.
func octal(text string) (code byte, digits int) {
	for digits < 3 && digits < len(text) && '0' <= text[digits] && text[digits] <= '7' {
		code = code<<3 | (text[digits] - '0')
		digits++
	}
	return code, digits
}
