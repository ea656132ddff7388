package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"waybill/internal/redact"
)

// awkward has a hard character for every encoder.
const awkward = `p@ss w"o'rd$1/é#\~&<x>!`

// key has several lines, as a private key has.
const key = "-----BEGIN TEST " +
	"KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE\nQyNTUxOQAAACB3a2x1Y2hnZXdlc2VuIQ==\nEOF\n-----END " +
	"TEST KEY-----\n"

func secrets() []redact.Secret {
	return []redact.Secret{
		{Name: "PLAIN", Value: "hunter22"},
		{Name: "AWKWARD", Value: awkward},
		{Name: "KEY", Value: key},
		{Name: "LONG", Value: strings.Repeat("0123456789abcdefghijk", 8)},
	}
}

// TestP3KnownValuesInEveryForm prints each secret as other programs do, in a text
// that must stay.
func TestP3KnownValuesInEveryForm(t *testing.T) {
	m := redact.NewMatcher(secrets())
	for _, secret := range secrets() {
		for name, printed := range printedForms(t, secret.Value) {
			for around, text := range map[string][2]string{
				"alone": {"", ""}, "in quotes": {`x="`, `"; y`}, "in a line": {"the value is ", "\nnext\n"},
			} {
				got := m.Text(text[0] + printed + text[1])
				if want := text[0] + "<REDACTED:" + secret.Name + ">" + text[1]; got != want {
					t.Errorf("%s, %s, %s: got %q, want %q", secret.Name, name, around, got, want)
				}
			}
		}
	}
}

