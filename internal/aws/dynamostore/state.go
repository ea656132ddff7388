package dynamostore

import (
	"context"

	"waybill/internal/catalog"
)

// server returns a server's queue, running set and limits, or nil if there is
// no such server.
func (d *Deployments) server(ctx context.Context, id catalog.ID) (*serverState, error) {
	if id.Kind() != catalog.KindServer {
		return nil, nil
	}
	stored, err := read(ctx, d.client, d.tables.Catalog, stateKey(id))
	if err != nil || stored == nil {
		return nil, err
	}
	var state serverState
	return &state, decode(stored, &state)
}

// resource returns a resource's state, or NotFound.
func (d *Deployments) resource(ctx context.Context, id catalog.ID) (resourceState, error) {
	var state resourceState
	if !id.Kind().Deployable() {
		return state, catalog.NewNotFoundError(id)
	}
	stored, err := read(ctx, d.client, d.tables.Catalog, stateKey(id))
	if err != nil {
		return state, err
	}
	if stored == nil {
		return state, catalog.NewNotFoundError(id)
	}
	return state, decode(stored, &state)
}
