// Package suite runs the module's tests and tells what happened in a few
// lines: one a package, the whole output of what failed, what was skipped and
// how to have it run, and the count at the end.
package suite

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"sort"
	"strings"
)

// Options say what to run.
type Options struct {
	// Root is the checkout.
	Root string
	// Environment is added to this process's, as "NAME=value".
	Environment []string
	// Arguments follow "go test -json", such as "./...".
	Arguments []string
	// Out gets the report.
	Out io.Writer
}

// Summary counts tests and subtests. A package that does not build counts as
// one failure.
type Summary struct {
	Passed, Failed int
	// Skipped has each skipped test with what it said.
	Skipped []Skip
}

// Skip is a test that did not run, and its reason.
type Skip struct{ Test, Reason string }

// event is one line of go test -json.
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// Run runs the tests once. The error is about running them; failed tests are
// in the summary.
func Run(ctx context.Context, opts Options) (Summary, error) {
	command := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, opts.Arguments...)...)
	command.Dir = opts.Root
	command.Env = append(command.Environ(), opts.Environment...)
	said, err := command.StdoutPipe()
	if err != nil {
		return Summary{}, err
	}
	command.Stderr = opts.Out
	if err := command.Start(); err != nil {
		return Summary{}, err
	}
	r := newReport(opts.Out)
	if err := r.read(said); err != nil {
		_ = command.Process.Kill()
		_ = command.Wait()
		return r.summary, err
	}
	if err := command.Wait(); err != nil && r.summary.Failed == 0 {
		// It failed without a test that failed: nothing was run at all.
		return r.summary, fmt.Errorf("go test: %w", err)
	}
	return r.summary, ctx.Err()
}

// Add puts the counts of two runs together.
func (s Summary) Add(other Summary) Summary {
	return Summary{
		Passed:  s.Passed + other.Passed,
		Failed:  s.Failed + other.Failed,
		Skipped: append(append([]Skip(nil), s.Skipped...), other.Skipped...),
	}
}

// Print writes what was skipped, once a reason, and the closing line.
func (s Summary) Print(out io.Writer) {
	tests := map[string][]string{}
	for _, skip := range s.Skipped {
		tests[skip.Reason] = append(tests[skip.Reason], skip.Test)
	}
	reasons := make([]string, 0, len(tests))
	for reason := range tests {
		reasons = append(reasons, reason)
	}
	sort.Strings(reasons)
	for _, reason := range reasons {
		fmt.Fprintf(out, "\nskipped %d: %s\n", len(tests[reason]), reason)
		for i, test := range tests[reason] {
			if i == 5 {
				fmt.Fprintf(out, "    and %d more\n", len(tests[reason])-i)
				break
			}
			fmt.Fprintf(out, "    %s\n", test)
		}
	}
	fmt.Fprintf(out, "\n%d passed, %d failed, %d skipped\n", s.Passed, s.Failed, len(s.Skipped))
}

// report reads events and keeps the output of what is still running.
type report struct {
	out     io.Writer
	output  map[string]*strings.Builder // by package, or package and test
	passed  map[string]int              // by package
	failed  map[string]int
	summary Summary
}

func newReport(out io.Writer) *report {
	return &report{out: out, output: map[string]*strings.Builder{}, passed: map[string]int{}, failed: map[string]int{}}
}

func (r *report) read(said io.Reader) error {
	lines := bufio.NewScanner(said)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(r.out, lines.Text())
			continue
		}
		r.take(e)
	}
	return lines.Err()
}

func (r *report) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		r.text(key).WriteString(e.Output)
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.closePackage(e)
		} else {
			r.closeTest(e, key)
		}
		delete(r.output, key)
	}
}

func (r *report) closeTest(e event, key string) {
	switch e.Action {
	case "pass":
		r.summary.Passed++
		r.passed[e.Package]++
	case "skip":
		r.summary.Skipped = append(r.summary.Skipped, Skip{Test: short(e.Package) + " " + e.Test, Reason: reason(r.text(key).String())})
	case "fail":
		r.summary.Failed++
		r.failed[e.Package]++
		fmt.Fprintf(r.out, "FAIL %s %s\n%s", short(e.Package), e.Test, indent(r.text(key).String()))
	}
}

func (r *report) closePackage(e event) {
	switch {
	case e.Action == "fail":
		if text := r.text(e.Package + " ").String(); strings.TrimSpace(text) != "" {
			fmt.Fprint(r.out, indent(text))
		}
		if r.failed[e.Package] == 0 {
			r.summary.Failed++ // it did not build, or its TestMain failed
		}
		fmt.Fprintf(r.out, "FAIL %-40s %6.1f s\n", short(e.Package), e.Elapsed)
	case r.passed[e.Package] > 0:
		fmt.Fprintf(r.out, "ok   %-40s %6.1f s  %d passed\n", short(e.Package), e.Elapsed, r.passed[e.Package])
	}
}

func (r *report) text(key string) *strings.Builder {
	if r.output[key] == nil {
		r.output[key] = &strings.Builder{}
	}
	return r.output[key]
}

// reason is what a skipped test said: its last line that is not the test
// runner's own, without the file and line in front.
func reason(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimSpace(lines[i])
		if line == "" || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "===") {
			continue
		}
		if _, said, found := strings.Cut(line, ".go:"); found {
			_, line, _ = strings.Cut(said, ": ")
		}
		return line
	}
	return "no reason given"
}

func short(pkg string) string { return strings.TrimPrefix(pkg, "waybill/") }

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ") + "\n"
}
