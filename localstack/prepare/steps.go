package prepare

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"waybill/localstack/emulator"
)

// All prepares what a stack on an emulator of each kind needs.
func All(ctx context.Context, opts Options, kinds ...emulator.Kind) error {
	if err := Missing(ctx, kinds...); err != nil {
		return err
	}
	w := workshop{root: opts.Root}
	download := []Step{w.commandLine()}
	for _, kind := range kinds {
		download = append(download, w.emulator(ctx, kind)...)
	}
	// Downloads wait for the network while the compiler needs the processor.
	return Run(ctx, opts, download, []Step{w.functions(kinds), w.app()})
}

// workshop knows the steps.
type workshop struct{ root string }

func (w workshop) local(path ...string) string {
	return filepath.Join(append([]string{w.root, ".local"}, path...)...)
}

func (w workshop) commandLine() Step {
	dir := filepath.Join(w.root, "localstack")
	return Step{
		Name:   "CDK command line",
		Inputs: []string{"localstack/package.json", "localstack/package-lock.json"},
		Output: filepath.Join(dir, "node_modules", ".bin", "cdk"),
		Make: func(ctx context.Context, log *bytes.Buffer) error {
			return run(ctx, log, dir, nil, "npm", "ci", "--no-audit", "--no-fund", "--loglevel", "error")
		},
	}
}

// functions builds all functions with one command, which shares the work, and
// lays each where the CDK app looks for it.
func (w workshop) functions(kinds []emulator.Kind) Step {
	// In a container they run on Linux, on an emulator without one right here.
	system := runtime.GOOS
	if len(kinds) == 1 && kinds[0] == emulator.LocalStack {
		system = "linux"
	}
	return Step{
		Name:   "functions",
		Inputs: []string{"functions", "internal", "go.mod", "go.sum"},
		Key:    runtime.Version() + " " + system,
		Output: w.local("functions"),
		Make: func(ctx context.Context, log *bytes.Buffer) error {
			built := w.local("functions.new")
			if err := cmp.Or(os.RemoveAll(built), os.MkdirAll(built, 0o755)); err != nil {
				return err
			}
			err := run(ctx, log, w.root, []string{"CGO_ENABLED=0", "GOOS=" + system},
				"go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w", "-o", built+"/", "./functions/...")
			if err != nil {
				return err
			}
			return w.layFunctions(built)
		},
	}
}

// layFunctions moves NAME to functions/NAME/bootstrap, Lambda's name for it.
func (w workshop) layFunctions(built string) error {
	programs, err := os.ReadDir(built)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(w.local("functions")); err != nil {
		return err
	}
	for _, program := range programs {
		folder := w.local("functions", program.Name())
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(built, program.Name()), filepath.Join(folder, "bootstrap")); err != nil {
			return err
		}
	}
	return os.Remove(built)
}

func (w workshop) app() Step {
	program := w.local("bin", "infra")
	return Step{
		Name:   "CDK app",
		Inputs: []string{"infra", "internal", "go.mod", "go.sum"},
		Key:    runtime.Version(),
		Output: program,
		Make: func(ctx context.Context, log *bytes.Buffer) error {
			return run(ctx, log, w.root, nil, "go", "build", "-o", program, "./infra")
		},
	}
}

// run runs a tool to its end, its output going to log.
func run(ctx context.Context, log *bytes.Buffer, dir string, environment []string, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = log, log
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(name), args[0], err)
	}
	return nil
}
