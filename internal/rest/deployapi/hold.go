package deployapi

import (
	"context"
	"net/http"

	"waybill/internal/audit"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// holdBody has the reason of a hold.
type holdBody struct {
	Reason string `json:"reason"`
}

// heldBody answers a hold and a release.
type heldBody struct {
	Message        string     `json:"message"`
	DeploymentUUID string     `json:"deployment_uuid"`
	Hold           *wire.Hold `json:"hold"`
	ExpiresAt      *string    `json:"expires_at"`
}

// hold holds a deployment. A second hold replaces the first, so a repeat is harmless.
func (a deployAPI) hold(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	id, err := deployment.ParseID(c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	given, err := wire.Decode[holdBody](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	if len(given.Reason) > deployment.MaxHoldReason {
		return rest.Answer{}, fault.InvalidField("reason", "must be at most 1000 bytes")
	}
	entry, err := c.EntryOnce(audit.Hold, target(id))
	if err != nil {
		return rest.Answer{}, err
	}
	record, err := a.Ledger.Hold(ctx, id,
		deployment.Hold{At: a.opts.RecordTime(), By: c.Token.Name, Reason: given.Reason}, entry)
	if err != nil {
		return rest.Answer{}, a.opts.WrapMissing(ctx, a.Store, id, err)
	}
	return rest.Answer{
		Status: http.StatusOK, Body: newHeldBody(heldMessage, record), Created: []string{string(record.ID)},
	}, nil
}

// repeatHold answers with the present hold of the deployment.
func (a deployAPI) repeatHold(ctx context.Context, _ *rest.Call, ids []string) (any, error) {
	record, err := a.History.Get(ctx, deployment.ID(ids[0]))
	if err != nil {
		return nil, err
	}
	return newHeldBody(heldMessage, record), nil
}

// release ends the hold of a deployment. Without a hold it changes nothing.
func (a deployAPI) release(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	id, err := deployment.ParseID(c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	entry, err := c.Entry(audit.Release, target(id))
	if err != nil {
		return rest.Answer{}, err
	}
	record, err := a.Ledger.Release(ctx, id, entry)
	if err != nil {
		return rest.Answer{}, a.opts.WrapMissing(ctx, a.Store, id, err)
	}
	return rest.OK(newHeldBody("Deployment released.", record)), nil
}

// target is the deployment as the target of an entry of the audit.
func target(id deployment.ID) audit.Target {
	return audit.Target{Kind: audit.KindDeployment, ID: string(id)}
}

const heldMessage = "Deployment held."

func newHeldBody(message string, record deployment.Record) heldBody {
	return heldBody{message, string(record.ID), wire.FromHold(record.Hold),
		wire.TimestampOrNull(record.ExpiresAt)}
}
