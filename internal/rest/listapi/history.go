package listapi

import (
	"context"
	"net/url"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// historyBody is a page of deployments, newest first.
type historyBody struct {
	// Count is null with a filter, and for more than one resource.
	Count       *int          `json:"count"`
	Deployments []wire.Record `json:"deployments"`
	Next        *string       `json:"next"`
}

func newHistoryBody(listing deployment.Listing) historyBody {
	return historyBody{Deployments: wire.FromListing(listing), Next: wire.TextOrNull(listing.Next)}
}

// historyEndpoint answers the deployments of one resource of a kind.
func (a listAPI) historyEndpoint(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		id, err := rest.ParseID(c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		page, err := pageOf(c)
		if err != nil {
			return rest.Answer{}, err
		}
		listing, err := a.History.List(ctx, id, page)
		if err != nil {
			return rest.Answer{}, err
		}
		if listing.Resources[id] == nil {
			return rest.Answer{}, rest.NewNotFoundError(kind.Title())
		}
		body := newHistoryBody(listing)
		if page.Filter.IsZero() {
			body.Count = &listing.Count
		}
		return rest.OK(body), nil
	}
}

// listHistory answers the deployments of all resources.
func (a listAPI) listHistory(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	page, err := pageOf(c)
	if err != nil {
		return rest.Answer{}, err
	}
	listing, err := a.team(ctx, c, page)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(newHistoryBody(listing)), nil
}

// team reads a page of the history of the part of the team that the token covers.
func (a listAPI) team(ctx context.Context, c *rest.Call, page deployment.Page) (deployment.Listing, error) {
	if c.Limited() {
		chosen := page.Filter.Resource
		page.Filter.Resource = func(resource catalog.Deployable) bool {
			return c.Covers(resource) && (chosen == nil || chosen(resource))
		}
	}
	return a.History.Team(ctx, page)
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
	filter, err := filterOf(c.Query)
	return deployment.Page{Skip: skip, Take: take, Cursor: c.Query.Get("cursor"), Filter: filter}, err
}

// filterOf reads the filter of the query.
func filterOf(query url.Values) (deployment.Filter, error) {
	filter := deployment.Filter{
		Status:    deployment.Status(query.Get("status")),
		Operation: deployment.Operation(query.Get("operation")),
		Kind:      catalog.Kind(query.Get("kind")),
		Server:    catalog.ID(query.Get("server")),
		Trigger:   query.Get("trigger"),
	}
	if tags := catalog.ParseTags(query.Get("tag")); len(tags) > 0 {
		filter.Resource = func(resource catalog.Deployable) bool {
			return resource.Shared().Labels.HasTag(tags...)
		}
	}
	for name, at := range map[string]*time.Time{"since": &filter.Since, "until": &filter.Until} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		var err error
		if *at, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return filter, fault.InvalidField(name, "must be a time in UTC, such as 2026-01-02T03:04:05Z")
		}
	}
	return filter, nil
}
