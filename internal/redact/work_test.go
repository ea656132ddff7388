package redact_test

import (
	"strings"
	"testing"

	"waybill/internal/redact"
)

// maxWorkPerByte is how often the patterns may read a byte. Quadratic work would need
// far more in these texts.
const maxWorkPerByte = 40

// work is how many bytes the patterns read for each byte of the text, which is one
// line.
func work(text string) float64 {
	s := redact.NewMatcher(nil).Stream(func([]byte, int) {})
	s.Write([]byte(text))
	s.Flush()
	return float64(s.Work()) / float64(len(text))
}

// hostile are texts that, if repeated, have an anchor in every few bytes. Each of
// them once made the patterns read the rest of the line at every anchor.
var hostile = []string{
	"token=", "password=$A,", "curl -u a ", "curl -", "cookie: a ", "authorization: a $(", "cookie: <",
	"x://a:@", "x://a@b",
	"mysql -x ", "redis-cli -a ", "docker login -p ", "password: a ", "password is ", "password:",
	"token:a-", "token=://",
	`token="`, `token='\''`, `password='${''`, `password="$A"`, `"auth":"`, ":5432:a:b", "*:*:*:a:",
	"<password>", "<token a='b'>",
	"--password <a ", "--token=", "SECRET: a\t", "password=", `token=a"b`, "-----BEGIN PRIVATE KEY",
	"-----BEGIN PRIVATE KEY-----",
	"Bearer $(", "?sig=", "eyJhbGci.", "password=;;;", "password: ....", `"name":"DB_PASSWORD","value":"$A"`,
	"\rtoken ",
}

func TestHostileLinesTakeLinearWork(t *testing.T) {
	for _, text := range hostile {
		for _, end := range []string{
			"", "'", strings.Repeat(" ", 20_000), strings.Repeat(";", 20_000), "1aB@", "://",
		} {
			line := strings.Repeat(text, 40_000/len(text)) + end
			if got := work(line); got > maxWorkPerByte {
				t.Errorf("%q repeated, then %.5q: %.0f bytes are read for each, at most %d may be",
					text, end, got, maxWorkPerByte)
			}
		}
	}
}

// TestALongWriteTakesLinearWork is the same for a line in one write that is far
// longer than the kept part of a line.
func TestALongWriteTakesLinearWork(t *testing.T) {
	for _, text := range []string{"token=", "password=$A,", "x://a:@", `token="`} {
		if got := work(strings.Repeat(text, 6<<20/len(text))); got > maxWorkPerByte {
			t.Errorf("%q repeated: %.0f bytes are read for each, at most %d may be",
				text, got, maxWorkPerByte)
		}
	}
}

// FuzzWork checks that the work grows no faster than the line, whatever the line
// repeats.
func FuzzWork(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, "")
	}
	for _, c := range lineCases(f) {
		f.Add(c.in, "token=")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		if len(one) == 0 || len(one)+len(two) > 200 {
			return
		}
		line := strings.Repeat(one, 10_000/len(one)) + strings.Repeat(two, 10_000/max(1, len(two)))
		if got := work(line); got > maxWorkPerByte {
			t.Fatalf("%q repeated, then %q: %.0f bytes are read for each", one, two, got)
		}
	})
}
