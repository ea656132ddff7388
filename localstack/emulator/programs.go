package emulator

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Sources is the folder below the checkout with the files that the emulators
// are made from.
const Sources = "localstack/emulator/python"

// Python is the interpreter of the kind's virtual environment, which the
// Makefile makes.
func Python(root string, kind Kind) string {
	return filepath.Join(root, ".local", "venv", string(kind), "bin", "python")
}

// Library is the folder in which the Makefile puts DynamoDB Local and a link to
// Java, which LocalStack would otherwise download.
func Library(root string) string { return filepath.Join(root, ".local", "localstack") }

// environment is the whole environment of an emulator. MiniStack passes its own
// environment on to the functions, and none of the user's variables may reach
// them.
func (e *Emulator) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + e.scratch(),
		"TMPDIR=" + e.scratch(),
		"LANG=C.UTF-8",
		// The emulator must not find a Docker engine and start containers itself.
		"DOCKER_HOST=unix:///nonexistent",
	}
}

func (e *Emulator) ministack(opts Options) (*exec.Cmd, error) {
	functions := e.Endpoint()
	if opts.Functions != nil {
		var err error
		if functions, err = opts.Functions(functions); err != nil {
			return nil, err
		}
	}
	command := exec.Command(Python(e.root, MiniStack), filepath.Join(e.root, Sources, "run_ministack.py"))
	command.Dir = e.scratch()
	command.Env = append(e.environment(),
		// Without this, the functions would call AWS itself.
		"AWS_ENDPOINT_URL="+functions,
		fmt.Sprintf("GATEWAY_PORT=%d", e.Port),
		"BIND_HOST=127.0.0.1",
		fmt.Sprintf("AUTH=%t", !opts.NoIAM),
		"STATE_DIR="+e.scratch(),
		"S3_DATA_DIR="+filepath.Join(e.scratch(), "s3"),
		"PYTHONDONTWRITEBYTECODE=1",
	)
	if opts.Calls != "" {
		command.Env = append(command.Env, "WAYBILL_CALLS="+opts.Calls)
	}
	return command, nil
}

// localstack runs LocalStack on this machine as if it were in its container,
// below a root folder of its own that shares the prepared library.
func (e *Emulator) localstack() (*exec.Cmd, error) {
	files := filepath.Join(e.scratch(), "root")
	home := filepath.Join(files, "var", "lib", "localstack")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	if err := os.Symlink(Library(e.root), filepath.Join(home, "lib")); err != nil {
		return nil, err
	}
	command := exec.Command(Python(e.root, LocalStackPyPI), "-m", "localstack.runtime.main")
	command.Dir = e.scratch()
	command.Env = append(e.environment(),
		"OVERRIDE_IN_DOCKER=0",
		"FILESYSTEM_ROOT="+files,
		fmt.Sprintf("GATEWAY_LISTEN=127.0.0.1:%d", e.Port),
		// The default server listens on every interface, whatever address is set.
		"GATEWAY_SERVER=hypercorn",
		"DNS_ADDRESS=0",
		"DISABLE_EVENTS=1",
		"SKIP_SSL_CERT_DOWNLOAD=1",
		"SKIP_INFRA_DOWNLOADS=1",
		"PROVIDER_OVERRIDE_DYNAMODB=v2",
		"PROVIDER_OVERRIDE_DYNAMODBSTREAMS=v2",
		// Our own plug-in runs the functions as child processes of LocalStack.
		"LAMBDA_RUNTIME_EXECUTOR=waybill",
		"PYTHONPATH="+filepath.Join(e.root, Sources, "executor"),
		"PYTHONDONTWRITEBYTECODE=1",
		// LocalStack then picks up a queue's message within a second instead of ten.
		"LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC=0.2",
		"LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC=1",
	)
	return command, nil
}
