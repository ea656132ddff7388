// Package demo runs the demo of `make up`: Waybill on this machine, with a
// server, an application on it and a deployment with its log.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"waybill/internal/aws/orphans"
	"waybill/internal/aws/redrive"
	"waybill/localstack/background"
	"waybill/localstack/client"
	"waybill/localstack/cloud"
	"waybill/localstack/emulator"
)

// team is the team in the name of the demo's stack.
const team = "demo"

// Options say where the demo is and how it runs.
type Options struct {
	// Root is the checkout.
	Root string
	// Program is this program, which is started again as the SSH server.
	Program string
	// Emulator is the name of an emulator.Kind; "" is the default. Port is its
	// port; 0 is the port of the running emulator, or the default port.
	Emulator string
	Port     int
	// Out is the terminal.
	Out io.Writer
}

// Demo is the demo of one checkout.
type Demo struct {
	opts  Options
	state state
	api   *client.Client
	url   string
}

// state is the note that `make up` leaves for the next run and for `make down`.
// It has a token, so only the user may read its file.
type state struct {
	Token       string `json:"token"`
	Key         string `json:"key_uuid"`
	Server      string `json:"server_uuid"`
	ServerPort  int    `json:"server_port"`
	Application string `json:"application_uuid"`
	Service     string `json:"service_uuid"`
}

// New returns the demo of a checkout, running or not.
func New(opts Options) *Demo { return &Demo{opts: opts} }

// Up starts the emulator and the SSH server, registers the server and the
// application, and deploys the application while it shows the log. It skips each
// part that is there already. The Makefile has made the tools before.
func (d *Demo) Up(ctx context.Context) error {
	if err := d.load(); err != nil {
		return err
	}
	running, err := cloud.Up(ctx, d.cloudOptions())
	if err != nil {
		return err
	}
	if err := d.connect(ctx, running); err != nil {
		return err
	}
	ssh, err := d.sshServer(ctx)
	if err != nil {
		return err
	}
	if err := d.register(ctx, ssh); err != nil {
		return err
	}
	deployment, err := d.deploy(ctx, "applications", d.state.Application, "start")
	if err != nil {
		return err
	}
	if deployment.Status != "finished" {
		return fmt.Errorf("the demo's deployment is %s (%s), not finished",
			deployment.Status, deployment.Reason)
	}
	if err := d.service(ctx); err != nil {
		return err
	}
	if err := d.writeEnvironment(); err != nil {
		return err
	}
	d.say("\n%s", Goodbye(d.url, d.state.Token, d.state.Application, deployment.DeploymentUUID))
	return nil
}

// Down stops everything that Up started: the service's containers, the SSH
// server with its jobs, and the emulator. The tools and the keys stay.
func (d *Demo) Down(ctx context.Context) error {
	if err := d.load(); err != nil {
		return err
	}
	found, alive, err := emulator.Find(d.opts.Root, d.folder())
	if err != nil {
		return err
	}
	ssh, serving, err := d.findSSH()
	if err != nil {
		return err
	}
	var failures []error
	failures = append(failures, d.stopService(ctx))
	// Even if the server has ended, its children may still run.
	if ssh.Process.PID != 0 {
		failures = append(failures, ssh.Process.Stop(ctx, 5*time.Second), os.Remove(d.sshNote()))
	}
	if found != nil {
		failures = append(failures, found.Stop(ctx))
	}
	failures = append(failures, os.RemoveAll(d.stateFile()), os.RemoveAll(d.environmentFile()))
	if err := errors.Join(failures...); err != nil {
		return err
	}
	if !alive && !serving {
		d.say("Nothing was running.")
		return nil
	}
	d.say("Stopped. The tools stay in .local; `rm -r .local` removes them.")
	return nil
}

// Token makes a new token in the running demo.
func (d *Demo) Token(ctx context.Context, name string, abilities []string) (string, error) {
	running, err := cloud.Find(d.opts.Root, d.folder(), team)
	if err != nil {
		return "", err
	}
	return running.Token(ctx, name, abilities...)
}

// Orphans prints the logs without a record in the running demo, and removes them if remove
// is true.
func (d *Demo) Orphans(ctx context.Context, remove bool) error {
	running, err := cloud.Find(d.opts.Root, d.folder(), team)
	if err != nil {
		return err
	}
	done := "without a record"
	if remove {
		done = "removed"
	}
	count := 0
	err = running.Orphans(ctx, remove, func(one orphans.Orphan) {
		count++
		fmt.Fprintf(d.opts.Out, "%s: %d objects, %d bytes, %s\n", one.Log, one.Objects, one.Bytes, done)
	})
	if err == nil && count == 0 {
		fmt.Fprintln(d.opts.Out, "Every log has a record, or is less than a day old.")
	}
	return err
}

// Redrive handles the changes again that dispatch gave up, in the running demo, and calls done for
// each dead letter.
func (d *Demo) Redrive(ctx context.Context, done func(redrive.Letter)) error {
	running, err := cloud.Find(d.opts.Root, d.folder(), team)
	if err != nil {
		return err
	}
	return running.Redrive(ctx, done)
}

// Check returns the errors for which Up would refuse to start. It needs none of
// the tools that Up needs.
func (d *Demo) Check() error { return cloud.Check(d.cloudOptions()) }

func (d *Demo) cloudOptions() cloud.Options {
	opts := cloud.Options{
		Root:     d.opts.Root,
		State:    d.folder(),
		Emulator: d.opts.Emulator,
		Port:     d.opts.Port,
		Team:     team,
		Progress: d.line,
	}
	if _, alive, err := emulator.Find(opts.Root, opts.State); err == nil && !alive && opts.Port == 0 {
		opts.Port = emulator.DefaultPort
	}
	return opts
}

// connect makes a new token if the last one is not valid any more: an emulator
// that was started again has no tokens.
func (d *Demo) connect(ctx context.Context, running *cloud.Cloud) error {
	d.url = running.URL()
	d.api = client.New(d.url, d.state.Token)
	if d.state.Token != "" && d.api.Get(ctx, "/servers", nil) == nil {
		d.say("The token of the last time is still good.")
		return nil
	}
	token, err := running.Token(ctx, "demo", "root")
	if err != nil {
		return err
	}
	// The new account does not know the old service, so `make down` would not find it.
	if err := d.stopService(ctx); err != nil {
		return err
	}
	d.state = state{Token: token}
	d.api = client.New(d.url, token)
	d.say("Made a token with the ability root.")
	return d.save()
}

// folder has the state of the emulator, the SSH server and the server's data.
func (d *Demo) folder() string { return filepath.Join(d.opts.Root, ".local", "up") }

func (d *Demo) stateFile() string { return filepath.Join(d.opts.Root, ".local", "state.json") }

func (d *Demo) environmentFile() string { return filepath.Join(d.opts.Root, ".local", "env") }

func (d *Demo) load() error {
	if err := os.MkdirAll(d.folder(), 0o700); err != nil {
		return err
	}
	_, err := background.Load(d.stateFile(), &d.state)
	return err
}

func (d *Demo) save() error { return background.Save(d.stateFile(), d.state) }

func (d *Demo) say(format string, args ...any) { fmt.Fprintf(d.opts.Out, format+"\n", args...) }

func (d *Demo) line(line string) { fmt.Fprintln(d.opts.Out, line) }
