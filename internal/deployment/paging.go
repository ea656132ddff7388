package deployment

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Page asks for a part of a history. The zero Page is the newest [DefaultTake].
type Page struct {
	// Skip leaves out the newest that the filter chooses, at most [MaxSkip]. Take is the
	// most records of the page, 1 to [MaxTake]; 0 means DefaultTake.
	Skip int
	Take int
	// Cursor is the Next of the previous page; Skip then counts from there. It stays valid
	// when deployments are added or removed.
	Cursor string
	Filter Filter
}

// Sizes of a page of history. Ten is upstream's default; a hundred records of 1 KB stay far
// below DynamoDB's 1 MB a query.
const (
	DefaultTake = 10
	MaxTake     = 100
	MaxSkip     = 10_000
	// MaxExamined is the most records that one page with a filter looks at.
	MaxExamined = 100
)

// Filter chooses deployments. The zero Filter chooses all.
type Filter struct {
	Status    Status
	Operation Operation
	Kind      catalog.Kind
	Server    catalog.ID
	// Since is the first time of a request, and Until is after the last one.
	Since, Until time.Time
	// Trigger is the kind or the name of the trigger.
	Trigger string
	// Resource chooses by the present state of the resource; nil chooses all. Deployments of
	// deleted resources are then left out.
	Resource func(catalog.Deployable) bool
}

// IsZero reports whether the filter chooses all deployments.
func (f Filter) IsZero() bool {
	return f.Status == "" && f.Operation == "" && f.Kind == "" && f.Server == "" && f.Trigger == "" &&
		f.Since.IsZero() && f.Until.IsZero() && f.Resource == nil
}

// Chooses reports whether the filter chooses the deployment. resource is the head of its
// resource, or nil; only the field Resource needs it.
func (f Filter) Chooses(record Record, resource catalog.Deployable) bool {
	return (f.Status == "" || f.Status == record.Status) &&
		(f.Operation == "" || f.Operation == record.Operation) &&
		(f.Kind == "" || f.Kind == record.ID.Kind()) &&
		(f.Server == "" || f.Server == record.ServerID) &&
		(f.Trigger == "" || f.Trigger == record.Trigger.Kind || f.Trigger == record.Trigger.Name) &&
		(f.Since.IsZero() || !record.CreatedAt.Before(f.Since)) &&
		(f.Until.IsZero() || record.CreatedAt.Before(f.Until)) &&
		(f.Resource == nil || resource != nil && f.Resource(resource))
}

// Listing is a page of history. Next is "" on the last page.
type Listing struct {
	// Count is the number of the resource's deployments, whatever the filter.
	Count   int
	Records []Record
	Next    string
	// Resources has the heads that the reader has read: of List the resource, of Team the
	// databases, and all resources if the filter needs them. Deleted ones are missing.
	Resources map[catalog.ID]catalog.Deployable
}

// Place is the place of a deployment in the history of the team.
type Place struct {
	CreatedAt time.Time
	ID        ID
}

// PlaceOf returns the place of the deployment.
func PlaceOf(record Record) Place { return Place{record.CreatedAt, record.ID} }

// Compare orders places from the oldest to the newest. Deployments of the same microsecond
// are in the order of their ids.
func (p Place) Compare(other Place) int {
	return cmp.Or(p.CreatedAt.Compare(other.CreatedAt), strings.Compare(string(p.ID), string(other.ID)))
}

// Cursor returns the place as the cursor of the next page.
func (p Place) Cursor() string { return catalog.TimeText(p.CreatedAt) + string(p.ID) }

// parsePlace parses a cursor of the history of the team.
func parsePlace(cursor string) (Place, bool) {
	if len(cursor) <= IDLength {
		return Place{}, false
	}
	at, rest := cursor[:len(cursor)-IDLength], cursor[len(cursor)-IDLength:]
	micros, ok := catalog.MicrosOf(at)
	id, err := ParseID(rest)
	place := Place{time.UnixMicro(micros).UTC(), id}
	return place, ok && err == nil && place.Cursor() == cursor
}

