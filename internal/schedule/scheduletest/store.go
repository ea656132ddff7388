// Package scheduletest is the contracts of package schedule as tests: every implementation runs
// them.
package scheduletest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/schedule"
)

// Ports are a catalog with its schedules and its audit.
type Ports struct {
	Catalog   catalog.Store
	Schedules interface {
		schedule.Store
		schedule.Lister
	}
	Log audit.Log
}

// TestStore checks what every [schedule.Store] promises. open returns empty ports.
func TestStore(t *testing.T, open func(t *testing.T) Ports) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, w world)
	}{
		{"Of returns what Replace has stored", returnsWhatIsStored},
		{"Of a resource without schedules is empty", emptySet},
		{"Replace of an older revision is refused and changes nothing", staleRevision},
		{"Replace for a resource that does not exist is NotFound", noResource},
		{"every change leaves its entry, and a refused one none", entries},
		{"an empty set is stored as none", emptied},
		{"of many changes at once none is lost", manyAtOnce},
		{"the deletion of a resource deletes its schedules", deletedWithResource},
		{"Sets has every set once, in pages", pages},
		{"the largest set fits", largest},
		{"a cancelled context is said as such", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newWorld(t, open(t))) })
	}
}

// world is a catalog with a service.
type world struct {
	Ports
	server, service catalog.ID
}

func newWorld(t *testing.T, p Ports) world {
	t.Helper()
	w := world{Ports: p}
	key := newID(t, catalog.KindPrivateKey)
	w.server = newID(t, catalog.KindServer)
	for _, entity := range []catalog.Entity{
		&catalog.PrivateKey{Meta: catalog.Meta{ID: key}},
		&catalog.Server{Meta: catalog.Meta{ID: w.server}, KeyID: key, Concurrency: 1, QueueLimit: 1},
	} {
		check(t, p.Catalog.Create(t.Context(), entity, audit.Entry{}))
	}
	w.service = w.newService(t)
	return w
}

