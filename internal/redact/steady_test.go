package redact_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"waybill/internal/redact"
)

// TestSteadyStateAllocatesNothing writes a text with everything in it (secrets, texts
// that look like secrets, lines without an end) until all buffers have grown.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	var text bytes.Buffer
	for _, c := range lineCases(t) {
		if !strings.HasPrefix(c.in, redact.Declaration) {
			text.WriteString(c.in + "\nhunter22 " + c.in + "\r")
		}
	}
	s := redact.NewMatcher([]redact.Secret{{Name: "A", Value: "hunter22"}, {Name: "KEY", Value: key}}).
		Stream(func([]byte, int) {})
	write := func() {
		for rest := text.Bytes(); len(rest) > 0; {
			n := min(len(rest), 1000)
			s.Write(rest[:n])
			rest = rest[n:]
		}
	}
	for range 3 {
		write()
	}
	if n := testing.AllocsPerRun(20, write); n > 0 {
		t.Errorf("%v allocations for %d bytes, want none", n, text.Len())
	}
}

// TestALineWithoutEndIsBounded writes endless lines that patterns look at. The stream
// keeps only a limited part of each, and masks a secret at any place of it.
func TestALineWithoutEndIsBounded(t *testing.T) {
	var out strings.Builder
	s := redact.NewMatcher(nil).Stream(func(p []byte, _ int) { out.Write(p) })
	filler := strings.Repeat("words and words ", 500)
	s.Write([]byte("token "))
	for range 200 {
		s.Write([]byte(filler + "PASSWORD=xyzzy-9042 "))
		if s.Held() > 70<<10 {
			t.Fatalf("%d bytes are held", s.Held())
		}
	}
	s.Flush()
	if strings.Contains(out.String(), "xyzzy") || strings.Count(out.String(), "PASSWORD=<REDACTED> ") != 200 {
		t.Error("a password in a long line is not masked")
	}
	if got := s.HeldCapacity(); got > 300<<10 {
		t.Errorf("the buffers have %d bytes", got)
	}
}

func TestP3ALongTokenIsMaskedToItsEnd(t *testing.T) {
	long := strings.Repeat("q8Zk2mN4vB7x", 200)
	for in, want := range map[string]string{
		`{"token":"` + long + `","x":1}`:                  `{"token":"<REDACTED>","x":1}`,
		"TOKEN=" + long + " x":                            "TOKEN=<REDACTED> x",
		"> Authorization: Bearer " + long + "\nx":         "> Authorization: Bearer <REDACTED>\nx",
		"Cookie: " + strings.Repeat("a=b; ", 300) + "c=d": "Cookie: <REDACTED>",
		"https://u:" + strings.Repeat("x1", 300) + "@h/":  "https://u:<REDACTED>@h/",
	} {
		if got := redact.NewMatcher(nil).Text(in); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestP3AKeyThatNeverEnds checks that such a key is masked for as long as it looks
// like one, and holds nothing back for ever.
func TestP3AKeyThatNeverEnds(t *testing.T) {
	var out strings.Builder
	s := redact.NewMatcher(nil).Stream(func(p []byte, _ int) { out.Write(p) })
	body := strings.Repeat("MIIEpAIBAAKCAQEA", 4)
	s.Write([]byte("-----BEGIN RSA PRIVATE KEY-----\n"))
	for range 3000 {
		s.Write([]byte(body + "\n"))
	}
	if s.Held() > 70<<10 {
		t.Errorf("%d bytes are held", s.Held())
	}
	for range 20 {
		s.Write([]byte("and now to something else\n"))
	}
	if s.Held() > 0 {
		t.Errorf("%d bytes are held behind the key", s.Held())
	}
	if strings.Contains(out.String(), "MIIE") ||
		strings.Count(out.String(), "and now to something else\n") != 20 {
		t.Errorf("got %.300q", out.String())
	}
}

// TestAPasswordAtTheLimit checks that the writes do not decide whether a password is
// found: the search for an @ and the search after a :// have the same limit.
func TestAPasswordAtTheLimit(t *testing.T) {
	random := rand.New(rand.NewPCG(31, 32))
	const limit = 1024
	for size := limit - 2; size <= limit+2; size++ {
		input := "at x://u:" + strings.Repeat("p", size-len("u:")) + "@h\n"
		masked := 0
		for _, p := range sameWhateverTheCuts(t, redact.Fresh(nil), input, random) {
			masked += p.masked
		}
		if found := masked > 0; found != (size <= limit) {
			t.Errorf("of %d bytes %d are masked", size, masked)
		}
	}
}
