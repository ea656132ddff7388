package deploymenttest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func teamCases() []testCase {
	return []testCase{
		{"it has every kind and deleted resources, newest first, each once", testTeam},
		{"it has the present states and the heads of databases", testTeamRecords},
		{"a page that cannot be is Invalid", testBadTeamPages},
		{"deployments of the same moment are each there once", testTeamTies},
		{"a cursor outlives the deployments around it", testTeamCursorOfRemoved},
		{"each filter chooses the same in every history", testFilters},
		{"a page with a filter looks at a limited number of deployments", testSparseFilter},
		{"a skip counts what the filter chooses", testSkipWithFilter},
		{"the resource of a deployment decides by its present head", testResourceFilter},
	}
}

// walk reads all pages of the team's history.
func (w *world) walk(t *testing.T, page deployment.Page) []deployment.ID {
	t.Helper()
	var walked []deployment.ID
	for range 1000 {
		listing, err := w.History.Team(t.Context(), page)
		if err != nil {
			t.Fatalf("Team of %+v: %v", page, err)
		}
		if len(listing.Records) > max(page.Take, deployment.DefaultTake) {
			t.Errorf("a page of %d has %d deployments", page.Take, len(listing.Records))
		}
		walked = append(walked, ids(listing.Records)...)
		if page.Cursor = listing.Next; page.Cursor == "" {
			return walked
		}
	}
	t.Fatal("the history has no end")
	return nil
}

// walkResource reads all pages of the history of a resource.
func (w *world) walkResource(t *testing.T, resource catalog.ID, page deployment.Page) []deployment.ID {
	t.Helper()
	var walked []deployment.ID
	for range 1000 {
		listing := w.page(t, resource, page)
		walked = append(walked, ids(listing.Records)...)
		if page.Skip, page.Cursor = 0, listing.Next; page.Cursor == "" {
			return walked
		}
	}
	t.Fatal("the history has no end")
	return nil
}

// later moves the clock past the deployments of all other tests, whose tables may be the
// same, and returns a filter for what comes.
func (w *world) later(t *testing.T) deployment.Filter {
	t.Helper()
	place := time.Duration(0)
	for _, c := range string(newID(t, catalog.KindServer))[3:10] {
		place = place*32 + time.Duration(strings.IndexRune(catalog.Alphabet, c))
	}
	// 32^7 tenths of a second are 109 years.
	w.now = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).Add(place * 100 * time.Millisecond)
	return deployment.Filter{Since: w.now}
}

// mixed notes n deployments of each resource in turn and returns them, newest first.
func (w *world) mixed(t *testing.T, server catalog.ID, n int, resources ...catalog.ID) []deployment.Record {
	t.Helper()
	var all []deployment.Record
	for range n {
		for _, resource := range resources {
			record := w.noted(t, resource, server)
			w.note(t, record)
			all = append(all, record)
		}
	}
	slices.Reverse(all)
	return all
}

func testTeam(t *testing.T, w *world) {
	filter := w.later(t)
	server := w.server(t, 1, 25)
	deleted := w.service(t, server)
	all := w.mixed(t, server, 3, w.service(t, server), w.application(t, server), w.database(t, server),
		deleted)
	if err := w.Store.Delete(t.Context(), deleted, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	filter.Until = w.tick()
	onServer := deployment.Filter{Server: server}
	for _, take := range []int{1, 2, 5, 11, 12, 100} {
		wantSame(t, fmt.Sprintf("by time, %d a page", take),
			w.walk(t, deployment.Page{Take: take, Filter: filter}), ids(all))
		wantSame(t, fmt.Sprintf("of the server, %d a page", take),
			w.walk(t, deployment.Page{Take: take, Filter: onServer}), ids(all))
	}
	listing, err := w.History.Team(t.Context(), deployment.Page{Take: 5, Filter: onServer})
	if err != nil || len(listing.Records) != 5 || listing.Next == "" {
		t.Errorf("a page of 5 has %d and next %q: %v", len(listing.Records), listing.Next, err)
	}
}

func testTeamRecords(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	database := w.database(t, server)
	ended := w.running(t, database, server)
	w.finish(t, ended, deployment.Outcome{Status: deployment.Finished,
		Source: deployment.Source{Commit: "0a1b", Message: "Serve tea"}})
	held, err := w.Ledger.Hold(t.Context(), ended.ID, deployment.Hold{Held: true, At: w.tick(), By: "ops",
		Reason: "a claim"}, audit.Entry{})
	if err != nil {
		t.Fatal(err)
	}
	queued := w.enqueue(t, database, server)
	listing, err := w.History.Team(t.Context(), deployment.Page{Filter: deployment.Filter{Server: server}})
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "the records", listing.Records, []deployment.Record{queued, held})
	db, is := listing.Resources[database].(*catalog.Database)
	if !is || db.Engine != "postgresql" || !db.HeadOnly {
		t.Errorf("the head of the database is %+v", listing.Resources[database])
	}
}

