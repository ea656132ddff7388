package prepare

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"waybill/localstack/emulator"
)

// emulator returns the steps that install the emulator. The kind LocalStack has
// none, because Docker pulls its image.
func (w workshop) emulator(ctx context.Context, kind emulator.Kind) []Step {
	switch kind {
	case emulator.MiniStack:
		return []Step{w.environment("MiniStack", kind, "python3", "requirements-ministack.txt")}
	case emulator.LocalStackPyPI:
		python, _ := python313(ctx)
		return []Step{w.environment("LocalStack", kind, python, "requirements-localstack.txt"), w.dynamoDB()}
	}
	return nil
}

// environment is the step for a virtual environment of Python with pinned
// packages.
func (w workshop) environment(name string, kind emulator.Kind, python, requirements string) Step {
	requirements = filepath.Join(emulator.Sources, requirements)
	folder := w.local("venv", string(kind))
	return Step{
		Name:   name,
		Inputs: []string{requirements},
		Key:    python,
		Output: emulator.Python(w.root, kind),
		Make: func(ctx context.Context, log *bytes.Buffer) error {
			if err := run(ctx, log, w.root, nil, python, "-m", "venv", "--clear", folder); err != nil {
				return err
			}
			return run(ctx, log, w.root, nil, emulator.Python(w.root, kind),
				"-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements)
		},
	}
}

// dynamoDB is the step that installs Amazon's DynamoDB Local from Maven Central.
// LocalStack would download it from elsewhere.
func (w workshop) dynamoDB() Step {
	sources := filepath.Join(emulator.Sources, "..", "dynamodb")
	return Step{
		Name:   "DynamoDB Local",
		Inputs: []string{sources},
		Output: filepath.Join(emulator.Library(w.root), "dynamodb-local", "2", "DynamoDBLocal.jar"),
		Make: func(ctx context.Context, log *bytes.Buffer) error {
			return run(ctx, log, w.root, nil, filepath.Join(w.root, sources, "install"),
				emulator.Library(w.root))
		},
	}
}

// python313 finds a Python 3.13: the one in PYTHON313, one on the path, or one
// of pyenv's. A command on the path may be a shim that does not work, so each is
// tried.
func python313(ctx context.Context) (string, bool) {
	home, _ := os.UserHomeDir()
	managed, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3.13*", "bin", "python"))
	for _, python := range append([]string{os.Getenv("PYTHON313"), "python3.13"}, managed...) {
		if python == "" {
			continue
		}
		said, err := exec.CommandContext(ctx, python, "-c",
			"import sys, ensurepip, venv; print(sys.executable, *sys.version_info[:2])").Output()
		if found, ok := strings.CutSuffix(strings.TrimSpace(string(said)), " 3 13"); err == nil && ok {
			return found, true
		}
	}
	return "", false
}
