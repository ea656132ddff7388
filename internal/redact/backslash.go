package redact

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// backslashSets has the special characters that programs put a backslash before. The
// backslash is in each set.
var backslashSets = []string{
	`"\`, `'\`, `"'\`, `\`, "\"\\$`", "\"\\$`!", `"\$@`, "'\\!",
	" \t!\"#$&'()*,;<>?[\\]^`{|}~", " \t!\"$&'()*,;<>?[\\]^`{|}", // printf %q of bash
	`\.+*?()|[]{}^$`, " \t\\.+*?()|[]{}^$-#&~", // Go's QuoteMeta, Python's re.escape
	" :=#!\\", // Java's properties
}

// style is how a program writes characters that a terminal may not show, or that are
// not ASCII.
type style struct {
	letters string // the control characters that have a letter of their own after the backslash
	write   func(r rune, raw string) string
}

// cLetters are the control characters that C has letters for.
const cLetters = "\a\b\f\n\r\t\v"

// literally is the style that changes nothing but control characters.
var literally = style{cLetters, func(r rune, raw string) string {
	if r < ' ' || r == 0x7f {
		return fmt.Sprintf(`\%03o`, r)
	}
	return raw
}}

// styles lists the styles of languages and shells.
var styles = []style{
	literally,
	// C, bash, zsh, Perl.
	{cLetters, func(_ rune, raw string) string { return eachByte(raw, `\%03o`) }},
	// Perl.
	{cLetters, func(r rune, _ string) string { return sized(r, `\%03o`, `\x{%x}`, `\x{%x}`) }},
	// Python's bytes.
	{"\n\r\t", func(_ rune, raw string) string { return eachByte(raw, `\x%02x`) }},
	// Ruby.
	{cLetters, func(_ rune, raw string) string { return eachByte(raw, `\x%02X`) }},
	// Python's ascii.
	{"\n\r\t", func(r rune, _ string) string { return sized(r, `\x%02x`, `\u%04x`, `\U%08x`) }},
	// Node.
	{"\b\f\n\r\t\v", func(r rune, raw string) string { return formatASCII(r, raw, `\x%02X`) }},
	// Python's repr.
	{"\n\r\t", func(r rune, raw string) string { return formatASCII(r, raw, `\x%02x`) }},
	// YAML.
	{cLetters, func(r rune, _ string) string { return sized(r, `\x%02X`, `\u%04X`, `\U%08X`) }},
	// Go.
	{cLetters, func(r rune, _ string) string { return sized(r, `\u%04x`, `\u%04x`, `\U%08x`) }},
	// C++.
	{cLetters, func(r rune, _ string) string { return sized(r, `\u%04X`, `\u%04X`, `\U%08X`) }},
	// Go's YAML.
	{cLetters, func(r rune, raw string) string { return sized(r, raw, raw, `\U%08X`) }},
	// Perl.
	{cLetters, func(r rune, _ string) string { return fmt.Sprintf(`\x{%x}`, r) }},
	// Rust.
	{"\n\r\t", func(r rune, _ string) string { return fmt.Sprintf(`\u{%x}`, r) }},
	// Ruby.
	{cLetters, func(r rune, _ string) string { return fmt.Sprintf(`\u{%X}`, r) }},
	// zsh, C.
	{"\n\r\t", func(_ rune, raw string) string { return meta(raw, `\`) }},
	// zsh, UTF-8.
	{"\n\r\t", func(r rune, raw string) string {
		return narrow(r, raw, func() string { return meta(raw, `\`) })
	}},
}

// formatASCII writes a character of ASCII in the format, and keeps any other. A style
// gets no printable character of ASCII, so only control characters are written.
func formatASCII(r rune, raw, format string) string {
	return narrow(r, raw, func() string { return fmt.Sprintf(format, r) })
}

// narrow keeps a character outside of ASCII, and returns write's result for others.
func narrow(r rune, raw string, write func() string) string {
	if r >= utf8.RuneSelf {
		return raw
	}
	return write()
}

// sized writes the number of a character in the first format that has room for it.
func sized(r rune, short, middle, long string) string {
	switch {
	case r <= 0xff:
		return written(short, r)
	case r <= 0xffff:
		return written(middle, r)
	}
	return written(long, r)
}

// written fills in the format, if it is one and not the character itself.
func written(format string, r rune) string {
	if !strings.Contains(format, "%") {
		return format
	}
	return fmt.Sprintf(format, r)
}

// meta writes control characters and bytes outside of ASCII as keys of a terminal:
// "^A" and "M-a" without a slash, "\C-A" and "\M-a" with one.
func meta(raw, slash string) string {
	control := "^"
	if slash != "" {
		control = slash + "C-"
	}
	var out strings.Builder
	for i := range len(raw) {
		c := raw[i]
		if c >= utf8.RuneSelf {
			out.WriteString(slash + "M-")
			c &= 0x7f
		}
		switch {
		case c < ' ':
			out.WriteString(control + string(rune(c+'@')))
		case c == 0x7f:
			out.WriteString(control + "?")
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// shown is the encoder of cat -v.
func shown() encoder {
	return spelled(func(r rune, raw string) (string, bool) {
		return meta(raw, ""), r != '\n' && r != '\t' && (r < ' ' || r >= 0x7f)
	})
}

// backslashEncoders lists the encoders that escape special characters with a
// backslash. wide says that the value has characters outside of ASCII, or control
// characters.
func backslashEncoders(wide bool) (out []encoder) {
	for i, special := range backslashSets {
		for j, style := range styles {
			// The first few sets belong to languages and shells; the others keep
			// UTF-8.
			if j > 0 && (!wide || i > 7) {
				break
			}
			out = append(out, backslashed(special, true, style))
		}
		out = append(out, backslashed(special, false, literally))
	}
	return out
}

// backslashed puts a backslash before the special characters, and escapes the control
// characters too if control is true. The style says how, and always how characters
// outside of ASCII are written.
func backslashed(special string, control bool, style style) encoder {
	return spelled(func(r rune, raw string) (string, bool) {
		switch {
		case strings.ContainsRune(special, r) && r != utf8.RuneError:
			return `\` + raw, true
		case r < ' ' && control && strings.ContainsRune(style.letters, r):
			return cEscape(raw[0]), true
		case r >= utf8.RuneSelf, control && (r < ' ' || r == 0x7f):
			return style.write(r, raw), true
		}
		return "", false
	})
}

// jsonExtras lists the characters that JSON encoders escape by number although JSON
// does not require it. If a quote is in a set, the quote is written by number as
// well.
var jsonExtras = []string{
	"", "<>&", "<>&'", "<>&'=", "<>&'\"+`", "'\"<>&", "'", // Go, Rails, Gson, .NET, PHP, PHP
	"\\'\"<>&=-;`", "'\"<>&+=/\\", // Django's and Go's JavaScript strings
	"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ", "=", "+", "/", "&", "$",
}

// jsonEncoders lists JSON's encoders.
func jsonEncoders(wide bool) (out []encoder) {
	for _, extra := range jsonExtras {
		for _, ascii := range []bool{false, true} {
			if ascii && !wide {
				break
			}
			out = append(out, json(extra, ascii, `\u%04x`), json(extra, ascii, `\u%04X`))
		}
	}
	slash := replaced(`/`, `\/`) // PHP
	return append(out, after(json("", false, `\u%04x`), slash), after(json("", true, `\u%04x`), slash))
}

// json writes the value as in a JSON string, the extra characters by number, and also
// all characters outside of ASCII if ascii is true.
func json(extra string, ascii bool, format string) encoder {
	return spelled(func(r rune, raw string) (string, bool) {
		short := strings.IndexRune("\"\\\b\f\n\r\t", r)
		switch {
		case r == utf8.RuneError && len(raw) == 1:
			return "", false
		case strings.ContainsRune(extra, r), short < 0 && r < ' ', ascii && r > '~',
			r == '\u2028', r == '\u2029':
			var out strings.Builder
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&out, format, unit)
			}
			return out.String(), true
		case short >= 0:
			return `\` + `"\bfnrt`[short:short+1], true
		}
		return "", false
	})
}

// entityNames has the entities of XML, including the single quote.
var entityNames = map[rune]string{'<': "&lt;", '>': "&gt;", '&': "&amp;", '"': "&quot;", '\'': "&apos;"}

// latinNames are the entities of HTML for the characters from U+00A0 on.
const latinNames = `nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr
deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave
Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde
Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute
acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve
oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml`

// entityFormats lists how XML and HTML write a character by number.
var entityFormats = []string{"&#%d;", "&#x%x;", "&#x%X;", "&#%03d;"}

// entityEncoders lists the encoders of XML and HTML. They differ in the characters
// that they escape by name or by number, and in how they write characters outside of
// ASCII.
func entityEncoders(wide bool) (out []encoder) {
	latin := strings.Fields(latinNames)
	for _, set := range []struct{ named, numbered string }{
		{"", ""}, {"<>&", ""}, {"<>&\"", ""}, {"<>&\"'", ""}, {"<>&\"", "'"}, {"<>&", "\"'"},
		{"<>&", "\"'+"}, {"<&", ""},
		{"<>&", "\"'\n\r\t"}, {"<>&\"", "'/"}, {"<>&\"", "'/`="}, {"<>&\"", everySign},
		{"", everySign}, {"", "<>&\"'"},
	} {
		for _, format := range entityFormats {
			for _, style := range []string{"keep", "number", "name"} {
				if style != "keep" && !wide || style == "name" && set.numbered == everySign {
					continue
				}
				out = append(out, spelled(func(r rune, _ string) (string, bool) {
					switch {
					case strings.ContainsRune(set.named, r):
						return entityNames[r], true
					case style == "name" && r >= 0xa0 && int(r-0xa0) < len(latin):
						return "&" + latin[r-0xa0] + ";", true
					case strings.ContainsRune(set.numbered, r), style != "keep" && r >= utf8.RuneSelf:
						return fmt.Sprintf(format, r), true
					}
					return "", false
				}))
			}
		}
	}
	return out
}

// everySign is every sign of ASCII, and the white space.
const everySign = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t\n\r"

// after is the encoder that applies one and then the other.
func after(first, second encoder) encoder {
	return func(value string) string { return second(first(value)) }
}

// distinct sorts the texts and keeps each once.
func distinct(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}
