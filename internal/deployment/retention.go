package deployment

import (
	"slices"
	"time"

	"waybill/internal/catalog"
)

// expiry returns when an ended record expires if it has a date from its end on. One that
// finished has none: it may be the last one of its resource. It gets its date once a later
// one has finished; see [Expiries]. One that is held has none either.
func (r Record) expiry() time.Time {
	if r.Hold.Held || r.Status == Finished || !r.Status.Terminal() {
		return time.Time{}
	}
	return r.Expiry()
}

// HeldBy returns the record under the hold, which replaces an earlier one.
func (r Record) HeldBy(hold Hold) Record {
	hold.Held = true
	r.Hold, r.ExpiresAt = hold, time.Time{}
	return r
}

// Released returns the record without a hold. Its date is the one that it would have
// without the hold, so it may expire at once.
func (r Record) Released() Record {
	r.Hold = Hold{}
	r.ExpiresAt = r.expiry()
	return r
}

// Expiry returns the date on which an ended record expires unless it must be kept: so many
// days after its end as its [Record.Retention] has for its outcome.
func (r Record) Expiry() time.Time {
	retention := r.Retention.Or(catalog.DefaultRetention())
	days := map[Status]int{Finished: retention.Finished, Failed: retention.Failed,
		Cancelled: retention.Cancelled}[r.Status]
	return r.FinishedAt.Add(time.Duration(days) * 24 * time.Hour).Truncate(time.Second)
}

// FinishedID is a deployment that finished and has no date yet. Starts says whether it
// started its resource.
type FinishedID struct {
	ID     ID
	Starts bool
}

// NewFinishedID returns the entry of a finished record.
func NewFinishedID(r Record) FinishedID { return FinishedID{ID: r.ID, Starts: r.Operation.Starts()} }

// KeepLast divides the finished deployments of a resource, which are in the order of their
// ends. It keeps the last one, and the last one that started the resource; the others get
// their date.
func KeepLast(finished []FinishedID) (kept []FinishedID, dated []ID) {
	started := false
	for i, one := range slices.Backward(finished) {
		known := slices.ContainsFunc(kept, func(k FinishedID) bool { return k.ID == one.ID }) ||
			slices.Contains(dated, one.ID)
		switch {
		case known:
		case i == len(finished)-1, one.Starts && !started:
			kept = append(kept, one)
			started = started || one.Starts
		default:
			dated = append(dated, one.ID)
		}
	}
	slices.Reverse(kept)
	return kept, dated
}
