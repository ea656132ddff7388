package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"waybill/localstack/emulator"
	"waybill/localstack/prepare"
)

// endToEnd is the package that tries the whole stack, once on each emulator.
const endToEnd = "waybill/localstack/e2e"

// smoke selects the end-to-end tests that run on LocalStack. They use each
// function, queue, table and bucket, and the stack is the same as on MiniStack.
const smoke = "^(TestP1|TestP9|TestCancel$|TestComposeService$|TestShellApplication$)"

// fuzzInputs and fullFuzzInputs are how many inputs each fuzz target tries.
const (
	fuzzInputs     = 10_000
	fullFuzzInputs = 100_000
)

// AllOptions say where to run the tests, and whether all of them must run.
type AllOptions struct {
	// Root is the checkout.
	Root string
	// Strict counts a test that cannot run here as failed.
	Strict bool
	// Full runs everything on each emulator, fuzzes with more inputs and kills more runners.
	Full bool
	// Out gets the report.
	Out io.Writer
}

// All prepares the tools and runs every test that can run on this machine:
//
//  1. the packages, with an emulator for the adapters,
//  2. the fuzz targets, in a strict run,
//  3. the whole stack on each emulator.
//
// In the end no emulator is left running, whatever happened.
func All(ctx context.Context, opts AllOptions) (Summary, error) {
	can, lacks := prepare.Kinds(ctx, emulator.MiniStack, emulator.LocalStackPyPI)
	if reason, lacking := lacks[emulator.MiniStack]; lacking {
		return Summary{}, errors.New(reason)
	}
	say := func(line string) { fmt.Fprintln(opts.Out, line) }
	say("Preparing the tools in .local.")
	if err := prepare.All(ctx, prepare.Options{Root: opts.Root, Say: say}, can...); err != nil {
		return Summary{}, err
	}
	total, err := opts.packages(ctx, say)
	if err != nil {
		return total, err
	}
	if opts.Strict {
		summary, err := Fuzz(ctx, FuzzOptions{
			Root:     opts.Root,
			Packages: fuzzed,
			Inputs:   opts.fuzzInputs(),
			Out:      opts.Out,
		})
		total = total.Add(summary)
		if err != nil {
			return total, err
		}
	}
	for _, kind := range can {
		say(fmt.Sprintf("\n%s on %s:", opts.extent(kind), kind))
		summary, err := opts.stack(ctx, kind)
		total = total.Add(summary)
		if err != nil {
			return total, err
		}
	}
	if reason, lacking := lacks[emulator.LocalStackPyPI]; lacking {
		total.absent(opts, reason)
	}
	return total, nil
}

// absent counts the run on an emulator that cannot be prepared here.
func (s *Summary) absent(opts AllOptions, reason string) {
	test := fmt.Sprintf("the whole stack on %s", emulator.LocalStackPyPI)
	if opts.Strict {
		s.Failed = append(s.Failed, Failure{Test: test, Said: reason})
		return
	}
	s.Skipped = append(s.Skipped, Skip{Test: test, Reason: strings.ReplaceAll(reason, "\n  ", "; ")})
}

// packages runs the tests of every package except the end-to-end tests, with an
// emulator for the tests that need AWS. The emulator checks no roles, because
// the adapters' tests have none.
func (o AllOptions) packages(ctx context.Context, say func(string)) (Summary, error) {
	listed, err := o.list(ctx)
	if err != nil {
		return Summary{}, err
	}
	state := filepath.Join(o.Root, ".local", "test")
	if err := sweep(ctx, o.Root, state); err != nil {
		return Summary{}, err
	}
	aws, err := emulator.Start(ctx, emulator.Options{
		Kind:  emulator.MiniStack,
		Root:  o.Root,
		State: state,
		NoIAM: true,
		Say:   say,
	})
	if err != nil {
		return Summary{}, err
	}
	say("\nThe packages:")
	summary, err := Run(ctx, Options{
		Root:        o.Root,
		Environment: []string{"WAYBILL_TEST_ENDPOINT=" + aws.Endpoint()},
		Arguments:   append([]string{"-count=1", "-timeout=15m"}, listed...),
		Out:         o.Out,
	})
	return summary, errors.Join(err, aws.Stop(context.WithoutCancel(ctx)))
}

// fuzzInputs returns how many inputs each fuzz target tries.
func (o AllOptions) fuzzInputs() int {
	if o.Full {
		return fullFuzzInputs
	}
	return fuzzInputs
}

// smokes reports whether only the [smoke] tests run on an emulator.
func (o AllOptions) smokes(kind emulator.Kind) bool {
	return kind == emulator.LocalStackPyPI && !o.Full
}

// extent is the heading for the tests that run on an emulator.
func (o AllOptions) extent(kind emulator.Kind) string {
	if o.smokes(kind) {
		return "The smoke tests (all with FULL=1)"
	}
	return "The whole stack"
}

// stack runs the end-to-end tests on one emulator.
func (o AllOptions) stack(ctx context.Context, kind emulator.Kind) (Summary, error) {
	options := Options{
		Root:        o.Root,
		Environment: []string{"WAYBILL_E2E=1", "EMULATOR=" + string(kind)},
		Arguments:   []string{"-count=1", "-timeout=45m", endToEnd},
		Out:         o.Out,
	}
	if o.Full {
		options.Environment = append(options.Environment, "WAYBILL_FULL=1")
	}
	if o.smokes(kind) {
		options.Arguments = append(options.Arguments, "-run="+smoke)
	}
	summary, err := Run(ctx, options)
	// The tests stop their emulator, unless they were ended before that.
	left := sweep(context.WithoutCancel(ctx), o.Root, filepath.Join(o.Root, ".local", "e2e-"+string(kind)))
	return summary, errors.Join(err, left)
}

// sweep stops an emulator that an interrupted run has left.
func sweep(ctx context.Context, root, state string) error {
	found, _, err := emulator.Find(root, state)
	if err != nil || found == nil {
		return err
	}
	return found.Stop(ctx)
}

func (o AllOptions) list(ctx context.Context) ([]string, error) {
	command := exec.CommandContext(ctx, "go", "list", "./...")
	command.Dir = o.Root
	said, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var packages []string
	for _, name := range strings.Fields(string(said)) {
		if name != endToEnd {
			packages = append(packages, name)
		}
	}
	return packages, nil
}
