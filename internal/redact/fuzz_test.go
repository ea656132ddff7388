package redact_test

import (
	"encoding/json"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"waybill/internal/redact"
)

// sameWhateverTheCuts returns the output of the text in one write, and checks that
// other cuts give the same. Each stream has a fresh matcher.
func sameWhateverTheCuts(
	t *testing.T, fresh func() *redact.Matcher, input string, random *rand.Rand,
) []piece {
	t.Helper()
	want := stream(t, fresh(), input)
	check := func(how string, writes []string) {
		t.Helper()
		if d := diff(stream(t, fresh(), writes...), want); d != "" {
			t.Fatalf("input %q, %s %q:\n%s", input, how, writes, d)
		}
	}
	check("a byte at a time", strings.SplitAfter(input, ""))
	for range 4 {
		check("cut at random", randomCuts(input, random))
	}
	if len(input) < 200 {
		for i := range input {
			check("cut once", []string{input[:i], input[i:]})
		}
	}
	return want
}

// keeps checks that only masked bytes are changed: plain output is the same as the
// input at its place.
func keeps(t *testing.T, out []piece, input string) {
	t.Helper()
	at := 0
	for _, p := range out {
		size := p.masked
		if p.masked == 0 {
			if size = len(p.text); input[at:at+size] != p.text {
				t.Fatalf("input %q: at %d there is %q", input, at, p.text)
			}
		} else if p.text != "" && !strings.HasPrefix(p.text, "<REDACTED") {
			t.Fatalf("input %q: masked by %q", input, p.text)
		}
		at += size
	}
	if at != len(input) {
		t.Fatalf("input %q: %d of %d bytes came out", input, at, len(input))
	}
}

// scraps are the parts of patterns. Random text of them meets the hard cases.
const scraps = "://|u:p@|@h |token|=|password|: |'|\"|\\|ghp_|0123456789abcdefghijABCDEF|-----BEGIN " +
	"|RSA PRIVATE KEY-----|-----END " +
	"|MIIEpAIBAAKCAQEAQ2hhbmdlTWVOb3RBS2V5Q2hhbmdlTWVOb3RBS2V5|\n|\r|web-1  | |Bearer " +
	"|Authorization|Cookie: |::add-mask::|--pass|word " +
	"|AGE-SECRET-KEY-1|AKIA|secret|hunter22|docker login -p |mysql -p|/|?|#| |x|_KEY|api" +
	"|identified by |${|}|,|;|&"

func scrapText(random *rand.Rand) string {
	var out strings.Builder
	list := strings.Split(scraps, "|")
	for range random.IntN(14) {
		s := list[random.IntN(len(list))]
		if random.IntN(5) == 0 {
			s = s[:random.IntN(len(s)+1)]
		}
		out.WriteString(s)
	}
	return out.String()
}

// TestPatternsDoNotDependOnTheWrites is FuzzPatterns with texts that were made to be
// hard.
func TestPatternsDoNotDependOnTheWrites(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	cases := 8000
	if testing.Short() {
		cases = 1500
	}
	matchers := []func() *redact.Matcher{
		redact.Fresh([]redact.Secret{{Name: "A", Value: "hunter22"}, {Name: "B", Value: "p@h tok"},
			{Name: "C", Value: "EY-1"}}),
		redact.Fresh([]redact.Secret{{Name: "A", Value: "-pas"}, {Name: "B", Value: "SECRE"},
			{Name: "C", Value: "kie: "}}),
	}
	for i := range cases {
		input := scrapText(random)
		keeps(t, sameWhateverTheCuts(t, matchers[i%2], input, random), input)
	}
	for _, c := range lineCases(t) {
		sameWhateverTheCuts(t, redact.Fresh(nil), c.in, random)
	}
}

