package catalogtest

import (
	mathrand "math/rand/v2"
	"reflect"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

func testUpdate(t *testing.T, store catalog.Store) {
	entities := all(t, store)
	otherKey := create(t, store, newKey(t))
	otherServer := create(t, store, newServer(t, otherKey.ID))
	later := now().Add(time.Microsecond)

	key := *entities[0].(*catalog.PrivateKey)
	server := *entities[1].(*catalog.Server)
	service := *entities[2].(*catalog.Service)
	application := *entities[3].(*catalog.Application)
	for _, meta := range []*catalog.Meta{&key.Meta, &server.Meta, &service.Meta, &application.Meta} {
		meta.Name, meta.Description, meta.UpdatedAt = "new", "", later
	}
	server.HostKey, server.ValidatedAt, server.Concurrency = "", time.Time{}, 5
	server.KeyID = otherKey.ID
	service.Compose, service.Environment = "services: {}", nil
	application.Shell = &catalog.Shell{Start: "echo other"}
	application.Timeout = time.Minute
	for _, entity := range []catalog.Entity{&key, &server, &service, &application} {
		given := entity
		switch entity := entity.(type) {
		case *catalog.Service: // with another server and a state
			other := *entity
			other.ServerID, other.State = otherServer.ID,
				catalog.State{Status: "exited", Running: "x", Deployments: 7}
			given = &other
		}
		if err := store.Update(t.Context(), given, now(), audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		wantEntity(t, store, entity)
	}
}

// testServerKey changes the key of a server: then the old key can be deleted and the new one
// cannot.
func testServerKey(t *testing.T, store catalog.Store) {
	old, other := create(t, store, newKey(t)), create(t, store, newKey(t))
	server := *create(t, store, newServer(t, old.ID))
	missing := server
	missing.KeyID = newKey(t).ID
	wantKind(t, "Update to a key that is not there",
		store.Update(t.Context(), &missing, server.UpdatedAt, audit.Entry{}), fault.Invalid)
	was := server.UpdatedAt
	server.KeyID, server.UpdatedAt = other.ID, was.Add(time.Second)
	if err := store.Update(t.Context(), &server, was, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	wantEntity(t, store, &server)
	wantKind(t, "Delete of the new key", store.Delete(t.Context(), other.ID, audit.Entry{}), fault.Conflict)
	if err := store.Delete(t.Context(), old.ID, audit.Entry{}); err != nil {
		t.Errorf("Delete of the old key: %v", err)
	}
	for _, id := range []catalog.ID{server.ID, other.ID} {
		if err := store.Delete(t.Context(), id, audit.Entry{}); err != nil {
			t.Errorf("Delete of %s: %v", id, err)
		}
	}
}

func testOutdated(t *testing.T, store catalog.Store) {
	key := create(t, store, newKey(t))
	changed := *key
	changed.Name, changed.UpdatedAt = "changed", now().Add(time.Second)
	wantKind(t, "Update", store.Update(t.Context(), &changed, now().Add(-time.Nanosecond), audit.Entry{}),
		fault.Conflict)
	wantEntity(t, store, key)
	if err := store.Update(t.Context(), &changed, key.UpdatedAt, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "Update again", store.Update(t.Context(), &changed, key.UpdatedAt, audit.Entry{}),
		fault.Conflict)
	wantEntity(t, store, &changed)
}

func testNeeded(t *testing.T, store catalog.Store) {
	entities := all(t, store)
	for i := range 2 {
		wantKind(t, "Delete", store.Delete(t.Context(), entities[i].Common().ID, audit.Entry{}),
			fault.Conflict)
	}
	for i := len(entities) - 1; i >= 0; i-- {
		if err := store.Delete(t.Context(), entities[i].Common().ID, audit.Entry{}); err != nil {
			t.Errorf("Delete of %s after all that needs it: %v", entities[i].Common().ID, err)
		}
	}
}

func testDeleted(t *testing.T, store catalog.Store) {
	key := create(t, store, newKey(t))
	if err := store.Delete(t.Context(), key.ID, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	_, err := store.Get(t.Context(), key.ID)
	wantKind(t, "Get", err, fault.NotFound)
	wantKind(t, "Delete again", store.Delete(t.Context(), key.ID, audit.Entry{}), fault.NotFound)
	wantKind(t, "Update", store.Update(t.Context(), key, key.UpdatedAt, audit.Entry{}), fault.NotFound)
	wantEntity(t, store, create(t, store, key))
}

// testCopies changes everything that is reachable from an entity given to or got from the
// store.
func testCopies(t *testing.T, store catalog.Store) {
	seed := newSeed(t)
	wanted := Full(t, mathrand.NewChaCha8(seed))
	scribble := func(entity catalog.Entity) {
		(&filler{t, 1000}).scribble(reflect.ValueOf(entity).Elem())
	}
	for i, given := range Full(t, mathrand.NewChaCha8(seed)) {
		id := create(t, store, given).Common().ID
		scribble(given)
		wantEntity(t, store, wanted[i])
		got, err := store.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Update(t.Context(), got, got.Common().UpdatedAt, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		scribble(got)
		wantEntity(t, store, wanted[i])
		if got, err = store.Get(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		scribble(got)
		wantEntity(t, store, wanted[i])
	}
}

func testUpdatesRace(t *testing.T, store catalog.Store) {
	key := create(t, store, newKey(t))
	var calls []func() error
	for i := range 8 {
		changed := *key
		changed.UpdatedAt = now().Add(time.Duration(i+1) * time.Second)
		calls = append(calls,
			func() error { return store.Update(t.Context(), &changed, key.UpdatedAt, audit.Entry{}) })
	}
	if won := together(t, calls, fault.Conflict); won != 1 {
		t.Errorf("%d updates won, want 1", won)
	}
}

// testDeleteRace checks that no entity depends on a deleted one.
func testDeleteRace(t *testing.T, store catalog.Store) {
	for range 5 {
		key := create(t, store, newKey(t))
		server := newServer(t, key.ID)
		won := together(t, []func() error{
			func() error { return store.Create(t.Context(), server, audit.Entry{}) },
			func() error { return store.Delete(t.Context(), key.ID, audit.Entry{}) },
		}, fault.Invalid, fault.Conflict)
		_, noServer := store.Get(t.Context(), server.ID)
		_, noKey := store.Get(t.Context(), key.ID)
		if won != 1 || (noServer == nil) != (noKey == nil) {
			t.Errorf("%d won; server: %v; key: %v", won, noServer, noKey)
		}
	}
}
