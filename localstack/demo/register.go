package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"path/filepath"

	"waybill/localstack/client"
)

// greeting is the start command of the demo's application.
const greeting = `echo "Hello from $(uname -n)."
for part in 1 2 3 4 5; do
  echo "Part $part of 5 is done."
  sleep 0.4
done
echo "A careless script prints a password: $DEMO_PASSWORD"
echo "This line went to stderr." >&2`

// register makes a key, a server and an application, unless the last `make up`
// left them and they still exist.
func (d *Demo) register(ctx context.Context, ssh sshServer) error {
	if d.state.ServerPort != ssh.Port {
		d.state.Server = ""
	}
	there, err := d.there(ctx, "server", "/servers/", d.state.Server)
	if err != nil {
		return err
	}
	if !there {
		if err := d.registerServer(ctx, ssh); err != nil {
			return err
		}
	}
	if there, err = d.there(ctx, "application", "/applications/", d.state.Application); err != nil || there {
		return err
	}
	return d.create(ctx, "application", "/applications/shell", &d.state.Application, map[string]any{
		"name": "hello", "server_uuid": d.state.Server, "start": greeting,
		"environment": []map[string]any{{"key": "DEMO_PASSWORD", "value": rand.Text(), "is_secret": true}},
	})
}

func (d *Demo) registerServer(ctx context.Context, ssh sshServer) error {
	key, err := d.clientKey()
	if err != nil {
		return err
	}
	err = d.create(ctx, "private key", "/security/keys", &d.state.Key, map[string]any{
		"name": "demo", "private_key": string(key),
	})
	if err != nil {
		return err
	}
	// The application and the service belong to the old server.
	if err := d.stopService(ctx); err != nil {
		return err
	}
	d.state.Application, d.state.Service = "", ""
	d.state.ServerPort = ssh.Port
	return d.create(ctx, "server", "/servers", &d.state.Server, map[string]any{
		"name": "this machine", "ip": "127.0.0.1", "port": ssh.Port,
		"user": ssh.User, "host_key": ssh.HostKey,
		"private_key_uuid": d.state.Key, "data_dir": filepath.Join(d.folder(), "data"),
	})
}

// there reports whether a resource that was registered earlier still exists.
func (d *Demo) there(ctx context.Context, what, path, uuid string) (bool, error) {
	if uuid == "" {
		return false, nil
	}
	err := d.api.Get(ctx, path+uuid, nil)
	if answer, ok := errors.AsType[*client.Error](err); ok && answer.Status == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	d.say("The %s %s is there.", what, uuid)
	return true, nil
}

// create registers a resource and notes its uuid at once.
func (d *Demo) create(ctx context.Context, what, path string, uuid *string, body any) error {
	var created struct{ UUID string }
	if err := d.api.Post(ctx, path, body, &created); err != nil {
		return err
	}
	*uuid = created.UUID
	d.say("Registered the %s %s.", what, created.UUID)
	return d.save()
}
