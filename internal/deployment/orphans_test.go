package deployment_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
)

// listed is an archive with one book.
type listed struct {
	logbook.Archive
	stored  logbook.Stored
	removed []logbook.Book
}

func (l *listed) Books(context.Context, logbook.Book) ([]logbook.Stored, logbook.Book, error) {
	return []logbook.Stored{l.stored}, "next", nil
}

func (l *listed) Remove(_ context.Context, book logbook.Book) error {
	l.removed = append(l.removed, book)
	return nil
}

func TestOrphans(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	kept := w.restart(t, service, server, deployment.Finished)
	w.wait(100 * day)
	now := w.now()
	unknown, err := catalog.NewID(catalog.KindService, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := func(resource catalog.ID, age time.Duration) logbook.Book {
		t.Helper()
		id, err := deployment.NewID(resource, now.Add(-age), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return id.Book()
	}
	old := now.Add(-2 * day)
	orphan, other := id(service, 50*day), id(unknown, 25*time.Hour)
	books := []logbook.Stored{
		{Book: "service/of/nothing", Objects: 1, Newest: old},
		{Book: "x" + orphan, Objects: 1, Newest: old}, // of an id, but elsewhere
		{Book: kept.Book(), Objects: 1, Newest: old},
		{Book: orphan, Objects: 2, Bytes: 7, Newest: old},
		{Book: other, Objects: 1, Newest: old},
		{Book: id(service, 23*time.Hour), Objects: 1, Newest: old},
		{Book: id(service, 40*day), Objects: 1, Newest: now.Add(-time.Hour)},
	}
	for _, remove := range []bool{false, true} {
		var found, removed []logbook.Book
		for _, stored := range books {
			logs := &listed{stored: stored}
			got, next, err := deployment.NewOrphans(w.History(), logs, w.now).Page(t.Context(), "", remove)
			if err != nil || next != "next" {
				t.Fatal(next, err)
			}
			for _, orphan := range got {
				found = append(found, orphan.Book)
			}
			removed = append(removed, logs.removed...)
		}
		want := []logbook.Book{orphan, other}
		if diff := cmp.Diff(found, want); diff != "" {
			t.Errorf("found (-got +want)\n%s", diff)
		}
		if !remove {
			want = nil
		}
		if diff := cmp.Diff(removed, want); diff != "" {
			t.Errorf("removed (-got +want)\n%s", diff)
		}
	}
}
