package redact_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/redact"
)

// composedValues are hard for one encoder or another, or for two.
var composedValues = []string{
	awkward, `pa$word"1`, `pa$w: 'x'`, `a&b<c$word1`, "päss🔑wört-91", `it's "both" & $more`, `x+y=z/'q'`,
	`C:\new\"table"`, `'begins and ends'`, `a%2Fb%c&d`, "tab\tand é, bell\a!", "two  spaces   inside",
}

// programs print the value of $V, each in its own way.
var programs = []struct{ name, tool, script string }{
	{"bash printf %q", "bash", `printf '%q\n' "$V"`},
	{"bash @Q", "bash", `echo "${V@Q}"`},
	{"bash declare", "bash", `declare -p V`},
	{"bash set -x", "bash", `set -x; : "$V"`},
	{"echo without quotes", "bash", `set -f; echo $V`},
	{"zsh printf %q", "zsh", `printf '%q\n' "$V"`},
	{"zsh q", "zsh", `print -r -- ${(q)V} ${(qq)V} ${(qqq)V} ${(qqqq)V}`},
	{"zsh set -x", "zsh", `set -x; : "$V"`},
	{"dash export", "dash", `export -p | grep ' V='`},
	{"busybox set -x", "busybox", `busybox sh -c 'set -x; : "$V"'`},
	{"coreutils printf %q", "bash", `/usr/bin/printf '%q\n' "$V"`},
	{"coreutils error", "bash", `cat "./$V" 2>&1 || true`},
	{"cat -v", "bash", `printf %s "$V" | cat -v`},
	{"base64", "bash", `printf %s "$V" | base64`},
	{"base64 -w 0", "bash", `printf %s "$V" | base64 -w 0`},
	{"xxd -p", "xxd", `printf %s "$V" | xxd -p`},
	{"perl Dumper", "perl",
		`perl -MData::Dumper -e '$Data::Dumper::Useqq=1; print Dumper($ENV{V});
utf8::decode($ENV{V}); $v=$ENV{V}; print Dumper("$v")'`},
	{"python", "python3", `python3 -c '
import os, json, html, csv, sys, shlex
from urllib.parse import quote as q
v = os.environ["V"]
sys.stdout.reconfigure(encoding="utf-8")
print(repr(v), ascii(v), repr(os.environb[b"V"]), shlex.quote(v), html.escape(v), html.escape(html.escape(v)))
print(json.dumps(v), json.dumps(json.dumps(v)))
print(json.dumps([json.dumps([json.dumps(v)])]), json.dumps(html.escape(v)))
print(q(v), q(q(v)), q(q(v, safe=""), safe=""), v.encode("ascii", "xmlcharrefreplace").decode())
csv.writer(sys.stdout).writerow([v])'`},
	{"jq", "jq",
		`jq -n 'env.V, (env.V|@json), (env.V|@html), (env.V|@uri), ([env.V]|@csv), (env.V|@sh)'
jq -an env.V`},
	{"awk", "bash", `awk 'BEGIN { print ENVIRON["V"] }'`},
	{"sed l", "bash", `printf '%s\n' "$V" | sed -n 'l 0'`},
	{"node", "node",
		`node -e 'const v = process.env.V; console.log([v])
console.log(encodeURIComponent(v), JSON.stringify(JSON.stringify(v)))'`},
	{"compose", "docker",
		`docker compose -f "$FILE" config | grep SETTING
docker compose -f "$FILE" config --format json | grep SETTING`},
}

