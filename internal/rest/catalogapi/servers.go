package catalogapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// listServers answers all of them as a bare array.
func (k catalogAPI) listServers(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	return list(ctx, k.Store, catalog.KindServer, wire.ShowServer)
}

// getServer answers one, with what is deployed on it if that is asked for.
func (k catalogAPI) getServer(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	server, err := rest.Find[*catalog.Server](ctx, k.Store, c.Params["uuid"], catalog.KindServer)
	if err != nil {
		return rest.Answer{}, err
	}
	body := wire.ShowServer(server)
	if rest.Flag(c.Query, "resources") {
		if body.Resources, err = k.resources(ctx, func(r *catalog.Resource) bool { return r.ServerID == server.ID }); err != nil {
			return rest.Answer{}, err
		}
	}
	return rest.OK(body), nil
}