func testBadTeamPages(t *testing.T, w *world) {
	own := w.record(t, newID(t, catalog.KindService), newID(t, catalog.KindServer))
	cursor := deployment.PlaceOf(own).Cursor()
	for _, page := range []deployment.Page{
		{Take: -1}, {Take: deployment.MaxTake + 1}, {Skip: 1}, {Skip: -1}, {Cursor: "nonsense"},
		{Cursor: string(own.ID)}, {Cursor: cursor + "0"}, {Cursor: cursor[1:]},
		{Cursor: strings.ToUpper(cursor)}, {Cursor: "~" + cursor[1:]},
		{Cursor: "000" + cursor}, {Cursor: strings.Replace(cursor, "svc", "srv", 1)},
	} {
		if _, err := w.History.Team(t.Context(), page); fault.KindOf(err) != fault.Invalid ||
			len(fault.Fields(err)) != 1 {
			t.Errorf("Team of %+v: %v with fields %v, want Invalid with one", page, err, fault.Fields(err))
		}
	}
	if _, err := w.History.Team(t.Context(), deployment.Page{Cursor: cursor}); err != nil {
		t.Errorf("Team behind a deployment that is not there: %v", err)
	}
}

func testTeamTies(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	resources := []catalog.ID{w.service(t, server), w.service(t, server), w.application(t, server)}
	at := w.tick()
	var all []deployment.Record
	for n := range 9 {
		record := w.noted(t, resources[n%3], server)
		record.CreatedAt = at
		w.note(t, record)
		all = append(all, record)
	}
	all = append(all, w.mixed(t, server, 1, resources...)...)
	slices.SortFunc(all, func(a, b deployment.Record) int {
		return deployment.PlaceOf(b).Compare(deployment.PlaceOf(a))
	})
	for _, take := range []int{1, 2, 3, 5, 20} {
		wantSame(t, fmt.Sprintf("%d a page", take),
			w.walk(t, deployment.Page{Take: take, Filter: deployment.Filter{Server: server}}), ids(all))
	}
}

func testTeamCursorOfRemoved(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	all := ids(w.mixed(t, server, 8, service))
	page := deployment.Page{Take: 3, Filter: deployment.Filter{Server: server}}
	first, err := w.History.Team(t.Context(), page)
	if err != nil {
		t.Fatal(err)
	}
	of := w.page(t, service, deployment.Page{Take: 3})
	for _, gone := range []int{1, 2, 3, 7} { // the one of the cursor, and others around it
		w.Damage.Forget(t, all[gone])
	}
	w.mixed(t, server, 2, service) // new ones
	page.Cursor = first.Next
	wantSame(t, "the rest of the server's", w.walk(t, page), all[4:7])
	wantSame(t, "the rest of the resource's",
		w.walkResource(t, service, deployment.Page{Take: 3, Cursor: of.Next}), all[4:7])
}

func testFilters(t *testing.T, w *world) {
	since := w.later(t).Since
	server, other := w.server(t, 1, 25), w.server(t, 1, 25)
	resource := w.application(t, server)
	all := w.mixed(t, server, 5, resource)
	failed, moved, scheduled := all[3], all[2], all[1]
	failed.Status, failed.Outcome = deployment.Failed, deployment.Outcome{Status: deployment.Failed,
		Reason: deployment.ReasonExit}
	failed.Operation = deployment.Deploy
	moved.ServerID = other
	scheduled.Trigger = deployment.Trigger{Kind: "schedule", Name: "nightly"}
	for _, record := range []deployment.Record{failed, moved, scheduled} {
		w.Damage.Save(t, record)
	}
	until := w.tick()
	of := func(places ...int) []deployment.ID {
		var chosen []deployment.ID
		for _, place := range places {
			chosen = append(chosen, all[place].ID)
		}
		return chosen
	}
	for _, c := range []struct {
		name   string
		filter deployment.Filter
		want   []deployment.ID
	}{
		{"none", deployment.Filter{}, of(0, 1, 2, 3, 4)},
		{"a status", deployment.Filter{Status: deployment.Failed}, of(3)},
		{"an operation", deployment.Filter{Operation: deployment.Update}, of(0, 1, 2, 4)},
		{"a kind", deployment.Filter{Kind: catalog.KindApplication}, of(0, 1, 2, 3, 4)},
		{"another kind", deployment.Filter{Kind: catalog.KindService}, nil},
		{"a server", deployment.Filter{Server: server}, of(0, 1, 3, 4)},
		{"another server", deployment.Filter{Server: other}, of(2)},
		{"the kind of a trigger", deployment.Filter{Trigger: "schedule"}, of(1)},
		{"the name of a trigger", deployment.Filter{Trigger: "nightly"}, of(1)},
		{"a first time", deployment.Filter{Since: all[2].CreatedAt}, of(0, 1, 2)},
		{"a last time", deployment.Filter{Until: all[2].CreatedAt}, of(3, 4)},
		{"both", deployment.Filter{Since: all[3].CreatedAt, Until: all[1].CreatedAt}, of(2, 3)},
		{"a status and a time", deployment.Filter{Status: deployment.Failed, Since: all[2].CreatedAt}, nil},
		{"times in the wrong order",
			deployment.Filter{Since: all[1].CreatedAt, Until: all[3].CreatedAt}, nil},
	} {
		for _, take := range []int{1, 100} {
			name := fmt.Sprintf("by %s, %d a page", c.name, take)
			page := deployment.Page{Take: take, Filter: c.filter}
			wantSame(t, "of the resource "+name, w.walkResource(t, resource, page), c.want)
			page.Filter = within(c.filter, since, until)
			wantSame(t, "of the team "+name, w.walk(t, page), c.want)
		}
	}
}

