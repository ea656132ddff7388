package redact_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"waybill/internal/redact"
)

// piece is a run of plain bytes, or a mask and how many bytes it stands for.
type piece struct {
	text   string
	masked int
}

// oracle computes the expected output by brute force: every occurrence of every
// needle, joined where two share a byte, named by the longest and leftmost.
func oracle(texts, names []string, input string) []piece {
	best, until := make([]int, len(input)), make([]int, len(input))
	for i := range len(input) {
		best[i] = -1
		for n, text := range texts {
			if strings.HasPrefix(input[i:], text) && (best[i] < 0 || len(text) > len(texts[best[i]])) {
				best[i], until[i] = n, i+len(text)
			}
		}
	}
	var out []piece
	plain := 0
	for i := 0; i < len(input); i++ {
		if best[i] < 0 {
			continue
		}
		if plain < i {
			out = append(out, piece{text: input[plain:i]})
		}
		longest, end := best[i], until[i]
		for j := i + 1; j < end; j++ {
			if best[j] >= 0 {
				end = max(end, until[j])
				if len(texts[best[j]]) > len(texts[longest]) {
					longest = best[j]
				}
			}
		}
		out = append(out, piece{text: redact.Shown(names[longest]), masked: end - i})
		plain, i = end, end-1
	}
	if plain < len(input) {
		out = append(out, piece{text: input[plain:]})
	}
	return out
}

// stream passes the writes through a fresh stream. It joins adjacent pieces of plain
// bytes, and checks that no output comes before its input.
func stream(t *testing.T, m *redact.Matcher, writes ...string) []piece {
	t.Helper()
	return streamIn(t, m, func(*redact.Stream) {}, writes...)
}

// streamIn is stream with a change to the stream.
func streamIn(t *testing.T, m *redact.Matcher, change func(s *redact.Stream), writes ...string) []piece {
	t.Helper()
	var out []piece
	in, emitted := 0, 0
	s := m.Stream(func(p []byte, masked int) {
		if masked == 0 {
			emitted += len(p)
			if n := len(out); n > 0 && out[n-1].masked == 0 {
				out[n-1].text += string(p)
				return
			}
		}
		emitted += masked
		out = append(out, piece{string(p), masked})
	})
	change(s)
	for _, w := range writes {
		p := []byte(w)
		s.Write(p)
		clear(p) // the stream must not keep the slice
		if in += len(w); s.Held() != in-emitted {
			t.Fatalf("after %d bytes, %d emitted: Held() = %d, want %d", in, emitted, s.Held(), in-emitted)
		}
	}
	s.Flush()
	if s.Held() != 0 || emitted != in {
		t.Fatalf("after the end %d bytes are held, %d of %d emitted", s.Held(), emitted, in)
	}
	return out
}

func diff(got, want []piece) string {
	if slices.Equal(got, want) {
		return ""
	}
	return fmt.Sprintf("got  %+v\nwant %+v", got, want)
}

// checkCuts compares the stream with the oracle: with one write, a byte at a time,
// cut at every place, and cut at random.
func checkCuts(t *testing.T, m *redact.Matcher, texts, names []string, input string, random *rand.Rand) {
	t.Helper()
	want := oracle(texts, names, input)
	check := func(how string, writes ...string) {
		t.Helper()
		if d := diff(stream(t, m, writes...), want); d != "" {
			t.Fatalf("needles %q, input %q %s:\n%s", texts, input, how, d)
		}
	}
	check("whole", input)
	check("a byte at a time", strings.Split(input, "")...)
	for i := range len(input) {
		check(fmt.Sprintf("cut at %d", i), input[:i], input[i:])
	}
	for range 4 {
		check("cut at random", randomCuts(input, random)...)
	}
}

func randomCuts(input string, random *rand.Rand) (writes []string) {
	for len(input) > 0 {
		n := 1 + random.IntN(min(len(input), 6))
		writes, input = append(writes, input[:n]), input[n:]
	}
	return writes
}

