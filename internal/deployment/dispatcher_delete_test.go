package deployment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// ask is what `ci` asks for when it wants the operation.
func ask(resource catalog.ID, operation deployment.Operation) deployment.Request {
	request := start(resource)
	request.Operation = operation
	return request
}

// secret is a service with a secret.
func (w *world) secret(t *testing.T, server catalog.ID) catalog.ID {
	t.Helper()
	id := w.service(t, server)
	if err := w.SetSecrets(t.Context(), id, map[string]string{"TOKEN": "a secret"}); err != nil {
		t.Fatal(err)
	}
	return id
}

// wantThere checks whether the resource and its secrets are there.
func (w *world) wantThere(t *testing.T, resource catalog.ID, want bool) {
	t.Helper()
	_, err := w.Catalog().Get(t.Context(), resource)
	if there, secrets := err == nil, w.Generations(resource) > 0; there != want || secrets != want {
		t.Errorf("the resource is there: %t, its secrets: %t; want %t", there, secrets, want)
	}
}

// last is the last change that the stream delivered.
func last(t *testing.T, changes []deployment.Change) deployment.Change {
	t.Helper()
	if len(changes) == 0 {
		t.Fatal("nothing changed")
	}
	return changes[len(changes)-1]
}

// deleted brings a deletion of the resource to its end and returns the change,
// which was not delivered yet.
func (w *world) deleted(t *testing.T, resource catalog.ID) deployment.Change {
	t.Helper()
	id := w.request(t, ask(resource, deployment.Delete)).Record.ID
	w.deliver(t)
	if err := w.end(t, id); err != nil {
		t.Fatal(err)
	}
	return last(t, w.Changes())
}

func (w *world) changed(t *testing.T, change deployment.Change) {
	t.Helper()
	if err := w.dispatcher.Changed(t.Context(), change); err != nil {
		t.Fatal(err)
	}
}

func TestAResourceLeavesTheCatalogOnceItIsOffItsServer(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	resource := w.secret(t, server)
	id := w.request(t, ask(resource, deployment.Delete)).Record.ID
	waiting := w.request(t, start(w.service(t, server))).Record.ID
	w.deliver(t)
	w.wantThere(t, resource, true)
	if err := w.end(t, id); err != nil {
		t.Fatal(err)
	}
	change := last(t, w.Changes())
	w.changed(t, change)
	w.wantThere(t, resource, false)
	// Delivered again, the queue still moves, and what was told is not told again.
	published := len(w.Publisher().Published())
	w.changed(t, change)
	if got := len(w.Publisher().Published()); got != published {
		t.Errorf("published %d times, want %d", got, published)
	}
	record, err := w.History().Get(t.Context(), waiting)
	if err != nil || record.Status != deployment.InProgress {
		t.Errorf("the next one is %s, %v; want in progress", record.Status, err)
	}
}

// TestTheRemovalOfAResourceIsAudited has one entry with the token that asked for it, however
// often the change is delivered.
func TestTheRemovalOfAResourceIsAudited(t *testing.T) {
	for action, end := range map[audit.Action]func(*world, *testing.T, catalog.ID) deployment.Change{
		audit.Delete: (*world).deleted,
		audit.Forget: (*world).forgotten,
	} {
		w := newWorld(t)
		resource := w.secret(t, w.server(t, 1, 25))
		change := end(w, t, resource)
		w.changed(t, change)
		w.changed(t, change)
		page, err := audit.List(t.Context(), w.Audit(), audit.Query{Since: w.now().Add(-time.Hour),
			Until: w.now().Add(time.Hour), Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Entries) != 1 {
			t.Errorf("%s: the audit has %+v, want one entry", action, page.Entries)
			continue
		}
		got := page.Entries[0]
		kept := got.ExpiresAt.Sub(got.At)
		if got.Action != action || got.Actor != (audit.Actor{TokenID: "4711", Name: "ci"}) ||
			got.Target.Kind != "service" || got.Target.ID != string(resource) || kept != 180*24*time.Hour {
			t.Errorf("%s: the entry is %+v", action, got)
		}
	}
}

func TestAResourceStaysInTheCatalog(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, w *world, resource catalog.ID) deployment.Change{
		"when its deletion failed": func(t *testing.T, w *world, resource catalog.ID) deployment.Change {
			change := w.deleted(t, resource)
			change.Record.Status = deployment.Failed
			return change
		},
		"when it was only stopped": func(t *testing.T, w *world, resource catalog.ID) deployment.Change {
			change := w.deleted(t, resource)
			change.Record.Operation = deployment.Stop
			return change
		},
		"when a start of it is queued": func(t *testing.T, w *world, resource catalog.ID) deployment.Change {
			id := w.request(t, ask(resource, deployment.Delete)).Record.ID
			w.deliver(t)
			w.request(t, start(resource))
			if err := w.end(t, id); err != nil {
				t.Fatal(err)
			}
			return last(t, w.Changes())
		},
		"when it was started and ended again before the change was handled": func(t *testing.T, w *world,
			resource catalog.ID) deployment.Change {
			change := w.deleted(t, resource)
			w.request(t, start(resource))
			w.run(t, change.Record.ServerID)
			return change
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			resource := w.secret(t, w.server(t, 1, 25))
			w.changed(t, end(t, w, resource))
			w.wantThere(t, resource, true)
		})
	}
}

