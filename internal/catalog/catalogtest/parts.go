package catalogtest

import (
	"fmt"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Implementations store an entity in parts. The tests here check that no caller notices.

// listed returns the entity from a list of its kind, or nil.
func listed(t *testing.T, store catalog.Store, id catalog.ID) catalog.Entity {
	t.Helper()
	entities, err := catalog.All(t.Context(), store, id.Kind())
	if err != nil {
		t.Fatal(err)
	}
	for _, entity := range entities {
		if entity.Common().ID == id {
			return entity
		}
	}
	return nil
}

// wantHead checks that Head and a list return the entity without its body.
func wantHead(t *testing.T, store catalog.Store, whole catalog.Entity) {
	t.Helper()
	id := whole.Common().ID
	got, err := store.Head(t.Context(), id)
	if err != nil {
		t.Fatalf("Head of %s: %v", id, err)
	}
	for call, got := range map[string]catalog.Entity{"Head": got, "a list": listed(t, store, id)} {
		if diff := cmp.Diff(got, catalog.Head(whole), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s in %s (-got +want):\n%s", id, call, diff)
		}
	}
}

// testHeads has a value in every stored field, so in every one of a body.
func testHeads(t *testing.T, store catalog.Store) {
	seed := newSeed(t)
	wanted := Full(t, mathrand.NewChaCha8(seed))
	for i, given := range Full(t, mathrand.NewChaCha8(seed)) {
		create(t, store, given)
		wantHead(t, store, wanted[i])
	}
	for _, want := range all(t, store) {
		wantHead(t, store, want)
	}
	for _, id := range []catalog.ID{newMeta(t, catalog.KindService).ID, newMeta(t, catalog.KindServer).ID,
		"nonsense", ""} {
		_, err := store.Head(t.Context(), id)
		wantKind(t, "Head of an unknown id", err, fault.NotFound)
	}
}

// testHeadsAreNotStored gives heads to Create and Update, which would lose the bodies.
func testHeadsAreNotStored(t *testing.T, store catalog.Store) {
	server := create(t, store, newServer(t, create(t, store, newKey(t)).ID))
	for _, whole := range []catalog.Deployable{newService(t, server.ID), newApplication(t, server.ID),
		newDatabase(t, server.ID)} {
		wantKind(t, "Create of a head", store.Create(t.Context(), catalog.Head(whole), audit.Entry{}),
			fault.Internal)
		create(t, store, whole)
		head, err := store.Head(t.Context(), whole.Common().ID)
		if err != nil {
			t.Fatal(err)
		}
		wantKind(t, "Update with a head", store.Update(t.Context(), head, now(), audit.Entry{}),
			fault.Internal)
		wantEntity(t, store, whole)
	}
}

// testBodyUpdates changes the body alone, then the head alone, then both.
func testBodyUpdates(t *testing.T, store catalog.Store) {
	server := create(t, store, newServer(t, create(t, store, newKey(t)).ID))
	service := create(t, store, newService(t, server.ID))
	for _, change := range []func(*catalog.Service){
		func(s *catalog.Service) { s.Compose = "services: {}" },
		func(s *catalog.Service) { s.SecretDigests = map[string]string{"PASSWORD": "00ff"} },
		func(s *catalog.Service) { s.Name = "other" },
		func(s *catalog.Service) { s.Name, s.Compose = "third", "services: {web: {image: nginx}}" },
		func(s *catalog.Service) { s.Compose, s.Environment, s.SecretDigests = "", nil, nil },
		func(s *catalog.Service) { s.Compose = "services: {}" },
	} {
		changed := *service
		change(&changed)
		changed.UpdatedAt = service.UpdatedAt.Add(time.Second)
		if err := store.Update(t.Context(), &changed, service.UpdatedAt, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		service = &changed
		wantEntity(t, store, service)
		wantHead(t, store, service)
	}
}

// testResourceWhole updates a service again and again. Its compose file must fit its name.
func testResourceWhole(t *testing.T, store catalog.Store) {
	server := create(t, store, newServer(t, create(t, store, newKey(t)).ID))
	service := create(t, store, newService(t, server.ID))
	wantWhole(t, store, service, func(i int) catalog.Entity {
		next := *service
		next.Name, next.Compose = fmt.Sprint(i), fmt.Sprint(i)
		return &next
	}, func(got catalog.Entity) string {
		service, _ := got.(*catalog.Service)
		if service.Compose == "" { // from a list
			return service.Name
		}
		return service.Compose
	})
}

// testListed lists every entity, then without the deleted ones.
func testListed(t *testing.T, store catalog.Store) {
	entities := all(t, store)
	for _, want := range entities {
		if resource, ok := want.(catalog.Deployable); ok {
			if err := store.Observe(t.Context(), want.Common().ID, "running:healthy"); err != nil {
				t.Fatal(err)
			}
			resource.Shared().State.Status = "running:healthy"
		}
		wantHead(t, store, want)
	}
	for i := len(entities) - 1; i >= 0; i-- {
		id := entities[i].Common().ID
		if err := store.Delete(t.Context(), id, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		if got := listed(t, store, id); got != nil {
			t.Errorf("a list after the Delete of %s has %+v", id, got)
		}
	}
}

// testServerWhole updates a server again and again. Its limits must fit its name.
func testServerWhole(t *testing.T, store catalog.Store) {
	server := create(t, store, newServer(t, create(t, store, newKey(t)).ID))
	wantWhole(t, store, server, func(i int) catalog.Entity {
		next := *server
		next.Name, next.Concurrency = fmt.Sprint(i), i
		return &next
	}, func(got catalog.Entity) string {
		server, _ := got.(*catalog.Server)
		return fmt.Sprint(server.Concurrency)
	})
}

// wantWhole makes a series of updates while other callers get and list the entity. next
// returns version i of it, whose name is i. version returns the version of the part of an
// entity that may be stored apart from its name.
func wantWhole(t *testing.T, store catalog.Store, entity catalog.Entity, next func(i int) catalog.Entity,
	version func(catalog.Entity) string) {
	t.Helper()
	const updates, readers = 30, 3
	id, was := entity.Common().ID, entity.Common().UpdatedAt
	update := func(i int) error {
		changed := next(i)
		changed.Common().UpdatedAt = was.Add(time.Second)
		defer func() { was = changed.Common().UpdatedAt }()
		return store.Update(t.Context(), changed, was, audit.Entry{})
	}
	if err := update(0); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	calls := []func() error{func() error {
		defer close(ended)
		for i := range updates {
			if err := update(i + 1); err != nil {
				return err
			}
		}
		return nil
	}}
	for range readers {
		calls = append(calls, func() error { return readWhole(t, store, id, version, ended) })
	}
	if succeeded := together(t, calls); succeeded != len(calls) {
		t.Errorf("%d of %d calls succeeded", succeeded, len(calls))
	}
}

// readWhole gets and lists the entity until the updates have ended.
func readWhole(t *testing.T, store catalog.Store, id catalog.ID, version func(catalog.Entity) string,
	ended <-chan struct{}) error {
	for {
		select {
		case <-ended:
			return nil
		default:
		}
		got, err := store.Get(t.Context(), id)
		if err != nil {
			return err
		}
		for _, got := range []catalog.Entity{got, listed(t, store, id)} {
			if got == nil {
				return fmt.Errorf("a list lacks %s", id)
			}
			if name := got.Common().Name; name != version(got) {
				return fmt.Errorf("the name of version %s with the rest of version %s", name, version(got))
			}
		}
	}
}
