package audit

import (
	"context"
	"time"

	"waybill/internal/fault"
)

// Log reads the entries. All methods may be called concurrently. Reads are strongly
// consistent.
type Log interface {
	// Read returns the newest entries of a span, at most limit, the newest first.
	Read(ctx context.Context, span Span, limit int) ([]Entry, error)
}

// Span is a part of one month: the ids from From, up to Before and without it.
type Span struct {
	Month        string
	From, Before ID
}

// spanBefore returns the span of the newest month before the id, from the other id on.
func spanBefore(from, before ID) (Span, error) {
	span := Span{Month: before.Month(), From: from, Before: before}
	if before > span.start() {
		return span, nil
	}
	first, err := time.Parse(monthLayout, span.Month)
	if err != nil {
		return Span{}, fault.Wrap(err, fault.Internal, "read the month of an id")
	}
	span.Month = first.AddDate(0, -1, 0).Format(monthLayout)
	return span, nil
}

// start is the start of the month, where the month before it ends.
func (s Span) start() ID { return ID(s.Month + "-01T00:00:00.000000Z") }

// Query asks for a page of entries.
type Query struct {
	// Since and Until bound the times of the entries. Until itself is outside.
	Since, Until time.Time
	// Token and Target, if set, are the only token and the only id of a target.
	Token  string
	Target string
	// After is the Next of the previous page, or "".
	After ID
	// Limit is the most entries of the page.
	Limit int
}

// wants reports whether the entry is one of the query's.
func (q Query) wants(entry Entry) bool {
	return (q.Token == "" || entry.Actor.TokenID == q.Token) &&
		(q.Target == "" || entry.Target.ID == q.Target)
}

// Page is a part of the entries, the newest first. Next is "" if there are no further ones,
// and may be set though there are none.
type Page struct {
	Entries []Entry
	Next    ID
}

// Limits of one page. Beyond them a page is short, or even empty, and has a Next.
const (
	// MaxReads limits the reads of a month. Three years without an entry are four pages.
	MaxReads = 10
	// MaxExamined limits the entries that a page with a filter reads.
	MaxExamined = 1000
)

// List returns a page of the entries. It reads month by month, from the newest on.
func List(ctx context.Context, log Log, query Query) (Page, error) {
	var page Page
	from, before := Before(query.Since), Before(query.Until)
	if query.After != "" && query.After < before {
		before = query.After
	}
	left := MaxExamined // for a query with a filter
	for reads := 0; before > from; reads++ {
		if reads == MaxReads {
			page.Next = before
			return page, nil
		}
		span, err := spanBefore(from, before)
		if err != nil {
			return Page{}, err
		}
		size := query.Limit - len(page.Entries)
		if query.Token != "" || query.Target != "" {
			size = left
		}
		found, err := log.Read(ctx, span, size)
		if err != nil {
			return Page{}, err
		}
		for _, entry := range found {
			if !query.wants(entry) {
				continue
			}
			page.Entries = append(page.Entries, entry)
			if len(page.Entries) == query.Limit {
				page.Next = entry.ID
				return page, nil
			}
		}
		if left -= len(found); len(found) == size {
			page.Next = found[size-1].ID
			return page, nil
		}
		before = span.start()
	}
	return page, nil
}
