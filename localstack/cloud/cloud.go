// Package cloud runs Waybill on this machine: an emulator with the stack
// deployed to it. `make up` and the end-to-end tests each use their own cloud.
package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"waybill/internal/aws/account"
	"waybill/internal/aws/firsttoken"
	"waybill/internal/aws/orphans"
	"waybill/internal/aws/redrive"
	"waybill/internal/aws/session"
	"waybill/internal/settings"
	"waybill/localstack/emulator"
	"waybill/localstack/progress"
	"waybill/localstack/stack"
)

// ErrDown means that no cloud runs.
var ErrDown = errors.New("nothing is running here: start it with `make up`")

// Options say what to start and where.
type Options struct {
	// Root is the checkout. State is a folder that only this cloud uses, for its
	// logs and notes. Both paths are absolute.
	Root  string
	State string
	// Stack is another checkout, with the tools of [stack.Options.Root], whose stack is
	// deployed; "" is Root.
	Stack string
	// Emulator is the name of an emulator.Kind; "" is the default.
	Emulator string
	// Port is the port of the emulator on loopback; 0 takes a free one.
	Port int
	Team string
	// Functions is as in emulator.Options.
	Functions func(endpoint string) (string, error)
	// Calls is as in emulator.Options.
	Calls string
	// Lease is the runners' lease; "" leaves it as the stack has it.
	Lease string
	// Throttle limits the requests a minute; "" leaves it as the stack has it.
	Throttle string
	// Images and Buckets are the repositories and buckets whose events reach the stack.
	Images  string
	Buckets string
	// Traces is the URL of a collector of traces, or "".
	Traces string
	// Fresh stops an emulator that an earlier run left in the state folder.
	// Without it, Up uses that emulator as it is.
	Fresh bool
	// Progress gets a line about each stage.
	Progress func(line string)
}

// Cloud is a running emulator with the stack on it.
type Cloud struct {
	emulator *emulator.Emulator
	target   stack.Options
	outputs  stack.Outputs
	session  *session.Session
}

// Up starts the emulator, unless the one of this state folder runs already, and
// deploys the stack to it. If the deployment fails, Up stops an emulator that it
// has started.
func Up(ctx context.Context, opts Options) (*Cloud, error) {
	running, started, err := start(ctx, opts)
	if err != nil {
		return nil, err
	}
	c, err := deploy(ctx, running, opts)
	if err != nil && started {
		return nil, errors.Join(err, running.Stop(context.WithoutCancel(ctx)))
	}
	return c, err
}

// Find returns the cloud that runs in the state folder, or ErrDown.
func Find(root, state, team string) (*Cloud, error) {
	running, alive, err := emulator.Find(root, state)
	if err != nil {
		return nil, err
	}
	if !alive {
		return nil, ErrDown
	}
	outputs, err := stack.Read(state, team)
	if err != nil {
		return nil, err
	}
	return open(running, targetOf(running, Options{Root: root, State: state, Team: team}), outputs)
}

// Check returns the errors for which Up would refuse to start, so that they
// appear before the tools are prepared: an emulator of another kind or port that
// runs in the state folder, or a port that is taken.
func Check(opts Options) error {
	kind, err := emulator.ParseKind(opts.Emulator)
	if err != nil {
		return err
	}
	running, alive, err := emulator.Find(opts.Root, opts.State)
	if err != nil {
		return err
	}
	if !alive {
		return emulator.CheckPort(opts.Port)
	}
	if running.Kind != kind || (opts.Port != 0 && opts.Port != running.Port) {
		return fmt.Errorf("%s is running on port %d already: stop it with `make down` first",
			running.Kind, running.Port)
	}
	return nil
}

func start(ctx context.Context, opts Options) (e *emulator.Emulator, started bool, err error) {
	running, alive, err := emulator.Find(opts.Root, opts.State)
	if err != nil {
		return nil, false, err
	}
	if alive && !opts.Fresh {
		if err := Check(opts); err != nil {
			return nil, false, err
		}
		opts.Progress(fmt.Sprintf("%s is running already on %s.", running.Kind, running.Endpoint()))
		return running, false, nil
	}
	if running != nil {
		// An earlier run left the emulator, or only its children and its note.
		if err := running.Stop(ctx); err != nil {
			return nil, false, err
		}
	}
	kind, err := emulator.ParseKind(opts.Emulator)
	if err != nil {
		return nil, false, err
	}
	begun := time.Now()
	e, err = emulator.Start(ctx, emulator.Options{
		Kind:      kind,
		Root:      opts.Root,
		State:     opts.State,
		Port:      opts.Port,
		Functions: opts.Functions,
		Calls:     opts.Calls,
		Say:       opts.Progress,
	})
	if err != nil {
		return nil, false, err
	}
	opts.Progress(fmt.Sprintf("Started %s on %s in %.1f s.", kind, e.Endpoint(), time.Since(begun).Seconds()))
	return e, true, nil
}

