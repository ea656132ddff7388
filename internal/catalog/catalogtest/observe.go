package catalogtest

import (
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// testObserve also updates each resource afterwards: an observed status is no change of the
// configuration.
func testObserve(t *testing.T, store catalog.Store) {
	for _, entity := range all(t, store) {
		resource, ok := entity.(catalog.Deployable)
		if !ok {
			continue
		}
		was := resource.Common().UpdatedAt
		for _, status := range []string{"running:healthy", "exited", "degraded:unhealthy"} {
			if err := store.Observe(t.Context(), resource.Common().ID, status); err != nil {
				t.Fatalf("Observe: %v", err)
			}
			resource.Shared().State.Status = status
			wantEntity(t, store, resource)
		}
		resource.Common().Name, resource.Common().UpdatedAt = "new", was.Add(time.Second)
		if err := store.Update(t.Context(), resource, was, audit.Entry{}); err != nil {
			t.Errorf("Update after Observe: %v", err)
		}
		wantEntity(t, store, resource)
	}
}

func testObserveNothing(t *testing.T, store catalog.Store) {
	entities := all(t, store)
	for _, id := range []catalog.ID{entities[0].Common().ID, entities[1].Common().ID,
		newMeta(t, catalog.KindService).ID,
		newMeta(t, catalog.KindServer).ID, "nonsense", ""} {
		if err := store.Observe(t.Context(), id, "running"); err != nil {
			t.Errorf("Observe of %q: %v", id, err)
		}
	}
	wantEntity(t, store, entities[0])
	wantEntity(t, store, entities[1])
	unknown := newMeta(t, catalog.KindService).ID
	if err := store.Observe(t.Context(), unknown, "running"); err != nil {
		t.Errorf("Observe: %v", err)
	}
	_, err := store.Get(t.Context(), unknown)
	wantKind(t, "Get of what was only observed", err, fault.NotFound)
}
