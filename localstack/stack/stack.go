// Package stack deploys Waybill's own CDK stack to a local emulator. It is the
// same stack that a team deploys to AWS, and the same CLI deploys it.
package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"waybill/localstack/background"
)

// Credentials and region of a local emulator. Both emulators accept these words
// as the administrator of the account; no real account has them.
const (
	AccessKeyID     = "test"
	SecretAccessKey = "test"
	Region          = "us-east-1"
)

// The paths below the checkout at which the Makefile puts the CDK app and the
// functions.
const (
	app       = ".local/bin/infra"
	functions = ".local/functions"
)

// Options say what to deploy and where.
type Options struct {
	// Root is the checkout, in which the Makefile has put the CDK CLI, the CDK app and
	// the built functions.
	Root string
	// Endpoint is the URL of the emulator, "http://127.0.0.1:PORT".
	Endpoint string
	// Account identifies the emulator's account. An emulator that is started
	// again has a new, empty account.
	Account string
	// Team names the stack.
	Team string
	// Lease is how long a runner may be silent before another takes its
	// deployment, such as "10s"; "" leaves it as the stack has it.
	Lease string
	// Throttle limits the requests a minute, such as "requests=0"; "" leaves it as the stack
	// has it.
	Throttle string
	// Images and Buckets are the repositories and buckets whose events reach the stack.
	Images  string
	Buckets string
	// Traces is the URL of a collector of traces, or "".
	Traces string
	// Log is a file that gets the output of the CDK CLI. The files that the CLI
	// makes are in the same folder.
	Log string
	// App is the CDK app, or a folder with what an app has made: [Options.Assembly]
	// of an earlier deployment. "" is the app that the Makefile has built.
	App string
}

// Outputs are the outputs of the CloudFormation stack.
type Outputs struct {
	APIID           string `json:"ApiId"`
	Stage           string `json:"Stage"`
	CatalogFunction string `json:"CatalogFunction"`
	LogBucket       string `json:"LogBucket"`
	CatalogTable    string `json:"CatalogTable"`
	RunnerQueueURL  string `json:"RunnerQueueUrl"`

	TriggerQueueURL     string `json:"TriggerQueueUrl"`
	TriggerDeadQueueURL string `json:"TriggerDeadQueueUrl"`
	NotifyDeadQueueURL  string `json:"NotifyDeadQueueUrl"`
}

// URL returns the URL of the API on the emulator, up to "/api/v1". MiniStack
// and LocalStack both serve this path.
func (o Outputs) URL(endpoint string) string {
	return fmt.Sprintf("%s/_aws/execute-api/%s/%s", endpoint, o.APIID, o.Stage)
}

// Deploy bootstraps the emulator's account and deploys the stack, or updates a
// stack that is there, with the commands of the README. Its error has the end of the
// CLI's output.
func Deploy(ctx context.Context, opts Options) (Outputs, error) {
	state := filepath.Dir(opts.Log)
	if err := os.MkdirAll(state, 0o755); err != nil {
		return Outputs{}, err
	}
	if err := os.RemoveAll(stampFile(state, opts.Team)); err != nil {
		return Outputs{}, err
	}
	// The bootstrap needs no app. In a folder with one, the CLI would run it.
	if _, err := opts.cdk(ctx, opts.Root, "bootstrap", "aws://000000000000/"+Region); err != nil {
		return Outputs{}, err
	}
	_, err := opts.cdk(ctx, filepath.Join(opts.Root, "infra"), opts.arguments("deploy", "--all",
		"--require-approval", "never", "--outputs-file", outputsFile(state, opts.Team))...)
	if err != nil {
		return Outputs{}, err
	}
	outputs, err := Read(state, opts.Team)
	if err != nil {
		return Outputs{}, err
	}
	stamp, err := opts.stamp()
	if err != nil {
		return Outputs{}, err
	}
	return outputs, os.WriteFile(stampFile(state, opts.Team), stamp, 0o600)
}

// Diff returns what the CLI says about the changes that Deploy would make.
func Diff(ctx context.Context, opts Options) (string, error) {
	said, err := opts.cdk(ctx, filepath.Join(opts.Root, "infra"), opts.arguments("diff")...)
	return string(said), err
}

