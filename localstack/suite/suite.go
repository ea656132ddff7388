// Package suite runs the module's tests and prints a short report: one line a
// package, the whole output of failed tests, the skipped tests with the way to
// have them run, and the counts at the end.
package suite

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"sync"

	"waybill/localstack/background"
	"waybill/localstack/progress"
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
	Passed int
	Failed []Failure
	// Skipped has each skipped test with its message.
	Skipped []Skip
}

// Failure is a test or a whole package that failed, and its output.
type Failure struct{ Test, Said string }

// Skip is a test that did not run, and its reason.
type Skip struct{ Test, Reason string }

// Run runs the tests once. Its error means that they could not be run; failed
// tests are in the summary.
func Run(ctx context.Context, opts Options) (Summary, error) {
	command := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, opts.Arguments...)...)
	command.Dir = opts.Root
	command.Env = append(command.Environ(), opts.Environment...)
	// If ctx ends, the test processes end with it.
	end := background.Contain(command)
	said, err := command.StdoutPipe()
	if err != nil {
		return Summary{}, err
	}
	command.Stderr = opts.Out
	if err := command.Start(); err != nil {
		return Summary{}, err
	}
	// A process that a test left running delays nothing, and is ended as well.
	defer func() { _ = end() }()
	r := newReport(opts.Out)
	done := make(chan struct{})
	var beat sync.WaitGroup
	beat.Go(func() { progress.Beat(done, r.tell) })
	broken := r.read(said)
	close(done)
	beat.Wait()
	if broken != nil {
		_ = end()
		_ = command.Wait()
		return r.summary, cmp.Or(ctx.Err(), broken)
	}
	err = command.Wait()
	r.abandon()
	if err != nil && len(r.summary.Failed) == 0 {
		// It failed without a test that failed: nothing was run at all.
		return r.summary, cmp.Or(ctx.Err(), fmt.Errorf("go test: %w", err))
	}
	return r.summary, ctx.Err()
}

// Add puts the counts of two runs together.
func (s Summary) Add(other Summary) Summary {
	return Summary{
		Passed:  s.Passed + other.Passed,
		Failed:  slices.Concat(s.Failed, other.Failed),
		Skipped: slices.Concat(s.Skipped, other.Skipped),
	}
}

// Print writes the summary: the skipped tests by reason, the failed tests and
// the counts. It repeats the failures because they may be far up in the report.
func (s Summary) Print(out io.Writer) {
	tests := map[string][]string{}
	for _, skip := range s.Skipped {
		tests[skip.Reason] = append(tests[skip.Reason], skip.Test)
	}
	for _, reason := range slices.Sorted(maps.Keys(tests)) {
		fmt.Fprintf(out, "\nskipped %d: %s\n", len(tests[reason]), reason)
		for i, test := range tests[reason] {
			if i == 5 {
				fmt.Fprintf(out, "    and %d more\n", len(tests[reason])-i)
				break
			}
			fmt.Fprintf(out, "    %s\n", test)
		}
	}
	for _, failure := range s.Failed {
		fmt.Fprintf(out, "\nfailed: %s\n", failure.Test)
		lines := own(failure.Said)
		if more := len(lines) - failureLines; more > 0 {
			lines = append([]string{fmt.Sprintf("(%d lines above)", more)}, lines[more:]...)
		}
		for _, line := range lines {
			fmt.Fprintf(out, "    %s\n", line)
		}
	}
	fmt.Fprintf(out, "\n%d passed, %d failed, %d skipped\n", s.Passed, len(s.Failed), len(s.Skipped))
}

// failureLines is the number of last lines of a failed test's output that the
// summary repeats.
const failureLines = 20
