package redact_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"waybill/internal/redact"
)

// lineCase is a text and its expected output.
type lineCase struct{ in, want string }

var marked = regexp.MustCompile(`⟦(?:([A-Z_]+)¦)?([^⟧]*)⟧`)

// lineCases reads testdata/lines.txt, which describes its own format.
func lineCases(t testing.TB) (out []lineCase) {
	t.Helper()
	text, err := os.ReadFile("testdata/lines.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		line = strings.NewReplacer("·", "", "␊", "\n", "␍", "\r", "␛", "\x1b").Replace(line)
		c := lineCase{in: marked.ReplaceAllString(line, "$2")}
		c.want = marked.ReplaceAllStringFunc(line, func(m string) string {
			return redact.Shown(marked.FindStringSubmatch(m)[1])
		})
		out = append(out, c)
	}
	return out
}

// TestP3LinesThatProgramsPrint checks for each line that the secret is masked and
// that all else stays, alone and among other lines.
func TestP3LinesThatProgramsPrint(t *testing.T) {
	cases := lineCases(t)
	if len(cases) < 150 {
		t.Errorf("there are %d lines, at least 150 must be", len(cases))
	}
	m := redact.NewMatcher(nil)
	for _, c := range cases {
		for _, around := range []string{"", "\n", "one line\n", "\t"} {
			if got, want := m.Text(around+c.in+"\n next: 1\n"), around+c.want+"\n next: 1\n"; got != want {
				t.Errorf("%q:\ngot  %q\nwant %q", around+c.in, got, want)
				break
			}
		}
	}
}
