package catalogapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// listApplications answers all of them as a bare array.
func (k catalogAPI) listApplications(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	return list(ctx, k.Store, catalog.KindApplication, wire.ShowApplication)
}

// listDatabases answers all of them as a bare array.
func (k catalogAPI) listDatabases(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	return list(ctx, k.Store, catalog.KindDatabase, wire.ShowDatabase)
}

// listResources answers what can be deployed, of all kinds, as a bare array.
func (k catalogAPI) listResources(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	bodies, err := k.resources(ctx, func(*catalog.Resource) bool { return true })
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(bodies), nil
}

// resources are all that are wanted, kind by kind. It is never nil.
func (k catalogAPI) resources(ctx context.Context, wanted func(*catalog.Resource) bool) ([]wire.Resource, error) {
	bodies := []wire.Resource{}
	for _, kind := range []catalog.Kind{catalog.KindApplication, catalog.KindService, catalog.KindDatabase} {
		entities, err := catalog.All(ctx, k.Store, kind)
		if err != nil {
			return nil, err
		}
		for _, entity := range entities {
			if resource, is := entity.(catalog.Deployable); is && wanted(resource.Shared()) {
				bodies = append(bodies, wire.ShowResource(resource))
			}
		}
	}
	return bodies, nil
}

// listServices answers all of them as a bare array.
func (k catalogAPI) listServices(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	return list(ctx, k.Store, catalog.KindService, wire.ShowService)
}
