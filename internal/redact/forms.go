package redact

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// minLineBytes is the length of the shortest line of a multi-line secret that is also
// looked for alone. Shorter ones ("{", "EOF") are in every other log.
const minLineBytes = 6

// needle is one form of a secret, and the name to show for it.
type needle struct {
	text string
	name string
}

// needles derives every form of every secret, sorted by text, each once. It leaves
// out weak secrets and forms shorter than MinSecretBytes. If two secrets share a form,
// it has the name that sorts first, so that the result does not depend on the order of
// the secrets: two runners that mask the same output must mask it alike.
func needles(secrets []Secret) []needle {
	var all []needle
	for _, secret := range secrets {
		if Judge(secret.Value) != Strong {
			continue
		}
		for _, form := range forms(secret.Value) {
			// A line ending around a value is not secret. To mask it would join the
			// line to the next.
			form = strings.Trim(form, "\r\n")
			if len(form) >= MinSecretBytes {
				all = append(all, needle{text: form, name: secret.Name})
			}
		}
	}
	return tidy(all)
}

// tidy sorts the needles and keeps each text once, with the name that sorts first.
func tidy(all []needle) []needle {
	slices.SortFunc(all, func(a, b needle) int {
		return cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.name, b.name))
	})
	return slices.CompactFunc(all, func(a, b needle) bool { return a.text == b.text })
}

// Limits of composition. Longer values have too many forms to be worth it.
const (
	maxComposedBytes = 512 // of a value that is encoded twice and three times
	maxInnerBytes    = 512 // of a value in base64 inside a longer text, in lines
)

// forms lists the forms in which programs print the value, with repetitions. A form
// is a composition: one program encodes a source, the next escapes the result, a
// third quotes that.
func forms(value string) []string {
	var out []string
	for _, source := range sources(value) {
		out = append(out, source)
		out = append(out, hexForms(source)...)
		out = append(out, base64Forms(source)...)
		for _, form := range composed(source) {
			if strings.ContainsAny(form, "\r\n") {
				out = append(out, lineForms(form)...)
			} else {
				out = append(out, form)
			}
		}
	}
	for _, line := range splitLines(value) {
		// Encoded text is left out: a short line in it is only the end of a broken
		// line.
		if line = strings.TrimSpace(line); looksGenerated(line) {
			out = append(out, line)
		}
	}
	return append(out, lineForms(value)...)
}

// sources lists the texts that a program may get to print in place of the value. Some
// programs print the white space around it, and some trim it. A shell joins the words
// of an unquoted variable with one space. A program that reads a file of variables
// removes the quotes. And lines have either ending.
func sources(value string) []string {
	trimmed := strings.TrimSpace(value)
	out := []string{value, trimmed, strings.Join(strings.Fields(value), " ")}
	if n := len(trimmed); n > 2 && trimmed[0] == trimmed[n-1] && strings.IndexByte("\"'`", trimmed[0]) >= 0 {
		if inner := trimmed[1 : n-1]; Judge(inner) == Strong {
			out = append(out, inner)
		}
	}
	if lines := splitLines(value); len(lines) > 1 {
		out = append(out, strings.Join(lines, "\n"), strings.Join(lines, "\r\n"))
	}
	return distinct(out)
}

// composed lists the text encoded once in every way, twice and three times in the
// common ways; a text of more than maxComposedBytes only once. It lists nothing for a
// text of letters and digits, which no encoder changes.
func composed(text string) []string {
	wide := strings.ContainsFunc(text, func(r rune) bool { return r >= 0x7f || r < ' ' })
	if strings.IndexFunc(text, func(r rune) bool { return !neverEscaped(r) }) < 0 {
		return nil
	}
	lists := encodersOf(wide)
	common := lists.common
	core := apply([]string{text}, common)
	once := apply([]string{text}, lists.all)
	once = distinct(append(once, core...))
	if len(text) > maxComposedBytes {
		return once
	}
	twice := apply(core, common)
	return distinct(slices.Concat(once, twice, apply(once, common[:1]), apply(twice, common[:2])))
}

// encoders has the common encoders, and all encoders.
type encoders struct{ common, all []encoder }

// narrowEncoders and wideEncoders are for values without and with characters outside
// of ASCII.
var (
	narrowEncoders = sync.OnceValue(func() encoders {
		return encoders{commonEncoders(false), allEncoders(false)}
	})
	wideEncoders = sync.OnceValue(func() encoders {
		return encoders{commonEncoders(true), allEncoders(true)}
	})
)

func encodersOf(wide bool) encoders {
	if wide {
		return wideEncoders()
	}
	return narrowEncoders()
}

// apply lists the results of each encoder for each text.
func apply(texts []string, encoders []encoder) []string {
	var out []string
	for _, text := range texts {
		for _, encode := range encoders {
			out = append(out, encode(text))
		}
	}
	return distinct(out)
}

