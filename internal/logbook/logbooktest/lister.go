package logbooktest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/logbook"
)

// Listed is an archive that lists its books.
type Listed interface {
	logbook.Archive
	logbook.Lister
}

// TestLister runs the contract of [logbook.Lister]. open returns an empty archive.
func TestLister(t *testing.T, open func(t *testing.T) Listed) {
	archive := open(t)
	all := func(after logbook.Book) []logbook.Stored {
		t.Helper()
		var found []logbook.Stored
		for {
			books, next, err := archive.Books(t.Context(), after)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, books...)
			if after = next; after == "" {
				return found
			}
		}
	}
	wantBooks := func(what string, got, want []logbook.Stored) {
		t.Helper()
		diff := cmp.Diff(got, want, cmpopts.IgnoreFields(logbook.Stored{}, "Newest"), cmpopts.EquateEmpty())
		if diff != "" {
			t.Errorf("%s (-got +want):\n%s", what, diff)
		}
	}
	wantBooks("an empty archive", all(""), nil)
	var want []logbook.Stored
	for i := range 5 {
		stored := logbook.Stored{Book: logbook.Book(fmt.Sprint(book, i))}
		for number := 1; number <= i+1; number++ {
			put(t, archive, stored.Book, chunk(number, "four"))
			stored.Objects, stored.Bytes = number, int64(4*number)
		}
		want = append(want, stored)
	}
	wantBooks("all books", all(""), want)
	wantBooks("the books after the second", all(want[1].Book), want[2:])
	if err := archive.Remove(t.Context(), want[0].Book); err != nil {
		t.Fatal(err)
	}
	wantBooks("the books that are left", all(""), want[1:])
}
