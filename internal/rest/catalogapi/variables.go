package catalogapi

import (
	"context"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// The variables of a resource have routes of their own, as in Coolify. They are the same
// variables as in the resource's environment: a change of one is a change of the resource.

// listVariables answers the variables of a resource, the ones of pull requests last.
func (a catalogAPI) listVariables(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.Find[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		secrets, err := a.shownSecrets(ctx, c, resource)
		if err != nil {
			return rest.Answer{}, err
		}
		shared, bodies := resource.Shared(), []wire.EnvironmentVariable{}
		for _, preview := range []bool{false, true} {
			for _, v := range shared.Variables(preview) {
				bodies = append(bodies, wire.FromVariable(shared, v, preview, c.Sensitive(), secrets))
			}
		}
		return rest.OK(bodies), nil
	}
}

// shownSecrets returns the secrets of the resource if the caller may see one of them.
func (a catalogAPI) shownSecrets(
	ctx context.Context, c *rest.Call, resource catalog.Deployable,
) (map[string]string, error) {
	all := slices.Concat(resource.Shared().Environment, resource.Shared().Previews)
	shown := func(v catalog.Variable) bool { return v.Secret && !v.ShownOnce }
	if !c.Sensitive() || !slices.ContainsFunc(all, shown) {
		return nil, nil
	}
	stored, err := a.storedSecrets(ctx, resource)
	return stored.Values, err
}

// repeatVariable answers with the variable that the first request set, as it is now.
func (a catalogAPI) repeatVariable(kind catalog.Kind) rest.Repeat {
	return func(ctx context.Context, c *rest.Call, ids []string) (any, error) {
		resource, err := rest.Find[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return nil, err
		}
		v, preview, err := findVariable(resource.Shared(), ids[0])
		if err != nil {
			return nil, err
		}
		secrets, err := a.shownSecrets(ctx, c, resource)
		if err != nil {
			return nil, err
		}
		body := wire.FromVariable(resource.Shared(), v, preview, c.Sensitive(), secrets)
		uuid := wire.Nullable(ids[1])
		return wire.Merged{body, changeBody{DeploymentUUID: &uuid}}, nil
	}
}

// findVariable returns the variable with the uuid, or NotFound.
func findVariable(resource *catalog.Resource, uuid string) (v catalog.Variable, preview bool, err error) {
	for _, preview := range []bool{false, true} {
		for _, v := range resource.Variables(preview) {
			if catalog.VariableUUID(resource.ID, v.Name, preview) == uuid {
				return v, preview, nil
			}
		}
	}
	return catalog.Variable{}, false, newNoVariableError()
}

// newNoVariableError is NotFound, with upstream's text.
func newNoVariableError() error {
	return fault.New(fault.NotFound, "Environment variable not found.")
}
