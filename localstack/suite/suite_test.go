package suite_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waybill/localstack/suite"
)

const tests = `package m

import "testing"

func TestGood(t *testing.T) { t.Run("part", func(t *testing.T) {}) }
func TestBad(t *testing.T)  { t.Error("it broke") }
func TestSkip(t *testing.T) { t.Skip("needs a server: apt-get install it") }
`

func module(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module m\n\ngo 1.26\n", "m_test.go": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func run(t *testing.T, dir string) (suite.Summary, string) {
	t.Helper()
	var out strings.Builder
	summary, err := suite.Run(context.Background(), suite.Options{Root: dir, Arguments: []string{"-count=1", "./..."}, Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	summary.Print(&out)
	return summary, out.String()
}

func TestRun(t *testing.T) {
	t.Run("counts, failures and reasons are told", func(t *testing.T) {
		_, out := run(t, module(t, tests))
		for _, want := range []string{
			"it broke",
			"skipped 1: needs a server: apt-get install it\n    m TestSkip",
			"\n2 passed, 1 failed, 1 skipped\n",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("the report lacks %q:\n%s", want, out)
			}
		}
	})
	t.Run("code that does not build is a failure with its message", func(t *testing.T) {
		summary, out := run(t, module(t, "package m\n\nfunc broken( {\n"))
		if summary.Failed == 0 || !strings.Contains(out, "m_test.go:3:14: expected") {
			t.Errorf("failed = %d, report:\n%s", summary.Failed, out)
		}
	})
}
