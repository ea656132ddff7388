package suite

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// fuzzed are the packages whose fuzz targets look for new inputs in a strict run.
// In other runs and in other packages, the fuzz targets run with the other tests
// and try only the inputs in the repository.
var fuzzed = []string{"./internal/redact"}

// FuzzOptions say what to run.
type FuzzOptions struct {
	// Root is the checkout, Packages are packages in it.
	Root     string
	Packages []string
	// Inputs is how many inputs each target tries. An input that breaks it stays in
	// the package's testdata/fuzz, to be committed with the fix.
	//
	// It is a count, because a target that reaches a limit of time in the middle of
	// an input fails with "context deadline exceeded".
	Inputs int
	// Out gets the report.
	Out io.Writer
}

// Fuzz runs the fuzz targets one after the other; each counts as a test.
func Fuzz(ctx context.Context, opts FuzzOptions) (Summary, error) {
	var total Summary
	for _, name := range opts.Packages {
		targets, err := opts.targets(ctx, name)
		if err != nil {
			return total, err
		}
		fmt.Fprintf(opts.Out, "\nThe fuzz targets of %s, %d inputs each:\n",
			strings.TrimPrefix(name, "./"), opts.Inputs)
		for _, target := range targets {
			summary, err := Run(ctx, Options{
				Root: opts.Root,
				Arguments: []string{"-run=^$", "-fuzz=^" + target + "$",
					fmt.Sprintf("-fuzztime=%dx", opts.Inputs), minimise, name},
				Out: opts.Out,
			})
			total = total.Add(summary)
			if err != nil {
				return total, err
			}
		}
	}
	return total, nil
}

// minimise bounds the work of making an interesting input shorter. By default go
// test may take a minute for each of them.
const minimise = "-fuzzminimizetime=100x"

// targets lists the fuzz targets of a package.
func (o FuzzOptions) targets(ctx context.Context, name string) ([]string, error) {
	command := exec.CommandContext(ctx, "go", "test", "-list=^Fuzz", name)
	command.Dir = o.Root
	said, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go test -list: %w", err)
	}
	var targets []string
	for _, word := range strings.Fields(string(said)) {
		if strings.HasPrefix(word, "Fuzz") {
			targets = append(targets, word)
		}
	}
	return targets, nil
}
