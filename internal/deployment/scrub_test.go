package deployment_test

import (
	"context"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func TestAScrubNeedsNothingOfTheServer(t *testing.T) {
	w := newWorld(t)
	key := w.create(t, &catalog.PrivateKey{}, catalog.KindPrivateKey)
	unpinned := w.create(t, &catalog.Server{KeyID: key, Concurrency: 1, QueueLimit: 9}, catalog.KindServer)
	receipt := w.request(t, ask(w.service(t, unpinned), deployment.Scrub))
	if record := receipt.Record; record.Status != deployment.Queued || record.ConfigurationHash != "" ||
		receipt.Position != 1 {
		t.Errorf("%+v at %d, want it queued and without a configuration", record, receipt.Position)
	}
	w.deliver(t)
	if sent := w.Sender().Sent(); len(sent) != 1 || sent[0] != receipt.Record.ID {
		t.Errorf("sent %v, want the scrub", sent)
	}
}

// headStore has no bodies of resources.
type headStore struct{ catalog.Store }

func (s headStore) Get(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	if id.Kind().Deployable() {
		return nil, fault.New(fault.Internal, "the body of %s was read", id)
	}
	return s.Store.Get(ctx, id)
}

func TestOnlyASnapshotNeedsTheBody(t *testing.T) {
	w := newWorld(t)
	service := w.service(t, w.server(t, 1, 1))
	requests := deployment.NewRequests(headStore{w.Catalog()}, w.Ledger(),
		deployment.RequestsOptions{Now: w.now})
	if _, err := requests.Request(t.Context(), ask(service, deployment.Scrub)); err != nil {
		t.Errorf("Request of a scrub: %v", err)
	}
	_, err := requests.Request(t.Context(), start(service))
	wantKind(t, err, fault.Internal)
}

func TestAScrubWaitsItsTurn(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 5, 25)
	resource := w.service(t, server)
	w.request(t, start(resource))
	w.deliver(t)
	scrub := w.request(t, ask(resource, deployment.Scrub)).Record.ID
	if again := w.request(t, ask(resource, deployment.Scrub)); !again.Repeated || again.Record.ID != scrub {
		t.Errorf("a second scrub is %+v, want the first", again)
	}
	_, err := w.requests.Request(t.Context(), ask(resource, deployment.Restart))
	wantKind(t, err, fault.Conflict)
	_, err = w.Ledger().Claim(t.Context(), server, w.now())
	wantKind(t, err, fault.NotFound)
}

// TestADeletionIsNotUndoneByAScrub: one that waits while the resource is taken
// off its server keeps it in the catalog until it has ended, and no longer.
func TestADeletionIsNotUndoneByAScrub(t *testing.T) {
	for name, cancelled := range map[string]bool{"that ran": false,
		"that was cancelled while it waited": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			server := w.server(t, 1, 25)
			resource := w.secret(t, server)
			deletion := w.request(t, ask(resource, deployment.Delete)).Record.ID
			w.deliver(t)
			if cancelled { // another has the slot
				w.request(t, start(w.service(t, server)))
			}
			scrub := w.request(t, ask(resource, deployment.Scrub)).Record.ID
			if err := w.end(t, deletion); err != nil {
				t.Fatal(err)
			}
			w.deliver(t)
			w.wantThere(t, resource, true)
			var err error
			if cancelled {
				_, err = w.Ledger().Cancel(t.Context(), scrub, "ops", w.now())
			} else {
				err = w.end(t, scrub)
			}
			if err != nil {
				t.Fatal(err)
			}
			w.deliver(t)
			w.wantThere(t, resource, false)
		})
	}
}

func TestAScrubLeavesAResourceThatIsNotDeleted(t *testing.T) {
	for name, before := range map[string]func(*testing.T, *world, catalog.ID, catalog.ID){
		"and never ran": func(*testing.T, *world, catalog.ID, catalog.ID) {},
		"and runs": func(t *testing.T, w *world, resource, server catalog.ID) {
			w.request(t, start(resource))
			w.run(t, server)
		},
		"and was started again after its deletion": func(
			t *testing.T, w *world, resource, server catalog.ID,
		) {
			w.deleted(t, resource)
			w.request(t, start(resource))
			w.run(t, server)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			server := w.server(t, 1, 25)
			resource := w.secret(t, server)
			before(t, w, resource, server)
			w.Changes()
			w.request(t, ask(resource, deployment.Scrub))
			w.run(t, server)
			w.deliver(t)
			w.wantThere(t, resource, true)
		})
	}
}
