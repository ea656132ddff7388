// Package e2e_test tests the real stack: the CDK deploys it to an emulator, and
// the tests use a real SSH server and, if there is one, a real Docker engine.
package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/aws/rawcall"
	"waybill/internal/remote/remotetest"
	"waybill/localstack/client"
	"waybill/localstack/cloud"
	"waybill/localstack/grants"
	"waybill/localstack/meter"
)

// patience bounds every wait for a state. LocalStack takes a few seconds for steps
// that take MiniStack a tenth of a second.
const patience = 2 * time.Minute

// lease is the runners' lease on the tested stack. It is short, because after each
// killed runner the tests wait for its lease to end.
const lease = 10 * time.Second

// world is the stack that all tests share.
type world struct {
	cloud *cloud.Cloud
	url   string
	token string
	api   *client.Client
	// traces is the collector that the stack sends its traces to.
	traces *collector
	// meter counts what the functions ask of the emulator.
	meter *meter.Meter
}

var (
	once    sync.Once
	shared  *world
	problem error
)

func TestMain(m *testing.M) {
	code := m.Run()
	checked, wrong := transport.report()
	fmt.Printf("figure: %d answers were checked against openapi.yaml\n", checked)
	for _, err := range wrong {
		fmt.Fprintln(os.Stderr, "an answer is not as openapi.yaml describes it:", err)
		code = 1
	}
	if shared != nil {
		if code == 0 && whole() {
			if err := shared.saveRoles(); err != nil {
				fmt.Fprintln(os.Stderr, "save the roles:", err)
				code = 1
			}
		}
		if err := shared.cloud.Down(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, "stop the emulator:", err)
			code = 1
		}
		if shared.meter != nil {
			_ = shared.meter.Close()
		}
	}
	os.Exit(code)
}

// stack returns the deployed stack. The first test that needs it deploys it.
func stack(t *testing.T) *world {
	t.Helper()
	if os.Getenv("WAYBILL_E2E") == "" {
		skip(t, "needs the tools and functions that `make test` prepares: run that")
	}
	once.Do(func() { shared, problem = deployStack() })
	if problem != nil {
		t.Fatal(problem)
	}
	return shared
}

// recording is the folder for the calls of roles and their policies, or "" to record none. The
// tests of package grants read it.
func recording() string { return os.Getenv("WAYBILL_GRANTS") }

// skipped is set once a test was skipped.
var skipped atomic.Bool

// whole reports whether every test has run. Otherwise the recording lacks calls.
func whole() bool {
	only := flag.Lookup("test.run").Value.String()
	return (only == "" || only == ".") && !skipped.Load()
}

// saveRoles saves the policies of all roles beside the recorded calls.
func (w *world) saveRoles() error {
	if recording() == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	roles, err := grants.Roles(ctx, rawcall.New(w.cloud.Session().Config()))
	if err != nil {
		return err
	}
	return grants.Save(recording(), roles)
}

func deployStack() (*world, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	calls := ""
	if recording() != "" {
		if calls, err = grants.Begin(recording()); err != nil {
			return nil, err
		}
	}
	w := &world{traces: newCollector()}
	c, err := cloud.Up(ctx, cloud.Options{
		Root:     root,
		State:    filepath.Join(root, ".local", "e2e-"+os.Getenv("EMULATOR")),
		Emulator: os.Getenv("EMULATOR"),
		Team:     "e2e",
		Lease:    lease.String(),
		// The tests share a token, and each polls several times a second.
		Throttle: "requests=0,failures=5",
		Images:   "team/", Buckets: deliveries, Traces: w.traces.URL + "/v1/traces",
		Fresh: true,
		Functions: func(endpoint string) (string, error) {
			w.meter, err = meter.Start(endpoint)
			if err != nil {
				return "", err
			}
			return w.meter.URL(), nil
		},
		Calls:    calls,
		Progress: func(line string) { fmt.Fprintln(os.Stderr, line) },
	})
	if err != nil {
		return nil, err
	}
	token, err := c.Token(ctx, "e2e", "root")
	if err != nil {
		return nil, err
	}
	transport.of(c.URL())
	w.cloud, w.url, w.token, w.api = c, c.URL(), token, client.New(c.URL(), token)
	return w, nil
}

// skip skips a test, or fails it in CI, where nothing may be missing.
func skip(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("WAYBILL_CI") != "" {
		t.Fatal(reason)
	}
	skipped.Store(true)
	t.Skip(reason)
}

// server registers a private SSH server: Debian's sshd if it is installed, the
// in-process server otherwise.
func (w *world) server(t *testing.T) string {
	t.Helper()
	return w.register(t, remotetest.Best(t))
}

