package redact_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"waybill/internal/redact"
)

// written is a stream whose output is kept as a text.
func written(m *redact.Matcher) (*redact.Stream, *strings.Builder) {
	out := new(strings.Builder)
	return m.Stream(func(p []byte, _ int) { out.Write(p) }), out
}

// TestP3AddedSecretsCountFromTheNextByte adds a secret between two writes, after each
// part of the secret that the first write may have.
func TestP3AddedSecretsCountFromTheNextByte(t *testing.T) {
	const secret = "xyzzy-9042"
	for before := range len(secret) + 1 {
		m := redact.NewMatcher([]redact.Secret{{Name: "OLD", Value: "hunter22"}})
		s, out := written(m)
		s.Write([]byte("a hunter22 b " + secret[:before]))
		m.Add(redact.Secret{Name: "NEW", Value: secret})
		s.Write([]byte(secret[before:] + " c " + secret + " hunter22"))
		s.Flush()
		if got := out.String(); strings.HasSuffix(got, " c <REDACTED:NEW> <REDACTED:OLD>") == false {
			t.Errorf("%d bytes before: got %q", before, got)
		} else if before == 0 && got != "a <REDACTED:OLD> b <REDACTED:NEW> c <REDACTED:NEW> <REDACTED:OLD>" {
			t.Errorf("got %q", got)
		}
	}
}

// TestP3WhatIsHeldIsLookedAtAgain holds bytes back for one reason or another, then
// adds a secret that begins in them.
func TestP3WhatIsHeldIsLookedAtAgain(t *testing.T) {
	old := []redact.Secret{{Name: "OLD", Value: "hunter22"}, {Name: "LONG", Value: "xyz-not-this-one"}}
	for _, c := range []struct{ first, second, want string }{
		{"hunter", "33 ok\n", "<REDACTED:NEW> ok\n"},
		{"a password: hunter", "33 ok\n", "a password: <REDACTED:NEW> ok\n"},
		{"a token = 1 hunter", "33 ok\n", "a token = 1 <REDACTED:NEW> ok\n"},
		{"a token = 1 hunter22 hunter", "33 ok\n", "a token = 1 <REDACTED:OLD> <REDACTED:NEW> ok\n"},
		{"a token = 1 hunter33 x", "y ok\n", "a token = 1 <REDACTED:NEW> xy ok\n"},
		{"xyz-not-hunter", "33 ok\n", "xyz-not-<REDACTED:NEW> ok\n"},
		{"hunter22hunter", "33", "<REDACTED:OLD><REDACTED:NEW>"},
		{"x --passh", "unter33 ok", "x --pass<REDACTED:NEW> ok"},
		{"x --pas", "s1 --pass1 ok", "x --pass1 --<REDACTED:SHOWN> ok"}, // "--pas" was shown before
		{"-----BEGIN PRIVATE KEY-----\n:: hunter", "33 ok\n",
			"-----BEGIN <REDACTED>\n:: <REDACTED:NEW> ok\n"},
	} {
		m := redact.NewMatcher(old)
		s, out := written(m)
		s.Write([]byte(c.first))
		m.Add(redact.Secret{Name: "NEW", Value: "hunter33"}, redact.Secret{Name: "SHOWN", Value: "pass1"})
		s.Write([]byte(c.second))
		s.Flush()
		if got := out.String(); got != c.want {
			t.Errorf("%q, then %q: got %q, want %q", c.first, c.second, got, c.want)
		}
		if s.Held() != 0 {
			t.Errorf("%q, then %q: %d bytes are held at the end", c.first, c.second, s.Held())
		}
	}
}

// TestP3BothStreamsShareWhatIsAdded exists because a secret is often declared on one
// stream and printed on the other.
func TestP3BothStreamsShareWhatIsAdded(t *testing.T) {
	m := redact.NewMatcher(nil)
	stdout, out := written(m)
	stderr, err := written(m)
	stderr.Write([]byte("xyzzy-9042 before\n"))
	stdout.Write([]byte("::add-mask::xyzzy-9042\nxyzzy-9042 on stdout\n"))
	stderr.Write([]byte("xyzzy-9042 on stderr\n"))
	if got, want := out.String(), "<REDACTED> on stdout\n"; got != want {
		t.Errorf("stdout: got %q, want %q", got, want)
	}
	if got, want := err.String(), "xyzzy-9042 before\n<REDACTED> on stderr\n"; got != want {
		t.Errorf("stderr: got %q, want %q", got, want)
	}
	if got, want := m.Text("the reason: xyzzy-9042"), "the reason: <REDACTED>"; got != want {
		t.Errorf("a text: got %q, want %q", got, want)
	}
}