// TestP3CompositionsOfRealPrograms has programs print awkward values in two locales,
// and looks for words of the value in the redacted output.
func TestP3CompositionsOfRealPrograms(t *testing.T) {
	file := filepath.Join(t.TempDir(), "compose.yaml")
	lacking := map[string]bool{}
	for _, program := range programs {
		t.Run(program.name+" is there", func(t *testing.T) {
			lacking[program.tool] = true
			lacking[program.tool] = !has(t, program.tool)
		})
	}
	for _, value := range composedValues {
		document, err := json.Marshal(map[string]any{"services": map[string]any{"web": map[string]any{
			"image": "none", "environment": map[string]string{
				"SETTING": strings.ReplaceAll(value, "$", "$$"),
			}}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, document, 0o600); err != nil {
			t.Fatal(err)
		}
		m := redact.Values([]redact.Secret{{Value: value}})
		for _, program := range programs {
			if lacking[program.tool] {
				continue
			}
			shell := "bash"
			if program.tool == "zsh" || program.tool == "dash" {
				shell = program.tool
			}
			locales := []string{"C", "C.UTF-8"}
			if shell == "bash" && program.tool != "bash" {
				locales = locales[1:] // they print the same in both
			}
			for _, locale := range locales {
				command := exec.Command(shell, "-c", program.script)
				command.Env = append(os.Environ(), "V="+value, "LC_ALL="+locale, "FILE="+file)
				printed, err := command.CombinedOutput()
				if err != nil {
					t.Errorf("%s: %v: %s", program.name, err, m.Text(string(printed)))
					continue
				}
				left := m.Text(string(printed))
				if part := remains(left, value); part != "" {
					t.Errorf("%s, %s, of %q: %q is left in %q", program.name, locale, value, part, left)
				}
			}
		}
	}
}

// packages has Debian's packages of the programs whose package has another name.
var packages = map[string]string{
	"docker":  "docker.io, and localstack/docker/compose",
	"node":    "nodejs",
	"python3": "python3",
}

// has reports whether the program is installed. If it is not, the test is skipped,
// except under WAYBILL_CI.
func has(t *testing.T, program string) bool {
	t.Helper()
	_, err := exec.LookPath(program)
	if err == nil && program == "docker" {
		err = exec.CommandContext(t.Context(), program, "compose", "version").Run()
	}
	if err == nil {
		return true
	}
	text := fmt.Sprintf("%s is not there: install %s", program, cmp.Or(packages[program], program))
	if os.Getenv("WAYBILL_CI") != "" {
		t.Error(text)
		return false
	}
	t.Skip(text)
	return false
}

func inside(quoted string) string { return quoted[1 : len(quoted)-1] }

// remains returns a word of the value that the text shows, or the whole text if
// nothing in it is masked.
func remains(text, value string) string {
	if !strings.Contains(text, "<REDACTED") {
		return text
	}
	for _, word := range strings.FieldsFunc(value, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
	}) {
		if len(word) > 2 && strings.Contains(text, word) {
			return word
		}
	}
	return ""
}

// TestP3Compositions applies encoders of the standard library and of others by hand,
// up to three deep.
func TestP3Compositions(t *testing.T) {
	layers := map[string]func(string) string{
		"JSON":    func(s string) string { return inside(jsonText(t, s)) },
		"HTML":    html.EscapeString,
		"YAML":    func(s string) string { return strings.ReplaceAll(s, `'`, `''`) },
		"CSV":     func(s string) string { return strings.ReplaceAll(s, `"`, `""`) },
		"compose": func(s string) string { return strings.ReplaceAll(s, `$`, `$$`) },
		"XML": func(s string) string {
			var out bytes.Buffer
			_ = xml.EscapeText(&out, []byte(s)) // a write to a buffer cannot fail
			return out.String()
		},
	}
	for _, value := range composedValues[:10] {
		fresh := redact.Fresh([]redact.Secret{{Value: value}})
		check := func(names, printed string) {
			t.Helper()
			if got := fresh().Text("v: " + printed + "\n"); got != "v: <REDACTED>\n" {
				t.Errorf("%q by %s: got %q of %q", value, names, got, printed)
			}
		}
		for one, first := range layers {
			check(one, first(value))
			for two, second := range layers {
				if one != "XML" && two != "XML" {
					check(one+", "+two, second(first(value)))
				}
			}
		}
		check("JSON in JSON in JSON", layers["JSON"](layers["JSON"](layers["JSON"](value))))
		check("compose, YAML, JSON", layers["JSON"](layers["YAML"](layers["compose"](value))))
	}
}

// TestP3FormsThatPassed lists spellings that were once let through, and tries them
// with different writes.
func TestP3FormsThatPassed(t *testing.T) {
	for _, c := range []struct{ value, printed string }{
		{`"quoted-91 x"`, `quoted-91 x`},
		{`'quoted-91 x'`, `quoted-91 x`},
		{`a'b=c+d`, `a\u0027b\u003dc+d`},
		{`a'b"c+d`, `a\u0027b\u0022c\u002Bd`},
		{`a'b"c<d`, `a&apos;b&quot;c&lt;d`},
		{`a'b"c<d`, `a&#39;b&#34;c&#60;d`},
		{`a'b"c<d`, `a&#x27;b&#x22;c&#x3C;d`},
		{`a'b"c<d`, `a''b""c<d`},
		{`a'b c/d`, `a%2527b%2520c%252Fd`},
		{"pässword", `p&auml;ssword`},
		{"pässword", `'p'$'\303\244''ssword'`},
		{"a   run  of spaces", "a run of spaces"},
	} {
		fresh := redact.Fresh([]redact.Secret{{Value: c.value}})
		got := fresh().Text(c.printed)
		sameWhateverTheCuts(t, fresh, c.printed, rand.New(rand.NewPCG(41, 42)))
		if strings.Trim(got, `'`) != "<REDACTED>" {
			t.Errorf("%q as %q: got %q", c.value, c.printed, got)
		}
	}
}

// TestP3Base64OfALongerTextInLines breaks base64 with neighbours into lines. At most
// the character next to each neighbour may stay.
func TestP3Base64OfALongerTextInLines(t *testing.T) {
	const value = "q8Zk2mN4vB7x-q8Zk2mN4vB7x_q8Zk2mN4vB7x"
	m := redact.Values([]redact.Secret{{Value: value}})
	for _, width := range []string{"64", "76"} {
		for before := range 80 {
			command := exec.Command("base64", "-w", width)
			command.Stdin = strings.NewReader(strings.Repeat("u", before) + ":" + value + "\n")
			printed, err := command.Output()
			if err != nil {
				t.Fatal(err)
			}
			left := strings.ReplaceAll(m.Text(string(printed)), "\n", "")
			if most := (before+1)*4/3 + 2 + len("<REDACTED>") + 5; len(left) > most ||
				!strings.Contains(left, "<REDACTED>") {
				t.Errorf("width %s, %d before: %q is left", width, before, left)
			}
		}
	}
}

// TestP3HexInLines has xxd break a long value into lines.
func TestP3HexInLines(t *testing.T) {
	value := strings.Repeat("q8Zk2mN4vB7x", 6)
	if !has(t, "xxd") {
		return
	}
	command := exec.Command("xxd", "-p")
	command.Stdin = strings.NewReader(value)
	printed, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := redact.Values([]redact.Secret{{Value: value}}).Text(string(printed)); got != "<REDACTED>\n" {
		t.Errorf("got %q", got)
	}
}

// TestP3ShortLinesBehindAPrefix masks a short line of a value that looks generated,
// and leaves a word.
func TestP3ShortLinesBehindAPrefix(t *testing.T) {
	m := redact.Values([]redact.Secret{{Value: "first line\n1234x\nthen\nlast line"}})
	got := m.Text("web-1  | first line\nweb-1  | 1234x\nweb-1  | then\nweb-1  | last line\n")
	if want := "web-1  | <REDACTED>\nweb-1  | <REDACTED>\nweb-1  | then\nweb-1  | <REDACTED>\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
