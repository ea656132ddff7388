package deployment

import (
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Check returns the page with its default filled in. Invalid if a number is out of bounds
// or the cursor belongs to another resource. A cursor is the id of the last deployment
// of the previous page, so it stays valid when deployments are added or removed.
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
