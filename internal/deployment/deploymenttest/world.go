// Package deploymenttest has the contract of [deployment.Ledger] and [deployment.History], as a
// suite that the tests of each implementation run.
package deploymenttest

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// Ports are views of one state, which need not be empty: the suite makes its own servers
// and resources.
type Ports struct {
	Store   catalog.Store
	Ledger  deployment.Ledger
	History deployment.History
	Storage deployment.StorageReader
	Audit   audit.Log
	Damage  Damage
}

// Damage changes the tables without the [deployment.Ledger], like a person with
// access to the AWS console.
type Damage struct {
	// Save writes a record, and Forget removes one. Neither changes its places.
	Save   func(t *testing.T, record deployment.Record)
	Forget func(t *testing.T, id deployment.ID)
	// SetPlaces replaces the running set and the queue of a server, SetState the
	// state of a resource.
	SetPlaces func(t *testing.T, server catalog.ID, running, queue []deployment.ID)
	SetState  func(t *testing.T, resource catalog.ID, state catalog.State)
}

// lease is the length of the suite's leases.
const lease = deployment.LeaseLength

// world has the servers and resources of one test, with a clock that moves only on request.
type world struct {
	Ports
	now time.Time
}

func newWorld(t *testing.T, open func(t *testing.T) Ports) *world {
	t.Helper()
	return &world{Ports: open(t), now: time.Date(2026, 8, 22, 10, 0, 0, 123456000, time.UTC)}
}

// tick moves the clock, so that no two events have the same time.
func (w *world) tick() time.Time {
	w.now = w.now.Add(time.Millisecond)
	return w.now
}

