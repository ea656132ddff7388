package deployment_test

import (
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/memory"
)

// world is the use cases over memory, with a clock that a test moves. Every
// look at it takes a microsecond, so that no two ids are of one time.
type world struct {
	*memory.Memory
	clock      atomic.Int64
	requests   *deployment.Requests
	dispatcher *deployment.Dispatcher
}

func newWorld(testing.TB) *world {
	w := &world{Memory: memory.New(memory.Options{})}
	w.clock.Store(time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC).UnixMicro())
	w.requests = deployment.NewRequests(w.Catalog(), w.Ledger(),
		deployment.RequestsOptions{Now: w.now, Snapshots: w.Snapshots()})
	w.dispatcher = deployment.NewDispatcher(w.ports(), deployment.DispatcherOptions{Now: w.now})
	return w
}

// ports are the dispatcher's.
func (w *world) ports() deployment.DispatcherPorts {
	return deployment.DispatcherPorts{Claims: w.Ledger(), Expiries: w.Ledger(), History: w.History(),
		Store: w.Catalog(), Logs: w.Archive(), Excerpts: w.Excerpts(), Snapshots: w.Snapshots(),
		Vault: w.Vault(), Sender: w.Sender(), Feed: w.Feed(), Publisher: w.Publisher()}
}

func (w *world) now() time.Time { return time.UnixMicro(w.clock.Add(1)) }

func (w *world) wait(d time.Duration) { w.clock.Add(d.Microseconds()) }

func (w *world) create(t testing.TB, entity catalog.Entity, kind catalog.Kind) catalog.ID {
	t.Helper()
	id, err := catalog.NewID(kind, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	entity.Common().ID, entity.Common().Name = id, "demo "+string(kind)
	if err := w.Catalog().Create(t.Context(), entity, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) server(t testing.TB, concurrency, queueLimit int) catalog.ID {
	t.Helper()
	key := w.create(t, &catalog.PrivateKey{}, catalog.KindPrivateKey)
	return w.create(t, &catalog.Server{KeyID: key, HostKey: "ssh-ed25519 AAAA", Concurrency: concurrency,
		QueueLimit: queueLimit}, catalog.KindServer)
}

func (w *world) service(t testing.TB, server catalog.ID) catalog.ID {
	t.Helper()
	return w.create(t, &catalog.Service{Resource: catalog.Resource{ServerID: server}}, catalog.KindService)
}

// start is what `ci` asks for when it starts the resource.
func start(resource catalog.ID) deployment.Request {
	return deployment.Request{Resource: resource, Operation: deployment.Start, Caller: "tok1",
		Trigger: trigger()}
}

func trigger() deployment.Trigger {
	return deployment.Trigger{Kind: deployment.TriggerAPI, Name: "ci", TokenID: "4711"}
}

func (w *world) request(t testing.TB, request deployment.Request) deployment.Receipt {
	t.Helper()
	receipt, err := w.requests.Request(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// newID returns an id for a deployment of the resource.
func (w *world) newID(t testing.TB, resource catalog.ID) deployment.ID {
	t.Helper()
	id, err := deployment.NewID(resource, w.now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) claim(t testing.TB, server catalog.ID) {
	t.Helper()
	if _, err := w.Ledger().Claim(t.Context(), server, w.now()); err != nil {
		t.Fatal(err)
	}
}

// reconfigure changes the compose file of a service.
func (w *world) reconfigure(t testing.TB, id catalog.ID) {
	t.Helper()
	service, err := catalog.Find[*catalog.Service](t.Context(), w.Catalog(), id)
	if err != nil {
		t.Fatal(err)
	}
	was := service.UpdatedAt
	service.Compose, service.UpdatedAt = service.Compose+"# changed", w.now()
	if err := w.Catalog().Update(t.Context(), service, was, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
}

// run brings the next deployment of the server to its end.
func (w *world) run(t testing.TB, server catalog.ID) deployment.ID {
	t.Helper()
	record, err := w.Ledger().Claim(t.Context(), server, w.now())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.end(t, record.ID); err != nil {
		t.Fatal(err)
	}
	return record.ID
}

// end does what a runner does. Another runner's deployment is no error.
func (w *world) end(t testing.TB, id deployment.ID) error {
	owner := rand.Text()
	record, err := w.Ledger().Begin(t.Context(), id, owner, w.now(), time.Minute)
	if errors.Is(err, fault.Conflict) || errors.Is(err, fault.Gone) {
		return nil
	}
	if err != nil {
		return err
	}
	return w.Ledger().Finish(t.Context(), id, record.Lease, record.Progress,
		deployment.Outcome{Status: deployment.Finished}, w.now())
}

func (w *world) count(t testing.TB, resource catalog.ID) int {
	t.Helper()
	listing, err := w.History().List(t.Context(), resource, deployment.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return listing.Count
}

func wantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error = %v, want %s", err, kind)
	}
}