// FuzzPatterns checks that the patterns' result does not depend on the writes, and
// that only masked bytes are changed.
func FuzzPatterns(f *testing.F) {
	for i, c := range lineCases(f) {
		f.Add(c.in, "hunter22", uint64(i))
	}
	f.Fuzz(func(t *testing.T, input, secret string, seed uint64) {
		if len(input) > 500 || len(secret) > 60 {
			return
		}
		input = strings.ReplaceAll(input, "1", secret)
		if len(input) > 2000 {
			return
		}
		m := redact.Fresh([]redact.Secret{{Name: "A", Value: secret}})
		keeps(t, sameWhateverTheCuts(t, m, input, rand.New(rand.NewPCG(seed, 1))), input)
	})
}

// FuzzNoSecretRemains checks that the output has no form of any secret, with patterns
// or without.
func FuzzNoSecretRemains(f *testing.F) {
	f.Add("hunter22", "p@ss 'w\"", "PASSWORD=1 at postgres://u:2@h/1", uint64(1))
	f.Add("line one\nline two", "abcabcabc", "web-1 | 1\r\n2", uint64(2))
	f.Fuzz(func(t *testing.T, one, two, input string, seed uint64) {
		if len(one)+len(two) > 100 || len(input) > 200 {
			return
		}
		secrets := []redact.Secret{{Name: "ONE", Value: one}, {Name: "TWO", Value: two}}
		texts, _ := redact.Needles(secrets)
		random := rand.New(rand.NewPCG(seed, 2))
		for i := range 3 { // their forms are in the text, too
			if len(texts) > 0 {
				input = strings.ReplaceAll(input, string("123"[i]), texts[random.IntN(len(texts))])
			}
		}
		if len(input) > 3000 {
			return
		}
		for _, p := range stream(t, redact.NewMatcher(secrets), randomCuts(input, random)...) {
			if p.masked != 0 {
				continue
			}
			for _, text := range texts {
				if strings.Contains(p.text, text) {
					t.Fatalf("secrets %q, input %q: %q is in %q", secrets, input, text, p.text)
				}
			}
		}
	})
}

// layers are encoders that a text passes one after the other.
var layers = []func(string) string{
	func(s string) string {
		text, err := json.Marshal(s)
		if err != nil {
			return s
		}
		return inside(string(text))
	},
	html.EscapeString,
	url.QueryEscape,
	func(s string) string { return strings.ReplaceAll(s, `'`, `''`) },
	func(s string) string { return strings.ReplaceAll(s, `"`, `""`) },
	func(s string) string { return strings.ReplaceAll(s, `$`, `$$`) },
	func(s string) string { return s },
}

// FuzzCompositions checks that a value that two encoders have written, and JSON after
// them, is masked to its last byte, whatever the writes.
func FuzzCompositions(f *testing.F) {
	for i, value := range composedValues {
		f.Add(value, uint(i), uint(i/2), i%2 == 0, uint64(i))
	}
	f.Add("one 'line'\nand \"another\"", uint(3), uint(0), true, uint64(1))
	f.Fuzz(func(t *testing.T, value string, one, two uint, three bool, seed uint64) {
		if len(value) > 60 || !utf8.ValidString(value) || strings.TrimSpace(value) != value ||
			redact.Judge(value) != redact.Strong {
			return
		}
		printed := layers[two%uint(len(layers))](layers[one%uint(len(layers))](value))
		if three {
			printed = layers[0](printed)
		}
		masked := 0
		fresh := redact.Fresh([]redact.Secret{{Value: value}})
		for _, p := range sameWhateverTheCuts(t, fresh, "v: "+printed+".\n", rand.New(rand.NewPCG(seed, 3))) {
			masked += p.masked
		}
		if masked < len(printed) {
			t.Fatalf("%q as %q: %d of %d bytes are masked", value, printed, masked, len(printed))
		}
	})
}

