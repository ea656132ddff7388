package catalogapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// listServiceParts answers the containers of a service that are applications, or the ones
// that are databases, as an array.
func (a catalogAPI) listServiceParts(databases bool) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		service, err := rest.Find[*catalog.Service](ctx, a.Store, c.Params["uuid"], catalog.KindService)
		if err != nil {
			return rest.Answer{}, err
		}
		parts, found := wire.ServiceParts(service, c.Sensitive())
		if databases {
			parts = found
		}
		return rest.OK(parts), nil
	}
}