func TestStreamIsTheOracleWhateverTheWrites(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	word := func(letters string, least, most int) string {
		var b strings.Builder
		for range least + random.IntN(most-least+1) {
			b.WriteByte(letters[random.IntN(len(letters))])
		}
		return b.String()
	}
	cases := 1000
	if testing.Short() {
		cases = 200
	}
	for i := range cases {
		letters := []string{"a", "ab", "abc", "ab\n", "abcdefgh"}[i%5]
		// The shortest needle decides how much of the text is read, so some sets have
		// only long needles.
		least := []int{4, 4, 5, 8, 14, 20}[i%6]
		var needles []string
		for range 1 + random.IntN(6) {
			needles = append(needles, word(letters, least, 9+3*(least-4)))
		}
		m, texts := redact.Literal(needles...)
		// Text of the needles and their halves meets more of the hard cases than
		// random letters do.
		var input strings.Builder
		for range random.IntN(8) {
			n := texts[random.IntN(len(texts))]
			from := random.IntN(len(n))
			input.WriteString([]string{
				n, n[:from], n[from:], word(letters, 0, 4), word("xyz", 1, 3),
			}[random.IntN(5)])
		}
		checkCuts(t, m, texts, numbered(len(texts)), input.String(), random)
	}
}

// TestStreamIsTheOracleInLargeWrites has needles of hundreds of bytes, so that
// sometimes the held bytes are longer than the next write, and sometimes they are
// not.
func TestStreamIsTheOracleInLargeWrites(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 150 {
		long := make([]byte, 900)
		for i := range long {
			long[i] = "ab"[random.IntN(2)]
		}
		a, b := random.IntN(400), 500+random.IntN(400)
		m, texts := redact.Literal(string(long), string(long[a:b]), string(long[:b]), string(long[a:a+20]))
		var input strings.Builder
		for range 6 {
			from := random.IntN(len(long))
			input.WriteString([]string{
				string(long[:from]), string(long[from:]), string(long[a : a+20]), string(long), "xy",
			}[random.IntN(5)])
		}
		want := oracle(texts, numbered(len(texts)), input.String())
		for _, most := range []int{30, 200, 1000, 4000} {
			var writes []string
			for rest := input.String(); len(rest) > 0; {
				n := 1 + random.IntN(min(len(rest), most))
				writes, rest = append(writes, rest[:n]), rest[n:]
			}
			if d := diff(stream(t, m, writes...), want); d != "" {
				t.Fatalf("writes of at most %d bytes:\n%s", most, d)
			}
		}
	}
}

// TestStreamFindsANeedleAnywhere moves a needle through a text that has nothing else
// like it, so that the stream skips the text at full speed.
func TestStreamFindsANeedleAnywhere(t *testing.T) {
	filler := strings.Repeat("#5 [build 3/9] COPY . /src\n", 11)
	for size := redact.MinSecretBytes; size <= 20; size++ {
		needle := "hunter22 is not longer"[:size]
		m, _ := redact.Literal(needle, "0123456789abcdefghijklmnopqrstuvwxyz")
		for at := range len(filler) {
			got := m.Text(filler[:at] + needle + filler[at:])
			if want := filler[:at] + redact.Shown("n1") + filler[at:]; got != want {
				t.Fatalf("a needle of %d bytes at %d: got %q", size, at, got)
			}
		}
	}
}

func numbered(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("n%d", i))
	}
	return names
}

func FuzzStream(f *testing.F) {
	f.Add("hunter22", "ter22hun", "xhunter22hunx", uint64(1))
	f.Add("aaaa", "aaaaab", "aaaaaaaaaaaaaaaab", uint64(2))
	f.Add("line one\nline two", "p@ss 'w\"", "web-1 | line one\r\nline two\n", uint64(3))
	f.Add("aaaa", "aaaa0", "aaa\x91K\xb5ȳaaaaaaaaaaaaa", uint64(2))
	f.Add("\xff\xfe\x00\x01", "", "\xff\xff\xfe\x00\x01", uint64(4))
	f.Fuzz(func(t *testing.T, one, two, input string, seed uint64) {
		if len(one)+len(two) > 200 || len(input) > 200 {
			return
		}
		secrets := []redact.Secret{{Name: "ONE", Value: one}, {Name: "TWO", Value: two}}
		texts, names := redact.Needles(secrets)
		for i, name := range names {
			names[i] = shownName(name, texts)
		}
		// The secrets themselves must be in the text now and then.
		input = strings.NewReplacer("1", one, "2", two).Replace(input)
		if len(input) > 2000 {
			return
		}
		checkCuts(t, redact.Values(secrets), texts, names, input, rand.New(rand.NewPCG(seed, 0)))
	})
}

// shownName is the name, or empty if it would show a secret.
func shownName(name string, texts []string) string {
	for _, text := range texts {
		if strings.Contains(name, text) {
			return ""
		}
	}
	return name
}

