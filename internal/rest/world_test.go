package rest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/memory"
	"waybill/internal/openapi"
	"waybill/internal/oplog"
	"waybill/internal/rest"
)

// world is all four functions over one memory.
type world struct {
	memory    *memory.Memory
	inspector *inspector
	check     func(context.Context, catalog.Deployable, *catalog.Server) error
	warn      func(context.Context, catalog.Deployable) []string
	look      func() (string, error)
	handlers  map[string]http.Handler
	api       *openapi.API
	log       *lines
	// root is a token that may do everything.
	root string
}

// lines is a log that several goroutines write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newWorld builds the functions; ports may be replaced before.
func newWorld(t testing.TB, change ...func(*rest.CatalogPorts, *rest.ShowPorts)) *world {
	t.Helper()
	m := memory.New(memory.Options{})
	w := &world{memory: m, inspector: newInspector(), log: &lines{}, handlers: map[string]http.Handler{}}
	w.check = func(context.Context, catalog.Deployable, *catalog.Server) error { return nil }
	w.warn = func(context.Context, catalog.Deployable) []string { return nil }
	w.look = func() (string, error) { return "running:healthy", nil }
	catalogPorts := rest.CatalogPorts{Tokens: m.Tokens(), Store: m.Catalog(), Vault: m.Vault(), Inspector: w.inspector,
		Ledger: m.Ledger(), Snapshots: m.Snapshots(),
		Look: func(_ context.Context, _ *catalog.Server, privateKey string, _ catalog.Deployable) (string, error) {
			w.inspector.opened = privateKey
			return w.look()
		},
		Check: func(ctx context.Context, r catalog.Deployable, s *catalog.Server) error { return w.check(ctx, r, s) },
		Warn:  func(ctx context.Context, r catalog.Deployable) []string { return w.warn(ctx, r) }}
	showPorts := rest.ShowPorts{Tokens: m.Tokens(), Store: m.Catalog(), History: m.History(), Archive: m.Archive(), Snapshots: m.Snapshots()}
	for _, apply := range change {
		apply(&catalogPorts, &showPorts)
	}
	opts := rest.Options{Log: oplog.New(w.log, slog.LevelInfo), Team: "blue"}
	var err error
	keep := func(function string, handler http.Handler, failed error) {
		if w.handlers[function] = handler; failed != nil {
			t.Fatal(failed)
		}
	}
	handler, err := rest.NewCatalog(catalogPorts, opts)
	keep("catalog", handler, err)
	handler, err = rest.NewDeploy(rest.DeployPorts{Tokens: m.Tokens(), Store: m.Catalog(), Ledger: m.Ledger(), History: m.History(), Snapshots: m.Snapshots()}, opts)
	keep("deploy", handler, err)
	handler, err = rest.NewList(rest.ListPorts{Tokens: m.Tokens(), Store: m.Catalog(), History: m.History()}, opts)
	keep("list", handler, err)
	handler, err = rest.NewShow(showPorts, opts)
	keep("show", handler, err)
	if w.api, err = openapi.Load(); err != nil {
		t.Fatal(err)
	}
	w.root = w.mint(t, access.Root)
	return w
}