// commonEncoders lists the encoders that are applied to the output of another: the
// loggers, shells and files that text passes on its way. JSON is the first.
func commonEncoders(wide bool) []encoder {
	out := []encoder{
		json("", false, `\u%04x`), json("<>&", false, `\u%04x`),
		replaced(`'`, `''`), replaced(`"`, `""`), replaced(`$`, `$$`), closing(`'\''`),
		backslashed("\"\\$`", false, literally), backslashed(`'\`, true, literally),
		percent("-_.~", false, "%%%02X"), percent("-_.~", true, "%%%02X"),
		replaced("&", "&amp;", "<", "&lt;", ">", "&gt;"),
		replaced("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", `'`, "&#39;"),
		replaced("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", `'`, "&#x27;"),
	}
	if wide {
		out = append(out, json("", true, `\u%04x`), backslashed(`"\`, true, styles[8]))
	}
	return out
}

// allEncoders lists every encoder.
func allEncoders(wide bool) []encoder {
	return slices.Concat(jsonEncoders(wide), percentEncoders(), entityEncoders(wide),
		backslashEncoders(wide), []encoder{
			func(value string) string { return value },
			func(value string) string { return inQuotes(strconv.Quote(value)) },
			func(value string) string { return inQuotes(strconv.QuoteToASCII(value)) },
			closing(`'"'"'`), closingRuns, dollarQuoted(false), dollarQuoted(true), echoed, shown(),
			zshQuoted(zshSpecial, false), zshQuoted(zshSpecial, true), zshQuoted("!~"+zshSpecial, true),
			replaced(`'`, `''`, `"`, `""`),
			percent(everySign[:len(everySign)-3], false, "=%02X"), // quoted-printable
			percent("", false, `\x%02x`), percent("", false, `\x%02X`), percent("-_.", false, `\x%02x`),
		})
}

// zshSpecial has the characters that zsh puts a backslash before.
const zshSpecial = " \"#$&'()*;<>?[\\]^`{|}"

func inQuotes(quoted string) string { return quoted[1 : len(quoted)-1] }

// hexForms lists the value in hexadecimal digits: in one piece, byte by byte, and
// in the lines of xxd -p.
func hexForms(value string) []string {
	var out []string
	for _, format := range []string{"%x", "%X", "% x", "% X"} {
		out = append(out, fmt.Sprintf(format, value))
	}
	if len(value) > maxComposedBytes {
		return append(out[:2], lineForms(wrap(out[0], 60))...)
	}
	out = append(out, strings.ReplaceAll(out[2], " ", ":"), strings.ReplaceAll(out[3], " ", ":"),
		eachByte(value, `\x%02x`))
	return append(out, lineForms(wrap(out[0], 60))...)
}

// lineForms lists the forms of a multi-line text: the whole, the whole with either
// line ending, and each line of at least minLineBytes, because a prefix before each
// line ("web-1  | ") or an indentation breaks up the whole. A text of one line is its
// own form.
func lineForms(text string) []string {
	lines := splitLines(text)
	if len(lines) < 2 {
		return []string{text}
	}
	out := []string{text, strings.Join(lines, "\n"), strings.Join(lines, "\r\n")}
	for _, line := range lines {
		if line = strings.TrimSpace(line); len(line) >= minLineBytes {
			out = append(out, line)
		}
	}
	return out
}

// looksGenerated reports whether a line looks generated, so that it may be looked for although
// it is short: it is a strong value with digits and letters, or with capitals after
// small letters.
func looksGenerated(line string) bool {
	const small, capitals, digits = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	letters := strings.ContainsAny(line, small+capitals)
	lower := strings.IndexAny(line, small)
	return Judge(line) == Strong && (letters && strings.ContainsAny(line, digits) ||
		lower >= 0 && strings.LastIndexAny(line, capitals) > lower)
}

// splitLines cuts the text at any line ending, without the blank lines at both ends.
func splitLines(text string) []string {
	if strings.Contains(text, "\r") {
		text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	}
	return strings.Split(strings.Trim(text, "\n"), "\n")
}

// base64Forms lists the value in base64. Inside a longer text ("user:PASS" in an
// Authorization header) its bytes begin at one of three places in a group. The
// characters at its two ends then also hold bits of its neighbours, and are not
// looked for. If the value stands alone, its last character is its own. In both cases
// the base64 may be broken into lines.
func base64Forms(value string) []string {
	var out []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			text := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + value))
			shared := [...]int{0, 2, 3}[before]
			whole := (before + len(value)) * 8 / 6
			out = append(out, text[shared:whole])
		}
		alone := encoding.EncodeToString([]byte(value))
		out = append(out, alone)
		// base64(1) breaks lines at 76 characters, openssl(1) at 64.
		for _, width := range []int{76, 64} {
			out = append(out, lineForms(wrap(alone, width))...)
		}
	}
	return append(out, innerLines(value)...)
}

// innerLines lists the value in base64 inside a longer text that is broken into
// lines, for every place in a line where it may begin. It leaves out the places where
// the value fits into one line.
func innerLines(value string) []string {
	if len(value) > maxInnerBytes {
		return nil
	}
	var out []string
	var encoded [3]string // of the value after so many bytes
	for before := range encoded {
		encoded[before] = base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + value))
	}
	for _, width := range []int{76, 64} {
		for before := range width / 4 * 3 {
			text, column := encoded[before%3], before/3*4
			from := [...]int{0, 2, 3}[before%3]
			to := (before%3 + len(value)) * 8 / 6
			if column+to <= width {
				continue
			}
			first := min(width-column, len(text))
			from = min(from, first)
			broken := text[from:first] + "\n" + wrap(text[first:to], width)
			out = append(out, broken, strings.ReplaceAll(broken, "\n", "\r\n"))
		}
	}
	return out
}

// wrap breaks the text into lines of the width.
func wrap(text string, width int) string {
	if len(text) <= width {
		return text
	}
	var out strings.Builder
	for len(text) > width {
		out.WriteString(text[:width])
		out.WriteByte('\n')
		text = text[width:]
	}
	out.WriteString(text)
	return out.String()
}
