package secrets

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// ReadRegistries adds the logins of image registries that deployments of the resource on
// the server may use, in the order of their hosts. Of two logins of one host, the one that
// lists the resource counts, and then the newer one.
func (r Reader) ReadRegistries(
	ctx context.Context, sets *Sets, resource catalog.Deployable, server *catalog.Server,
) error {
	registries, err := r.Registries(ctx, resource, server)
	if err != nil {
		return err
	}
	for _, registry := range registries {
		set, err := r.Vault.Get(ctx, registry.ID, registry.Generation)
		if errors.Is(err, fault.NotFound) { // it was deleted in the meantime
			continue
		}
		if err != nil {
			return err
		}
		sets.Registries = append(sets.Registries, catalog.RegistryLogin{
			Host: registry.Host, User: registry.User, Password: set.Values[catalog.RegistryPasswordSecret],
		})
		sets.Retired = append(sets.Retired, set.Retired...)
	}
	return nil
}

// Registries returns the image registries whose logins deployments of the resource on the
// server may use, one for each host, in the order of their hosts.
func (r Reader) Registries(
	ctx context.Context, resource catalog.Deployable, server *catalog.Server,
) ([]*catalog.Registry, error) {
	if app, is := resource.(*catalog.Application); is && app.Shell != nil {
		return nil, nil // its own commands pull
	}
	entities, err := catalog.All(ctx, r.Store, catalog.KindRegistry)
	return usable(entities, resource.Common().ID, server.ID), err
}

// usable returns the registries that count, one for each host.
func usable(entities []catalog.Entity, resource, server catalog.ID) []*catalog.Registry {
	var found []*catalog.Registry
	for _, entity := range entities {
		if registry, is := entity.(*catalog.Registry); is && registry.MayUse(resource, server) {
			found = append(found, registry)
		}
	}
	lists := func(r *catalog.Registry) int { return cmp.Compare(0, slices.Index(r.ResourceIDs, resource)) }
	slices.SortStableFunc(found, func(a, b *catalog.Registry) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(lists(a), lists(b)),
			b.CreatedAt.Compare(a.CreatedAt))
	})
	return slices.CompactFunc(found, func(a, b *catalog.Registry) bool { return a.Host == b.Host })
}