// printedForms has the value as it looks in the output of encoders that know nothing
// of this package.
func printedForms(t *testing.T, value string) map[string]string {
	t.Helper()
	trimmed := strings.TrimSpace(value)
	forms := map[string]string{
		"literal":         trimmed,
		"hex":             hex.EncodeToString([]byte(value)),
		"hex in capitals": strings.ToUpper(hex.EncodeToString([]byte(trimmed))),
		"base64":          base64.RawStdEncoding.EncodeToString([]byte(value)),
		"base64 for URLs": base64.RawURLEncoding.EncodeToString([]byte(trimmed)),
		"query":           url.QueryEscape(value),
		"path":            url.PathEscape(trimmed),
		"percent, small":  strings.ToLower(url.QueryEscape(trimmed)),
		"Go":              strings.Trim(strconv.Quote(trimmed), `"`),
		"JSON":            strings.Trim(jsonText(t, trimmed), `"`),
		"shell":           strings.ReplaceAll(trimmed, `'`, `'\''`),
		"shell, dquoted": strings.NewReplacer(`"`, `\"`, `\`, `\\`, `$`, `\$`, "`", "\\`").
			Replace(trimmed),
		"YAML":           strings.ReplaceAll(trimmed, `'`, `''`),
		"compose":        strings.ReplaceAll(trimmed, `$`, `$$`),
		"with CRLF":      redact.Lines(trimmed, "\r\n"),
		"JSON of CRLF":   strings.Trim(jsonText(t, redact.Lines(trimmed, "\r\n")), `"`),
		"base64 of CRLF": base64.RawStdEncoding.EncodeToString([]byte(redact.Lines(trimmed, "\r\n"))),
		"base64, 76 a line": strings.TrimRight(
			broken(base64.StdEncoding.EncodeToString([]byte(value)), 76), "="),
		"base64, 64 a line": strings.TrimRight(
			broken(base64.StdEncoding.EncodeToString([]byte(value)), 64), "="),
	}
	if strings.ToLower(trimmed) != trimmed {
		delete(forms, "percent, small") // its lower case would change the letters too
	}
	return forms
}

func jsonText(t *testing.T, value string) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func broken(text string, width int) string {
	var lines []string
	for len(text) > width {
		lines, text = append(lines, text[:width]), text[width:]
	}
	return strings.Join(append(lines, text), "\n")
}

// TestP3AsRealProgramsPrint has texts that the named programs printed.
func TestP3AsRealProgramsPrint(t *testing.T) {
	m := redact.NewMatcher(secrets())
	for program, printed := range map[string]string{
		"bash printf %q":     `p@ss\ w\"o\'rd\$1/é#\\~\&\<x\>\!`,
		"bash set -x":        `p@ss w"o'\''rd$1/é#\~&<x>!`,
		"python json":        `p@ss w\"o'rd$1/\u00e9#\\~&<x>!`,
		"python json, UTF-8": `p@ss w\"o'rd$1/é#\\~&<x>!`,
		"python quote":       `p%40ss%20w%22o%27rd%241/%C3%A9%23%5C~%26%3Cx%3E%21`,
		"python quote_plus":  `p%40ss+w%22o%27rd%241%2F%C3%A9%23%5C~%26%3Cx%3E%21`,
		"python shlex":       `p@ss w"o'"'"'rd$1/é#\~&<x>!`,
		"python repr":        `p@ss w"o\'rd$1/é#\\~&<x>!`,
		"node encodeURI":     `p@ss%20w%22o'rd$1/%C3%A9#%5C~&%3Cx%3E!`,
		"node component":     `p%40ss%20w%22o'rd%241%2F%C3%A9%23%5C~%26%3Cx%3E!`,
		"php json":           `p@ss w\"o'rd$1\/\u00e9#\\~&<x>!`,
	} {
		if got, want := m.Text(printed), "<REDACTED:AWKWARD>"; got != want {
			t.Errorf("%s: got %q, want %q", program, got, want)
		}
	}
}

// TestP3Base64Inside looks for a secret inside a longer text in base64. The
// characters where it meets its neighbours hold bits of both and may stay: at most
// one at either end.
func TestP3Base64Inside(t *testing.T) {
	for _, secret := range secrets() {
		m := redact.NewMatcher([]redact.Secret{secret})
		for before := range 6 {
			for name, encoding := range map[string]*base64.Encoding{
				"std": base64.StdEncoding, "URL": base64.URLEncoding,
			} {
				whole := encoding.EncodeToString([]byte(strings.Repeat("u", before) + secret.Value + ":more"))
				got := m.Text(whole)
				left, right, found := strings.Cut(got, "<REDACTED:"+secret.Name+">")
				if !found {
					t.Fatalf("%s, %d before, %s: nothing masked in %q", secret.Name, before, name, got)
				}
				if most := (before*8 + 5) / 6; len(left) > most {
					t.Errorf("%s, %d before, %s: %d characters stay before the mask, at most %d may",
						secret.Name, before, name, len(left), most)
				}
				if most := (5*8+5)/6 + 3; len(right) > most {
					t.Errorf("%s, %d before, %s: %q stays behind the mask", secret.Name, before, name, right)
				}
			}
		}
	}
}

// TestP3LinesOfASecret prints a key after a prefix, indented, and with other line
// endings. Lines under 6 characters are not masked.
func TestP3LinesOfASecret(t *testing.T) {
	m := redact.NewMatcher(secrets())
	for _, ending := range []string{"\n", "\r\n", "\n\n"} {
		for _, prefix := range []string{"web-1  | ", "\t", "    - "} {
			var in, want strings.Builder
			for line := range strings.Lines(key) {
				line = strings.TrimSuffix(line, "\n")
				shown := "<REDACTED:KEY>"
				if line == "EOF" {
					shown = line
				}
				fmt.Fprint(&in, prefix, line, ending)
				fmt.Fprint(&want, prefix, shown, ending)
			}
			if got := m.Text(in.String()); got != want.String() {
				t.Errorf("prefix %q, ending %q: got %q, want %q", prefix, ending, got, want.String())
			}
		}
	}
}

func TestMasks(t *testing.T) {
	for _, c := range []struct{ name, value, in, want string }{
		{"DB_PASSWORD", "hunter22", "a hunter22 b", "a <REDACTED:DB_PASSWORD> b"},
		{"", "hunter22", "a hunter22 b", "a <REDACTED> b"},
		{"hunter22", "hunter22", "a hunter22 b", "a <REDACTED> b"},
		{"my hunter22 key", "hunter22", "a hunter22 b", "a <REDACTED> b"},
		{"two\nlines", "hunter22", "a hunter22 b", "a <REDACTED> b"},
		{"a>b", "hunter22", "a hunter22 b", "a <REDACTED> b"},
		{"NAME", "hunter22\n", "a hunter22\nb", "a <REDACTED:NAME>\nb"},
		{"NAME", "  hunter22 ", "a  hunter22 b", "a<REDACTED:NAME>b"},
		{"NAME", "hunter22", "hunter22hunter22", "<REDACTED:NAME><REDACTED:NAME>"},
		{"NAME", "abcabc", "abcabcabcabc", "<REDACTED:NAME>"},
	} {
		m := redact.NewMatcher([]redact.Secret{{Name: c.name, Value: c.value}})
		if got := m.Text(c.in); got != c.want {
			t.Errorf("%q in %q: got %q, want %q", c.value, c.in, got, c.want)
		}
	}
}

// TestMaskIsTheSameInAnyOrder exists because two runners that resolve the secrets in
// different orders must write the same log.
func TestMaskIsTheSameInAnyOrder(t *testing.T) {
	a, b := redact.Secret{Name: "A", Value: "hunter22"}, redact.Secret{Name: "B", Value: "hunter22"}
	c := redact.Secret{Name: "C", Value: "ter22hun"}
	const text = "hunter22 hunter22hun ter22hunter22"
	one := redact.NewMatcher([]redact.Secret{a, b, c}).Text(text)
	two := redact.NewMatcher([]redact.Secret{c, b, a}).Text(text)
	if one != two {
		t.Errorf("got %q in one order and %q in the other", one, two)
	}
}

func TestWeakValues(t *testing.T) {
	for value, weak := range map[string]bool{
		"": true, "abc": true, "  abc\n": true, "abcd": false, "é12": false, "\n\n\n\n": true,
	} {
		if got := redact.Judge(value) == redact.Short; got != weak {
			t.Errorf("%q is too short: %v, want %v", value, got, weak)
		}
		if weak {
			text := "abc " + value
			if got := redact.NewMatcher([]redact.Secret{{Name: "W", Value: value}}).Text(text); got != text {
				t.Errorf("a weak value %q changed %q to %q", value, text, got)
			}
		}
	}
}

func TestNoSecretsChangeNothing(t *testing.T) {
	if got := redact.NewMatcher(nil).Text(awkward); got != awkward {
		t.Errorf("got %q, want %q", got, awkward)
	}
}

// TestP3WhatEchoMakesOfASecret has shells print secrets with backslashes. dash's echo
// takes these for escapes.
func TestP3WhatEchoMakesOfASecret(t *testing.T) {
	for _, value := range []string{`C:\new\table`, `one\\two`, `line\none\nmore lines`, `sound\aoff\0101\07z`,
		`cut off\cnever seen`,
		`strange\q\x41`, `at the end\`, `\0\\\\0`, "two\nlines\\tand a tab"} {
		m := redact.NewMatcher([]redact.Secret{{Name: "S", Value: value}})
		for _, script := range []string{
			`echo "$SECRET"`, `echo "before:$SECRET"; echo after`, `printf '%b\n' "$SECRET"`,
		} {
			command := exec.Command("sh", "-c", script)
			command.Env = []string{"SECRET=" + value}
			said, err := command.Output()
			if err != nil {
				t.Fatalf("sh: %v", err)
			}
			rest := strings.NewReplacer("<REDACTED:S>", "", "before:", "", "after", "", "\n", "").
				Replace(m.Text(string(said)))
			if rest != "" {
				t.Errorf("%q by %s: %q is left", value, script, rest)
			}
		}
	}
}