func newID(t *testing.T, kind catalog.Kind) catalog.ID {
	t.Helper()
	id, err := catalog.NewID(kind, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) create(t *testing.T, entity catalog.Entity) catalog.ID {
	t.Helper()
	if err := w.Store.Create(t.Context(), entity, audit.Entry{}); err != nil {
		t.Fatalf("Create: %v", err)
	}
	return entity.Common().ID
}

func (w *world) meta(t *testing.T, kind catalog.Kind) catalog.Meta {
	t.Helper()
	return catalog.Meta{ID: newID(t, kind), Name: "demo " + string(kind), CreatedAt: w.tick(),
		UpdatedAt: w.now}
}

// server adds a server, and the key that it needs.
func (w *world) server(t *testing.T, concurrency, queueLimit int) catalog.ID {
	t.Helper()
	key := w.create(t, &catalog.PrivateKey{Meta: w.meta(t, catalog.KindPrivateKey)})
	return w.create(t, &catalog.Server{Meta: w.meta(t, catalog.KindServer), Address: "127.0.0.1", Port: 22,
		KeyID:       key,
		Concurrency: concurrency, QueueLimit: queueLimit})
}

func (w *world) service(t *testing.T, server catalog.ID) catalog.ID {
	t.Helper()
	return w.create(t, &catalog.Service{Compose: "services: {}", Resource: catalog.Resource{
		Meta: w.meta(t, catalog.KindService), ServerID: server}})
}

func (w *world) application(t *testing.T, server catalog.ID) catalog.ID {
	t.Helper()
	return w.create(t, &catalog.Application{Shell: &catalog.Shell{Start: "true"}, Resource: catalog.Resource{
		Meta: w.meta(t, catalog.KindApplication), ServerID: server}})
}

func (w *world) database(t *testing.T, server catalog.ID) catalog.ID {
	t.Helper()
	return w.create(t, &catalog.Database{Engine: "postgresql", Image: "postgres:16",
		Resource: catalog.Resource{
			Meta: w.meta(t, catalog.KindDatabase), ServerID: server}})
}

// record returns the record of a new request.
func (w *world) record(t *testing.T, resource, server catalog.ID) deployment.Record {
	t.Helper()
	id, err := deployment.NewID(resource, w.tick(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return deployment.Record{
		ID: id, Status: deployment.Queued, Operation: deployment.Start,
		Options:      deployment.Options{PullLatestImages: true},
		ResourceName: "demo", ServerID: server, ServerName: "loopback",
		Trigger: deployment.Trigger{Kind: deployment.TriggerAPI, Name: "ci",
			TokenID: "9007199254740991"},
		ConfigurationHash: "0a1b",
		CreatedAt:         w.now, QueuedAt: w.now, UpdatedAt: w.now,
	}
}

// key returns a request key that no other test uses.
func key(name string, window time.Duration) deployment.RequestKey {
	return deployment.RequestKey{Hash: name + "-" + rand.Text(), Window: window}
}

// enqueue queues a new request for the resource.
func (w *world) enqueue(t *testing.T, resource, server catalog.ID) deployment.Record {
	t.Helper()
	receipt, err := w.Ledger.Enqueue(t.Context(), w.record(t, resource, server), deployment.RequestKey{})
	if err != nil {
		t.Fatalf("Enqueue: %v", err)
	}
	return receipt.Record
}

func (w *world) claim(t *testing.T, server catalog.ID) deployment.Record {
	t.Helper()
	record, err := w.Ledger.Claim(t.Context(), server, w.tick())
	if err != nil {
		t.Fatalf("Claim: %v", err)
	}
	return record
}

func (w *world) claimsNothing(t *testing.T, server catalog.ID) {
	t.Helper()
	record, err := w.Ledger.Claim(t.Context(), server, w.tick())
	wantKind(t, err, fault.NotFound)
	if err == nil {
		t.Errorf("claimed %s", record.ID)
	}
}

func (w *world) begin(t *testing.T, id deployment.ID, owner string) deployment.Record {
	t.Helper()
	record, err := w.Ledger.Begin(t.Context(), id, owner, w.tick(), lease)
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	return record
}

// running queues a deployment of the resource, claims it and begins it.
func (w *world) running(t *testing.T, resource, server catalog.ID) deployment.Record {
	t.Helper()
	w.enqueue(t, resource, server)
	return w.begin(t, w.claim(t, server).ID, "runner")
}

func (w *world) finish(t *testing.T, record deployment.Record, outcome deployment.Outcome) {
	t.Helper()
	if err := w.Ledger.Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome,
		w.tick()); err != nil {
		t.Fatalf("Finish: %v", err)
	}
}

func (w *world) get(t *testing.T, id deployment.ID) deployment.Record {
	t.Helper()
	record, err := w.History.Get(t.Context(), id)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return record
}

func (w *world) load(t *testing.T, server catalog.ID) (running, queue []deployment.ID) {
	t.Helper()
	load, err := w.History.Load(t.Context(), server)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return ids(load.Running), ids(load.Queue)
}

// state returns the state of the resource without the time of its last start and without
// the size of its logs, which few tests check.
func (w *world) state(t *testing.T, resource catalog.ID) catalog.State {
	t.Helper()
	state := w.wholeState(t, resource)
	state.LastStart, state.LogObjects, state.LogBytes = time.Time{}, 0, 0
	return state
}

func (w *world) wholeState(t *testing.T, resource catalog.ID) catalog.State {
	t.Helper()
	entity, err := catalog.Find[catalog.Deployable](t.Context(), w.Store, resource)
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	return entity.Shared().State
}

func ids(records []deployment.Record) []deployment.ID {
	var all []deployment.ID
	for _, record := range records {
		all = append(all, record.ID)
	}
	return all
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error = %v, want %s", err, kind)
	}
}

// wantCancelled checks that a call failed because its context had ended.
func wantCancelled(t *testing.T, call string, err error) {
	t.Helper()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%s with a cancelled context: %v, want %v", call, err, context.Canceled)
	}
}

// wantSame compares whole values. Empty and nil lists are equal.
func wantSame[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(got, want, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s differs (-got +want):\n%s", what, strings.TrimSpace(diff))
	}
}