func deploy(ctx context.Context, running *emulator.Emulator, opts Options) (*Cloud, error) {
	target := targetOf(running, opts)
	outputs, deployed, err := stack.Deployed(target)
	if err != nil {
		return nil, err
	}
	if deployed {
		opts.Progress(fmt.Sprintf("The stack waybill-%s is there, as it would be deployed now.", opts.Team))
		return open(running, target, outputs)
	}
	begun := time.Now()
	err = progress.While(opts.Progress, "Deploying the stack", func() error {
		outputs, err = stack.Deploy(ctx, target)
		return err
	})
	if err != nil {
		return nil, err
	}
	opts.Progress(fmt.Sprintf("Deployed the stack waybill-%s in %.1f s.",
		opts.Team, time.Since(begun).Seconds()))
	return open(running, target, outputs)
}

// targetOf returns the options of the stack on an emulator.
func targetOf(running *emulator.Emulator, opts Options) stack.Options {
	return stack.Options{
		Root:     cmp.Or(opts.Stack, opts.Root),
		Endpoint: running.Endpoint(),
		Account:  running.Process.Cookie,
		Team:     opts.Team,
		Lease:    opts.Lease,
		Throttle: opts.Throttle,
		Images:   opts.Images, Buckets: opts.Buckets, Traces: opts.Traces,
		Log: filepath.Join(opts.State, "cdk.log"),
	}
}

func open(running *emulator.Emulator, target stack.Options, outputs stack.Outputs) (*Cloud, error) {
	c := &Cloud{emulator: running, target: target, outputs: outputs}
	var err error
	c.session, err = session.New(settings.New(c.lookup))
	return c, err
}

// Diff returns what the CDK says about the changes that another deployment would make.
func (c *Cloud) Diff(ctx context.Context) (string, error) { return stack.Diff(ctx, c.target) }

// Assembly is the folder with what the CDK app has made for the deployment.
func (c *Cloud) Assembly() string { return c.target.Assembly() }

// Update deploys another assembly. The API may move to another URL.
func (c *Cloud) Update(ctx context.Context, assembly string) error {
	target := c.target
	target.App = assembly
	outputs, err := stack.Deploy(ctx, target)
	if err != nil {
		return err
	}
	c.outputs = outputs
	return nil
}

// URL is the URL of the API, up to "/api/v1".
func (c *Cloud) URL() string { return c.outputs.URL(c.emulator.Endpoint()) }

// Outputs returns the outputs of the stack.
func (c *Cloud) Outputs() stack.Outputs { return c.outputs }

// Session returns AWS clients with the rights of the account's administrator.
func (c *Cloud) Session() *session.Session { return c.session }

// Token makes a new token by a direct invocation of the catalog function, which
// IAM protects.
func (c *Cloud) Token(ctx context.Context, name string, abilities ...string) (string, error) {
	return firsttoken.Invoke(ctx, c.session.Lambda(), c.outputs.CatalogFunction, name, abilities)
}

// Orphans calls found for each log without a record, by direct invocations of the dispatch
// function, and removes them if remove is true.
func (c *Cloud) Orphans(ctx context.Context, remove bool, found func(orphans.Orphan)) error {
	return orphans.Each(ctx, c.session.Lambda(), c.dispatch(), remove, found)
}

// Redrive handles the changes again that dispatch gave up; see [redrive.Client.Each].
func (c *Cloud) Redrive(ctx context.Context, done func(redrive.Letter)) error {
	return redriveIn(ctx, settings.New(c.lookup), c.target.Team, done)
}

// RedriveTeam is Redrive in the AWS account of the environment.
func RedriveTeam(ctx context.Context, team string, done func(redrive.Letter)) error {
	return redriveIn(ctx, settings.New(os.LookupEnv), team, done)
}

func redriveIn(
	ctx context.Context, in settings.Settings, team string, done func(redrive.Letter),
) error {
	opened, err := account.New(in)
	if err != nil {
		return err
	}
	client := redrive.Open(opened.Config(), opened.ConfigForInvocations())
	return client.Each(ctx, redrive.StackOf(team), done)
}

// dispatch is the name of the dispatch function. All functions of a stack are named alike.
func (c *Cloud) dispatch() string {
	return strings.TrimSuffix(c.outputs.CatalogFunction, "catalog") + "dispatch"
}

// Logs returns the log files of the emulator and the functions.
func (c *Cloud) Logs() []string { return []string{c.emulator.Log()} }

// Down stops the emulator and everything in it.
func (c *Cloud) Down(ctx context.Context) error { return c.emulator.Stop(ctx) }

// lookup returns the settings of an administrator of the emulator's account.
func (c *Cloud) lookup(name string) (string, bool) {
	value, found := map[string]string{
		settings.Endpoint:        c.emulator.Endpoint(),
		settings.Region:          stack.Region,
		settings.AccessKeyID:     stack.AccessKeyID,
		settings.SecretAccessKey: stack.SecretAccessKey,
	}[name]
	return value, found
}
