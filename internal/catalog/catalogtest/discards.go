package catalogtest

import (
	"slices"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// reserve reserves the secrets that the entity names, as every caller does before it
// writes them.
func reserve(t *testing.T, store catalog.Store, entity catalog.Entity) {
	t.Helper()
	of := entity.Common()
	if of.Generation == "" {
		return
	}
	if err := store.Reserve(t.Context(), of.ID, of.Generation); err != nil {
		t.Fatalf("Reserve for %s: %v", of.ID, err)
	}
}

// discarded returns the generations of the entity that are due at the time.
func discarded(t *testing.T, store catalog.Store, id catalog.ID, at time.Time) []catalog.Generation {
	t.Helper()
	all, err := store.Discarded(t.Context(), at)
	if err != nil {
		t.Fatalf("Discarded: %v", err)
	}
	var due []catalog.Generation
	for _, set := range all {
		if set.ID == id {
			due = append(due, set.Generation)
		}
	}
	return due
}

// named is a key that names a set of secrets, and the time of its creation.
func named(t *testing.T, store catalog.Store) (*catalog.PrivateKey, time.Time) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	key := newKey(t)
	key.UpdatedAt, key.Generation = now, newGeneration(t)
	return create(t, store, key), now
}

// wantDue checks which sets of the key are due, in the order of their times.
func wantDue(t *testing.T, store catalog.Store, key *catalog.PrivateKey, at time.Time, when string,
	want ...catalog.Generation) {
	t.Helper()
	if got := discarded(t, store, key.ID, at); !slices.Equal(got, want) {
		t.Errorf("%s, due are %v, want %v", when, got, want)
	}
}

// late is after the sets of a change at the time are due.
func late(now time.Time) time.Time { return now.Add(catalog.GenerationGrace + time.Minute) }

func testReservations(t *testing.T, store catalog.Store) {
	unreserved := newKey(t)
	unreserved.Generation = newGeneration(t)
	wantKind(t, "Create before Reserve", store.Create(t.Context(), unreserved, audit.Entry{}), fault.Conflict)
	key, now := named(t, store)
	wantKind(t, "Create again", store.Create(t.Context(), key, audit.Entry{}), fault.Conflict)
	wantDue(t, store, key, late(now), "once the entity names its set")

	changed := *key
	changed.Generation, changed.UpdatedAt = newGeneration(t), now.Add(time.Second)
	wantKind(t, "Update before Reserve", store.Update(t.Context(), &changed, now, audit.Entry{}),
		fault.Conflict)
	reserve(t, store, &changed)
	if err := store.Update(t.Context(), &changed, now, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	wantDue(t, store, key, now.Add(catalog.GenerationGrace-time.Second), "just after another set replaced it")
	wantDue(t, store, key, late(now), "an hour after another set replaced it", key.Generation)
}

// testDiscards deletes the set of a change that failed, and then the entity.
func testDiscards(t *testing.T, store catalog.Store) {
	key, now := named(t, store)
	stale := *key
	stale.Generation = newGeneration(t)
	reserve(t, store, &stale)
	wantKind(t, "Update of what changed",
		store.Update(t.Context(), &stale, now.Add(-time.Second), audit.Entry{}), fault.Conflict)
	wantDue(t, store, key, late(now), "an hour after a change that failed", stale.Generation)

	all, err := store.Discarded(t.Context(), late(now))
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range all {
		if set.ID != key.ID { // of another test
			continue
		}
		if err := store.Forget(t.Context(), set); err != nil {
			t.Fatal(err)
		}
	}
	wantDue(t, store, key, late(now), "after it was deleted")
	if err := store.Delete(t.Context(), key.ID, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	wantDue(t, store, key, now, "once the entity is deleted", key.Generation)
}
