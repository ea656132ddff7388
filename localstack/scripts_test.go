package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"waybill/localstack/progress"
)

// pipe runs a line of shell in the checkout, with TESTS as the folder of a
// module.
func pipe(t *testing.T, line, tests string, environment ...string) (out string, failed bool) {
	t.Helper()
	command := exec.Command("bash", "-c", line)
	command.Dir = ".."
	command.Env = append(os.Environ(), append(environment, "TESTS="+tests)...)
	said, err := command.CombinedOutput()
	return string(said), err != nil
}

// module writes Go test files, one for each package.
func module(t *testing.T, packages map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"go.mod": "module m\n\ngo 1.26\n"}
	for name, text := range packages {
		files[name+"/m_test.go"] = "package m\n" + text
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	good = `import "testing"
func TestGood(t *testing.T) { t.Run("part", func(t *testing.T) {}) }
`
	skipped = `import "testing"
func TestSkip(t *testing.T) { t.Skip("needs a server: apt-get install it") }
`
	bad = `import "testing"
func TestBad(t *testing.T) { t.Error("it broke") }
`
	teardown = `import ("os"; "testing")
func TestGood(t *testing.T) {}
func TestMain(m *testing.M) { m.Run(); os.Exit(3) }
`
	panics = `import "testing"
func TestMain(m *testing.M) { panic("over") }
`
)

func TestSummary(t *testing.T) {
	const line = `go tool gotestsum --raw-command --format none --format-icons text -- ` +
		`bash -c 'cd "$TESTS" && go test -json -count=1 ./... || :' | awk -f localstack/summary.awk`
	for _, c := range []struct {
		name     string
		packages map[string]string
		ci       string
		fails    bool
		want     []string // parts of the report, the end last
	}{
		{"tests and their parts count", map[string]string{"a": good}, "1", false,
			[]string{"\n2 passed, 0 failed, 0 skipped\n"}},
		{"a skipped test has its reason", map[string]string{"a": good, "b": skipped}, "", false,
			[]string{"\nskipped 1: needs a server: apt-get install it\n    m/b TestSkip\n",
				"\n2 passed, 0 failed, 1 skipped\n"}},
		{"a skipped test fails in CI", map[string]string{"b": skipped}, "1", true,
			[]string{"\n0 passed, 0 failed, 1 skipped\n"}},
		{"a failed test is repeated", map[string]string{"a": good, "c": bad}, "", true,
			[]string{"m/c TestBad", "it broke", "\n2 passed, 1 failed, 0 skipped\n"}},
		{"code that does not build is a failure", map[string]string{"a": good, "d": "func broken( {"}, "",
			true, []string{"d/m_test.go:2:14: expected", "\n2 passed, 1 failed, 0 skipped\n"}},
		{"so is a package whose end fails", map[string]string{"e": teardown}, "", true,
			[]string{"\n1 passed, 1 failed, 0 skipped\n"}},
		{"so is a panic outside of the tests", map[string]string{"f": panics}, "", true,
			[]string{"panic: over", "\n0 passed, 1 failed, 0 skipped\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, failed := pipe(t, line, module(t, c.packages), "WAYBILL_CI="+c.ci)
			if failed != c.fails {
				t.Errorf("failed = %v, want %v", failed, c.fails)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("the report lacks %q:\n%s", want, out)
				}
			}
			if end := c.want[len(c.want)-1]; !strings.HasSuffix(out, end) {
				t.Errorf("the report ends with something other than %q:\n%s", end, out)
			}
		})
	}
	t.Run("no result at all is a failure", func(t *testing.T) {
		if out, failed := pipe(t, "awk -f localstack/summary.awk </dev/null", ""); !failed {
			t.Errorf("no failure:\n%s", out)
		}
	})
}

func TestRatios(t *testing.T) {
	out, _ := pipe(t, `printf '%s\n' 'goos: linux' 'BenchmarkCopy/plain-2 100 2000 ns/op 512.00 MB/s' \
		'BenchmarkCopy/with-secrets-2 80 3000.5 ns/op' 'BenchmarkWhole-2 100 17 ns/op' \
		'BenchmarkRead/page 100 4.0 ns/op' PASS | awk -f localstack/ratios.awk`, "")
	var got []string
	for line := range strings.Lines(out) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := "|Time of each part, the first of its benchmark being 1:|" +
		"BenchmarkCopy/plain 1.00|BenchmarkCopy/with-secrets 1.50|BenchmarkRead/page 1.00"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
}

func TestStep(t *testing.T) {
	dir := t.TempDir()
	step := func(line string) (string, bool) {
		return pipe(t, `step=$PWD/localstack/step && cd "$TESTS" && "$step" `+line, dir)
	}
	if out, failed := step(`'the thing' true`); failed || !strings.HasPrefix(out, "  made   the thing in ") {
		t.Errorf("failed = %v: %s", failed, out)
	}
	out, failed := step(`'the thing' sh -c 'echo it is broken; exit 3'`)
	if !failed || !strings.Contains(out, "it is broken\nthe thing could not be made: `sh` ended with 3") {
		t.Errorf("failed = %v: %s", failed, out)
	}
}

func TestStepEndsItsChildren(t *testing.T) {
	dir := t.TempDir()
	step, err := filepath.Abs("step")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(step, "thing", "sh", "-c",
		"sleep 60 & echo $! >child.new; mv child.new child; wait")
	command.Dir = dir
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var child []byte
	poll(t, func() bool {
		child, err = os.ReadFile(filepath.Join(dir, "child"))
		return err == nil
	})
	if err := command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err == nil || command.ProcessState.ExitCode() != 130 {
		t.Errorf("it ended with %v, want exit status 130", err)
	}
	// A zombie has no command line.
	poll(t, func() bool {
		line, _ := os.ReadFile("/proc/" + strings.TrimSpace(string(child)) + "/cmdline")
		return len(line) == 0
	})
}

// poll waits until ready returns true.
func poll(t *testing.T, ready func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := progress.Poll(ctx, 10*time.Millisecond, func() (bool, error) { return ready(), nil })
	if err != nil {
		t.Fatal(err)
	}
}
