package deployapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// rollback queues a deployment with the configuration of an earlier one.
func (a deployAPI) rollback(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	id, err := deployment.ParseID(c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	to, err := a.History.Get(ctx, id)
	if err != nil {
		return rest.Answer{}, a.opts.WrapMissing(ctx, a.Store, id, err)
	}
	return a.rollbackTo(ctx, c, to)
}

func (a deployAPI) rollbackTo(ctx context.Context, c *rest.Call, to deployment.Record) (rest.Answer, error) {
	request, err := c.Request(to.ID.Resource(), "", deployment.Options{})
	if err != nil {
		return rest.Answer{}, err
	}
	given, err := wire.Decode[overrideBody](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	if request.Override, err = given.override(c); err != nil {
		return rest.Answer{}, err
	}
	receipt, err := a.requests.Rollback(ctx, to, request)
	if err != nil {
		return rest.Answer{}, rest.WrapNotFound(err, to.ID.Kind().Title())
	}
	return queuedAnswer(rollbackMessage(to.ID.Kind()), receipt), nil
}

// rollbackMessage says that the resource's own configuration stays as it is, because the
// next start will use it.
func rollbackMessage(kind catalog.Kind) string {
	return "Rollback request queued. The configuration of the " + string(kind) + " itself stays as it is."
}
