package rest

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// rollback queues a deployment with the configuration of an earlier one. That
// it leaves the resource's own configuration alone is part of the message,
// since the next start would bring that back.
func (s starter) rollback(ctx context.Context, c *call) (answer, error) {
	id, err := deployment.ParseID(c.params["uuid"])
	if err != nil {
		return answer{}, err
	}
	to, err := s.History.Get(ctx, id)
	if err != nil {
		return answer{}, missing(err, "Deployment")
	}
	request, err := c.request(id.Resource(), "", catalog.Options{})
	if err != nil {
		return answer{}, err
	}
	receipt, err := s.requests.Rollback(ctx, to, request)
	if err != nil {
		return answer{}, missing(err, id.Kind().Title())
	}
	return queuedAnswer("Rollback request queued. The configuration of the "+string(id.Kind())+" itself stays as it is.", receipt), nil
}