// Only the catalog can refuse this start, because it comes after the history was read.
func TestAStartDuringADeletion(t *testing.T) {
	w := newWorld(t)
	resource := w.secret(t, w.server(t, 1, 25))
	change := w.deleted(t, resource)
	ports, busy := w.ports(), catalog.NewBusyError(resource)
	ports.Store = stubbornStore{ports.Store, &busy}
	w.dispatcher = deployment.NewDispatcher(ports, deployment.DispatcherOptions{Now: w.now})
	w.changed(t, change)
	w.wantThere(t, resource, true)
}

// forgotten records that the resource is to be forgotten, as one does who dies
// behind it.
func (w *world) forgotten(t *testing.T, resource catalog.ID) deployment.Change {
	t.Helper()
	entity, err := catalog.Find[catalog.Deployable](t.Context(), w.Catalog(), resource)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.requests.Forget(t.Context(), entity, trigger()); err != nil {
		t.Fatal(err)
	}
	return last(t, w.Changes())
}

func TestForgetRemovesTheResourceFromTheCatalog(t *testing.T) {
	t.Run("though who recorded it has died", func(t *testing.T) {
		w := newWorld(t)
		resource := w.secret(t, w.server(t, 1, 25))
		w.changed(t, w.forgotten(t, resource))
		w.wantThere(t, resource, false)
	})
	t.Run("not if it was started since", func(t *testing.T) {
		w := newWorld(t)
		server := w.server(t, 1, 25)
		resource := w.secret(t, server)
		change := w.forgotten(t, resource)
		w.request(t, start(resource))
		w.run(t, server)
		w.changed(t, change)
		w.wantThere(t, resource, true)
	})
}

// The record of an update has ended when it is written. An update after a deletion does
// not keep the resource.
func TestAnUpdateIsPublishedAndStartsNothing(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	resource := w.secret(t, server)
	change := w.deleted(t, resource)
	now := w.now()
	id, err := deployment.NewID(resource, now, zeros{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Ledger().Note(t.Context(), deployment.Record{ID: id, Status: deployment.Finished,
		Operation: deployment.Update,
		ServerID:  server, CreatedAt: now, FinishedAt: now}); err != nil {
		t.Fatal(err)
	}
	sent, update := len(w.Sender().Sent()), last(t, w.Changes())
	w.changed(t, update)
	published := w.Publisher().Published()
	if got := published[len(published)-1]; got.Record.ID != id || got.Previous != "" ||
		len(w.Sender().Sent()) != sent {
		t.Errorf("published %+v and sent %v, want the update and nothing", got, w.Sender().Sent()[sent:])
	}
	w.wantThere(t, resource, true)
	w.changed(t, change)
	w.wantThere(t, resource, false)
}

// zeros is no randomness at all.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// stubborn ports fail as long as there is an error.
type (
	stubbornHistory struct {
		deployment.History
		err *error
	}
	stubbornStore struct {
		deployment.DispatcherStore
		err *error
	}
	stubbornVault struct {
		catalog.Vault
		err *error
	}
)

func (s stubbornHistory) List(ctx context.Context, resource catalog.ID,
	page deployment.Page) (deployment.Listing, error) {
	if *s.err != nil {
		return deployment.Listing{}, *s.err
	}
	return s.History.List(ctx, resource, page)
}

func (s stubbornStore) Delete(ctx context.Context, id catalog.ID, entry audit.Entry) error {
	if *s.err != nil {
		return *s.err
	}
	return s.DispatcherStore.Delete(ctx, id, entry)
}

func (s stubbornVault) Delete(ctx context.Context, id catalog.ID, generation catalog.Generation) error {
	if *s.err != nil {
		return *s.err
	}
	return s.Vault.Delete(ctx, id, generation)
}

// Whichever step fails, the change is delivered again, and then everything is removed.
func TestADeletionIsPublishedOnlyOnceItIsDone(t *testing.T) {
	for name, wire := range map[string]func(ports *deployment.DispatcherPorts, err *error){
		"the history": func(ports *deployment.DispatcherPorts, err *error) {
			ports.History = stubbornHistory{ports.History, err}
		},
		"the catalog": func(ports *deployment.DispatcherPorts,
			err *error) {
			ports.Store = stubbornStore{ports.Store, err}
		},
		"the vault": func(ports *deployment.DispatcherPorts,
			err *error) {
			ports.Vault = stubbornVault{ports.Vault, err}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			resource := w.secret(t, w.server(t, 1, 25))
			change := w.deleted(t, resource)
			broken := fault.New(fault.Unavailable, "broken")
			ports := w.ports()
			var err error = broken
			wire(&ports, &err)
			w.dispatcher = deployment.NewDispatcher(ports, deployment.DispatcherOptions{Now: w.now})
			published := len(w.Publisher().Published())
			if got := w.dispatcher.Changed(t.Context(), change); !errors.Is(got, broken) {
				t.Errorf("error = %v, want %v", got, broken)
			}
			if got := len(w.Publisher().Published()); got != published {
				t.Errorf("%d were published, want %d", got, published)
			}
			err = nil
			w.changed(t, change)
			w.wantThere(t, resource, false)
		})
	}
}
