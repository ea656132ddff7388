// Package cloud is Waybill on this machine: an emulator with the stack
// deployed to it. `make up` and the end-to-end tests each have one of their own.
package cloud

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"waybill/internal/aws/firsttoken"
	"waybill/internal/aws/session"
	"waybill/internal/settings"
	"waybill/localstack/emulator"
	"waybill/localstack/stack"
)

// Options say what to bring up and where.
type Options struct {
	// Root is the checkout; State a folder of this cloud's own for its logs and
	// for what must be found again.
	Root  string
	State string
	// Emulator is one of emulator.Kinds; "" is the default.
	Emulator string
	// Port of the emulator on loopback; 0 takes a free one.
	Port int
	Team string
	// Progress gets a line for everything done.
	Progress func(line string)
}

// Cloud is a running emulator with the stack on it.
type Cloud struct {
	emulator *emulator.Emulator
	outputs  stack.Outputs
	session  *session.Session
	state    string
}

// Up starts the emulator, unless this state folder's is running already, and
// deploys the stack to it.
func Up(ctx context.Context, opts Options) (*Cloud, error) {
	running, err := start(ctx, opts)
	if err != nil {
		return nil, err
	}
	c := &Cloud{emulator: running, state: opts.State}
	c.session, err = session.New(settings.New(c.lookup))
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	c.outputs, err = stack.Deploy(ctx, stack.Options{
		Root:     opts.Root,
		Endpoint: running.Endpoint(),
		Team:     opts.Team,
		Log:      filepath.Join(opts.State, "cdk.log"),
	})
	if err != nil {
		return nil, err
	}
	opts.Progress(fmt.Sprintf("Deployed the stack waybill-%s in %.1f s.", opts.Team, time.Since(begun).Seconds()))
	return c, nil
}

// URL is where the API answers, before "/api/v1".
func (c *Cloud) URL() string { return c.outputs.URL(c.emulator.Endpoint()) }

// Outputs are the stack's.
func (c *Cloud) Outputs() stack.Outputs { return c.outputs }

// Session has AWS clients with the rights of the account's administrator.
func (c *Cloud) Session() *session.Session { return c.session }

// Token asks the stack for a new token, by the invocation that IAM protects.
func (c *Cloud) Token(ctx context.Context, name string, abilities ...string) (string, error) {
	return firsttoken.Invoke(ctx, c.session.Lambda(), c.outputs.CatalogFunction, name, abilities)
}

// Logs are the files that hold what the emulator and the functions logged.
func (c *Cloud) Logs() []string { return []string{c.emulator.Log()} }

// Down stops the emulator and all that ran in it.
func (c *Cloud) Down(ctx context.Context) error { return c.emulator.Stop(ctx) }

// lookup is the environment of an administrator of the emulator's account.
func (c *Cloud) lookup(name string) (string, bool) {
	value, found := map[string]string{
		settings.Endpoint:        c.emulator.Endpoint(),
		settings.Region:          stack.Region,
		settings.AccessKeyID:     stack.AccessKeyID,
		settings.SecretAccessKey: stack.SecretAccessKey,
	}[name]
	return value, found
}