// within is the filter with these bounds where it has none.
func within(f deployment.Filter, since, until time.Time) deployment.Filter {
	if f.Since.IsZero() {
		f.Since = since
	}
	if f.Until.IsZero() {
		f.Until = until
	}
	return f
}

func testSparseFilter(t *testing.T, w *world) {
	const n = 130
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	all := w.mixed(t, server, n, service)
	first := all[n-1]
	first.Trigger.Name = "rare"
	w.Damage.Save(t, first)
	page := deployment.Page{Filter: deployment.Filter{Server: server, Trigger: "rare"}}
	for name, read := range map[string]func(deployment.Page) (deployment.Listing, error){
		"resource": func(page deployment.Page) (deployment.Listing, error) {
			return w.History.List(t.Context(), service, page)
		},
		"server": func(page deployment.Page) (deployment.Listing, error) {
			return w.History.Team(t.Context(), page)
		},
	} {
		page.Cursor = ""
		var found []deployment.ID
		for pages := 1; ; pages++ {
			listing, err := read(page)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, ids(listing.Records)...)
			if len(found) > 0 && pages < n/deployment.MaxExamined+1 {
				t.Errorf("%s: page %d has looked at all %d", name, pages, n)
			}
			if page.Cursor = listing.Next; page.Cursor == "" {
				break
			}
		}
		wantSame(t, "the history of the "+name, found, []deployment.ID{first.ID})
	}
}

func testSkipWithFilter(t *testing.T, w *world) {
	const n = 210
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	all := w.mixed(t, server, n, service)
	var chosen []deployment.ID
	for i, record := range all {
		if i%2 == 1 {
			continue
		}
		record.Operation = deployment.Scrub
		w.Damage.Save(t, record)
		chosen = append(chosen, record.ID)
	}
	filter := deployment.Filter{Operation: deployment.Scrub}
	for _, skip := range []int{1, 49, 50, 51, 60, 104, 105, 200} {
		wantSame(t, fmt.Sprintf("behind %d", skip),
			w.walkResource(t, service, deployment.Page{Skip: skip, Take: 7, Filter: filter}),
			chosen[min(skip, len(chosen)):])
	}
	for _, skip := range []int{99, 100, 101, 209, 210} {
		wantSame(t, fmt.Sprintf("behind %d without a filter", skip),
			w.walkResource(t, service, deployment.Page{Skip: skip, Take: 100}), ids(all)[skip:])
	}
}

func testResourceFilter(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	wanted, other, deleted := w.service(t, server), w.application(t, server), w.service(t, server)
	all := w.mixed(t, server, 2, wanted, other, deleted)
	if err := w.Store.Delete(t.Context(), deleted, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	filter := deployment.Filter{Server: server, Resource: func(resource catalog.Deployable) bool {
		return resource.Common().ID != other
	}}
	want := []deployment.ID{all[2].ID, all[5].ID}
	wantSame(t, "of the server", w.walk(t, deployment.Page{Filter: filter}), want)
	wantSame(t, "of the resource", w.walkResource(t, wanted, deployment.Page{Filter: filter}), want)
	wantSame(t, "of another resource", w.walkResource(t, other, deployment.Page{Filter: filter}), nil)
}
