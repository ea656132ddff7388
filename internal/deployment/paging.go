package deployment

import (
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Check returns the page with its default filled in, or Invalid if a number is
// out of bounds or the cursor is none of this resource's. A cursor is the id
// of the last deployment that was shown: it holds its place whatever is added,
// and even when that deployment has been removed since.
func (p Page) Check(resource catalog.ID) (Page, error) {
	if p.Take == 0 {
		p.Take = DefaultTake
	}
	if p.Take < 1 || p.Take > MaxTake {
		return p, fault.InvalidField("take", "must be 1 to 100")
	}
	if p.Skip < 0 {
		return p, fault.InvalidField("skip", "must be 0 or more")
	}
	if p.Cursor == "" {
		return p, nil
	}
	if cursor, err := ParseID(p.Cursor); err != nil || cursor.Resource() != resource {
		return p, fault.InvalidField("cursor", "must be the next of a page of this resource")
	}
	return p, nil
}
