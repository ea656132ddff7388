package catalogapi

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// removedBody answers a wish to delete a resource. Without a deployment it has
// come true already.
type removedBody struct {
	Message        string `json:"message"`
	UUID           string `json:"uuid"`
	DeploymentUUID string `json:"deployment_uuid,omitempty"`
	Position       *int   `json:"position,omitempty"`
	*wire.Receipt
}

// removes is the endpoint that deletes resources of a kind. What may be on a
// server is taken off it first, by a deployment; the rest is forgotten at once.
func (k catalogAPI) removes(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		id, err := rest.ParseID(c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		forget := rest.Flag(c.Query, "forget")
		if forget && rest.Flag(c.Query, "delete_volumes") {
			return rest.Answer{}, fault.InvalidField("delete_volumes",
				"cannot be had with forget, which leaves all that is on the server there")
		}
		resource, err := catalog.Find[catalog.Deployable](ctx, k.Store, id)
		if errors.Is(err, fault.NotFound) || err == nil && unused(resource.Shared().State) {
			gone := k.forget(ctx, id) // also what is left of a delete that died half-way
			if !errors.Is(gone, fault.Conflict) {
				return rest.OK(removedBody{Message: kind.Title() + " deleted.", UUID: string(id)}), rest.NotFoundAs(gone, kind.Title())
			}
			// Somebody has started it in the meantime.
		} else if err != nil {
			return rest.Answer{}, err
		}
		if forget && resource != nil {
			return k.abandon(ctx, c, resource)
		}
		return k.remove(ctx, c, id)
	}
}

// abandon forgets a resource and leaves its server alone, which may be gone. Who
// dies behind the record leaves the rest to dispatch, which is told of it.
func (k catalogAPI) abandon(ctx context.Context, c *rest.Call, resource catalog.Deployable) (rest.Answer, error) {
	id := resource.Common().ID
	if state := resource.Shared().State; state.Queued != "" || state.Running != "" {
		return rest.Answer{}, catalog.NewBusyError(id)
	}
	record, err := k.requests.Forget(ctx, resource, c.Trigger())
	if err != nil {
		return rest.Answer{}, rest.NotFoundAs(err, id.Kind().Title())
	}
	if err := k.forget(ctx, id); err != nil && !errors.Is(err, fault.NotFound) {
		return rest.Answer{}, err
	}
	reply := rest.OK(removedBody{
		Message: id.Kind().Title() + " forgotten. What it has on its server is left there.",
		UUID:    string(id), DeploymentUUID: string(record.ID),
	})
	reply.Deployment = string(record.ID)
	return reply, nil
}

// unused reports whether nothing of the resource has ever been on its server.
func unused(state catalog.State) bool {
	return state.Status == "" && state.Queued == "" && state.Running == ""
}

// remove queues the deployment that takes a resource off its server.
func (k catalogAPI) remove(ctx context.Context, c *rest.Call, id catalog.ID) (rest.Answer, error) {
	request, err := c.Request(id, deployment.Delete, deployment.Options{DeleteVolumes: rest.Flag(c.Query, "delete_volumes")})
	if err != nil {
		return rest.Answer{}, err
	}
	receipt, err := k.requests.Request(ctx, request)
	if err != nil {
		return rest.Answer{}, rest.NotFoundAs(err, id.Kind().Title())
	}
	uuid := string(receipt.Record.ID)
	how := wire.ShowReceipt(receipt)
	reply := rest.OK(removedBody{id.Kind().Title() + " deletion request queued.", string(id), uuid, &receipt.Position, &how})
	reply.Deployment = uuid
	return reply, nil
}
