package deployapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/rest"
)

// after returns the resources that the request comes after. One outside the scope of the
// token is answered like an unknown one.
func (a deployAPI) after(ctx context.Context, c *rest.Call, ids []catalog.ID) ([]catalog.ID, error) {
	for _, id := range ids {
		covered, err := c.CoversID(ctx, id)
		if err != nil {
			return nil, err
		}
		if !covered {
			return nil, deployment.NewUnknownDependencyError(id)
		}
	}
	return ids, nil
}

// checkOptions refuses options that the resource has no use for. It reads the resource
// only if some options depend on it.
func (a deployAPI) checkOptions(ctx context.Context, id catalog.ID, options deployment.Options) error {
	if options.DockerTag == "" && options.Commit == "" {
		return nil
	}
	resource, err := catalog.FindHead[catalog.Deployable](ctx, a.Store, id)
	if err != nil {
		return err
	}
	return rest.CheckOptions(resource, options)
}
