package redact

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// minLineBytes is the shortest line of a secret of several lines that is also
// looked for alone; shorter ones ("{", "EOF") are in every other log.
const minLineBytes = 6

// needle is one form of a secret, and the name to show for it.
type needle struct {
	text string
	name string
}

// needles derives every form of every secret, sorted by text and each once. A
// form that two secrets share goes by the name that sorts first, so that the
// result does not depend on the order of the secrets: two runners that mask
// the same output must mask it alike.
func needles(secrets []Secret) []needle {
	var all []needle
	for _, secret := range secrets {
		if Judge(secret.Value) != Strong {
			continue
		}
		for _, form := range forms(secret.Value) {
			// A line ending around a value is no secret, and masked it would
			// join the line to the next.
			form = strings.Trim(form, "\r\n")
			if len(form) >= MinSecretBytes {
				all = append(all, needle{text: form, name: secret.Name})
			}
		}
	}
	return tidy(all)
}

// tidy sorts the needles and leaves each once.
func tidy(all []needle) []needle {
	slices.SortFunc(all, func(a, b needle) int {
		return cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.name, b.name))
	})
	return slices.CompactFunc(all, func(a, b needle) bool { return a.text == b.text })
}

// forms lists what the value looks like wherever a program prints it, with
// repetitions. White space around the value is printed by some and trimmed by
// others, so it is looked for both with and without.
func forms(value string) []string {
	lines := splitLines(value)
	sources := []string{value, strings.TrimSpace(value)}
	if len(lines) > 1 {
		sources = append(sources, strings.Join(lines, "\n"), strings.Join(lines, "\r\n"))
	}
	var out []string
	slices.Sort(sources)
	for _, source := range slices.Compact(sources) {
		out = append(out, source, hex.EncodeToString([]byte(source)), strings.ToUpper(hex.EncodeToString([]byte(source))))
		out = append(out, base64Forms(source)...)
		out = append(out, percentForms(source)...)
		out = append(out, quotedForms(source)...)
		for _, shell := range shellForms(source) {
			out = append(out, lineForms(shell)...)
		}
	}
	return append(out, lineForms(value)...)
}

// lineForms lists the forms of a text of several lines: whole with either line
// ending, and line by line, since a prefix before each line ("web-1  | ") or
// an indentation breaks up the whole. A text of one line is its own form.
func lineForms(text string) []string {
	lines := splitLines(text)
	if len(lines) < 2 {
		return []string{text}
	}
	out := []string{strings.Join(lines, "\n"), strings.Join(lines, "\r\n")}
	for _, line := range lines {
		if line = strings.TrimSpace(line); len(line) >= minLineBytes {
			out = append(out, line)
		}
	}
	return out
}

// splitLines cuts the text at any line ending, blank lines at both ends left
// out.
func splitLines(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	return strings.Split(strings.Trim(text, "\n"), "\n")
}

// base64Forms lists the value in base64. Inside of a longer text ("user:PASS"
// of an Authorization header) its bytes begin at any of three places in a
// group, and the characters at its two ends also hold bits of its neighbours;
// these are not looked for. Standing alone its last character is its own.
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
	return out
}

// wrap breaks the text into lines of the width.
func wrap(text string, width int) string {
	var out strings.Builder
	for len(text) > width {
		out.WriteString(text[:width])
		out.WriteByte('\n')
		text = text[width:]
	}
	out.WriteString(text)
	return out.String()
}
