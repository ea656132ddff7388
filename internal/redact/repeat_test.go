package redact_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"waybill/internal/redact"
)

// sameWithoutRepeats checks that the result is the same if no repetition is skipped,
// whether the line comes in one write or not.
func sameWithoutRepeats(t *testing.T, fresh func() *redact.Matcher, line string) {
	t.Helper()
	cut := min(len(line), 3000)
	for _, writes := range [][]string{
		{line}, {line + "\n"}, {line[:cut], line[cut:]},
	} {
		want := streamIn(t, fresh(), (*redact.Stream).JudgeAll, writes...)
		if got := stream(t, fresh(), writes...); diff(got, want) != "" {
			t.Fatalf("%.200q, %d bytes, ends with %.200q, %d writes: got %d pieces, want %d",
				line, len(line), line[max(0, len(line)-200):], len(writes), len(got), len(want))
		}
	}
}

var repeatMatcher = redact.Fresh([]redact.Secret{
	{Name: "A", Value: "hunter22"}, {Name: "B", Value: "p@h tok"}, {Name: "C", Value: "EY-1"},
})

// TestRepetitionsGiveTheSameResult repeats hostile texts, and texts of scraps, between
// other texts.
func TestRepetitionsGiveTheSameResult(t *testing.T) {
	random := rand.New(rand.NewPCG(41, 42))
	for _, text := range hostile {
		for _, end := range []string{
			"", "'", "\"", " x", "@h", "1aB2cD3eF4gH5iJ6kL7m",
			strings.Repeat(";", 3000), strings.Repeat(" ", 300) + "a",
		} {
			sameWithoutRepeats(t, repeatMatcher, scrapText(random)+strings.Repeat(text, 7000/len(text))+end)
		}
	}
	cases := 250
	if testing.Short() {
		cases = 100
	}
	for range cases {
		text := scrapText(random)
		sameWithoutRepeats(t, repeatMatcher,
			scrapText(random)+"\n"+strings.Repeat(text+"\n", random.IntN(30))+scrapText(random))
		sameWithoutRepeats(t, repeatMatcher,
			scrapText(random)+strings.Repeat(text, 7000/max(100, len(text)))+
				strings.Repeat(scrapText(random), random.IntN(400))+scrapText(random))
	}
}

// TestALineAfterAMaskIsNoRepetition repeats a line that had a mask on its left the
// first time. What follows "password" is a secret after a space, but not after a mask.
func TestALineAfterAMaskIsNoRepetition(t *testing.T) {
	m := redact.NewMatcher([]redact.Secret{{Name: "A", Value: "hunter22 "}})
	const line = "password q8Zk2mN4vB7x\n"
	want := "<REDACTED:A>" + line + strings.Repeat("b password <REDACTED>\n", 9)
	if got := m.Text("hunter22 " + line + strings.Repeat("b "+line, 9)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzRepeats is TestRepetitionsGiveTheSameResult with texts that are found by chance.
func FuzzRepeats(f *testing.F) {
	for _, text := range hostile {
		f.Add("a ", text, " x")
	}
	for _, c := range lineCases(f) {
		f.Add("token=", c.in, "\"")
	}
	f.Fuzz(func(t *testing.T, before, text, after string) {
		if len(text) > 120 || len(before)+len(after) > 200 || len(text) == 0 {
			return
		}
		sameWithoutRepeats(t, repeatMatcher, before+strings.Repeat(text, 3+6000/len(text))+after)
		// The same as lines, which are skipped in another way.
		sameWithoutRepeats(t, repeatMatcher, before+strings.Repeat(text+"\n", 20)+after)
	})
}
