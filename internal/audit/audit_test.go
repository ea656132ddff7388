package audit_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/fault"
)

// book is a log of entries, the newest first, that counts the reads of it.
type book struct {
	entries  []audit.Entry
	reads    int
	examined int
}

func (b *book) Read(_ context.Context, span audit.Span, limit int) ([]audit.Entry, error) {
	b.reads++
	var found []audit.Entry
	for _, entry := range b.entries {
		if entry.ID.Month() == span.Month && entry.ID >= span.From && entry.ID < span.Before &&
			len(found) < limit {
			found = append(found, entry)
		}
	}
	b.examined += len(found)
	return found, nil
}

func now() time.Time { return time.Date(2026, 11, 30, 18, 0, 0, 0, time.UTC) }

// newBook has n entries of the token "1", each older by the step.
func newBook(t *testing.T, n int, step time.Duration) *book {
	t.Helper()
	var b book
	for i := range n {
		entry, err := audit.New(audit.Entry{At: now().Add(-time.Duration(i) * step),
			Actor: audit.Actor{TokenID: "1"}}, time.Hour, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		b.entries = append(b.entries, entry)
	}
	return &b
}

func list(t *testing.T, b *book, query audit.Query) audit.Page {
	t.Helper()
	page, err := audit.List(t.Context(), b, query)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestAPageReadsFewMonths(t *testing.T) {
	b := newBook(t, 1, 0)
	b.entries[0].ID = audit.Before(now().AddDate(-3, 0, 0)) + "-k3f7mzq2ab5cdxyu"
	query := audit.Query{Since: now().AddDate(-10, 0, 0), Until: now(), Limit: 5}
	var found []audit.Entry
	pages := 0
	for {
		b.reads = 0
		page := list(t, b, query)
		pages++
		if b.reads > audit.MaxReads {
			t.Fatalf("a page makes %d reads, want at most %d", b.reads, audit.MaxReads)
		}
		found = append(found, page.Entries...)
		if page.Next == "" {
			break
		}
		if _, err := audit.ParseID("cursor", string(page.Next)); err != nil {
			t.Fatalf("the next %q is no cursor: %v", page.Next, err)
		}
		query.After = page.Next
	}
	if len(found) != 1 || pages > 14 {
		t.Errorf("%d entries on %d pages, want one on about 13", len(found), pages)
	}
}

func TestAPageWithAFilterExaminesFewEntries(t *testing.T) {
	b := newBook(t, 3*audit.MaxExamined, time.Second)
	b.entries[2*audit.MaxExamined+1].Actor.TokenID = "2"
	query := audit.Query{Since: now().AddDate(0, -1, 0), Until: now().Add(time.Second), Token: "2", Limit: 5}
	var sizes []int
	for {
		b.examined = 0
		page := list(t, b, query)
		if b.examined > audit.MaxExamined {
			t.Fatalf("a page examines %d entries, want at most %d", b.examined, audit.MaxExamined)
		}
		sizes = append(sizes, len(page.Entries))
		if query.After = page.Next; page.Next == "" {
			break
		}
	}
	if !slices.Equal(sizes, []int{0, 0, 1, 0}) {
		t.Errorf("the pages have %d entries, want 0, 0, 1 and 0", sizes)
	}
}

func TestFieldsAreSortedAndLimited(t *testing.T) {
	var names []string
	for i := range audit.MaxFields + 7 {
		names = append(names, fmt.Sprintf("environment.V%03d", audit.MaxFields+7-i), "tags")
	}
	entry := audit.Entry{}.WithFields(names)
	if len(entry.Fields) != audit.MaxFields || entry.Omitted != 8 || !slices.IsSorted(entry.Fields) {
		t.Errorf("%d fields and %d omitted, sorted %t; want %d and 8", len(entry.Fields), entry.Omitted,
			slices.IsSorted(entry.Fields), audit.MaxFields)
	}
}

func TestIDs(t *testing.T) {
	early, err := audit.NewID(now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	late, err := audit.NewID(now().Add(time.Microsecond), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if early >= late || early < audit.Before(now()) || early >= audit.Before(now().Add(time.Microsecond)) {
		t.Errorf("%q and %q are not in the order of their times", early, late)
	}
	if early.Month() != "2026-11" {
		t.Errorf("the month of %q is %q", early, early.Month())
	}
	for _, text := range []string{string(early), string(audit.Before(now())), "2026-02-31T00:00:00.000000Z"} {
		if id, err := audit.ParseID("cursor", text); err != nil || string(id) != text {
			t.Errorf("ParseID(%q) = %q, %v", text, id, err)
		}
	}
	for _, text := range []string{
		"", "2026-11", "2026-13-01T00:00:00.000000Z", "2026-11-30T18:00:00Z", string(early) + "a",
		string(early) + "\n",
	} {
		if _, err := audit.ParseID("cursor", text); !errors.Is(err, fault.Invalid) {
			t.Errorf("ParseID(%q): %v, want Invalid", text, err)
		}
	}
}
