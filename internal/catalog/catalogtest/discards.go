package catalogtest

import (
	"slices"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// reserve reserves the secrets that the entity names, as every caller does before it
// writes them.
func reserve(t *testing.T, store catalog.Store, entity catalog.Entity) {
	t.Helper()
	of := entity.Common()
	if of.Secrets == "" {
		return
	}
	if err := store.Reserve(t.Context(), of.ID, of.Secrets); err != nil {
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

// testReservations follows the secrets of one entity: no generation is ever neither named
// by the entity nor on the list of those to delete.
func testReservations(t *testing.T, store catalog.Store) {
	first, second, lost := newGeneration(t), newGeneration(t), newGeneration(t)
	start := time.Now()
	key := newKey(t)
	key.UpdatedAt = start.UTC().Truncate(time.Microsecond)
	key.Secrets = first
	wantKind(t, "Create before Reserve", store.Create(t.Context(), key), fault.Conflict)
	create(t, store, key)
	wantKind(t, "Create again", store.Create(t.Context(), key), fault.Conflict)

	late := start.Add(catalog.GenerationGrace + time.Minute)
	wantDue := func(when string, at time.Time, want ...catalog.Generation) {
		t.Helper()
		if got := discarded(t, store, key.ID, at); !slices.Equal(got, want) {
			t.Errorf("%s, due are %v, want %v", when, got, want)
		}
	}
	wantDue("once the entity names its set", late)

	changed := *key
	changed.Secrets, changed.UpdatedAt = second, key.UpdatedAt.Add(time.Second)
	wantKind(t, "Update before Reserve", store.Update(t.Context(), &changed, key.UpdatedAt), fault.Conflict)
	reserve(t, store, &changed)
	if err := store.Update(t.Context(), &changed, key.UpdatedAt); err != nil {
		t.Fatal(err)
	}
	wantDue("just after another set replaced the first", start.Add(catalog.GenerationGrace-time.Second))
	wantDue("an hour after another set replaced the first", late, first)

	// A change that writes its secrets and is then refused.
	stale := *key
	stale.Secrets = lost
	reserve(t, store, &stale)
	wantKind(t, "Update of what changed", store.Update(t.Context(), &stale, key.UpdatedAt), fault.Conflict)
	wantDue("an hour after a change that failed", late, lost, first)

	for _, set := range []catalog.Generation{first, lost} {
		all, err := store.Discarded(t.Context(), late)
		if err != nil {
			t.Fatal(err)
		}
		place := slices.IndexFunc(all, func(d catalog.DiscardedSecrets) bool { return d.Generation == set })
		if place < 0 {
			t.Fatalf("%s is not due", set)
		}
		if err := store.Forget(t.Context(), all[place]); err != nil {
			t.Fatal(err)
		}
	}
	wantDue("after they were deleted", late)

	if err := store.Delete(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	wantDue("once the entity is deleted", start, second)
}
