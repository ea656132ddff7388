package deployapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// scrubBody names the resource whose logs are to be scrubbed.
type scrubBody struct {
	ResourceUUID string `json:"resource_uuid"`
}

const scrubMessage = "Scrub request queued."

// scrub queues the deployment that removes the present secrets of a resource from
// the logs of its earlier deployments.
func (a deployAPI) scrub(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[scrubBody](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	id, err := catalog.ParseID(given.ResourceUUID)
	if err != nil || !id.Kind().Deployable() {
		return rest.Answer{}, rest.NewNotFoundError("Resource")
	}
	if err := c.Admit(ctx, id); err != nil {
		return rest.Answer{}, rest.WrapNotFound(err, "Resource")
	}
	request, err := c.Request(id, deployment.Scrub, deployment.Options{})
	if err != nil {
		return rest.Answer{}, err
	}
	receipt, err := a.requests.Request(ctx, request)
	if err != nil {
		return rest.Answer{}, rest.WrapNotFound(err, "Resource")
	}
	return queuedAnswer(scrubMessage, receipt), nil
}