// mint makes a token with the abilities.
func (w *world) mint(t testing.TB, abilities ...access.Ability) string {
	t.Helper()
	token, bearer, err := access.Mint("tester", abilities, time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.memory.Tokens().Create(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	return bearer
}

// response is an answer, read.
type response struct {
	status int
	header http.Header
	body   []byte
}

// problem is the part of an error's answer that tests look at.
type problem struct {
	Message   string
	Status    int
	Errors    map[string][]string
	RequestID string `json:"request_id"`
}

func (r response) problem(t *testing.T) problem {
	t.Helper()
	return into[problem](t, r)
}

func into[T any](t *testing.T, r response) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(r.body, &value); err != nil {
		t.Fatalf("the answer %d %s is not what was expected: %v", r.status, r.body, err)
	}
	return value
}

// request is one call; the zero token is root's, "-" is none.
type request struct {
	id     string // the operation
	uuid   string
	other  string // the second uuid of a path
	query  string
	token  string
	body   any // encoded as JSON unless it is a string or nil
	header map[string]string
}

// ask sends the request to the function of its operation, and holds the answer
// against openapi.yaml, whatever it is.
func (w *world) ask(t *testing.T, r request) response {
	t.Helper()
	route := w.route(t, r.id)
	path := strings.NewReplacer("{uuid}", r.uuid, "{other}", r.other).Replace(route.Path)
	answer := w.send(t, route.Function, route.Method, path+r.query, r)
	if err := w.api.CheckAnswer(r.id, answer.status, answer.body); err != nil {
		t.Errorf("%s: %v\n%s", r.id, err, answer.body)
	}
	return answer
}

func (w *world) send(t *testing.T, function, method, target string, r request) response {
	t.Helper()
	return w.sendContext(t, t.Context(), function, method, target, r)
}

func (w *world) sendContext(t *testing.T, ctx context.Context, function, method, target string, r request) response {
	t.Helper()
	var body io.Reader
	switch given := r.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(given)
	default:
		text, err := json.Marshal(given)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	sent := httptest.NewRequestWithContext(ctx, method, target, body)
	if r.token == "" {
		r.token = w.root
	}
	if r.token != "-" {
		sent.Header.Set("Authorization", "Bearer "+r.token)
	}
	for name, value := range r.header {
		sent.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	w.handlers[function].ServeHTTP(recorder, sent)
	return response{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
}

func (w *world) route(t *testing.T, id string) openapi.Route {
	t.Helper()
	for _, route := range w.api.Routes() {
		if route.ID == id {
			return route
		}
	}
	t.Fatalf("no operation %s", id)
	return openapi.Route{}
}

// want is ask for an answer with the status, decoded.
func want[T any](t *testing.T, w *world, status int, r request) T {
	t.Helper()
	answer := w.ask(t, r)
	if answer.status != status {
		t.Fatalf("%s answers %d %s, want %d", r.id, answer.status, answer.body, status)
	}
	return into[T](t, answer)
}

type object map[string]any

// create registers something and returns its uuid.
func (w *world) create(t *testing.T, id string, body object) string {
	t.Helper()
	return want[struct{ UUID string }](t, w, http.StatusCreated, request{id: id, body: body}).UUID
}

func (w *world) key(t *testing.T) string {
	return w.create(t, "createKey", object{"name": "key", "private_key": examplePEM})
}

// server registers a server with a pinned host key.
func (w *world) server(t *testing.T) string {
	return w.create(t, "createServer", object{"name": "web", "ip": "127.0.0.1", "private_key_uuid": w.key(t), "host_key": firstKey.Line})
}

func (w *world) application(t *testing.T, server string) string {
	return w.create(t, "createShellApplication", object{"name": "shop", "server_uuid": server, "start": "echo start",
		"environment": []object{{"key": "PLAIN", "value": "plain-value"}, {"key": "PASSWORD", "value": secretValue, "is_secret": true}}})
}

func (w *world) service(t *testing.T, server string) string {
	return w.create(t, "createService", object{"name": "db", "server_uuid": server, "docker_compose": exampleCompose})
}

// database registers a PostgreSQL. Its password is given, so that tests know it.
func (w *world) database(t *testing.T, server string) string {
	return want[struct{ UUID string }](t, w, http.StatusCreated, request{id: "createDatabase", uuid: "postgresql", body: object{
		"name": "orders", "server_uuid": server, "postgres_user": "shop", "postgres_password": databasePassword, "enable_ssl": true,
		"postgres_conf": "max_connections = 7", "init_scripts": []object{{"name": "1.sql", "content": "SELECT 'init-script'"}},
		"environment": []object{{"key": "PLAIN", "value": "plain-value"}, {"key": "PASSWORD", "value": secretValue, "is_secret": true}}}}).UUID
}

// built registers an application that is built from a repository.
func (w *world) built(t *testing.T, server string) string {
	return w.create(t, "createDockerfileApplication", object{"name": "api", "server_uuid": server,
		"git_repository": "https://git.example/api.git", "git_username": "bot", "git_password": gitPassword})
}

type queued struct {
	Message        string
	ResourceUUID   string `json:"resource_uuid"`
	DeploymentUUID string `json:"deployment_uuid"`
	Position       int
	Repeated       bool
	Superseded     string `json:"superseded_deployment_uuid"`
}

func (w *world) start(t *testing.T, application string) string {
	t.Helper()
	return want[queued](t, w, http.StatusOK, request{id: "startApplication", uuid: application}).DeploymentUUID
}

// begin claims the next deployment of the server and takes its lease.
func (w *world) begin(t *testing.T, server string) deployment.Record {
	t.Helper()
	record, err := w.memory.Ledger().Claim(t.Context(), catalog.ID(server), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if record, err = w.memory.Ledger().Begin(t.Context(), record.ID, "runner", time.Now(), time.Minute); err != nil {
		t.Fatal(err)
	}
	return record
}

// run starts the resource and ends the deployment.
func (w *world) run(t *testing.T, id, uuid string) string {
	t.Helper()
	started := want[queued](t, w, http.StatusOK, request{id: id, uuid: uuid}).DeploymentUUID
	w.finish(t, w.begin(t, w.show(t, started)["server_uuid"].(string)))
	return started
}

// finish ends a deployment well, with the progress that its record has.
func (w *world) finish(t *testing.T, record deployment.Record) {
	t.Helper()
	code := 0
	outcome := deployment.Outcome{Status: deployment.Finished, ExitCode: &code, ResourceStatus: "running:healthy"}
	if err := w.memory.Ledger().Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome, time.Now()); err != nil {
		t.Fatal(err)
	}
}

const (
	examplePEM  = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0LWtleS1tYXRlcmlhbA==\n-----END OPENSSH PRIVATE KEY-----\n"
	secretValue = "correct horse battery"
	gitPassword = "staple-of-the-repository"

	// databasePassword is of characters that a URL has to encode.
	databasePassword = "p@ss wörd/4711"

	exampleCompose = "services:\n  db:\n    image: redis:7.0\n"
)

// The host keys of a server before and after somebody changed it.
var (
	firstKey  = catalog.PublicKey{Line: "ssh-ed25519 AAAAfirst", Fingerprint: "SHA256:" + strings.Repeat("1", 43)}
	secondKey = catalog.PublicKey{Line: "ssh-ed25519 AAAAsecond", Fingerprint: "SHA256:" + strings.Repeat("2", 43)}
)

// inspector is a [catalog.Inspector] that does as it is told.
type inspector struct {
	shows  catalog.PublicKey
	unseen error
	shut   error
	opened string // the private key that the last login had
}

func newInspector() *inspector { return &inspector{shows: firstKey} }

func (i *inspector) PrivateKey(pem string) (catalog.KeyPair, error) {
	if !strings.Contains(pem, "PRIVATE KEY") {
		return catalog.KeyPair{}, fault.New(fault.Invalid, "no private key")
	}
	return catalog.KeyPair{Public: catalog.PublicKey{Line: "ssh-ed25519 AAAAclient", Fingerprint: "SHA256:client"}, Private: pem}, nil
}

func (i *inspector) PublicKey(line string) (catalog.PublicKey, error) {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return catalog.PublicKey{}, fault.New(fault.Invalid, "no public key")
	}
	return catalog.PublicKey{Line: fields[0] + " " + fields[1], Fingerprint: "SHA256:public"}, nil
}

func (i *inspector) HostKey(context.Context, *catalog.Server, string) (catalog.PublicKey, error) {
	return i.shows, i.unseen
}

func (i *inspector) Login(_ context.Context, _ *catalog.Server, privateKey string) error {
	i.opened = privateKey
	return i.shut
}

func (i *inspector) Usable(_ context.Context, _ *catalog.Server, privateKey string) error {
	i.opened = privateKey
	return i.shut
}