func (w *world) register(t *testing.T, ssh *remotetest.Server) string {
	return w.registerAs(t, ssh, ssh.HostKey(), ssh.Port())
}

func (w *world) registerWith(t *testing.T, ssh *remotetest.Server, hostKey string) string {
	return w.registerAs(t, ssh, hostKey, ssh.Port())
}

func (w *world) registerAt(t *testing.T, ssh *remotetest.Server, port int) string {
	return w.registerAs(t, ssh, ssh.HostKey(), port)
}

func (w *world) registerWithConcurrency(t *testing.T, ssh *remotetest.Server, concurrency int) string {
	return w.registerAll(t, ssh, ssh.HostKey(), ssh.Port(), concurrency)
}

func (w *world) registerAs(t *testing.T, ssh *remotetest.Server, hostKey string, port int) string {
	return w.registerAll(t, ssh, hostKey, port, 10)
}

func (w *world) registerAll(
	t *testing.T, ssh *remotetest.Server, hostKey string, port, concurrency int,
) string {
	t.Helper()
	key := w.create(t, "/security/keys", map[string]any{"name": "e2e", "private_key": ssh.ClientKeyPEM()})
	return w.create(t, "/servers", map[string]any{
		"name": "loopback", "ip": "127.0.0.1", "port": port, "user": ssh.User(),
		"private_key_uuid": key, "host_key": hostKey, "data_dir": t.TempDir(),
		"concurrency": concurrency, "queue_limit": 1000,
	})
}

// shell registers an application that starts with the script.
func (w *world) shell(t *testing.T, server, script string) string {
	t.Helper()
	return w.create(t, "/applications/shell", map[string]any{
		"name": "demo", "server_uuid": server, "start": script,
	})
}

// service registers a compose service.
func (w *world) service(t *testing.T, server, compose string) string {
	t.Helper()
	return w.create(t, "/services", map[string]any{
		"name": "demo", "server_uuid": server, "docker_compose": compose, "health_timeout": 60,
	})
}

func (w *world) create(t *testing.T, path string, body any) string {
	t.Helper()
	var created struct{ UUID string }
	if err := w.api.Post(t.Context(), path, body, &created); err != nil {
		t.Fatalf("POST %s: %v", path, err)
	}
	return created.UUID
}

func (w *world) get(t *testing.T, path string, out any) {
	t.Helper()
	if err := w.api.Get(t.Context(), path, out); err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
}

// start requests a start and returns the deployment's uuid.
func (w *world) start(t *testing.T, resource string) string {
	t.Helper()
	return w.ask(t, resource, "start")
}

func (w *world) ask(t *testing.T, resource, operation string) string {
	t.Helper()
	var queued struct {
		DeploymentUUID string `json:"deployment_uuid"`
	}
	if err := w.api.Post(t.Context(), at(resource)+"/"+operation, nil, &queued); err != nil {
		t.Errorf("%s %s: %v", operation, resource, err)
	}
	return queued.DeploymentUUID
}

// at returns the API's path of a resource. The kind is in the uuid.
func at(resource string) string {
	kind := map[string]string{"app": "applications", "svc": "services", "dbs": "databases"}[resource[:3]]
	return "/" + kind + "/" + resource
}

// deploy starts the resource and follows its log to the end.
func (w *world) deploy(t *testing.T, resource string) (client.Deployment, []client.Entry) {
	t.Helper()
	return w.operate(t, resource, "start")
}

func (w *world) operate(t *testing.T, resource, operation string) (client.Deployment, []client.Entry) {
	t.Helper()
	return w.follow(t, w.ask(t, resource, operation))
}

// follow follows the log of a deployment to its end.
func (w *world) follow(t *testing.T, uuid string) (client.Deployment, []client.Entry) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var entries []client.Entry
	if err := w.api.Follow(ctx, uuid, func(entry client.Entry) {
		entries = append(entries, entry)
	}); err != nil {
		t.Fatalf("follow %s: %v\n%s", uuid, err, text(entries))
	}
	return w.await(t, uuid), entries
}

func (w *world) await(t *testing.T, uuid string) client.Deployment {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	record, err := w.api.Await(ctx, uuid)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// history returns the number of deployments of an application.
func (w *world) history(t *testing.T, app string) int {
	t.Helper()
	var page struct{ Count int }
	w.get(t, "/deployments/applications/"+app, &page)
	return page.Count
}

// mint makes a token with the API.
func (w *world) mint(t *testing.T, name string, abilities ...string) string {
	t.Helper()
	var minted struct{ Token string }
	if err := w.api.Post(t.Context(), "/security/tokens",
		map[string]any{"name": name, "abilities": abilities}, &minted); err != nil {
		t.Fatal(err)
	}
	return minted.Token
}
