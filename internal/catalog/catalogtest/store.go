// Package catalogtest has the contracts of [catalog.Store] and [catalog.Vault], as suites that
// the tests of each implementation run.
package catalogtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// TestStore runs the suite. open may return the same store every time, and the store need not
// be empty.
func TestStore(t *testing.T, open func(t *testing.T) catalog.Store) {
	for name, test := range map[string]func(t *testing.T, store catalog.Store){
		"what was created comes back whole":                           testRoundTrip,
		"an id can be created once":                                   testTaken,
		"a missing dependency is Invalid and names its field":         testUnmet,
		"unknown ids are NotFound":                                    testUnknown,
		"pages are exact and in order":                                testPages,
		"a page that cannot be is Invalid":                            testBadPages,
		"every field comes back, and what only a draft has does not":  testEveryField,
		"a set of secrets is reserved until an entity names it":       testReservations,
		"no set of secrets is forgotten":                              testDiscards,
		"an update replaces, server and state excepted":               testUpdate,
		"an update of something that changed since is a Conflict":     testOutdated,
		"a server can be given another key":                           testServerKey,
		"a server can be given a jump host":                           testJumpHost,
		"a server that becomes a jump host gets none":                 testJumpHostMade,
		"of two servers that become each other's jump host, one wins": testJumpHostRace,
		"what others depend on cannot be deleted":                     testNeeded,
		"what is deleted is gone, and its id is free again":           testDeleted,
		"no caller shares stored data":                                testCopies,
		"one of many updates at once wins":                            testUpdatesRace,
		"of a Create and a Delete of its dependency, one wins":        testDeleteRace,
		"a deploy key is held in place until another comes":           testKeyChange,
		"a deploy key that is missing is Invalid":                     testKeyMissing,
		"an update that loses leaves the keys as they were":           testKeyLosers,
		"of many changes of a key at once one wins":                   testKeysRace,
		"of a change to a key and its Delete, one wins":               testKeyDeleteRace,
		"a change of a key and a Delete of what has it":               testKeyOfDeletedRace,
		"an observed status is kept, and changes nothing else":        testObserve,
		"nothing is observed of what is no resource":                  testObserveNothing,
		"a measurement of a server is kept, and changes nothing else": testObserveServer,
		"lists have the states, and nothing deleted":                  testListed,
		"heads and lists have no bodies":                              testHeads,
		"heads are not stored":                                        testHeadsAreNotStored,
		"a body and a head can be changed apart and together":         testBodyUpdates,
		"a resource is read as it was at one time":                    testResourceWhole,
		"a server is read as it was at one time":                      testServerWhole,
		"a cancelled context changes nothing":                         testCancelled,
		"the settings of the team are read and changed":               testTeam,
		"of many changes of the team at once one wins":                testTeamRace,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// now is the suite's time, to the nanosecond.
func now() time.Time { return time.Date(2026, 8, 22, 10, 0, 0, 123456000, time.UTC) }

// newSeed returns a seed that no other test uses.
func newSeed(t *testing.T) (seed [32]byte) {
	t.Helper()
	if _, err := rand.Read(seed[:]); err != nil {
		t.Fatal(err)
	}
	return seed
}

func newMeta(t *testing.T, kind catalog.Kind) catalog.Meta {
	t.Helper()
	id, err := catalog.NewID(kind, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return catalog.Meta{ID: id, Name: "Näme of " + string(id), Description: "two\nlines", CreatedAt: now(),
		UpdatedAt: now()}
}

func newKey(t *testing.T) *catalog.PrivateKey {
	return &catalog.PrivateKey{Meta: newMeta(t, catalog.KindPrivateKey), PublicKey: "ssh-ed25519 AAAA",
		Fingerprint: "SHA256:abc"}
}

func newServer(t *testing.T, key catalog.ID) *catalog.Server {
	return &catalog.Server{
		Meta: newMeta(t, catalog.KindServer), Address: "127.0.0.1", Port: 2222, User: "root", KeyID: key,
		HostKey: "ssh-ed25519 BBBB", DataDir: "/data/waybill", Concurrency: 2, QueueLimit: 25,
		ServiceDomain: "apps.example.com",
		ValidatedAt:   now(),
	}
}

func newResource(t *testing.T, kind catalog.Kind, server catalog.ID) catalog.Resource {
	return catalog.Resource{
		Meta: newMeta(t, kind), ServerID: server, Timeout: time.Hour, HealthTimeout: 2 * time.Minute,
		WebhookGeneration: 3,
		Environment: []catalog.Variable{{Name: "PORT", Value: "80"}, {Name: "EMPTY"},
			{Name: "PASSWORD", Secret: true}},
	}
}

func newService(t *testing.T, server catalog.ID) *catalog.Service {
	return &catalog.Service{Resource: newResource(t, catalog.KindService, server),
		Compose: "services:\n  web:\n    image: nginx\n"}
}

func newApplication(t *testing.T, server catalog.ID) *catalog.Application {
	return &catalog.Application{Resource: newResource(t, catalog.KindApplication, server),
		Shell: &catalog.Shell{Start: "echo start", Stop: "echo stop", Health: "true"}}
}

// newBuilt returns an application that is built from a repository, with or without a deploy
// key.
func newBuilt(t *testing.T, server, key catalog.ID) *catalog.Application {
	return &catalog.Application{Resource: newResource(t, catalog.KindApplication, server),
		Dockerfile: &catalog.Dockerfile{
			Source: catalog.Source{Repository: "git@example.com:acme/web", Branch: "main", Directory: "/",
				KeyID: key},
			Path: "Dockerfile", Container: catalog.Container{Exposes: []int{80},
				Mappings: []string{"8080:80"}}}}
}

func newDatabase(t *testing.T, server catalog.ID) *catalog.Database {
	return &catalog.Database{Resource: newResource(t, catalog.KindDatabase, server), Engine: "postgresql",
		Image:    "postgres:16",
		Settings: map[string]string{"postgres_user": "shop"}}
}

func create[E catalog.Entity](t *testing.T, store catalog.Store, entity E) E {
	t.Helper()
	reserve(t, store, entity)
	if err := store.Create(t.Context(), entity, audit.Entry{}); err != nil {
		t.Fatalf("Create of %s: %v", entity.Common().ID, err)
	}
	return entity
}

// all creates one entity of each kind, in the order of their dependencies, and an application
// with a deploy key.
func all(t *testing.T, store catalog.Store) []catalog.Entity {
	t.Helper()
	key := create(t, store, newKey(t))
	server := create(t, store, newServer(t, key.ID))
	return []catalog.Entity{key, server, create(t, store, newService(t, server.ID)),
		create(t, store, newApplication(t, server.ID)),
		create(t, store, newDatabase(t, server.ID)), create(t, store, newBuilt(t, server.ID, key.ID))}
}

func testRoundTrip(t *testing.T, store catalog.Store) {
	entities := all(t, store)
	key, server := entities[0].Common().ID, entities[1].Common().ID
	bare := []catalog.Entity{
		&catalog.PrivateKey{Meta: catalog.Meta{ID: newMeta(t, catalog.KindPrivateKey).ID}},
		&catalog.Server{Meta: catalog.Meta{ID: newMeta(t, catalog.KindServer).ID}, KeyID: key},
		&catalog.Service{Resource: catalog.Resource{Meta: catalog.Meta{ID: newMeta(t,
			catalog.KindService).ID}, ServerID: server}},
		&catalog.Application{Resource: catalog.Resource{Meta: catalog.Meta{ID: newMeta(t,
			catalog.KindApplication).ID}, ServerID: server}},
		&catalog.Database{Resource: catalog.Resource{Meta: catalog.Meta{ID: newMeta(t,
			catalog.KindDatabase).ID}, ServerID: server}},
	}
	for _, entity := range bare {
		entities = append(entities, create(t, store, entity))
	}
	for _, want := range entities {
		wantEntity(t, store, want)
	}
}

func testEveryField(t *testing.T, store catalog.Store) {
	seed := newSeed(t)
	wanted := Full(t, mathrand.NewChaCha8(seed))
	for i, given := range Full(t, mathrand.NewChaCha8(seed)) {
		switch given := given.(type) {
		case *catalog.Database:
			given.TLSKey = "secret"
		case *catalog.Application:
			if source := given.Source(); source != nil {
				source.Password = "secret"
			}
		}
		if given, ok := given.(catalog.Deployable); ok {
			given.Shared().State = catalog.State{Status: "running", Queued: "one", Running: "two",
				Deployments: 7}
		}
		create(t, store, given)
		wantEntity(t, store, wanted[i])
	}
}

func testTaken(t *testing.T, store catalog.Store) {
	for _, entity := range all(t, store) {
		wantKind(t, "Create again", store.Create(t.Context(), entity, audit.Entry{}), fault.Conflict)
	}
}

func testUnmet(t *testing.T, store catalog.Store) {
	server := create(t, store, newServer(t, create(t, store, newKey(t)).ID)).ID
	for _, unmet := range []struct {
		entity catalog.Entity
		field  string
	}{
		{newServer(t, newMeta(t, catalog.KindPrivateKey).ID), "private_key_uuid"},
		{newService(t, newMeta(t, catalog.KindServer).ID), "server_uuid"},
		{newDatabase(t, newMeta(t, catalog.KindServer).ID), "server_uuid"},
		{newBuilt(t, server, newMeta(t, catalog.KindPrivateKey).ID), "private_key_uuid"},
	} {
		wantUnmet(t, store.Create(t.Context(), unmet.entity, audit.Entry{}), unmet.field)
		_, err := store.Get(t.Context(), unmet.entity.Common().ID)
		wantKind(t, "Get of what was refused", err, fault.NotFound)
	}
	wantKind(t, "Create with no id for a dependency",
		store.Create(t.Context(), newService(t, ""), audit.Entry{}), fault.Invalid)
}

func testUnknown(t *testing.T, store catalog.Store) {
	server := newServer(t, newKey(t).ID)
	for _, id := range []catalog.ID{server.ID, newMeta(t, catalog.KindService).ID,
		newMeta(t, catalog.KindDatabase).ID, "nonsense", ""} {
		_, err := store.Get(t.Context(), id)
		wantKind(t, "Get", err, fault.NotFound)
		wantKind(t, "Delete", store.Delete(t.Context(), id, audit.Entry{}), fault.NotFound)
	}
	wantKind(t, "Update", store.Update(t.Context(), server, server.UpdatedAt, audit.Entry{}), fault.NotFound)
	if _, err := store.Get(t.Context(), server.ID); fault.Public(err) != "Server not found." {
		t.Errorf("Get says %q", fault.Public(err))
	}
}

// testPages lists private keys. The store may have others.
func testPages(t *testing.T, store catalog.Store) {
	var want []catalog.ID
	for range 7 {
		want = append(want, create(t, store, newKey(t)).ID)
	}
	slices.Sort(want)
	for _, limit := range []int{1, 3, 7, 0} {
		var got []catalog.ID
		for page := (catalog.Page{Limit: limit}); ; {
			listing, err := store.List(t.Context(), catalog.KindPrivateKey, page)
			if err != nil {
				t.Fatal(err)
			}
			if limit > 0 && (len(listing.Entities) > limit || listing.Next != "" &&
				len(listing.Entities) < limit) {
				t.Errorf("a page of %d has %d", limit, len(listing.Entities))
			}
			for _, entity := range listing.Entities {
				if slices.Contains(want, entity.Common().ID) {
					got = append(got, entity.Common().ID)
				}
			}
			if page.After = listing.Next; page.After == "" {
				break
			}
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("with pages of %d (-got +want):\n%s", limit, diff)
		}
	}
	listing, err := store.List(t.Context(), "nothing", catalog.Page{})
	if err != nil || len(listing.Entities) != 0 || listing.Next != "" {
		t.Errorf("a kind without entities: %v, %v", listing, err)
	}
}

func testBadPages(t *testing.T, store catalog.Store) {
	for _, page := range []catalog.Page{{Limit: -1}, {Limit: catalog.MaxPage + 1}, {After: "nonsense"},
		{After: string(newKey(t).ID)}} {
		_, err := store.List(t.Context(), catalog.KindServer, page)
		wantKind(t, fmt.Sprintf("List of %+v", page), err, fault.Invalid)
	}
}

func wantEntity(t *testing.T, store catalog.Store, want catalog.Entity) {
	t.Helper()
	got, err := store.Get(t.Context(), want.Common().ID)
	if err != nil {
		t.Fatalf("Get of %s: %v", want.Common().ID, err)
	}
	if diff := cmp.Diff(got, want, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s differs (-got +want):\n%s", want.Common().ID, strings.TrimSpace(diff))
	}
}

// wantUnmet checks the error of a missing dependency, which names its field.
func wantUnmet(t *testing.T, err error, field string) {
	t.Helper()
	wantKind(t, "with a missing dependency", err, fault.Invalid)
	if _, named := fault.Fields(err)[field]; !named {
		t.Errorf("fields %v, want %s", fault.Fields(err), field)
	}
}

func wantKind(t *testing.T, call string, err error, kind fault.Kind) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: %v, want %s", call, err, kind)
	}
}

// together makes all calls concurrently and returns how many succeeded. The others must have
// failed with one of the kinds.
func together(t *testing.T, calls []func() error, kinds ...fault.Kind) int {
	t.Helper()
	errs := make([]error, len(calls))
	var wait sync.WaitGroup
	for i, call := range calls {
		wait.Go(func() { errs[i] = call() })
	}
	wait.Wait()
	succeeded := 0
	for _, err := range errs {
		if err == nil {
			succeeded++
		} else if !slices.Contains(kinds, fault.KindOf(err)) {
			t.Errorf("a call at the same time: %v, want one of %v", err, kinds)
		}
	}
	return succeeded
}

func testCancelled(t *testing.T, store catalog.Store) {
	key, fresh := create(t, store, newKey(t)), newKey(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	changed := *key
	changed.Name = "changed"
	for call, make := range map[string]func() error{
		"Create":  func() error { return store.Create(ctx, fresh, audit.Entry{}) },
		"Get":     func() error { _, err := store.Get(ctx, key.ID); return err },
		"Head":    func() error { _, err := store.Head(ctx, key.ID); return err },
		"List":    func() error { _, err := store.List(ctx, catalog.KindServer, catalog.Page{}); return err },
		"Update":  func() error { return store.Update(ctx, &changed, key.UpdatedAt, audit.Entry{}) },
		"Delete":  func() error { return store.Delete(ctx, key.ID, audit.Entry{}) },
		"Observe": func() error { return store.Observe(ctx, newMeta(t, catalog.KindService).ID, "exited") },
	} {
		if err := make(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want %v", call, err, context.Canceled)
		}
	}
	wantEntity(t, store, key)
	_, err := store.Get(t.Context(), fresh.ID)
	wantKind(t, "Get of what was not created", err, fault.NotFound)
}
