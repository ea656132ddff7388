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

	"waybill/localstack/background"
	"waybill/localstack/emulator"
)

// All prepares everything that a stack on an emulator of each kind needs.
func All(ctx context.Context, opts Options, kinds ...emulator.Kind) error {
	if err := Missing(ctx, kinds...); err != nil {
		return err
	}
	w := workshop{root: opts.Root}
	download := []Step{w.commandLine()}
	for _, kind := range kinds {
		download = append(download, w.emulator(ctx, kind)...)
	}
	// Downloads need the network and the compiler needs the processor, so the
	// two lanes run at the same time.
	return Run(ctx, opts, download, []Step{w.functions(targetOf(kinds)), w.app()})
}

// ForAWS prepares everything that `cdk deploy` needs: the functions for Lambda's
// machines, in the folder dist, the CDK app and its command line. The
// architecture must be the stack's; "" is arm64.
func ForAWS(ctx context.Context, opts Options, architecture string) error {
	if err := Missing(ctx); err != nil {
		return err
	}
	processor, known := map[string]string{"": "arm64", "arm64": "arm64", "x86_64": "amd64"}[architecture]
	if !known {
		return fmt.Errorf("ARCHITECTURE=%s is unknown: it is arm64 or x86_64", architecture)
	}
	w := workshop{root: opts.Root}
	return Run(ctx, opts, []Step{w.commandLine()},
		[]Step{w.functions(target{"functions for AWS", "dist", "linux", processor}), w.app()})
}

// workshop has the steps for one checkout.
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

// target is the system and processor that functions are built for, their folder
// below .local and the name of the step. Each folder has a step name of its own,
// because a step has one stamp.
type target struct{ name, folder, system, processor string }

// targetOf returns the target for the emulators: Linux if the only one runs in a
// container, otherwise the system of this machine.
func targetOf(kinds []emulator.Kind) target {
	if len(kinds) == 1 && kinds[0] == emulator.LocalStack {
		return target{"functions", "functions", "linux", runtime.GOARCH}
	}
	return target{"functions", "functions", runtime.GOOS, runtime.GOARCH}
}

// functions builds all functions with one command, which compiles shared
// packages once, and moves each to the place where the CDK app looks for it.
func (w workshop) functions(to target) Step {
	return Step{
		Name:   to.name,
		Inputs: []string{"functions", "internal", "go.mod", "go.sum"},
		Key:    fmt.Sprintln(runtime.Version(), to.system, to.processor),
		Output: w.local(to.folder),
		Make: func(ctx context.Context, log *bytes.Buffer) error {
			built := w.local(to.folder + ".new")
			if err := cmp.Or(os.RemoveAll(built), os.MkdirAll(built, 0o755)); err != nil {
				return err
			}
			err := run(ctx, log, w.root,
				[]string{"CGO_ENABLED=0", "GOOS=" + to.system, "GOARCH=" + to.processor},
				"go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w",
				"-o", built+"/", "./functions/...")
			if err != nil {
				return err
			}
			return w.layFunctions(built, w.local(to.folder))
		},
	}
}

// layFunctions moves each NAME to NAME/bootstrap, the file name that Lambda
// expects.
func (w workshop) layFunctions(built, folder string) error {
	programs, err := os.ReadDir(built)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	for _, program := range programs {
		home := filepath.Join(folder, program.Name())
		if err := os.MkdirAll(home, 0o755); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(built, program.Name()),
			filepath.Join(home, "bootstrap")); err != nil {
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

// run runs a tool, writes its output to log and waits for it.
func run(
	ctx context.Context, log *bytes.Buffer, dir string, environment []string, name string, args ...string,
) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), environment...)
	background.Contain(command)
	command.Stdout, command.Stderr = log, log
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(name), args[0], err)
	}
	return nil
}
