package dynamostore_test

import (
	"errors"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// TestStateChangesBetweenRefusalAndRead: what a resource becomes while it is looked
// at, whether there is anything to do.
func TestStateChangesBetweenRefusalAndRead(t *testing.T) {
	t.Run("what runs is stopped meanwhile: the start is accepted after all", func(t *testing.T) {
		s := newStand(t)
		do(t, "Observe", s.directCatalog().Observe(t.Context(), serviceID, "running:healthy"))
		s.wire.just("GetItem", func() {
			do(t, "Observe", s.directCatalog().Observe(t.Context(), serviceID, "exited"))
		})
		s.enqueue(t, serviceID)
	})
	t.Run("what runs is being stopped meanwhile: the start is accepted after all", func(t *testing.T) {
		s := newStand(t)
		do(t, "Observe", s.directCatalog().Observe(t.Context(), serviceID, "running:healthy"))
		s.wire.just("GetItem", func() {
			s.hand().setState(t, serviceID, catalog.State{Status: "running:healthy", Running: "the stop"})
		})
		s.enqueue(t, serviceID)
	})
	t.Run("it is started in the last moment: the start is a Conflict", func(t *testing.T) {
		s := newStand(t)
		s.wire.just("TransactWriteItems", func() {
			do(t, "Observe", s.directCatalog().Observe(t.Context(), serviceID, "running:healthy"))
		})
		record := deployment.Record{ID: recordID, Status: deployment.Queued, Operation: deployment.Start,
			ServerID: serverID, QueuedAt: s.now}
		if _, err := s.deployments.Enqueue(t.Context(), record,
			deployment.RequestKey{}); !errors.Is(err, deployment.ErrAlreadyInState) {
			t.Errorf("Enqueue: %v, want %v", err, deployment.ErrAlreadyInState)
		}
	})
}