func (w world) newService(t *testing.T) catalog.ID {
	t.Helper()
	id := newID(t, catalog.KindService)
	check(t, w.Catalog.Create(t.Context(),
		&catalog.Service{Resource: catalog.Resource{Meta: catalog.Meta{ID: id}, ServerID: w.server}},
		audit.Entry{}))
	return id
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newID(t *testing.T, kind catalog.Kind) catalog.ID {
	t.Helper()
	id, err := catalog.NewID(kind, rand.Reader)
	check(t, err)
	return id
}

// Example returns a schedule with every field set.
func Example(t *testing.T) schedule.Schedule {
	t.Helper()
	id, err := schedule.NewID(rand.Reader)
	check(t, err)
	now := time.Date(2027, 1, 2, 3, 4, 5, 678000, time.UTC)
	return schedule.Schedule{
		ID: id, Expression: "rate(2 hours)", Timezone: "Europe/Berlin", Operation: deployment.Deploy,
		Options: deployment.Options{PullLatestImages: true, StopBeforeStart: true, Force: true,
			DockerTag: "1.4", Commit: "c0ffee0"},
		After:   []catalog.ID{"svc000000000000000000000", "dbs000000000000000000000"},
		Enabled: true, Flexible: 5 * time.Minute, Start: now.Truncate(time.Minute), Generation: "abcdefgh",
		CreatedAt: now, UpdatedAt: now.Add(time.Hour),
	}
}

func entry(t *testing.T) audit.Entry {
	t.Helper()
	made, err := audit.New(audit.Entry{At: time.Now().UTC().Truncate(time.Microsecond), Action: audit.Update,
		Target: audit.Target{Kind: audit.KindSchedule, ID: "sch"}}, time.Hour, rand.Reader)
	check(t, err)
	return made
}

func (w world) of(t *testing.T, resource catalog.ID) schedule.Set {
	t.Helper()
	set, err := w.Schedules.Of(t.Context(), resource)
	check(t, err)
	return set
}

// store replaces the schedules of the resource.
func (w world) store(t *testing.T, resource catalog.ID, all ...schedule.Schedule) {
	t.Helper()
	set := w.of(t, resource)
	set.Schedules = all
	check(t, w.Schedules.Replace(t.Context(), set, audit.Entry{}))
}

func returnsWhatIsStored(t *testing.T, w world) {
	one, other := Example(t), schedule.Schedule{ID: "sch000000000000000000000", Expression: "0 3 * * *",
		Timezone: "UTC", Operation: deployment.Stop}
	w.store(t, w.service, one, other)
	got := w.of(t, w.service)
	if diff := cmp.Diff(got, schedule.Set{Resource: w.service, Revision: 1,
		Schedules: []schedule.Schedule{one, other}}); diff != "" {
		t.Error(diff)
	}
	got.Schedules[0].Expression = "changed"
	if w.of(t, w.service).Schedules[0].Expression == "changed" {
		t.Error("a reader changes what is stored")
	}
	w.store(t, w.service, other)
	if got := w.of(t, w.service); got.Revision != 2 || len(got.Schedules) != 1 {
		t.Errorf("after another change: %+v", got)
	}
}

func emptySet(t *testing.T, w world) {
	for _, id := range []catalog.ID{w.service, newID(t, catalog.KindDatabase)} {
		if diff := cmp.Diff(w.of(t, id), schedule.Set{Resource: id}); diff != "" {
			t.Error(diff)
		}
	}
}

func staleRevision(t *testing.T, w world) {
	w.store(t, w.service, Example(t))
	stored := w.of(t, w.service)
	for _, revision := range []int{0, 2, 7} {
		set := schedule.Set{Resource: w.service, Revision: revision,
			Schedules: []schedule.Schedule{Example(t)}}
		if err := w.Schedules.Replace(t.Context(), set, audit.Entry{}); !errors.Is(err, schedule.ErrChanged) {
			t.Errorf("revision %d: %v, want ErrChanged", revision, err)
		}
		set.Schedules = nil
		if err := w.Schedules.Replace(t.Context(), set, audit.Entry{}); !errors.Is(err, fault.Conflict) {
			t.Errorf("revision %d to nothing: %v, want Conflict", revision, err)
		}
	}
	if diff := cmp.Diff(w.of(t, w.service), stored); diff != "" {
		t.Error(diff)
	}
}

func noResource(t *testing.T, w world) {
	set := schedule.Set{Resource: newID(t, catalog.KindService), Schedules: []schedule.Schedule{Example(t)}}
	if err := w.Schedules.Replace(t.Context(), set, audit.Entry{}); !errors.Is(err, fault.NotFound) {
		t.Errorf("Replace: %v, want NotFound", err)
	}
	if got := w.of(t, set.Resource); len(got.Schedules) != 0 {
		t.Errorf("it is stored: %+v", got)
	}
}

func entries(t *testing.T, w world) {
	written := entry(t)
	set := schedule.Set{Resource: w.service, Schedules: []schedule.Schedule{Example(t)}}
	check(t, w.Schedules.Replace(t.Context(), set, written))
	refused := entry(t)
	if err := w.Schedules.Replace(t.Context(), set, refused); !errors.Is(err, fault.Conflict) {
		t.Errorf("a second one: %v, want Conflict", err)
	}
	set.Revision = 1
	if err := w.Schedules.Replace(t.Context(), set, written); !errors.Is(err, fault.Conflict) ||
		errors.Is(err, schedule.ErrChanged) {
		t.Errorf("with an entry that exists: %v, want Conflict", err)
	}
	query := audit.Query{Since: written.At.Add(-time.Hour), Until: written.At.Add(time.Hour), Limit: 10}
	page, err := audit.List(t.Context(), w.Log, query)
	check(t, err)
	if len(page.Entries) != 1 || page.Entries[0].ID != written.ID {
		t.Errorf("entries = %+v", page.Entries)
	}
}

func emptied(t *testing.T, w world) {
	w.store(t, w.service, Example(t))
	w.store(t, w.service)
	if diff := cmp.Diff(w.of(t, w.service), schedule.Set{Resource: w.service}); diff != "" {
		t.Error(diff)
	}
	if sets, next, err := w.Schedules.Sets(t.Context(), ""); err != nil || len(sets) != 0 || next != "" {
		t.Errorf("Sets: %v %q %v", sets, next, err)
	}
	w.store(t, w.service, Example(t))
}

func manyAtOnce(t *testing.T, w world) {
	const writers = 8
	var group sync.WaitGroup
	var stored atomic.Int32
	for range writers {
		one := Example(t)
		group.Go(func() {
			for {
				set, err := w.Schedules.Of(t.Context(), w.service)
				if err != nil {
					t.Error(err)
					return
				}
				set.Schedules = append(set.Schedules, one)
				switch err := w.Schedules.Replace(t.Context(), set, audit.Entry{}); {
				case err == nil:
					stored.Add(1)
					return
				case !errors.Is(err, schedule.ErrChanged):
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if got := w.of(t, w.service); len(got.Schedules) != writers || got.Revision != writers ||
		stored.Load() != writers {
		t.Errorf("%d of %d are stored, in revision %d", len(got.Schedules), writers, got.Revision)
	}
}

func deletedWithResource(t *testing.T, w world) {
	w.store(t, w.service, Example(t))
	other := w.newService(t)
	w.store(t, other, Example(t))
	check(t, w.Catalog.Delete(t.Context(), w.service, audit.Entry{}))
	if got := w.of(t, w.service); len(got.Schedules) != 0 {
		t.Errorf("they are left: %+v", got)
	}
	if got := w.of(t, other); len(got.Schedules) != 1 {
		t.Errorf("those of another resource: %+v", got)
	}
	set := schedule.Set{Resource: w.service, Schedules: []schedule.Schedule{Example(t)}}
	if err := w.Schedules.Replace(t.Context(), set, audit.Entry{}); !errors.Is(err, fault.NotFound) {
		t.Errorf("Replace after the deletion: %v, want NotFound", err)
	}
}

func pages(t *testing.T, w world) {
	want := map[catalog.ID]bool{}
	for range catalog.MaxPage + 1 {
		id := w.newService(t)
		w.store(t, id, Example(t))
		want[id] = true
	}
	reads := 0
	for after := catalog.ID(""); ; reads++ {
		sets, next, err := w.Schedules.Sets(t.Context(), after)
		check(t, err)
		for _, set := range sets {
			if !want[set.Resource] || len(set.Schedules) != 1 || set.Resource <= after {
				t.Errorf("after %q: %+v", after, set)
			}
			delete(want, set.Resource)
			after = set.Resource
		}
		if next == "" {
			break
		}
		after = next
	}
	if len(want) > 0 || reads != 1 {
		t.Errorf("%d sets are missing after %d full pages", len(want), reads)
	}
}

func largest(t *testing.T, w world) {
	var all []schedule.Schedule
	for range schedule.MaxPerResource {
		one := Example(t)
		one.Expression = fmt.Sprintf("%0*d", schedule.MaxExpression, 0)
		one.Options.DockerTag, one.Options.Commit = fmt.Sprintf("%0128d", 0), fmt.Sprintf("%064d", 0)
		all = append(all, one)
	}
	w.store(t, w.service, all...)
	if diff := cmp.Diff(w.of(t, w.service).Schedules, all); diff != "" {
		t.Error(diff)
	}
}

func cancelled(t *testing.T, w world) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, errOf := w.Schedules.Of(ctx, w.service)
	_, _, errSets := w.Schedules.Sets(ctx, "")
	errReplace := w.Schedules.Replace(ctx, schedule.Set{Resource: w.service,
		Schedules: []schedule.Schedule{Example(t)}}, audit.Entry{})
	for name, err := range map[string]error{"Of": errOf, "Sets": errSets, "Replace": errReplace} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
