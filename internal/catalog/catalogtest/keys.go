package catalogtest

import (
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// withKey returns the application a second later, with another deploy key or none.
func withKey(application *catalog.Application, key catalog.ID) *catalog.Application {
	changed, built := *application, *application.Dockerfile
	built.KeyID = key
	changed.Dockerfile = &built
	changed.UpdatedAt = application.UpdatedAt.Add(time.Second)
	return &changed
}

// built returns an application on a new server, whose key is not the deploy key.
func built(t *testing.T, store catalog.Store, key catalog.ID) *catalog.Application {
	t.Helper()
	server := create(t, store, newServer(t, create(t, store, newKey(t)).ID))
	return create(t, store, newBuilt(t, server.ID, key))
}

// wantFree checks that no entity needs the keys, by deleting them.
func wantFree(t *testing.T, store catalog.Store, keys ...catalog.ID) {
	t.Helper()
	for _, key := range keys {
		if err := store.Delete(t.Context(), key, audit.Entry{}); err != nil {
			t.Errorf("Delete of a key that nothing needs: %v", err)
		}
	}
}

func wantHeld(t *testing.T, store catalog.Store, keys ...catalog.ID) {
	t.Helper()
	for _, key := range keys {
		wantKind(t, "Delete of a key in use", store.Delete(t.Context(), key, audit.Entry{}), fault.Conflict)
	}
}

// testKeyChange changes a key, removes it, adds one, and gives the application a build pack
// without a key.
func testKeyChange(t *testing.T, store catalog.Store) {
	one, two, three := create(t, store, newKey(t)).ID, create(t, store, newKey(t)).ID,
		create(t, store, newKey(t)).ID
	application := built(t, store, one)
	update := func(changed *catalog.Application) {
		t.Helper()
		given := *changed
		given.ServerID = newMeta(t, catalog.KindServer).ID // must not count
		if err := store.Update(t.Context(), &given, application.UpdatedAt, audit.Entry{}); err != nil {
			t.Fatalf("Update: %v", err)
		}
		wantEntity(t, store, changed)
		application = changed
	}
	wantHeld(t, store, one)
	update(withKey(application, one))
	update(withKey(application, two))
	wantHeld(t, store, two)
	wantFree(t, store, one)
	update(withKey(application, ""))
	wantFree(t, store, two)
	update(withKey(application, three))
	wantHeld(t, store, three)
	image := *application
	image.Dockerfile, image.Image = nil, &catalog.Image{Name: "nginx", Tag: "1"}
	image.UpdatedAt = application.UpdatedAt.Add(time.Second)
	update(&image)
	wantFree(t, store, three)
	last := create(t, store, newKey(t)).ID
	again := newBuilt(t, application.ServerID, last)
	again.Meta, again.UpdatedAt = application.Meta, application.UpdatedAt.Add(time.Second)
	update(again)
	wantHeld(t, store, last)
	if err := store.Delete(t.Context(), application.ID, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	wantFree(t, store, last)
}

func testKeyMissing(t *testing.T, store catalog.Store) {
	key := create(t, store, newKey(t)).ID
	for _, application := range []*catalog.Application{built(t, store, key), built(t, store, "")} {
		for _, missing := range []catalog.ID{newMeta(t, catalog.KindPrivateKey).ID, "key"} {
			err := store.Update(t.Context(), withKey(application, missing), application.UpdatedAt,
				audit.Entry{})
			wantUnmet(t, err, "private_key_uuid")
			wantEntity(t, store, application)
		}
		wantKind(t, "Update with no id", store.Update(t.Context(), withKey(application, "nonsense"),
			application.UpdatedAt, audit.Entry{}), fault.Invalid)
	}
	wantHeld(t, store, key)
}

func testKeyLosers(t *testing.T, store catalog.Store) {
	one, two := create(t, store, newKey(t)).ID, create(t, store, newKey(t)).ID
	application := built(t, store, one)
	err := store.Update(t.Context(), withKey(application, two), application.UpdatedAt.Add(time.Nanosecond),
		audit.Entry{})
	wantKind(t, "Update", err, fault.Conflict)
	wantEntity(t, store, application)
	wantHeld(t, store, one)
	missing := newBuilt(t, application.ServerID, two)
	wantKind(t, "Update of nothing", store.Update(t.Context(), missing, missing.UpdatedAt, audit.Entry{}),
		fault.NotFound)
	wantFree(t, store, two)
}

func testKeysRace(t *testing.T, store catalog.Store) {
	old := create(t, store, newKey(t)).ID
	application := built(t, store, old)
	keys := []catalog.ID{""}
	calls := []func() error{func() error {
		return store.Update(t.Context(), withKey(application, ""),
			application.UpdatedAt, audit.Entry{})
	}}
	for range 7 {
		key := create(t, store, newKey(t)).ID
		keys = append(keys, key)
		calls = append(calls, func() error {
			return store.Update(t.Context(), withKey(application, key),
				application.UpdatedAt, audit.Entry{})
		})
	}
	if won := together(t, calls, fault.Conflict); won != 1 {
		t.Errorf("%d updates won, want 1", won)
	}
	got, err := catalog.Find[*catalog.Application](t.Context(), store, application.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantFree(t, store, old)
	for _, key := range keys[1:] {
		if key == got.Source().KeyID {
			wantHeld(t, store, key)
		} else {
			wantFree(t, store, key)
		}
	}
}

func testKeyDeleteRace(t *testing.T, store catalog.Store) {
	application := built(t, store, "")
	for range 5 {
		key := create(t, store, newKey(t)).ID
		changed := withKey(application, key)
		won := together(t, []func() error{
			func() error { return store.Update(t.Context(), changed, application.UpdatedAt, audit.Entry{}) },
			func() error { return store.Delete(t.Context(), key, audit.Entry{}) },
		}, fault.Invalid, fault.Conflict)
		got, err := catalog.Find[*catalog.Application](t.Context(), store, application.ID)
		_, gone := store.Get(t.Context(), key)
		if won != 1 || err != nil || (got.Source().KeyID == key) != (gone == nil) {
			t.Errorf("%d won; the application's key: %s, %v; the key: %v", won, got.Source().KeyID, err, gone)
		}
		application = got
	}
}

// testKeyOfDeletedRace checks that a deleted application holds no key, whichever call came
// first.
func testKeyOfDeletedRace(t *testing.T, store catalog.Store) {
	for range 5 {
		one, two := create(t, store, newKey(t)).ID, create(t, store, newKey(t)).ID
		application := built(t, store, one)
		together(t, []func() error{
			func() error {
				return store.Update(t.Context(), withKey(application, two),
					application.UpdatedAt, audit.Entry{})
			},
			func() error { return store.Delete(t.Context(), application.ID, audit.Entry{}) },
		}, fault.NotFound)
		_, err := store.Get(t.Context(), application.ID)
		wantKind(t, "Get", err, fault.NotFound)
		wantFree(t, store, one, two)
	}
}
