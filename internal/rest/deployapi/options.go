package deployapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/rest"
)

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
