package catalogapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// listApplications answers applications as an array.
func (a catalogAPI) listApplications(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	return list(ctx, c, a.Store, catalog.KindApplication, wire.ApplicationSummary)
}

// listDatabases answers databases as an array.
func (a catalogAPI) listDatabases(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	return list(ctx, c, a.Store, catalog.KindDatabase, wire.DatabaseSummary)
}

// listServices answers services as an array.
func (a catalogAPI) listServices(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	return list(ctx, c, a.Store, catalog.KindService, wire.ServiceSummary)
}

// listResources answers applications, services and databases as an array.
func (a catalogAPI) listResources(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	wanted := selected(c)
	bodies, err := a.resources(ctx, func(resource catalog.Deployable) bool { return wanted(resource) })
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(bodies), nil
}

// selected wants the entities that the call covers. Of resources, it wants those that the
// query chooses by their labels.
func selected(c *rest.Call) func(catalog.Entity) bool {
	selection := catalog.Selection{
		Tags:        catalog.ParseTags(c.Query.Get("tag")),
		Project:     c.Query.Get("project_uuid"),
		Environment: c.Query.Get("environment_name"),
	}
	return func(entity catalog.Entity) bool {
		resource, is := entity.(catalog.Deployable)
		return c.Covers(entity) && (!is || selection.Has(resource.Shared().Labels))
	}
}

// resources returns the wanted resources, ordered by kind. It never returns nil.
func (a catalogAPI) resources(
	ctx context.Context, wanted func(catalog.Deployable) bool,
) ([]wire.Resource, error) {
	found, err := catalog.Resources(ctx, a.Store, wanted)
	if err != nil {
		return nil, err
	}
	bodies := make([]wire.Resource, 0, len(found))
	for _, resource := range found {
		bodies = append(bodies, wire.FromResource(resource))
	}
	return bodies, nil
}

// onServer wants the resources on a server.
func onServer(id catalog.ID) func(catalog.Deployable) bool {
	return func(resource catalog.Deployable) bool { return resource.Shared().ServerID == id }
}
