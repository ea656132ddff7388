package deploymenttest

import (
	"slices"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func historyCases() []testCase {
	return []testCase{
		{"unknown ids are NotFound", testUnknownIDs},
		{"a resource without any, and one that is not there, have an empty page", testEmptyHistory},
		{"a page that cannot be is Invalid", testBadPages},
		{"pages are exact, newest first", testPages},
		{"a cursor holds its place while new ones come", testCursorKeepsPlace},
	}
}

func testUnknownIDs(t *testing.T, w *world) {
	for _, kind := range []catalog.Kind{catalog.KindService, catalog.KindDatabase, catalog.KindServer} {
		id := w.record(t, newID(t, kind), "").ID
		_, err := w.History.Get(t.Context(), id)
		wantKind(t, err, fault.NotFound)
		wantKind(t, w.History.Follow(t.Context(), id, w.tick()), fault.NotFound)
	}
	for _, id := range []catalog.ID{newID(t, catalog.KindServer), newID(t, catalog.KindService), ""} {
		_, err := w.History.Load(t.Context(), id)
		wantKind(t, err, fault.NotFound)
	}
}

func testEmptyHistory(t *testing.T, w *world) {
	there := w.service(t, w.server(t, 1, 25))
	for _, resource := range []catalog.ID{there, newID(t, catalog.KindApplication),
		newID(t, catalog.KindServer)} {
		listing := w.page(t, resource, deployment.Page{})
		if got := listing.Resources[resource] != nil; got != (resource == there) {
			t.Errorf("%s has a head: %t", resource, got)
		}
		listing.Resources = nil
		wantSame(t, "the page", listing, deployment.Listing{})
	}
}

func testBadPages(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	foreign, own := w.record(t, w.service(t, server), server).ID, w.record(t, service, server).ID
	for _, page := range []deployment.Page{
		{Take: -1}, {Take: deployment.MaxTake + 1}, {Skip: -1}, {Skip: deployment.MaxSkip + 1},
		{Cursor: "nonsense"}, {Cursor: string(foreign)}, {Cursor: string(own) + "-"},
		{Cursor: string(own) + "-0"}, {Cursor: string(own) + "-07"}, {Cursor: string(own) + "-10001"},
		{Cursor: deployment.Place{CreatedAt: w.now, ID: own}.Cursor()},
		{Cursor: string(service) + strings.Repeat("!", 16)},
	} {
		if _, err := w.History.List(t.Context(), service, page); fault.KindOf(err) != fault.Invalid ||
			len(fault.Fields(err)) != 1 {
			t.Errorf("List of %+v: %v with fields %v, want Invalid with one", page, err, fault.Fields(err))
		}
	}
}

func testCursorKeepsPlace(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	all := w.past(t, service, server, 4)
	first := w.page(t, service, deployment.Page{Take: 2})
	w.enqueue(t, service, server)
	second := w.page(t, service, deployment.Page{Take: 2, Cursor: first.Next})
	wantSame(t, "the second page", ids(second.Records), all[2:])
	if second.Count != 5 || second.Next != "" {
		t.Errorf("count %d, next %q; want 5 and none", second.Count, second.Next)
	}
}

// testPages reads a history of 23 with every kind of page.
func testPages(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	all := w.past(t, service, server, 23)
	w.past(t, w.service(t, server), server, 2) // not in the way
	for _, skip := range []int{0, 1, 7, 22, 23, 99} {
		for _, take := range []int{0, 1, 10, 23, 100} {
			page := w.page(t, service, deployment.Page{Skip: skip, Take: take})
			if take == 0 {
				take = deployment.DefaultTake
			}
			from := min(skip, len(all))
			to := min(from+take, len(all))
			wantSame(t, "the page", ids(page.Records), all[from:to])
			if more := page.Next != ""; page.Count != 23 || more != (to < len(all)) {
				t.Errorf("skip %d, take %d: count %d, next %q", skip, take, page.Count, page.Next)
			}
		}
	}
	var walked []deployment.ID
	for page := (deployment.Page{Take: 5}); ; {
		listing := w.page(t, service, page)
		walked = append(walked, ids(listing.Records)...)
		if page.Cursor = listing.Next; page.Cursor == "" {
			break
		}
	}
	wantSame(t, "the whole by cursors", walked, all)
	from := w.page(t, service, deployment.Page{Take: 5}).Next
	wantSame(t, "a skip from a cursor", ids(w.page(t, service,
		deployment.Page{Cursor: from, Skip: 3, Take: 2}).Records), all[8:10])
	wantSame(t, "the first record", w.page(t, service, deployment.Page{Take: 1}).Records[0], w.get(t, all[0]))
}

// past ends n deployments and returns them, newest first.
func (w *world) past(t *testing.T, resource, server catalog.ID, n int) []deployment.ID {
	t.Helper()
	var all []deployment.ID
	for range n {
		record := w.running(t, resource, server)
		w.finish(t, record, deployment.Outcome{Status: deployment.Finished})
		all = append(all, record.ID)
	}
	slices.Reverse(all)
	return all
}

func (w *world) page(t *testing.T, resource catalog.ID, page deployment.Page) deployment.Listing {
	t.Helper()
	listing, err := w.History.List(t.Context(), resource, page)
	if err != nil {
		t.Fatalf("List of %+v: %v", page, err)
	}
	return listing
}