// FuzzDeclare checks that the text after a declaration does not have the declared
// value, that the line is left out, and that the writes do not matter.
func FuzzDeclare(f *testing.F) {
	f.Add("a\n", "xyzzy-9042", "b xyzzy-9042 c\n", uint64(1))
	f.Add("", "two%0Alines", "two\nlines", uint64(2))
	f.Add("-----BEGIN PRIVATE KEY-----\n", "hunter22", "hunter22", uint64(3))
	f.Add("PASSWORD=", "hunter22", "hunter22", uint64(4))
	f.Fuzz(func(t *testing.T, before, value, after string, seed uint64) {
		if len(before)+len(after) > 300 || len(value) > 60 || strings.ContainsAny(value, "\n\r") {
			return
		}
		line := redact.Declaration + value
		input := before + "\n" + line + "\n" + strings.ReplaceAll(after, "1", value)
		if len(input) > 2000 {
			return
		}
		m := redact.Fresh([]redact.Secret{{Name: "A", Value: "hunter22"}})
		out := sameWhateverTheCuts(t, m, input, rand.New(rand.NewPCG(seed, 3)))
		keeps(t, out, input)
		declared, _ := redact.DeclaredValue([]byte(line))
		texts, _ := redact.Needles([]redact.Secret{{Value: declared}})
		at := 0
		for _, p := range out {
			if p.masked != 0 {
				at += p.masked
				continue
			}
			plain := p.text[min(len(p.text), max(0, len(before)+1-at)):]
			for _, text := range texts {
				if strings.Contains(plain, text) {
					t.Fatalf("input %q: %q is in %q", input, text, plain)
				}
			}
			at += len(p.text)
		}
	})
}

// FuzzAdd checks that a secret that is added between two writes is not in the text
// that is let through from then on. It may be in that text together with the text
// before.
func FuzzAdd(f *testing.F) {
	f.Add("a token = hun", "ter22 hunter22", "hunter22", uint64(1))
	f.Add("x://u:hunter", "22@h", "hunter22", uint64(2))
	f.Fuzz(func(t *testing.T, first, second, secret string, seed uint64) {
		if len(first)+len(second) > 300 || len(secret) > 60 {
			return
		}
		m := redact.NewMatcher(nil)
		var out []piece
		s := m.Stream(func(p []byte, masked int) { out = append(out, piece{string(p), masked}) })
		random := rand.New(rand.NewPCG(seed, 4))
		write := func(text string) {
			for _, w := range randomCuts(text, random) {
				s.Write([]byte(w))
			}
		}
		write(first)
		out = nil
		m.Add(redact.Secret{Name: "A", Value: secret})
		write(second)
		s.Flush()
		texts, _ := redact.Needles([]redact.Secret{{Value: secret}})
		plain := ""
		for _, p := range append(out, piece{masked: 1}) {
			if p.masked == 0 {
				plain += p.text
				continue
			}
			for _, text := range texts {
				if strings.Contains(plain, text) {
					t.Fatalf("%q, then %q: %q is in %q", first, second, text, plain)
				}
			}
			plain = ""
		}
	})
}

// TestAValueBesideWhatAPatternFinds checks that such a value is masked, wherever it
// touches the find of a pattern. A line that comes in one write takes another path
// than one that does not.
func TestAValueBesideWhatAPatternFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(23, 24))
	const line = `a token="q8Zk2mN4vB7xq8Zk" with words, hvs.abcdefghijklmnopqrstuvwx, ` +
		"and a few words more behind them" +
		"\n"
	for from := range len(line) - 6 {
		value := line[from : from+6]
		if redact.Judge(value) != redact.Strong {
			continue
		}
		fresh := redact.Fresh([]redact.Secret{{Name: "A", Value: value}})
		for _, text := range []string{line, line + "x", "x\n" + line + line} {
			out := sameWhateverTheCuts(t, fresh, text, random)
			keeps(t, out, text)
			for _, p := range out {
				if p.masked == 0 && strings.Contains(p.text, value) {
					t.Errorf("%q is not masked in %q", value, text)
				}
			}
		}
	}
}
