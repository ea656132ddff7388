package trigger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/memory"
	"waybill/internal/trigger"
	"waybill/internal/trigger/requested"
)

// world is a stack in memory with one server. Its clock moves only when a test moves it.
type world struct {
	*memory.Memory
	store   trigger.Store
	intake  *trigger.Intake
	opts    trigger.IntakeOptions
	queue   *queue
	letters *letters
	mu      sync.Mutex
	clock   time.Time
}

// queue keeps the messages that were sent for later.
type queue struct {
	mu    sync.Mutex
	wakes []wake
}

type wake struct {
	resource catalog.ID
	delay    time.Duration
}

func (q *queue) Wake(_ context.Context, resource catalog.ID, delay time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wakes = append(q.wakes, wake{resource, delay})
	return nil
}

// letters keeps the dead letters.
type letters struct {
	mu  sync.Mutex
	all []trigger.Letter
}

func (l *letters) Bury(_ context.Context, letter trigger.Letter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, letter)
	return nil
}

const (
	keyID    = catalog.ID("key000000000000000000001")
	serverID = catalog.ID("srv000000000000000000001")
	team     = "shop"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Memory: memory.New(memory.Options{}), queue: &queue{}, letters: &letters{},
		clock: time.Date(2026, 11, 30, 18, 0, 0, 0, time.UTC)}
	w.opts = trigger.IntakeOptions{Team: team, Now: w.now, CheckRequest: requested.Check}
	w.store = w.Triggers()
	w.build()
	w.add(t, &catalog.PrivateKey{Meta: catalog.Meta{ID: keyID}})
	w.add(t, &catalog.Server{Meta: catalog.Meta{ID: serverID, Name: "web-1"}, KeyID: keyID,
		HostKey: "ssh-ed25519 AAAA", Concurrency: 100, QueueLimit: 1000})
	return w
}

// build makes the use case over the ports of the world.
func (w *world) build() {
	w.intake = trigger.NewIntake(w.ports(), w.opts)
}

func (w *world) ports() trigger.Ports {
	return trigger.Ports{Store: w.store, Catalog: w.Catalog(), Schedules: w.Schedules(), Records: w.History(),
		Requests: deployment.NewRequests(w.Catalog(), w.Ledger(), deployment.RequestsOptions{Now: w.now}),
		Queue:    w.queue, Letters: w.letters}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

// pass moves the clock.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

func (w *world) add(t *testing.T, entity catalog.Entity) {
	t.Helper()
	if err := w.Catalog().Create(t.Context(), entity, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
}

// service adds a service with the rules.
func (w *world) service(t *testing.T, n int, rules ...catalog.TriggerRule) catalog.ID {
	t.Helper()
	id := catalog.ID(fmt.Sprintf("svc%021d", n))
	w.add(t, &catalog.Service{Resource: catalog.Resource{
		Meta: catalog.Meta{ID: id, Name: fmt.Sprint("service ", n)}, ServerID: serverID, Triggers: rules,
		Labels: catalog.Labels{Tags: []string{"prod"}}},
		Compose: "services: {web: {image: team/web:1.4}}"})
	return id
}

// image adds an application that runs the image team/web.
func (w *world) image(t *testing.T, n int, rules ...catalog.TriggerRule) catalog.ID {
	t.Helper()
	id := catalog.ID(fmt.Sprintf("app%021d", n))
	w.add(t, &catalog.Application{Resource: catalog.Resource{
		Meta: catalog.Meta{ID: id, Name: fmt.Sprint("application ", n)}, ServerID: serverID, Triggers: rules},
		Image: &catalog.Image{Name: "registry.example.org/team/web", Tag: "v1.0.0"}})
	return id
}

// handle delivers a message, and fails the test if it must come again.
func (w *world) handle(t *testing.T, body string) {
	t.Helper()
	if err := w.intake.Handle(t.Context(), body); err != nil {
		t.Fatalf("Handle: %v", err)
	}
}

// requested is an event of the stack's bus.
func (w *world) requested(id string, detail any) string {
	return envelope(id, trigger.RequestedType, "shop.ci", w.now(), detail)
}

func envelope(id, detailType, source string, at time.Time, detail any) string {
	text, _ := json.Marshal(map[string]any{"version": "0", "id": id, "detail-type": detailType,
		"source": source, "account": "000000000000", "region": "eu-central-1", "resources": []string{},
		"time": at.Format(time.RFC3339), "detail": detail})
	return string(text)
}

type fields = map[string]any

// deployments returns the deployments of the resource, the oldest first.
func (w *world) deployments(t *testing.T, resource catalog.ID) []deployment.Record {
	t.Helper()
	listing, err := w.History().List(t.Context(), resource, deployment.Page{Take: 100})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(listing.Records)
	return listing.Records
}

// outcomes returns the outcomes of the event by resource.
func (w *world) outcomes(t *testing.T, id string) map[catalog.ID]trigger.Outcome {
	t.Helper()
	received, err := w.store.Get(t.Context(), id)
	if err != nil {
		t.Fatalf("Get of %s: %v", id, err)
	}
	outcomes := map[catalog.ID]trigger.Outcome{}
	for resource, result := range received.Results {
		outcomes[resource] = result.Outcome
	}
	return outcomes
}

// wantOutcome checks the one result of the event.
func (w *world) wantOutcome(t *testing.T, id string, resource catalog.ID, want trigger.Outcome) {
	t.Helper()
	if got := w.outcomes(t, id); !maps.Equal(got, map[catalog.ID]trigger.Outcome{resource: want}) {
		t.Errorf("the results of %s are %v, want %s for %s", id, got, want, resource)
	}
}

// wantLetter checks that there is one dead letter, with the field and the text.
func (w *world) wantLetter(t *testing.T, field, text string) {
	t.Helper()
	if len(w.letters.all) != 1 || w.letters.all[0].Field != field ||
		!strings.Contains(w.letters.all[0].Reason, text) {
		t.Errorf("the dead letters are %+v, want one for the field %q with %q", w.letters.all, field, text)
	}
}
