package listapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// historyBody is a page of a resource's deployments, newest first.
type historyBody struct {
	Count       int           `json:"count"`
	Deployments []wire.Record `json:"deployments"`
	Next        *string       `json:"next"`
}

// history is the endpoint with the deployments of one resource of a kind.
func (l listAPI) history(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.Find[catalog.Deployable](ctx, l.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		page, err := pageOf(c)
		if err != nil {
			return rest.Answer{}, err
		}
		read := l.History.List
		if status := deployment.Status(c.Query.Get("status")); status != "" {
			read = l.filtered(status)
		}
		listing, err := read(ctx, resource.Common().ID, page)
		if err != nil {
			return rest.Answer{}, err
		}
		bodies, err := wire.AddDatabaseTypes(ctx, l.Store, showRecords(listing.Records))
		if err != nil {
			return rest.Answer{}, err
		}
		return rest.OK(historyBody{listing.Count, bodies, wire.TextOrNull(listing.Next)}), nil
	}
}

// pageOf reads the page that is asked for; its bounds are checked below.
func pageOf(c *rest.Call) (deployment.Page, error) {
	skip, err := rest.Number(c.Query, "skip", 0)
	if err != nil {
		return deployment.Page{}, err
	}
	take, err := rest.Number(c.Query, "take", deployment.DefaultTake)
	if err != nil {
		return deployment.Page{}, err
	}
	return deployment.Page{Skip: skip, Take: take, Cursor: c.Query.Get("cursor")}, nil
}

// maxFiltered is how many pages of history one filtered request looks through.
// An answer may so have fewer than it was asked for, or none, and still a next.
const maxFiltered = 10

// filtered reads only the deployments with a status, of which skip and take
// then count. History has no index by status; the reader goes through it page
// by page.
func (l listAPI) filtered(status deployment.Status) func(context.Context, catalog.ID, deployment.Page) (deployment.Listing, error) {
	return func(ctx context.Context, id catalog.ID, asked deployment.Page) (deployment.Listing, error) {
		var found deployment.Listing
		page := deployment.Page{Take: deployment.MaxTake, Cursor: asked.Cursor}
		skip := asked.Skip
		for range maxFiltered {
			listing, err := l.History.List(ctx, id, page)
			if err != nil {
				return deployment.Listing{}, err
			}
			found.Count, found.Next = listing.Count, listing.Next
			for i, record := range listing.Records {
				if record.Status != status {
					continue
				}
				if skip > 0 {
					skip--
					continue
				}
				found.Records = append(found.Records, record)
				if len(found.Records) == asked.Take {
					found.Next = nextAfter(listing, i)
					return found, nil
				}
			}
			if page.Cursor = listing.Next; page.Cursor == "" {
				break
			}
		}
		return found, nil
	}
}

// nextAfter is the cursor behind the i-th record of a page: a cursor is the
// uuid of the last deployment that was shown.
func nextAfter(listing deployment.Listing, i int) string {
	if i == len(listing.Records)-1 {
		return listing.Next
	}
	return string(listing.Records[i].ID)
}
