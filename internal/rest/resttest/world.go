// Package resttest runs all API functions over one memory, for the tests of
// the packages that have their endpoints.
package resttest

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
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/inspect"
	"waybill/internal/memory"
	"waybill/internal/openapi"
	"waybill/internal/openapi/document"
	"waybill/internal/openapi/schema"
	"waybill/internal/oplog"
	"waybill/internal/rest"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/rest/deployapi"
	"waybill/internal/rest/inspectapi"
	"waybill/internal/rest/listapi"
	"waybill/internal/rest/showapi"
	"waybill/internal/rest/triggerapi"
	"waybill/internal/schedule"
)

// World is all API functions over one memory.
type World struct {
	Memory    *memory.Memory
	Inspector *inspector
	Mailbox   *Mailbox
	Check     func(context.Context, catalog.Deployable, *catalog.Server) error
	Warn      func(context.Context, catalog.Deployable) []string
	Expand    func(catalog.TemplateInput) (*catalog.TemplateUse, error)
	Inspect   func() (string, error)
	ReadLogs  func(inspect.LogQuery) (inspect.Logs, error)
	Survey    func(images []string) (inspect.Survey, error)
	// Events are the events that deliveries of webhooks became.
	Events   *Events
	Handlers map[string]http.Handler
	Answers  *schema.Answers
	Log      *lines
	// Root is a token that may do everything.
	Root string
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

// New builds the functions; ports may be replaced before.
func New(t testing.TB, change ...func(*catalogapi.Ports, *showapi.Ports)) *World {
	t.Helper()
	m := memory.New(memory.Options{})
	w := &World{Memory: m, Inspector: NewInspector(), Mailbox: &Mailbox{}, Log: &lines{}, Events: &Events{},
		Handlers: map[string]http.Handler{}}
	w.setDoubles()
	catalogPorts := w.CatalogPorts()
	showPorts := showapi.Ports{
		Tokens: m.Tokens(), Store: m.Catalog(), History: m.History(), Archive: m.Archive(), Links: m.Links(),
		Index: m.Index(), Snapshots: m.Snapshots(),
	}
	for _, apply := range change {
		apply(&catalogPorts, &showPorts)
	}
	opts := rest.Options{Log: oplog.New(w.Log, slog.LevelInfo), Team: "blue",
		Sources: catalog.TriggerSources{Images: []string{"team/"}, Buckets: []string{"deliveries"}}}
	w.addHandlers(t, catalogPorts, showPorts, opts)
	var err error
	if w.Answers, err = schema.NewAnswers(document.JSON); err != nil {
		t.Fatal(err)
	}
	w.Root = w.Mint(t, access.Root)
	return w
}

// setDoubles sets what stands for a server: each resource is accepted, well, and says "ready".
func (w *World) setDoubles() {
	w.Check = func(context.Context, catalog.Deployable, *catalog.Server) error { return nil }
	w.Warn = func(context.Context, catalog.Deployable) []string { return nil }
	w.Expand = func(catalog.TemplateInput) (*catalog.TemplateUse, error) { return nil, nil }
	w.Inspect = func() (string, error) { return "running:healthy", nil }
	w.ReadLogs = func(inspect.LogQuery) (inspect.Logs, error) {
		return inspect.Logs{Services: []string{"web"},
			Containers: []inspect.ContainerLog{{Name: "web-1", Text: "ready\n"}}}, nil
	}
	w.Survey = func([]string) (inspect.Survey, error) {
		return inspect.Survey{Status: "running:healthy"}, nil
	}
}

// addHandlers makes the functions over the ports.
func (w *World) addHandlers(t testing.TB, catalogPorts catalogapi.Ports, showPorts showapi.Ports,
	opts rest.Options) {
	t.Helper()
	m := w.Memory
	add := func(function string, handler http.Handler, failed error) {
		if w.Handlers[function] = handler; failed != nil {
			t.Fatal(failed)
		}
	}
	handler, err := catalogapi.New(catalogPorts, opts)
	add("catalog", handler, err)
	handler, err = deployapi.New(deployapi.Ports{
		Tokens: m.Tokens(), Keys: m.IdempotencyKeys(), Store: m.Catalog(),
		Ledger: m.Ledger(), History: m.History(), Snapshots: m.Snapshots(),
	}, opts)
	add("deploy", handler, err)
	handler, err = listapi.New(listapi.Ports{
		Tokens: m.Tokens(), Store: m.Catalog(), History: m.History(), Storage: m.Storage(), Feed: m.Feed(),
		Triggers:   m.Triggers(),
		Statistics: m.Statistics(),
	}, opts)
	add("list", handler, err)
	handler, err = showapi.New(showPorts, opts)
	add("show", handler, err)
	handler, err = inspectapi.New(w.InspectPorts(), opts)
	add("inspect", handler, err)
	handler, err = triggerapi.New(w.TriggerPorts(), opts)
	add("trigger", handler, err)
}

// InspectPorts are the ports of the inspect function. A test can change what Inspect, ReadLogs
// and Survey do at any time.
func (w *World) InspectPorts() inspectapi.Ports {
	m := w.Memory
	return inspectapi.Ports{
		Tokens: m.Tokens(), Store: m.Catalog(), Vault: m.Vault(), Sessions: m.Sessions(),
		History: m.History(), Snapshots: m.Snapshots(),
		Look: func(
			_ context.Context, _ *catalog.Server, login catalog.Login, _ catalog.Deployable,
		) (string, error) {
			w.Inspector.Opened, w.Inspector.Jump = login.PrivateKey, login.Jump
			return w.Inspect()
		},
		Logs: func(_ context.Context, _ *catalog.Server, login catalog.Login, _ catalog.ID,
			query inspect.LogQuery) (inspect.Logs, error) {
			w.Inspector.Opened, w.Inspector.Jump = login.PrivateKey, login.Jump
			return w.ReadLogs(query)
		},
		Survey: func(_ context.Context, _ *catalog.Server, login catalog.Login, _ catalog.Deployable,
			images []string) (inspect.Survey, error) {
			w.Inspector.Opened, w.Inspector.Jump = login.PrivateKey, login.Jump
			return w.Survey(images)
		},
	}
}

// CatalogPorts are the ports of the catalog function. A test can change what Check and Warn
// do at any time.
func (w *World) CatalogPorts() catalogapi.Ports {
	m := w.Memory
	return catalogapi.Ports{
		Tokens: m.Tokens(), Audit: m.Audit(), Keys: m.IdempotencyKeys(), Vault: m.Vault(),
		Store:       schedule.Catalog{Store: m.Catalog(), Schedules: m.Schedules(), Clock: m.Clock()},
		Notify:      w.NotifyPorts(),
		WebhookKeys: m.WebhookKeys(),
		KeyReader:   w.Inspector, Inspector: w.Inspector, Ledger: m.Ledger(), Snapshots: m.Snapshots(),
		Schedules: m.Schedules(), Clock: m.Clock(),
		Check: func(ctx context.Context, r catalog.Deployable, s *catalog.Server) error {
			return w.Check(ctx, r, s)
		},
		Warn:   func(ctx context.Context, r catalog.Deployable) []string { return w.Warn(ctx, r) },
		Expand: func(in catalog.TemplateInput) (*catalog.TemplateUse, error) { return w.Expand(in) },
	}
}

// Mint makes a token with the abilities.
func (w *World) Mint(t testing.TB, abilities ...access.Ability) string {
	t.Helper()
	return w.MintFor(t, access.Scope{}, abilities...)
}

// MintFor makes a token with the abilities that is limited to the scope.
func (w *World) MintFor(t testing.TB, scope access.Scope, abilities ...access.Ability) string {
	t.Helper()
	token, bearer, err := access.Mint(access.Terms{Name: "tester", Abilities: abilities, Scope: scope},
		time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Memory.Tokens().Create(t.Context(), token, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	return bearer
}

// Response is an answer, read.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Problem is the part of an error's answer that tests look at.
type Problem struct {
	Message   string
	Status    int
	Errors    map[string][]string
	RequestID string `json:"request_id"`
}

// Problem decodes the answer as an error.
func (r Response) Problem(t *testing.T) Problem {
	t.Helper()
	return Into[Problem](t, r)
}

// Into decodes the answer.
func Into[T any](t *testing.T, r Response) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(r.Body, &value); err != nil {
		t.Fatalf("the answer %d %s is not what was expected: %v", r.Status, r.Body, err)
	}
	return value
}

// NoToken as the token of a [Request] sends no Authorization header.
const NoToken = "-"

// Request is one call of an operation.
type Request struct {
	Operation string // its operationId in openapi.yaml
	PathUUID  string // takes the place of {uuid} or {id} in the path
	OtherUUID string // takes the place of {other}, {env_uuid} or {schedule_uuid} in the path
	Query     string // with its "?"
	Token     string // "" is a token that may do everything
	Body      any    // encoded as JSON, unless it is a string or nil
	Header    map[string]string
}

// Ask sends the request to the function of its operation, and holds the answer
// against openapi.yaml, whatever it is.
func (w *World) Ask(t *testing.T, r Request) Response {
	t.Helper()
	route := w.Route(t, r.Operation)
	path := strings.NewReplacer("{uuid}", r.PathUUID, "{id}", r.PathUUID,
		"{other}", r.OtherUUID, "{env_uuid}", r.OtherUUID, "{schedule_uuid}", r.OtherUUID,
		"{team}", r.PathUUID, "{project}", r.PathUUID,
		"{name}", r.OtherUUID, "{tag}", r.OtherUUID).Replace(route.Path)
	answer := w.Send(t, route.Function, route.Method, path+r.Query, r)
	if err := w.Answers.Check(r.Operation, answer.Status, answer.Header.Get("Content-Type"),
		answer.Body); err != nil {
		t.Errorf("%s: %v\n%s", r.Operation, err, answer.Body)
	}
	return answer
}

// Send sends a request to a function, whatever openapi.yaml says of it.
func (w *World) Send(t *testing.T, function, method, target string, r Request) Response {
	t.Helper()
	return w.SendContext(t, t.Context(), function, method, target, r)
}

// SendContext is Send with a context.
func (w *World) SendContext(
	t *testing.T, ctx context.Context, function, method, target string, r Request,
) Response {
	t.Helper()
	var body io.Reader
	switch given := r.Body.(type) {
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
	if r.Token == "" {
		r.Token = w.Root
	}
	if r.Token != NoToken {
		sent.Header.Set("Authorization", "Bearer "+r.Token)
	}
	for name, value := range r.Header {
		sent.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	w.Handlers[function].ServeHTTP(recorder, sent)
	return Response{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
}

// Route returns the route of an operation.
func (w *World) Route(t *testing.T, id string) openapi.Route {
	t.Helper()
	for _, route := range openapi.Routes() {
		if route.ID == id {
			return route
		}
	}
	t.Fatalf("no operation %s", id)
	return openapi.Route{}
}

// Want is ask for an answer with the status, decoded.
func Want[T any](t *testing.T, w *World, status int, r Request) T {
	t.Helper()
	answer := w.Ask(t, r)
	if answer.Status != status {
		t.Fatalf("%s answers %d %s, want %d", r.Operation, answer.Status, answer.Body, status)
	}
	return Into[T](t, answer)
}

// Object is a body.
type Object map[string]any

// Create registers something and returns its uuid.
func (w *World) Create(t *testing.T, id string, body Object) string {
	t.Helper()
	return Want[struct{ UUID string }](t, w, http.StatusCreated, Request{Operation: id, Body: body}).UUID
}

// Key registers a private key.
func (w *World) Key(t *testing.T) string {
	return w.Create(t, "createKey", Object{"name": "key", "private_key": ExamplePEM})
}

// Server registers a Server with a pinned host key.
func (w *World) Server(t *testing.T) string {
	return w.Create(t, "createServer", Object{
		"name": "web", "ip": "127.0.0.1", "private_key_uuid": w.Key(t), "host_key": FirstKey.Line,
	})
}

// UnpinnedServer registers a server without a host key.
func (w *World) UnpinnedServer(t *testing.T) string {
	return w.Create(t, "createServer", Object{"name": "bare", "ip": "10.0.0.9", "private_key_uuid": w.Key(t)})
}

// Application registers a shell application.
func (w *World) Application(t *testing.T, server string) string {
	return w.Create(t, "createShellApplication", Object{
		"name": "shop", "server_uuid": server, "start": "echo start",
		"environment": exampleVariables()})
}

// Service registers a service.
func (w *World) Service(t *testing.T, server string) string {
	return w.Create(t, "createService", Object{
		"name": "db", "server_uuid": server, "docker_compose": ExampleCompose,
	})
}

// Database registers a PostgreSQL. Its password is given, so that tests know it.
func (w *World) Database(t *testing.T, server string) string {
	return Want[struct{ UUID string }](t, w, http.StatusCreated, Request{
		Operation: "createDatabase", PathUUID: "postgresql", Body: Object{
			"name": "orders", "server_uuid": server, "postgres_user": "shop",
			"postgres_password": DatabasePassword, "enable_ssl": true,
			"postgres_conf": "max_connections = 7",
			"init_scripts":  []Object{{"name": "1.sql", "content": "SELECT 'init-script'"}},
			"environment":   exampleVariables()}}).UUID
}

// Built registers an application that is Built from a repository.
func (w *World) Built(t *testing.T, server string) string {
	return w.Create(t, "createDockerfileApplication", Object{"name": "api", "server_uuid": server,
		"git_repository": "https://git.example/api.git", "git_username": "bot", "git_password": GitPassword})
}

// BuiltOnce registers an application that is built from a repository, and whose only
// deployment has built the commit.
func (w *World) BuiltOnce(t *testing.T, server, commit string) string {
	t.Helper()
	uuid := w.Built(t, server)
	w.Start(t, uuid)
	record := w.Begin(t, server)
	code := 0
	outcome := deployment.Outcome{Status: deployment.Finished, ExitCode: &code,
		ResourceStatus: "running:healthy", Source: deployment.Source{Commit: commit}}
	if err := w.Memory.Ledger().Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome,
		time.Now()); err != nil {
		t.Fatal(err)
	}
	return uuid
}

// exampleVariables are a plain variable and a secret one.
func exampleVariables() []Object {
	return []Object{
		{"key": "PLAIN", "value": "plain-value"},
		{"key": "PASSWORD", "value": SecretValue, "is_secret": true},
	}
}

// Makers returns what creates a resource on a server, by the kind in operation names.
func (w *World) Makers() map[string]func(t *testing.T, server string) string {
	return map[string]func(t *testing.T, server string) string{
		"Service":     w.Service,
		"Application": w.Application,
		"Database":    w.Database,
	}
}

// Queued is the answer to a request for a deployment.
type Queued struct {
	Message        string
	ResourceUUID   string `json:"resource_uuid"`
	DeploymentUUID string `json:"deployment_uuid"`
	Position       int
	Repeated       bool
	Superseded     string   `json:"superseded_deployment_uuid"`
	WaitingFor     []string `json:"waiting_for"`
	Status         string
	Reason         string
}

// Start queues the start of an application.
func (w *World) Start(t *testing.T, application string) string {
	t.Helper()
	return Want[Queued](t, w, http.StatusOK, Request{
		Operation: "startApplication", PathUUID: application,
	}).DeploymentUUID
}

// Begin claims the next deployment of the server and takes its lease.
func (w *World) Begin(t *testing.T, server string) deployment.Record {
	t.Helper()
	record, err := w.Memory.Ledger().Claim(t.Context(), catalog.ID(server), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if record, err = w.Memory.Ledger().Begin(t.Context(), record.ID, "runner", time.Now(),
		time.Minute); err != nil {
		t.Fatal(err)
	}
	return record
}

// Run starts the resource and ends the deployment.
func (w *World) Run(t *testing.T, id, uuid string) string {
	t.Helper()
	started := Want[Queued](t, w, http.StatusOK, Request{Operation: id, PathUUID: uuid}).DeploymentUUID
	w.Finish(t, w.Begin(t, w.Show(t, started)["server_uuid"].(string)))
	return started
}

// Finish ends a deployment well, with the progress that its record has.
func (w *World) Finish(t *testing.T, record deployment.Record) {
	t.Helper()
	code := 0
	outcome := deployment.Outcome{
		Status: deployment.Finished, ExitCode: &code, ResourceStatus: "running:healthy",
	}
	if err := w.Memory.Ledger().Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome,
		time.Now()); err != nil {
		t.Fatal(err)
	}
}

// What resources are made with.
const (
	ExamplePEM = "-----BEGIN OPENSSH PRIVATE KEY-----\n" +
		"c2VjcmV0LWtleS1tYXRlcmlhbA==\n" +
		"-----END OPENSSH PRIVATE KEY-----\n"
	SecretValue = "correct horse battery"
	GitPassword = "staple-of-the-repository"

	// DatabasePassword is of characters that a URL has to encode.
	DatabasePassword = "p@ss wörd/4711"

	ExampleCompose = "services:\n  db:\n    image: redis:7.0\n"
)

// The host keys of a server before and after a change.
var (
	FirstKey = catalog.PublicKey{
		Line: "ssh-ed25519 AAAAfirst", Fingerprint: "SHA256:" + strings.Repeat("1", 43),
	}
	SecondKey = catalog.PublicKey{
		Line: "ssh-ed25519 AAAAsecond", Fingerprint: "SHA256:" + strings.Repeat("2", 43),
	}
)
