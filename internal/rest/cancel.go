package rest

import (
	"context"
	"errors"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// cancelledBody answers a wish to cancel: the status says whether it came true
// already.
type cancelledBody struct {
	Message        string `json:"message"`
	DeploymentUUID string `json:"deployment_uuid"`
	Status         string `json:"status"`
}

// cancel ends a deployment that waits, and has the runner of one that runs stop
// it. Existing clients print the message and know 400 as the answer for one
// that has ended.
func (s starter) cancel(ctx context.Context, c *call) (answer, error) {
	id, err := deployment.ParseID(c.params["uuid"])
	if err != nil {
		return answer{}, err
	}
	record, err := s.Ledger.Cancel(ctx, id, c.token.Name, s.opts.now())
	if errors.Is(err, fault.Conflict) {
		return answer{}, badRequest(fault.Public(err))
	}
	if err != nil {
		return answer{}, missing(err, "Deployment")
	}
	message := "Deployment cancellation requested."
	if record.Status.Terminal() {
		message = "Deployment cancelled successfully."
	}
	return ok(cancelledBody{message, string(record.ID), string(record.Status)}), nil
}
