package catalogapi

import (
	"context"
	"slices"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
)

// The key of a server with forbid_host_access opens that machine. A second server
// entry with the same key, and without the policy, would be a way around it. So only
// root may use such a key for another purpose, or release it for one. Two records may
// hold one key, so keys are compared by their fingerprints.

// holdings are the servers, and the fingerprints of the keys.
type holdings struct {
	servers map[catalog.ID]*catalog.Server
	prints  map[catalog.ID]string
}

func (a catalogAPI) holdings(ctx context.Context) (holdings, error) {
	h := holdings{map[catalog.ID]*catalog.Server{}, map[catalog.ID]string{}}
	for _, kind := range []catalog.Kind{catalog.KindServer, catalog.KindPrivateKey} {
		all, err := catalog.All(ctx, a.Store, kind)
		if err != nil {
			return holdings{}, err
		}
		for _, entity := range all {
			h.set(entity)
		}
	}
	return h, nil
}

func (h holdings) set(entity catalog.Entity) {
	switch entity := entity.(type) {
	case *catalog.Server:
		h.servers[entity.ID] = entity
	case *catalog.PrivateKey:
		h.prints[entity.ID] = entity.Fingerprint
	}
}

// guard returns a server with the policy that the key opens, or nil.
func (h holdings) guard(print string) *catalog.Server {
	for _, server := range h.servers {
		if print != "" && server.ForbidHostAccess && h.prints[server.KeyID] == print {
			return server
		}
	}
	return nil
}

// hasKey reports whether a record has the key.
func (h holdings) hasKey(print string) bool {
	for _, other := range h.prints {
		if other == print {
			return true
		}
	}
	return false
}

// mayShare is Denied if a token without root would, by storing the entity, use the key
// of a server with the policy for one without it, or release it for that.
func (a catalogAPI) mayShare(ctx context.Context, token access.Token, stored catalog.Entity) error {
	return a.mayChange(ctx, token, func(h holdings) { h.set(stored) })
}

// mayRemove is Denied if a token without root would release such a key by removing a
// server.
func (a catalogAPI) mayRemove(ctx context.Context, token access.Token, id catalog.ID) error {
	return a.mayChange(ctx, token, func(h holdings) { delete(h.servers, id) })
}

func (a catalogAPI) mayChange(ctx context.Context, token access.Token, change func(holdings)) error {
	if token.Can(access.Root) {
		return nil
	}
	before, err := a.holdings(ctx)
	if err != nil {
		return err
	}
	after := before.clone()
	change(after)
	for id, server := range after.servers {
		print := after.prints[server.KeyID]
		if server.ForbidHostAccess || !before.changes(after, id) {
			continue
		}
		if guard := after.guard(print); guard != nil {
			return newSharedKeyError(server.Name, guard)
		}
	}
	for _, server := range before.servers {
		print := before.prints[server.KeyID]
		if server.ForbidHostAccess && print != "" && after.guard(print) == nil && after.hasKey(print) {
			return fault.New(fault.Denied,
				"The server %s has forbid_host_access, and this would free its private key "+
					"for servers without it. Only a token with the ability root may do that.", server.Name)
		}
	}
	return nil
}

// changes reports whether a server without the policy is a new one, is another machine
// or user, or has another key, and whether that is so of the server with its key.
func (h holdings) changes(after holdings, id catalog.ID) bool {
	was, now := h.servers[id], after.servers[id]
	if was == nil || was.ForbidHostAccess ||
		was.Address != now.Address || was.Port != now.Port ||
		was.ProxyJump != now.ProxyJump || was.User != now.User {
		return true
	}
	print := after.prints[now.KeyID]
	if h.prints[was.KeyID] != print {
		return true
	}
	for other, server := range after.servers {
		had := h.servers[other]
		if had == nil || !had.ForbidHostAccess || !server.ForbidHostAccess {
			continue // a policy that is new only forbids more
		}
		if after.prints[server.KeyID] == print && h.prints[had.KeyID] != print {
			return true
		}
	}
	return false
}

func (h holdings) clone() holdings {
	other := holdings{map[catalog.ID]*catalog.Server{}, map[catalog.ID]string{}}
	for id, server := range h.servers {
		other.servers[id] = server
	}
	for id, print := range h.prints {
		other.prints[id] = print
	}
	return other
}

// mayStore is Denied if the token may not store the draft. present is what the resource was,
// or nil. A token that is limited to a part of the stack changes no tags, because the scopes
// of tokens choose resources by them.
func (a catalogAPI) mayStore(
	ctx context.Context, c *rest.Call, present, draft catalog.Deployable, server *catalog.Server,
) error {
	var tags []string
	if present != nil {
		tags = present.Shared().Labels.Tags
	}
	if c.Limited() && !slices.Equal(tags, draft.Shared().Labels.Tags) {
		return fault.New(fault.Denied,
			"This token is limited to a part of the stack, so it cannot change tags.")
	}
	return a.mayDeploy(ctx, c, present, draft, server)
}

// mayDeploy is Denied if a token without root would have the key of a server with the
// policy sent to a server without it, as the deploy key of an application. present is
// what the resource was, or nil. A token that is limited to a part of the stack may use no
// other deploy key than the present one: an application on its own server could read it.
func (a catalogAPI) mayDeploy(
	ctx context.Context, c *rest.Call, present, draft catalog.Deployable, server *catalog.Server,
) error {
	key := deployKey(draft)
	if key == "" || key == deployKey(present) {
		return nil
	}
	if err := c.Admit(ctx, key); err != nil {
		return wrapMissing(err, key)
	}
	if server.ForbidHostAccess || c.Token.Can(access.Root) {
		return nil
	}
	h, err := a.holdings(ctx)
	if err != nil {
		return err
	}
	if guard := h.guard(h.prints[key]); guard != nil {
		return newSharedKeyError(server.Name, guard)
	}
	return nil
}

// deployKey is the key that opens the repository of an application, or "".
func deployKey(resource catalog.Deployable) catalog.ID {
	if app, is := resource.(*catalog.Application); is && app.Source() != nil {
		return app.Source().KeyID
	}
	return ""
}

func newSharedKeyError(name string, guard *catalog.Server) error {
	return fault.New(fault.Denied, "The private key also opens the server %s, which has forbid_host_access. "+
		"Only a token with the ability root may use it for the server %s, which does not.", guard.Name, name)
}