// TestP3AddAtAnyPlace adds a secret between two writes: no text that is let through
// later may have it.
func TestP3AddAtAnyPlace(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for range 2000 {
		var input strings.Builder
		for range 8 {
			input.WriteString([]string{
				"abab", "ab", "bb", "baab", "a", "\n", "token = ", "://a:", "@",
			}[random.IntN(9)])
		}
		text := input.String()
		at := random.IntN(len(text) + 1)
		m := redact.NewMatcher([]redact.Secret{{Name: "OLD", Value: "abab"}})
		s, out := written(m)
		s.Write([]byte(text[:at]))
		before := out.String()
		m.Add(redact.Secret{Name: "NEW", Value: "baab"})
		for _, w := range randomCuts(text[at:], random) {
			s.Write([]byte(w))
		}
		s.Flush()
		// The text let through before the secret came may end in the beginning of
		// one.
		if rest, ok := strings.CutPrefix(out.String(), before); !ok || strings.Contains(rest, "baab") {
			t.Fatalf("%q, added at %d: got %q behind %q", text, at, out, before)
		}
	}
}

func TestAddOfWhatIsKnownChangesNothing(t *testing.T) {
	m := redact.NewMatcher([]redact.Secret{{Name: "A", Value: "hunter22"}})
	m.Text("")
	if n := testing.AllocsPerRun(10, func() { m.Text("x") }); n > 10 {
		t.Errorf("a text costs %v allocations", n)
	}
	before := m.Generation()
	m.Add(redact.Secret{Name: "A", Value: "hunter22"})
	m.Declare("hunter22")
	if m.Generation() != before {
		t.Error("the matcher was built again for a secret that it has")
	}
	if got, want := m.Text("hunter22"), "<REDACTED:A>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDeclaredLinesAreLeftOut(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"::add-mask::xyzzy-9042\nxyzzy-9042\n", "<REDACTED>\n"},
		{"a\n::add-mask::xyzzy-9042\r\nxyzzy-9042\n", "a\n<REDACTED>\n"},
		{"::add-mask::one%0Atwo%25%0Dthree\none\ntwo%\rthree\n", "<REDACTED>\n"},
		{"::add-mask::xyzzy-9042\n::add-mask::plugh-1234\nplugh-1234 xyzzy-9042", "<REDACTED> <REDACTED>"},
		{"::add-mask::xyzzy-9042", ""},
		{"::add-mask::\n::add-mask:: \nok\n", "ok\n"},
		{"::add-mask:\n:add-mask::x\n", "::add-mask:\n:add-mask::x\n"},
		{"::add-mas", "::add-mas"},
		{"echo ::add-mask::xyzzy-9042\nxyzzy-9042\n", "echo ::add-mask::<REDACTED>\nxyzzy-9042\n"},
		{"hunter22\n::add-mask::hunter22 xyzzy\nhunter22 xyzzy", "<REDACTED:OLD>\n<REDACTED>"},
		{"::add-mask::abc\nabc\n", "abc\n"},
		{"::add-mask::docker\ndocker\n", "docker\n"},
		{"-----BEGIN PRIVATE KEY-----\n::add-mask::xyzzy-9042\nxyzzy-9042\n",
			"-----BEGIN <REDACTED>\n<REDACTED>\n"},
	} {
		check := func(how string, writes ...string) {
			t.Helper()
			m := redact.NewMatcher([]redact.Secret{{Name: "OLD", Value: "hunter22"}})
			var got strings.Builder
			for _, p := range stream(t, m, writes...) {
				got.WriteString(p.text)
			}
			if got.String() != c.want {
				t.Errorf("%q %s: got %q, want %q", c.in, how, got.String(), c.want)
			}
		}
		check("whole", c.in)
		check("a byte at a time", strings.Split(c.in, "")...)
		for i := range c.in {
			check(fmt.Sprintf("cut at %d", i), c.in[:i], c.in[i:])
		}
	}
}

