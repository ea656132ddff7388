package deployapi

import (
	"context"
	"errors"
	"net/http"

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
		if c.Rerun() {
			return a.rerunCancel(ctx, id, err)
		}
		return rest.Answer{}, rest.NewBadRequestError(fault.Public(err))
	}
	if err != nil {
		return rest.Answer{}, a.opts.WrapMissing(ctx, a.Store, id, err)
	}
	return cancelledAnswer(record), nil
}

// rerunCancel answers a request that runs again. The earlier run may have cancelled the
// deployment; refused is the error if it has not.
func (a deployAPI) rerunCancel(ctx context.Context, id deployment.ID, refused error) (rest.Answer, error) {
	record, err := a.History.Get(ctx, id)
	if err != nil {
		return rest.Answer{}, err
	}
	if record.CancelRequestedAt.IsZero() {
		return rest.Answer{}, rest.NewBadRequestError(fault.Public(refused))
	}
	return cancelledAnswer(record), nil
}

// repeatCancel answers with the present status of the deployment.
func (a deployAPI) repeatCancel(ctx context.Context, _ *rest.Call, ids []string) (any, error) {
	record, err := a.History.Get(ctx, deployment.ID(ids[0]))
	if err != nil {
		return nil, err
	}
	return newCancelledBody(record), nil
}

func cancelledAnswer(record deployment.Record) rest.Answer {
	return rest.Answer{
		Status: http.StatusOK, Body: newCancelledBody(record), Created: []string{string(record.ID)},
	}
}

func newCancelledBody(record deployment.Record) cancelledBody {
	message := "Deployment cancellation requested."
	if record.Status.Terminal() {
		message = "Deployment cancelled successfully."
	}
	return cancelledBody{message, string(record.ID), string(record.Status)}
}