// Check returns the page with its default filled in, with the id in its cursor, and with
// what the cursor says that is still to be skipped. Invalid if a number is out of bounds or
// the cursor belongs to another resource.
func (p Page) Check(resource catalog.ID) (Page, error) {
	p, err := p.check()
	if err != nil || p.Cursor == "" {
		return p, err
	}
	last, skip, skips := strings.Cut(p.Cursor, "-")
	left, err := strconv.Atoi(skip)
	if id, failed := ParseID(last); failed != nil || id.Resource() != resource ||
		skips && (err != nil || left < 1 || left > MaxSkip || skip != strconv.Itoa(left)) {
		return p, fault.InvalidField("cursor", "must be the next of a page of this resource")
	}
	p.Cursor, p.Skip = last, p.Skip+left
	return p, nil
}

// resourceCursor returns the cursor of a history of one resource: the id of the last
// deployment that the page looked at. If the page has left out fewer than it should, the
// cursor also has how many the next one leaves out.
func resourceCursor(last Place, skip int) string {
	if skip == 0 {
		return string(last.ID)
	}
	return string(last.ID) + "-" + strconv.Itoa(skip)
}

// CheckTeam is Check for the history of the team. It also returns the place of the cursor.
func (p Page) CheckTeam() (Page, Place, error) {
	p, err := p.check()
	if err != nil {
		return p, Place{}, err
	}
	if p.Skip > 0 {
		return p, Place{}, fault.InvalidField("skip",
			"counts the deployments of one resource only; send the next of a page as cursor")
	}
	if p.Cursor == "" {
		return p, Place{}, nil
	}
	place, ok := parsePlace(p.Cursor)
	if !ok {
		return p, Place{}, fault.InvalidField("cursor", "must be the next of a page of this history")
	}
	return p, place, nil
}

func (p Page) check() (Page, error) {
	if p.Take == 0 {
		p.Take = DefaultTake
	}
	if p.Take < 1 || p.Take > MaxTake {
		return p, fault.InvalidField("take", "must be 1 to %d", MaxTake)
	}
	if p.Skip < 0 {
		return p, fault.InvalidField("skip", "must be 0 or more")
	}
	if p.Skip > MaxSkip {
		return p, fault.InvalidField("skip",
			"must be at most %d; for older deployments, send the next of a page as cursor", MaxSkip)
	}
	p.Filter.Since, p.Filter.Until = storable(p.Filter.Since), storable(p.Filter.Until)
	return p, nil
}

// storable moves a time before 1970 or far in the future to one that keys can express. No
// deployment is that old or that new.
func storable(at time.Time) time.Time {
	first, last := time.Unix(0, 0).UTC(), time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)
	switch {
	case at.IsZero():
		return at
	case at.Before(first):
		return first
	case at.After(last):
		return last
	}
	return at
}

// Looks returns how many records the page looks at, at most: as many as it takes, or
// [MaxExamined] with a filter.
func (p Page) Looks() int {
	if p.Filter.IsZero() {
		return p.Take
	}
	return MaxExamined
}

// View is what a page looks at: the places, newest first, and their records. The record of
// one that was removed is missing. More says that there are older deployments.
type View struct {
	Places  []Place
	Records map[ID]Record
	More    bool
}

// Fill adds to the listing of a resource what the page takes of the view, and sets Next. The
// view of a page without a filter begins after the deployments that the page skips.
func (p Page) Fill(listing *Listing, view View) {
	skip := 0
	if !p.Filter.IsZero() {
		skip = p.Skip
	}
	p.fill(listing, view, skip, resourceCursor)
}

// FillTeam is Fill for the history of the team.
func (p Page) FillTeam(listing *Listing, view View) {
	p.fill(listing, view, 0, func(last Place, _ int) string { return last.Cursor() })
}

func (p Page) fill(listing *Listing, view View, skip int, cursor func(last Place, skip int) string) {
	for i, place := range view.Places {
		record, there := view.Records[place.ID]
		switch {
		case !there || !p.Filter.Chooses(record, listing.Resources[place.ID.Resource()]):
		case skip > 0:
			skip--
		default:
			listing.Records = append(listing.Records, record)
		}
		if last := i == len(view.Places)-1; last && view.More || !last && len(listing.Records) == p.Take {
			listing.Next = cursor(place, skip)
			return
		}
	}
}
