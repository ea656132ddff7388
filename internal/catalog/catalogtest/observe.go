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

// testObserveServer measures a server with and without the usage of docker, and updates it between.
func testObserveServer(t *testing.T, store catalog.Store) {
	server := create(t, store, newServer(t, create(t, store, newKey(t)).ID))
	whole := catalog.Health{
		MeasuredAt: now(),
		DataBytes:  1 << 40, DataFreeBytes: 1 << 39, DataInodes: 1000, DataFreeInodes: 999,
		DockerBytes: 1 << 41, DockerFreeBytes: 5, DockerInodes: 6, DockerFreeInodes: 0,
		ClockOffset: -3 * time.Millisecond, ClockError: 20 * time.Millisecond,
		UsageAt: now().Add(time.Second), ImageBytes: 1, ReclaimableImageBytes: 2, ContainerBytes: 3,
		VolumeBytes: 4, BuildCacheBytes: 5, ReclaimableCacheBytes: 1 << 50,
	}
	observe := func(health, want catalog.Health) {
		t.Helper()
		if err := store.ObserveServer(t.Context(), server.ID, health); err != nil {
			t.Fatal(err)
		}
		server.Health = want
		wantEntity(t, store, server)
		also, _, err := store.ServerAndTeam(t.Context(), server.ID)
		if err != nil || also.Health != want {
			t.Errorf("with the team, %+v (%v), want %+v", also, err, want)
		}
	}
	observe(whole, whole)
	was := server.UpdatedAt
	server.Name, server.UpdatedAt, server.Health = "new", was.Add(time.Second), catalog.Health{}
	if err := store.Update(t.Context(), server, was, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	server.Health = whole
	wantEntity(t, store, server)
	later := catalog.Health{MeasuredAt: now().Add(time.Hour), DataBytes: 7, ClockOffset: time.Hour}
	both := later
	both.UsageAt, both.ImageBytes, both.ReclaimableImageBytes = whole.UsageAt, 1, 2
	both.ContainerBytes, both.VolumeBytes, both.BuildCacheBytes = 3, 4, 5
	both.ReclaimableCacheBytes = 1 << 50
	observe(later, both)
	for _, id := range []catalog.ID{newMeta(t, catalog.KindServer).ID, newMeta(t, catalog.KindService).ID,
		server.KeyID, "nonsense", ""} {
		if err := store.ObserveServer(t.Context(), id, whole); err != nil {
			t.Errorf("ObserveServer of %q: %v", id, err)
		}
		if id != server.KeyID {
			_, err := store.Get(t.Context(), id)
			wantKind(t, "Get of what was only measured", err, fault.NotFound)
		}
	}
}
