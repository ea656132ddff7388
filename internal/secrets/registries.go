package secrets

import (
	"cmp"
	"context"
	"slices"

	"waybill/internal/catalog"
)

// wantLogins adds the sets of the image registries to the wanted ones, if they are needed.
func (r Reader) wantLogins(ctx context.Context, wanted map[catalog.ID]catalog.Generation,
	resource catalog.Deployable, server *catalog.Server, needs Needs) ([]*catalog.Registry, error) {
	if !needs.Registries {
		return nil, nil
	}
	registries, err := r.Registries(ctx, resource, server)
	for _, registry := range registries {
		wanted[registry.ID] = registry.Generation
	}
	return registries, err
}

// addLogins adds the logins of the registries whose sets were found. The others were deleted in
// the meantime.
func (s *Sets) addLogins(registries []*catalog.Registry, found map[catalog.ID]catalog.Secrets) {
	for _, registry := range registries {
		set, there := found[registry.ID]
		if !there {
			continue
		}
		s.Registries = append(s.Registries, catalog.RegistryLogin{
			Host: registry.Host, User: registry.User, Password: set.Values[catalog.RegistryPasswordSecret],
		})
		s.Retired = append(s.Retired, set.Retired...)
	}
}

// Registries returns the image registries whose logins deployments of the resource on the
// server may use, one for each host, in the order of their hosts. Of two logins of one host, the
// one that lists the resource counts, and then the newer one.
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
