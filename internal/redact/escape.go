package redact

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// percentKeeps lists which characters the common percent-encoders leave alone
// beside letters and digits, and whether a space becomes a plus.
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

// percentForms lists the value percent-encoded by any of the encoders, with
// either case of hexadecimal digits.
func percentForms(value string) []string {
	var out []string
	for _, encoder := range percentKeeps {
		out = append(out,
			percent(value, encoder.keep, encoder.plus, "0123456789ABCDEF"),
			percent(value, encoder.keep, encoder.plus, "0123456789abcdef"))
	}
	return out
}

func percent(value, keep string, plus bool, digits string) string {
	var out strings.Builder
	for i := range len(value) {
		switch c := value[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(keep, c) >= 0:
			out.WriteByte(c)
		case c == ' ' && plus:
			out.WriteByte('+')
		default:
			out.WriteByte('%')
			out.WriteByte(digits[c>>4])
			out.WriteByte(digits[c&15])
		}
	}
	return out.String()
}

// shellForms lists the value as shells and compose files write it. The first
// two close the single quotes around a single quote.
func shellForms(value string) []string {
	return []string{
		strings.ReplaceAll(value, `'`, `'\''`),
		strings.ReplaceAll(value, `'`, `'"'"'`),
		backslashed(value, "\"\\$`"),
		backslashed(value, "\"\\$`!"),
		backslashed(value, "\"\\"),
		backslashed(value, " \t!\"#$&'()*,;<>?[\\]^`{|}~"), // printf %q
		backslashed(value, " \t!\"$&'()*,;<>?[\\]^`{|}"),   // the same; it knows a # and a ~ that mean nothing
		ansiQuote.Replace(value),                           // $'...', which printf %q takes for control characters
		echoed(value),
		strings.ReplaceAll(value, `'`, `''`), // YAML, SQL
		strings.ReplaceAll(value, `$`, `$$`), // compose
	}
}

// echoed is what the echo of POSIX makes of the value: it takes a backslash for
// the beginning of an escape, and bash's does with -e. What follows \c is not
// printed.
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

// The escapes of one character that echo knows, and what each stands for.
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

var ansiQuote = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

func backslashed(value, special string) string {
	var out strings.Builder
	for i := range len(value) {
		if strings.IndexByte(special, value[i]) >= 0 {
			out.WriteByte('\\')
		}
		out.WriteByte(value[i])
	}
	return out.String()
}

// quotedForms lists the value as JSON and Go write it, without the quotes.
// JSON's encoders differ in what they escape beyond what they must: Go's the
// characters of HTML, PHP's the slash, and either everything but ASCII.
func quotedForms(value string) []string {
	out := []string{inQuotes(strconv.Quote(value)), inQuotes(strconv.QuoteToASCII(value))}
	for _, extra := range []string{"", "<>&", "/"} {
		out = append(out, jsonEscaped(value, extra, false), jsonEscaped(value, extra, true))
	}
	return out
}

func inQuotes(quoted string) string { return quoted[1 : len(quoted)-1] }

// jsonEscaped writes the value as in a JSON string; extra characters are
// escaped too, the slash by a backslash and others by their number.
func jsonEscaped(value, extra string, ascii bool) string {
	var out strings.Builder
	for _, r := range value {
		switch short := strings.IndexRune("\"\\\b\f\n\r\t", r); {
		case short >= 0 && r != utf8.RuneError:
			out.WriteByte('\\')
			out.WriteByte(`"\bfnrt`[short])
		case r == '/' && extra == "/":
			out.WriteString(`\/`)
		case r < ' ', strings.ContainsRune(extra, r), ascii && r > '~', r == '\u2028', r == '\u2029':
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
