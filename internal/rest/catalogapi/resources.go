package catalogapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// listApplications answers all applications as an array.
func (a catalogAPI) listApplications(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	return list(ctx, c, a.Store, catalog.KindApplication, wire.ApplicationSummary)
}

// listDatabases answers all databases as an array.
func (a catalogAPI) listDatabases(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	return list(ctx, c, a.Store, catalog.KindDatabase, wire.DatabaseSummary)
}

// listResources answers all applications, services and databases as an array.
func (a catalogAPI) listResources(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	bodies, err := a.resources(ctx, func(r *catalog.Resource) bool { return c.Covers(r) })
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(bodies), nil
}

// resources returns the wanted resources, ordered by kind. It never returns nil.
func (a catalogAPI) resources(
	ctx context.Context, wanted func(*catalog.Resource) bool,
) ([]wire.Resource, error) {
	bodies := []wire.Resource{}
	for _, kind := range []catalog.Kind{catalog.KindApplication, catalog.KindService, catalog.KindDatabase} {
		entities, err := catalog.All(ctx, a.Store, kind)
		if err != nil {
			return nil, err
		}
		for _, entity := range entities {
			if resource, is := entity.(catalog.Deployable); is && wanted(resource.Shared()) {
				bodies = append(bodies, wire.FromResource(resource))
			}
		}
	}
	return bodies, nil
}

// listServices answers all services as an array.
func (a catalogAPI) listServices(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	return list(ctx, c, a.Store, catalog.KindService, wire.ServiceSummary)
}