func TestDeclaredLinesAreHeldOnlyAsLongAsNeeded(t *testing.T) {
	for text, held := range map[string]int{
		"::add-mask": 10, "::add-mask::x": 13, "\n:": 1, "::b": 0, "x\n::add-mask::xyzzy\ny": 0,
		"pass": 0, "Bearer": 0, "x ::add": 0, "\n::": 2,
		"a token here": 10, "a token here\r": 0, "a token here\n": 0,
	} {
		s := redact.NewMatcher(nil).Stream(func([]byte, int) {})
		s.Write([]byte(text))
		if s.Held() != held {
			t.Errorf("after %q %d bytes are held, want %d", text, s.Held(), held)
		}
	}
}

func TestDeclaredValue(t *testing.T) {
	for line, want := range map[string]string{
		"::add-mask::xyzzy": "xyzzy", "::add-mask::a%0Ab%25\r\n": "a\nb%", "::add-mask::": "",
		" ::add-mask::x": "-", "add-mask": "-",
	} {
		value, ok := redact.DeclaredValue([]byte(line))
		if !ok {
			value = "-"
		}
		if value != want {
			t.Errorf("%q: got %q, want %q", line, value, want)
		}
	}
}

// TestWarnings checks the warnings about values that were declared in vain. No
// warning shows a value.
func TestWarnings(t *testing.T) {
	m := redact.NewMatcher(nil)
	s, _ := written(m)
	s.Write([]byte("::add-mask::abc\n::add-mask::Docker\n::add-mask::abd\n::add-mask::" +
		strings.Repeat("x", 70<<10) + "\n"))
	got := strings.Join(m.Warnings(), "\n")
	want := `A value that the job declared as a secret is not masked: it has fewer than 4 characters.
A value that the job declared as a secret is not masked: it is a common word or number.
A value that the job declared as a secret is not masked: at most 1000 values of at most 65536 bytes are.`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if again := m.Warnings(); again != nil {
		t.Errorf("the same warnings came twice: %q", again)
	}
}

// TestDeclaringIsLinear declares values between lines of output. Four times as many
// take about four times as long. If the cost of each grew with the number before it,
// they would take sixteen times as long.
func TestDeclaringIsLinear(t *testing.T) {
	declare := func(n int) time.Duration {
		s, out := written(redact.NewMatcher(nil))
		start := cpuTime()
		for i := range n {
			value := strings.Repeat(fmt.Sprintf("value-%04d-", i), 100)
			s.Write([]byte(redact.Declaration + value + "\nnow " + value + " is hidden\n"))
		}
		s.Flush()
		if got := strings.Count(out.String(), "now <REDACTED> is hidden\n"); got != n {
			t.Fatalf("%d of %d values are masked", got, n)
		}
		return cpuTime() - start
	}
	declare(10)
	few, many := declare(100), declare(400)
	t.Logf("100 values take %v, 400 take %v", few, many)
	if many > 9*few {
		t.Errorf("100 values take %v, 400 take %v", few, many)
	}
}

// TestP3DeclaredValuesAreBoundedInAll declares large values until no more are taken.
// The log says so, and the values taken before stay masked.
func TestP3DeclaredValuesAreBoundedInAll(t *testing.T) {
	m := redact.NewMatcher(nil)
	value := func(i int) string { return strings.Repeat(fmt.Sprintf("%03d'\"&é ", i), 4000) }
	last := 0
	for ; len(m.Warnings()) == 0; last++ {
		if last == 900 {
			t.Fatal("everything is taken")
		}
		m.Declare(value(last))
	}
	if got := m.Text(value(0)); got != "<REDACTED>" {
		t.Errorf("the first value is not masked: %.40q", got)
	}
	m.Declare(value(last))
	const want = "The values that the job declares as secrets from here on are not masked: " +
		"all that it declared before take 64 MiB with their encoded forms, which is the most that is kept."
	if got := m.Warnings(); len(got) != 1 || got[0] != want {
		t.Errorf("got %q", got)
	}
	m.Declare(value(0))
	if got := m.Warnings(); got != nil {
		t.Errorf("a known value is warned of: %q", got)
	}
}

func TestAJobCannotDeclareWithoutEnd(t *testing.T) {
	m := redact.NewMatcher(nil)
	for i := range 1001 {
		m.Declare(fmt.Sprintf("value-%04d", i))
	}
	if got, want := m.Text("value-0999 value-1000"), "<REDACTED> value-1000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(m.Warnings()) != 1 {
		t.Error("nobody is told")
	}
}