func TestStreamGoesOnAfterFlush(t *testing.T) {
	m, _ := redact.Literal("hunter22")
	var out strings.Builder
	s := m.Stream(func(p []byte, _ int) { out.Write(p) })
	s.Write([]byte("a hunt"))
	s.Flush()
	s.Write([]byte("er22 hunter22"))
	s.Flush()
	if got, want := out.String(), "a hunter22 <REDACTED:n0>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStreamHoldsOnlyWhatMayBecomeASecret(t *testing.T) {
	m, _ := redact.Literal("hunter22", "-----BEGIN")
	for text, held := range map[string]int{
		"Password: ": 0, "all said\n": 0, "hunter2": 7, "a hunter2": 7, "hunter22": 0, "huhunt": 4, "h": 1,
		"------": 5, "hunter22-": 1,
	} {
		s := m.Stream(func([]byte, int) {})
		s.Write([]byte(text))
		if s.Held() != held {
			t.Errorf("after %q %d bytes are held, want %d", text, s.Held(), held)
		}
	}
}

// TestStreamTakesNoMemory writes the worst cases: an endless secret, for which only a
// number may be kept, and an endless beginning of a secret.
func TestStreamTakesNoMemory(t *testing.T) {
	long := strings.Repeat("a", 4000)
	for name, needles := range map[string][]string{
		"an endless mask":      {"aaaa"},
		"an endless beginning": {long + "b"},
		"both":                 {"aaaa", "aaaaaaa", long + "b", long + "c"},
		"nothing":              {"bbbb"},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := redact.Literal(needles...)
			var out int
			s := m.Stream(func(p []byte, masked int) { out += max(masked, len(p)) })
			text := bytes.Repeat([]byte("a"), 32<<10)
			s.Write(text)
			if allocs := testing.AllocsPerRun(20, func() {
				s.Write(text)
				s.Write(text[:100])
				s.Write(text[:1])
			}); allocs > 0 {
				t.Errorf("%v allocations a write, want none", allocs)
			}
			if got, most := s.HeldCapacity(), 3*(32<<10+m.Longest()); got > most {
				t.Errorf("the buffer has %d bytes, at most %d may be", got, most)
			}
			s.Flush()
			if want := 32<<10 + 21*(32<<10+101); out != want {
				t.Errorf("%d bytes came out, want %d", out, want)
			}
		})
	}
}

func TestStreamBufferIsBoundedInALargeWrite(t *testing.T) {
	m, _ := redact.Literal("hunter22")
	s := m.Stream(func([]byte, int) {})
	s.Write([]byte("hunt"))
	s.Write(bytes.Repeat([]byte("x"), 8<<20))
	if got := s.HeldCapacity(); got > 128<<10 {
		t.Errorf("the buffer has %d bytes after a write of 8 MiB, want at most 128 KiB", got)
	}
}

// TestStreamMayStartAnywhereOutsideOfAMask exists because a log is resumed at the end
// of its last line by a stream that has not seen that line.
func TestStreamMayStartAnywhereOutsideOfAMask(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	m, texts := redact.Literal("abab", "ababba", "bbbb", "baab", "aabb\na")
	for range 300 {
		var input strings.Builder
		for range 10 {
			input.WriteString([]string{texts[random.IntN(len(texts))], "a", "b", "\n"}[random.IntN(4)])
		}
		rest := stream(t, m, input.String())
		for at := 0; len(rest) > 0; {
			if d := diff(stream(t, m, input.String()[at:]), rest); d != "" {
				t.Fatalf("%q from %d on:\n%s", input.String(), at, d)
			}
			if first := &rest[0]; first.masked == 0 && len(first.text) > 1 {
				first.text = first.text[1:]
				at++
				continue
			}
			at += max(rest[0].masked, 1)
			rest = rest[1:]
		}
	}
}

// TestANeedleAtTheEndOfAFoundSecret has a needle that begins in a secret that a pattern
// finds, or directly after it, at every distance from the beginning of the secret.
func TestANeedleAtTheEndOfAFoundSecret(t *testing.T) {
	for _, needle := range []string{`hq",Zseven`, `q",Zseven`, `",Zseven`, `,Zseven`} {
		m := redact.NewMatcher([]redact.Secret{{Name: "A", Value: needle}})
		for n := 8; n < 150; n++ {
			secret, _, _ := strings.Cut(needle, ",")
			line := `{"apiKey":"` + strings.Repeat("a1", n)[:n]
			if secret == "" {
				line += `"`
			}
			line += needle + " and some text that follows\n"
			var bytewise []string
			for i := range len(line) {
				bytewise = append(bytewise, line[i:i+1])
			}
			want := stream(t, m, bytewise...)
			if got := stream(t, m, line); diff(got, want) != "" {
				t.Fatalf("%s after %d bytes: got %v, want %v", needle, n, got, want)
			}
		}
	}
}
