package rest

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/openapi"
)

// A token may be limited to a part of the stack. The gate checks the ids of the path,
// as x-waybill-scope in openapi.yaml says. An endpoint admits the ids of the query and
// the body, and filters lists. An id outside the scope is answered like an unknown one.

// Limited reports whether the token is limited to a part of the stack.
func (c *Call) Limited() bool { return !c.Token.Scope.Whole() }

// Covers reports whether the entity is in the scope of the token. A list has only such
// entities.
func (c *Call) Covers(entity catalog.Entity) bool { return c.Token.Scope.Covers(entity) }

// Admit checks a server or a resource that the query or the body names. NotFound if the
// scope of the token does not cover it. Without a limit it reads nothing, and an unknown
// id passes.
func (c *Call) Admit(ctx context.Context, id catalog.ID) error {
	covered, err := c.CoversID(ctx, id)
	if err == nil && !covered {
		return catalog.NewNotFoundError(id)
	}
	return err
}

// CoversID reports whether the scope of the token covers the server or the resource. It
// reads each resource once, and only if the scope does not list it.
func (c *Call) CoversID(ctx context.Context, id catalog.ID) (bool, error) {
	if c.Token.Scope.Whole() || c.Token.Scope.Lists(id) {
		return true, nil
	}
	if covered, known := c.covered[id]; known || !id.Kind().Deployable() {
		return covered, nil
	}
	resource, err := c.store.Head(ctx, id)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return false, err
	}
	c.cover(id, err == nil && c.Covers(resource))
	return c.covered[id], nil
}

// cover notes whether the scope of the token covers the entity.
func (c *Call) cover(id catalog.ID, covered bool) {
	if c.covered == nil {
		c.covered = map[catalog.ID]bool{}
	}
	c.covered[id] = covered
}

// checkScope checks the ids of the path.
func (c *Call) checkScope(ctx context.Context) error {
	if !c.Limited() {
		return nil
	}
	switch scope := c.route.Scope; scope {
	case openapi.ScopeNone, openapi.ScopeList, openapi.ScopeNamed:
		return nil
	case openapi.ScopeDeployment:
		return c.admitDeployments(ctx, "uuid", "other")
	case openapi.ScopeResource, openapi.ScopeServer, openapi.ScopeApplication, openapi.ScopeService,
		openapi.ScopeDatabase:
		return c.admitPath(ctx, scope.Kind())
	}
	// ScopeStack, and any that is unknown here.
	return fault.New(fault.Denied, "This token is limited to a part of the stack, and the request is "+
		"about the whole stack.")
}

// admitPath admits the entity of the kind, or the resource of any kind, that the path
// names.
func (c *Call) admitPath(ctx context.Context, kind catalog.Kind) error {
	thing := kind.Title()
	if kind == "" {
		thing = "Resource"
	}
	id, err := catalog.ParseID(c.Params["uuid"])
	if err != nil || kind != "" && id.Kind() != kind {
		return NewNotFoundError(thing)
	}
	return WrapNotFound(c.Admit(ctx, id), thing)
}

// admitDeployments admits the resources of the deployments that the path names.
func (c *Call) admitDeployments(ctx context.Context, params ...string) error {
	for _, name := range params {
		text, named := c.Params[name]
		if !named {
			continue
		}
		id, err := deployment.ParseID(text)
		if err != nil {
			return err
		}
		if err := c.Admit(ctx, id.Resource()); err != nil {
			return WrapNotFound(err, "Deployment")
		}
	}
	return nil
}

// admitCreated admits what an earlier request has created, for a repeat of it. An id of no kind is of
// a part of a resource that the path names.
func (c *Call) admitCreated(ctx context.Context, ids []string) error {
	for _, text := range ids {
		id := catalog.ID(text)
		if record, err := deployment.ParseID(text); err == nil {
			id = record.Resource()
		}
		if id.Kind() == "" {
			continue
		}
		if err := c.Admit(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
