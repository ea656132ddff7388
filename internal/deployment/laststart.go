package deployment

import (
	"context"

	"waybill/internal/catalog"
)

// maxStartPages is how many pages of a history [LastStart] reads. A page examines
// [MaxExamined] deployments.
const maxStartPages = 10

// Lister is the part of a [History] that lists the deployments of a resource.
type Lister interface {
	List(ctx context.Context, resource catalog.ID, page Page) (Listing, error)
}

// LastStart returns the newest deployment that finished and started the resource. found is
// false if none of the resource's last 1,000 deployments did.
func LastStart(
	ctx context.Context, history Lister, resource catalog.ID,
) (last Record, found bool, err error) {
	page := Page{Take: MaxTake, Filter: Filter{Status: Finished}}
	for range maxStartPages {
		listing, err := history.List(ctx, resource, page)
		if err != nil {
			return Record{}, false, err
		}
		for _, record := range listing.Records {
			if record.Operation.Starts() {
				return record, true, nil
			}
		}
		if page.Cursor = listing.Next; page.Cursor == "" {
			break
		}
	}
	return Record{}, false, nil
}
