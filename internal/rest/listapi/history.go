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

// historyEndpoint answers the deployments of one resource of a kind.
func (a listAPI) historyEndpoint(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.FindHead[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		page, err := pageOf(c)
		if err != nil {
			return rest.Answer{}, err
		}
		read := a.History.List
		if status := deployment.Status(c.Query.Get("status")); status != "" {
			read = a.listByStatus(status)
		}
		listing, err := read(ctx, resource.Common().ID, page)
		if err != nil {
			return rest.Answer{}, err
		}
		bodies, err := wire.AddDatabaseTypes(ctx, a.Store, fromRecords(listing.Records))
		if err != nil {
			return rest.Answer{}, err
		}
		return rest.OK(historyBody{listing.Count, bodies, wire.TextOrNull(listing.Next)}), nil
	}
}

// pageOf reads the page of the query; History checks its bounds.
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

// maxFiltered limits the pages of history that one filtered request reads. So an
// answer may have fewer deployments than requested, or none, and still a next.
const maxFiltered = 10

// listByStatus returns a reader of the deployments with a status. skip and take count
// these only. History has no index by status, so the reader reads page by page.
func (a listAPI) listByStatus(
	status deployment.Status,
) func(context.Context, catalog.ID, deployment.Page) (deployment.Listing, error) {
	return func(ctx context.Context, id catalog.ID, asked deployment.Page) (deployment.Listing, error) {
		var found deployment.Listing
		page := deployment.Page{Take: deployment.MaxTake, Cursor: asked.Cursor}
		skip := asked.Skip
		for range maxFiltered {
			listing, err := a.History.List(ctx, id, page)
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

// nextAfter returns the cursor after the i-th record of a page. A cursor is the
// uuid of the last deployment that was shown.
func nextAfter(listing deployment.Listing, i int) string {
	if i == len(listing.Records)-1 {
		return listing.Next
	}
	return string(listing.Records[i].ID)
}
