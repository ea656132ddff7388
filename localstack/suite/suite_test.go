package suite_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	summary, err := suite.Run(context.Background(), suite.Options{
		Root:      dir,
		Arguments: []string{"-count=1", "./..."},
		Out:       &out,
	})
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
			"FAIL m TestBad\n",
			"\nfailed: m TestBad\n        m_test.go:6: it broke\n",
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
		if len(summary.Failed) == 0 || !strings.Contains(out, "m_test.go:3:14: expected") {
			t.Errorf("failed = %v, report:\n%s", summary.Failed, out)
		}
	})
	t.Run("tests that a panic cut short are told, with what they said", func(t *testing.T) {
		summary, out := run(t, module(t, `package m

import "testing"

func TestGood(t *testing.T) {}
func TestCut(t *testing.T)  { t.Run("part", func(t *testing.T) { panic("over") }) }
`))
		if len(summary.Failed) == 0 || summary.Passed != 1 || !strings.Contains(out, "panic: over") {
			t.Errorf("%+v, report:\n%s", summary, out)
		}
	})
	t.Run("what was not run to its end because go test was killed is a failure", func(t *testing.T) {
		dir := module(t, `package m

import (
	"os"
	"syscall"
	"testing"
)

func TestGood(t *testing.T) {}
func TestKill(t *testing.T) {
	_ = syscall.Kill(os.Getppid(), syscall.SIGKILL)
	select {}
}
`)
		// go test may be killed before or after it has reported a test.
		summary, err := suite.Run(t.Context(), suite.Options{
			Root:      dir,
			Arguments: []string{"-count=1", "./..."},
			Out:       io.Discard,
		})
		if len(summary.Failed) == 0 && err == nil {
			t.Errorf("%+v, and no error", summary)
		}
	})
	t.Run("its end ends the tests", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := suite.Run(ctx, suite.Options{
			Root: module(t,
				"package m\n\nimport \"testing\"\n\nfunc TestLong(t *testing.T) { select {} }\n"),
			Arguments: []string{"-count=1", "./..."}, Out: io.Discard})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want the deadline's", err)
		}
	})
}

const targets = `package m

import "testing"

func FuzzGood(f *testing.F) { f.Fuzz(func(t *testing.T, s string) {}) }
func FuzzBad(f *testing.F) {
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2 {
			t.Error("it is too long")
		}
	})
}
`

func TestFuzzCountsTargetsAndTellsWhatBreaksOne(t *testing.T) {
	var out strings.Builder
	summary, err := suite.Fuzz(t.Context(), suite.FuzzOptions{
		Root:     module(t, targets),
		Packages: []string{"."},
		Inputs:   20_000,
		Out:      &out,
	})
	if err != nil {
		t.Fatal(err)
	}
	if summary.Passed != 1 || len(summary.Failed) == 0 || !strings.Contains(out.String(), "it is too long") {
		t.Errorf("%d passed, %d failed, want one that passes and one that fails:\n%s",
			summary.Passed, len(summary.Failed), out.String())
	}
}
