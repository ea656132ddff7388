package catalogtest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// behind returns the server with the jump host, as an update at a later time.
func behind(server *catalog.Server, jump catalog.ID) *catalog.Server {
	changed := *server
	changed.ProxyJump, changed.UpdatedAt = jump, server.UpdatedAt.Add(time.Second)
	return &changed
}

func wantRefusedJump(t *testing.T, what string, err error) {
	t.Helper()
	if _, named := fault.Fields(err)["proxy_jump"]; !errors.Is(err, fault.Invalid) || !named {
		t.Errorf("%s: error = %v, want Invalid that names proxy_jump", what, err)
	}
}

// testJumpHost has chains of one hop only: so no server is ever its own jump host.
func testJumpHost(t *testing.T, store catalog.Store) {
	key := create(t, store, newKey(t)).ID
	jump := create(t, store, newServer(t, key))
	draft := newServer(t, key)
	draft.ProxyJump = jump.ID
	server := create(t, store, draft)
	wantEntity(t, store, server)
	for what, host := range map[string]catalog.ID{
		"one that is not there": newServer(t, key).ID, "one that has a jump host": server.ID,
	} {
		other := newServer(t, key)
		other.ProxyJump = host
		wantRefusedJump(t, "Create behind "+what, store.Create(t.Context(), other, audit.Entry{}))
	}
	third := create(t, store, newServer(t, key))
	change := func(server *catalog.Server, host catalog.ID) error {
		return store.Update(t.Context(), behind(server, host), server.UpdatedAt, audit.Entry{})
	}
	wantRefusedJump(t, "Update of a jump host", change(jump, third.ID))
	wantRefusedJump(t, "Update to one behind another", change(third, server.ID))
	wantRefusedJump(t, "Update to itself", change(third, third.ID))
	wantRefusedJump(t, "Update to one that is not there", change(third, newServer(t, key).ID))
	wantKind(t, "Delete of a jump host", store.Delete(t.Context(), jump.ID, audit.Entry{}), fault.Conflict)

	if err := change(server, third.ID); err != nil {
		t.Fatal(err)
	}
	server = behind(server, third.ID)
	wantEntity(t, store, server)
	wantKind(t, "Delete of the new one", store.Delete(t.Context(), third.ID, audit.Entry{}), fault.Conflict)
	if err := change(jump, third.ID); err != nil {
		t.Errorf("a server that was a jump host gets none: %v", err)
	}
	if err := change(server, ""); err != nil {
		t.Fatal(err)
	}
	wantEntity(t, store, behind(server, ""))
	for _, id := range []catalog.ID{server.ID, jump.ID, third.ID, key} {
		if err := store.Delete(t.Context(), id, audit.Entry{}); err != nil {
			t.Errorf("Delete of %s: %v", id, err)
		}
	}
}

func testJumpHostRace(t *testing.T, store catalog.Store) {
	key := create(t, store, newKey(t)).ID
	for range 10 {
		one, two := create(t, store, newServer(t, key)), create(t, store, newServer(t, key))
		var errs [2]error
		var both sync.WaitGroup
		for i, server := range []*catalog.Server{behind(one, two.ID), behind(two, one.ID)} {
			both.Go(func() { errs[i] = store.Update(t.Context(), server, one.UpdatedAt, audit.Entry{}) })
		}
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("errors = %v, want that one wins", errs)
		}
		for _, err := range errs {
			if err != nil {
				wantRefusedJump(t, "the one that lost", err)
			}
		}
	}
}

// testJumpHostMade: a server gets a jump host while it becomes one.
func testJumpHostMade(t *testing.T, store catalog.Store) {
	key := create(t, store, newKey(t)).ID
	for range 20 {
		middle, first := create(t, store, newServer(t, key)), create(t, store, newServer(t, key))
		last := newServer(t, key)
		last.ProxyJump = middle.ID
		var made, changed error
		var both sync.WaitGroup
		both.Go(func() { made = store.Create(t.Context(), last, audit.Entry{}) })
		both.Go(func() {
			changed = store.Update(t.Context(), behind(middle, first.ID), middle.UpdatedAt, audit.Entry{})
		})
		both.Wait()
		if (made == nil) == (changed == nil) {
			t.Fatalf("errors = %v and %v, want that one wins", made, changed)
		}
		for _, err := range []error{made, changed} {
			if err != nil {
				wantRefusedJump(t, "the one that lost", err)
			}
		}
	}
}
