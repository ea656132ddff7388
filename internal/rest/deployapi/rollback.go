package deployapi

import (
	"context"

	"waybill/internal/deployment"
	"waybill/internal/rest"
)

// rollback queues a deployment with the configuration of an earlier one. That
// it leaves the resource's own configuration alone is part of the message,
// since the next start would bring that back.
func (s deployAPI) rollback(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	id, err := deployment.ParseID(c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	to, err := s.History.Get(ctx, id)
	if err != nil {
		return rest.Answer{}, rest.NotFoundAs(err, "Deployment")
	}
	request, err := c.Request(id.Resource(), "", deployment.Options{})
	if err != nil {
		return rest.Answer{}, err
	}
	receipt, err := s.requests.Rollback(ctx, to, request)
	if err != nil {
		return rest.Answer{}, rest.NotFoundAs(err, id.Kind().Title())
	}
	return queuedAnswer("Rollback request queued. The configuration of the "+string(id.Kind())+" itself stays as it is.", receipt), nil
}
