package deployapi

import (
	"context"
	"errors"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
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
func (s deployAPI) cancel(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	id, err := deployment.ParseID(c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	record, err := s.Ledger.Cancel(ctx, id, c.Token.Name, s.opts.RecordTime())
	if errors.Is(err, fault.Conflict) {
		return rest.Answer{}, rest.BadRequest(fault.Public(err))
	}
	if err != nil {
		return rest.Answer{}, rest.NotFoundAs(err, "Deployment")
	}
	message := "Deployment cancellation requested."
	if record.Status.Terminal() {
		message = "Deployment cancelled successfully."
	}
	return rest.OK(cancelledBody{message, string(record.ID), string(record.Status)}), nil
}
