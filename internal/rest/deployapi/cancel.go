package deployapi

import (
	"context"
	"errors"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
)

// cancelledBody answers a cancellation. The status says whether the deployment has
// ended already.
type cancelledBody struct {
	Message        string `json:"message"`
	DeploymentUUID string `json:"deployment_uuid"`
	Status         string `json:"status"`
}

// cancel ends a queued deployment, or asks the runner of a running one to stop it.
// Existing clients print the message, and expect 400 for a deployment that has
// ended.
func (a deployAPI) cancel(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	id, err := deployment.ParseID(c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	record, err := a.Ledger.Cancel(ctx, id, c.Token.Name, a.opts.RecordTime())
	if errors.Is(err, fault.Conflict) {
		return rest.Answer{}, rest.NewBadRequestError(fault.Public(err))
	}
	if err != nil {
		return rest.Answer{}, rest.WrapNotFound(err, "Deployment")
	}
	message := "Deployment cancellation requested."
	if record.Status.Terminal() {
		message = "Deployment cancelled successfully."
	}
	return rest.OK(cancelledBody{message, string(record.ID), string(record.Status)}), nil
}
