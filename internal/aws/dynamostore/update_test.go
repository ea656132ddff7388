package dynamostore_test

import (
	"errors"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

const (
	oneKeyID   = catalog.ID("key111111111111111111111")
	otherKeyID = catalog.ID("key222222222222222222222")
)

// rekeyed is the application a second later, with the other key.
func rekeyed(built *catalog.Application) *catalog.Application {
	changed, dockerfile := *built, *built.Dockerfile
	dockerfile.KeyID = otherKeyID
	changed.Dockerfile = &dockerfile
	changed.UpdatedAt = built.UpdatedAt.Add(time.Second)
	return &changed
}

// wantKeys checks which of the two keys nothing depends on, by deleting both.
func (s *stand) wantKeys(t *testing.T, free ...catalog.ID) {
	t.Helper()
	found := map[catalog.ID]bool{}
	for _, key := range free {
		found[key] = true
	}
	for _, key := range []catalog.ID{oneKeyID, otherKeyID} {
		if err := s.directCatalog().Delete(t.Context(), key, audit.Entry{}); (err == nil) != found[key] {
			t.Errorf("Delete of %s: %v; free: %v", key, err, found[key])
		}
	}
}

// TestBetweenLookAndUpdate: what others do while a deploy key changes.
func TestBetweenLookAndUpdate(t *testing.T) {
	update := func(s *stand, built *catalog.Application) error {
		return s.catalog.Update(t.Context(), rekeyed(built), built.UpdatedAt, audit.Entry{})
	}
	t.Run("another caller updates it: it is a Conflict, and the keys are those of that update",
		func(t *testing.T) {
			s := newStand(t)
			built := s.built(t)
			s.wire.just("TransactWriteItems", func() {
				other := *built
				other.UpdatedAt = built.UpdatedAt.Add(time.Minute)
				do(t, "Update", s.directCatalog().Update(t.Context(), &other, built.UpdatedAt, audit.Entry{}))
			})
			if err := update(s, built); !errors.Is(err, fault.Conflict) {
				t.Errorf("Update: %v, want a Conflict", err)
			}
			s.wantKeys(t, otherKeyID)
		})
	t.Run("the new key is deleted: it is Invalid, and the old one stays", func(t *testing.T) {
		s := newStand(t)
		built := s.built(t)
		s.wire.just("TransactWriteItems", func() {
			do(t, "Delete", s.directCatalog().Delete(t.Context(), otherKeyID, audit.Entry{}))
		})
		if err := update(s, built); !errors.Is(err, fault.Invalid) ||
			len(fault.Fields(err)["private_key_uuid"]) == 0 {
			t.Errorf("Update: %v with %v, want Invalid with private_key_uuid", err, fault.Fields(err))
		}
		s.wantKeys(t)
	})
	t.Run("it is deleted: it is NotFound, and holds no key", func(t *testing.T) {
		s := newStand(t)
		built := s.built(t)
		s.wire.just("TransactWriteItems", func() {
			do(t, "Delete",
				s.directCatalog().Delete(t.Context(), built.ID, audit.Entry{}))
		})
		if err := update(s, built); !errors.Is(err, fault.NotFound) {
			t.Errorf("Update: %v, want NotFound", err)
		}
		s.wantKeys(t, oneKeyID, otherKeyID)
	})
	t.Run("a transaction is met: it is tried again", func(t *testing.T) {
		s := newStand(t)
		built := s.built(t)
		s.wire.answer("TransactWriteItems", met)
		do(t, "Update", update(s, built))
		s.wire.answer("UpdateItem", conflicted)
		do(t, "Observe", s.catalog.Observe(t.Context(), built.ID, "running"))
		s.wantKeys(t, oneKeyID)
	})
	t.Run("its key changes while it is deleted: it holds neither", func(t *testing.T) {
		s := newStand(t)
		built := s.built(t)
		s.wire.just("TransactWriteItems", func() {
			do(t, "Update",
				s.directCatalog().Update(t.Context(), rekeyed(built), built.UpdatedAt, audit.Entry{}))
		})
		do(t, "Delete", s.catalog.Delete(t.Context(), built.ID, audit.Entry{}))
		s.wantKeys(t, oneKeyID, otherKeyID)
	})
}

// TestADeletionThatMeetsAChangeOfSecrets discards the set that the entity names at its end,
// not the one that the deletion has read.
func TestADeletionThatMeetsAChangeOfSecrets(t *testing.T) {
	s := newStand(t)
	key := &catalog.PrivateKey{Meta: catalog.Meta{ID: "key555555555555555555555", UpdatedAt: s.now,
		Generation: "01h4mm4d07gaaaaa"}}
	store := s.directCatalog()
	do(t, "Reserve", store.Reserve(t.Context(), key.ID, key.Generation))
	do(t, "Create", store.Create(t.Context(), key, audit.Entry{}))
	changed := *key
	changed.Generation, changed.UpdatedAt = "01h4mm4d07gbbbbb", s.now.Add(time.Second)
	s.wire.just("TransactWriteItems", func() {
		do(t, "Reserve", store.Reserve(t.Context(), key.ID, changed.Generation))
		do(t, "Update", store.Update(t.Context(), &changed, key.UpdatedAt, audit.Entry{}))
	})
	do(t, "Delete", s.catalog.Delete(t.Context(), key.ID, audit.Entry{}))
	due, err := store.Discarded(t.Context(), s.now)
	do(t, "Discarded", err)
	if len(due) != 1 || due[0].ID != key.ID || due[0].Generation != changed.Generation {
		t.Errorf("due at once: %v, want the set that the key named last, %s", due, changed.Generation)
	}
}