// Assembly is the folder with the template and the files that the app has made.
func (o Options) Assembly() string { return filepath.Join(filepath.Dir(o.Log), "cdk.out-"+o.Team) }

// arguments returns the arguments of a command about the stack.
func (o Options) arguments(command string, more ...string) []string {
	args := append([]string{command}, o.context()...)
	if o.App != "" {
		args = append(args, "--app", o.App)
	} else {
		args = append(args, "--app", filepath.Join(o.Root, app), "--output", o.Assembly())
	}
	return append(args, more...)
}

// context returns the CDK app's context, as arguments of the CLI.
func (o Options) context() []string {
	args := []string{
		"-c", "team=" + o.Team,
		"-c", "local=true",
		"-c", "architecture=" + architecture(),
		"-c", "functions=" + filepath.Join(o.Root, functions),
	}
	// The address that API Gateway would give leads nowhere on an emulator.
	args = append(args, "-c", "api-url="+Outputs{APIID: "{api}", Stage: "live"}.URL(o.Endpoint))
	// The receivers of a local stack's notifications are on this machine.
	args = append(args, "-c", "notify-loopback=true")
	if o.Lease != "" {
		args = append(args, "-c", "lease="+o.Lease)
	}
	if o.Throttle != "" {
		args = append(args, "-c", "throttle="+o.Throttle)
	}
	if o.Images != "" {
		args = append(args, "-c", "images="+o.Images)
	}
	if o.Buckets != "" {
		args = append(args, "-c", "buckets="+o.Buckets)
	}
	if o.Traces != "" {
		args = append(args, "-c", "otlp-endpoint="+o.Traces)
	}
	return args
}

// cdk runs the CLI and returns its output. The CLI has an environment of its own, so
// that a profile or region of the user cannot send a local deployment to a real account.
func (o Options) cdk(ctx context.Context, folder string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	log, err := os.OpenFile(o.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	var said bytes.Buffer
	command := exec.CommandContext(ctx, filepath.Join(o.Root, "localstack", "node_modules", ".bin", "cdk"),
		args...)
	command.Dir = folder
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + os.Getenv("HOME"),
		"AWS_ENDPOINT_URL=" + o.Endpoint,
		"AWS_ACCESS_KEY_ID=" + AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + SecretAccessKey,
		"AWS_REGION=" + Region,
		"AWS_DEFAULT_REGION=" + Region,
		"AWS_EC2_METADATA_DISABLED=true",
		"CDK_DISABLE_VERSION_CHECK=1",
		"CDK_CLI_DISABLE_TELEMETRY=true",
		// The CDK still runs on it, and says in red at each start that it is old.
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20",
		"NO_COLOR=1",
	}
	background.Contain(command)
	command.Stdout = &said
	command.Stderr = &said
	err = command.Run()
	_, _ = log.Write(said.Bytes())
	if err == nil {
		return said.Bytes(), nil
	}
	if ctx.Err() != nil {
		err = errors.Join(err, ctx.Err())
	}
	end := tail(said.Bytes(), 2000)
	return nil, fmt.Errorf("cdk %s: %w\n%s\n(all of it is in %s)", args[0], err, end, o.Log)
}

// Read returns the outputs of the team's last deployment that had its log in
// this folder.
func Read(folder, team string) (Outputs, error) {
	file := outputsFile(folder, team)
	text, err := os.ReadFile(file)
	if err != nil {
		return Outputs{}, err
	}
	var all map[string]Outputs
	if err := json.Unmarshal(text, &all); err != nil {
		return Outputs{}, fmt.Errorf("%s: %w", file, err)
	}
	outputs, found := all["waybill-"+team]
	if !found || outputs.APIID == "" {
		return Outputs{}, fmt.Errorf("%s has no outputs of the stack waybill-%s", file, team)
	}
	return outputs, nil
}

func outputsFile(folder, team string) string {
	return filepath.Join(folder, "outputs-"+team+".json")
}

// architecture is Lambda's name for the architecture of this machine: on an
// emulator the functions run as processes of this machine.
func architecture() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

func tail(text []byte, n int) []byte {
	if len(text) > n {
		return append([]byte("… "), text[len(text)-n:]...)
	}
	return text
}
