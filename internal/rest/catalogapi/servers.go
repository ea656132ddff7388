package catalogapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// listServers answers all servers as an array.
func (a catalogAPI) listServers(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	return list(ctx, c, a.Store, catalog.KindServer, wire.FromServer)
}

// listServerResources answers the resources on one server as an array.
func (a catalogAPI) listServerResources(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	server, err := rest.Find[*catalog.Server](ctx, a.Store, c.Params["uuid"], catalog.KindServer)
	if err != nil {
		return rest.Answer{}, err
	}
	bodies, err := a.resources(ctx, onServer(server.ID))
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(bodies), nil
}

// listNothingOfServer answers an empty list if there is such a server: Waybill has neither
// domains nor destinations.
func (a catalogAPI) listNothingOfServer(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	_, err := rest.Find[*catalog.Server](ctx, a.Store, c.Params["uuid"], catalog.KindServer)
	if err != nil {
		return rest.Answer{}, err
	}
	return emptyList(), nil
}

// getServer answers one server, on request with its resources.
func (a catalogAPI) getServer(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	id, err := rest.ParseID(c.Params["uuid"], catalog.KindServer)
	if err != nil {
		return rest.Answer{}, err
	}
	server, team, err := a.Store.ServerAndTeam(ctx, id)
	if err != nil {
		return rest.Answer{}, err
	}
	opening, err := a.opening(catalog.WindowsOfServer(server, team)...)
	if err != nil {
		return rest.Answer{}, err
	}
	body := wire.FromServer(server)
	body.Opening = &opening
	if rest.Flag(c.Query, "resources") {
		if body.Resources, err = a.resources(ctx, onServer(server.ID)); err != nil {
			return rest.Answer{}, err
		}
	}
	return rest.OK(body), nil
}
