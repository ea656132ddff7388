// Package emulator starts and stops an emulator of AWS on this machine. The
// caller need not know which one it is: the kinds that ParseKind knows take the
// same requests on one port of the loopback interface. The others have one
// service each, for tests of its adapter.
package emulator

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"waybill/localstack/background"
	"waybill/localstack/progress"
)

// Kind names an emulator. The first three are the words of the variable EMULATOR.
type Kind string

// The kinds.
const (
	// MiniStack needs only Python, and enforces IAM.
	MiniStack Kind = "ministack"
	// LocalStack is the image of LocalStack, run by Docker.
	LocalStack Kind = "localstack"
	// LocalStackPyPI is the same program from Python's package index, for
	// machines without Docker.
	LocalStackPyPI Kind = "localstack-pypi"
	// DynamoDBLocal is Amazon's own DynamoDB for tests. It has no other service.
	DynamoDBLocal Kind = "dynamodb-local"
	// VersityGW is an S3 over a folder of files. It has no other service.
	VersityGW Kind = "versitygw"
)

// DefaultPort is the port that LocalStack and MiniStack use by default.
const DefaultPort = 4566

// ParseKind parses the name of a kind; "" is MiniStack.
func ParseKind(text string) (Kind, error) {
	switch kind := Kind(text); kind {
	case "":
		return MiniStack, nil
	case MiniStack, LocalStack, LocalStackPyPI:
		return kind, nil
	}
	return "", fmt.Errorf("EMULATOR=%s is unknown: it is %s, %s or %s",
		text, MiniStack, LocalStack, LocalStackPyPI)
}

// Options say what to start and where.
type Options struct {
	Kind Kind
	// Root is the checkout, whose .local folder has the tools that the Makefile makes.
	Root string
	// State is the absolute path of a folder that only this emulator uses, for
	// its note, its log and its temporary files.
	State string
	// Port is a port of the loopback interface; 0 takes a free one.
	Port int
	// Functions returns the URL at which the functions call the emulator that will
	// have the given URL, such as a proxy's. If it is nil, they call the emulator itself.
	// MiniStack only.
	Functions func(endpoint string) (string, error)
	// NoIAM turns off the checks of roles and policies in an emulator that has
	// them.
	NoIAM bool
	// Calls is a file in which MiniStack records the calls of roles that it has checked. ""
	// records none.
	Calls string
	// Say gets a line about each stage of the start.
	Say progress.Say
}

// Emulator is a running emulator. Its JSON is the note in its state folder.
type Emulator struct {
	Kind Kind `json:"kind"`
	Port int  `json:"port"`
	// Process is the emulator, or the process that copies the log of its
	// container.
	Process background.Process `json:"process"`
	// Project is the compose project of the container, if there is one.
	Project string `json:"project,omitempty"`

	root, state string
}

// Find returns the emulator that was started with this state folder, and
// whether it still runs.
func Find(root, state string) (*Emulator, bool, error) {
	e := Emulator{root: root, state: state}
	noted, err := background.Load(e.note(), &e)
	if err != nil || !noted {
		return nil, false, err
	}
	return &e, e.Process.Alive(), nil
}

// Start starts an emulator with an empty account and waits until it answers.
func Start(ctx context.Context, opts Options) (*Emulator, error) {
	e := &Emulator{Kind: opts.Kind, Port: opts.Port, root: opts.Root, state: opts.State}
	if err := os.RemoveAll(e.scratch()); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(e.scratch(), 0o700); err != nil {
		return nil, err
	}
	if err := os.Remove(e.Log()); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var err error
	if e.Port, err = takePort(opts.Port); err != nil {
		return nil, err
	}
	if err := e.launch(ctx, opts); err != nil {
		return nil, fmt.Errorf("start %s: %w", e.Kind, err)
	}
	err = progress.While(opts.Say, "Starting "+string(e.Kind), func() error { return e.await(ctx) })
	if err != nil {
		_ = e.Stop(context.WithoutCancel(ctx))
		return nil, err
	}
	return e, nil
}

func (e *Emulator) launch(ctx context.Context, opts Options) error {
	var err error
	if e.Kind == LocalStack {
		err = e.up(ctx, opts.Say)
	} else {
		err = e.start(opts)
	}
	if err != nil {
		return err
	}
	// The note is written at once: whatever fails from here on, a later command
	// can stop the emulator.
	return background.Save(e.note(), e)
}

// start starts an emulator that is a process of this machine.
func (e *Emulator) start(opts Options) error {
	var command *exec.Cmd
	var err error
	switch e.Kind {
	case MiniStack:
		command, err = e.ministack(opts)
	case LocalStackPyPI:
		command, err = e.localstack()
	case DynamoDBLocal:
		command = e.dynamodbLocal()
	case VersityGW:
		command, err = e.versitygw()
	default:
		err = fmt.Errorf("%q is no kind of emulator", e.Kind)
	}
	if err != nil {
		return err
	}
	e.Process, err = background.Start(command, e.Log())
	return err
}

// await waits until the emulator answers, for two minutes at most: on a busy
// machine with two cores one minute was measured.
func (e *Emulator) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	err := progress.Poll(ctx, 200*time.Millisecond, func() (bool, error) {
		if !e.Process.Alive() {
			return false, fmt.Errorf("%s ended at once", e.Kind)
		}
		return e.healthy(ctx), nil
	})
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s does not answer on port %d: %w\n%s\n(all of its log is in %s)",
		e.Kind, e.Port, err, tail(e.Log()), e.Log())
}

// healthy requests the health path, which LocalStack and MiniStack both have. An emulator
// of one service refuses it as soon as it serves.
func (e *Emulator) healthy(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.Endpoint()+"/_localstack/health", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	single := e.Kind == DynamoDBLocal || e.Kind == VersityGW
	return answer.StatusCode == http.StatusOK || single && answer.StatusCode < 500
}

// Endpoint is the URL of the emulator.
func (e *Emulator) Endpoint() string { return fmt.Sprintf("http://127.0.0.1:%d", e.Port) }

// Log is the file with the output of the emulator and the functions.
func (e *Emulator) Log() string { return filepath.Join(e.state, "emulator.log") }

// Stop ends the emulator and the functions in it, and no other process.
func (e *Emulator) Stop(ctx context.Context) error {
	if e.Kind == LocalStack {
		if err := e.down(ctx); err != nil {
			return err
		}
	}
	// LocalStack once hung on TERM; after ten seconds it is killed.
	if err := e.Process.Stop(ctx, 10*time.Second); err != nil {
		return err
	}
	if err := os.RemoveAll(e.scratch()); err != nil {
		return err
	}
	return os.Remove(e.note())
}

func (e *Emulator) note() string { return filepath.Join(e.state, "emulator.json") }

// scratch is the folder for the files that are deleted with the emulator.
func (e *Emulator) scratch() string { return filepath.Join(e.state, "emulator") }

func tail(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text[max(0, len(text)-2000):]))
}
