package rest

import (
	"context"

	"waybill/internal/catalog"
)

// scrubBody names the resource whose logs are to be scrubbed.
type scrubBody struct {
	ResourceUUID string `json:"resource_uuid"`
}

// scrub queues the deployment that takes the present secrets of a resource out
// of the logs of its earlier deployments.
func (s starter) scrub(ctx context.Context, c *call) (answer, error) {
	given, err := decode[scrubBody](c.body)
	if err != nil {
		return answer{}, err
	}
	id, err := catalog.ParseID(given.ResourceUUID)
	if err != nil || !id.Kind().Deployable() {
		return answer{}, notFound("Resource")
	}
	request, err := c.request(id, catalog.Scrub, catalog.Options{})
	if err != nil {
		return answer{}, err
	}
	receipt, err := s.requests.Request(ctx, request)
	if err != nil {
		return answer{}, missing(err, "Resource")
	}
	return queuedAnswer("Scrub request queued.", receipt), nil
}
