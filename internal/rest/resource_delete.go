package rest

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// removedBody answers a wish to delete a resource. Without a deployment it has
// come true already.
type removedBody struct {
	Message        string `json:"message"`
	UUID           string `json:"uuid"`
	DeploymentUUID string `json:"deployment_uuid,omitempty"`
	Position       *int   `json:"position,omitempty"`
	*receiptBody
}

// removes is the endpoint that deletes resources of a kind. What may be on a
// server is taken off it first, by a deployment; the rest is forgotten at once.
func (k keeper) removes(kind catalog.Kind) endpoint {
	return func(ctx context.Context, c *call) (answer, error) {
		id, err := parse(c.params["uuid"], kind)
		if err != nil {
			return answer{}, err
		}
		forget := flag(c.query, "forget")
		if forget && flag(c.query, "delete_volumes") {
			return answer{}, fault.InvalidField("delete_volumes",
				"cannot be had with forget, which leaves all that is on the server there")
		}
		resource, err := catalog.Find[catalog.Deployable](ctx, k.Store, id)
		if errors.Is(err, fault.NotFound) || err == nil && unused(resource.Shared().State) {
			gone := k.forget(ctx, id) // also what is left of a delete that died half-way
			if !errors.Is(gone, fault.Conflict) {
				return ok(removedBody{Message: kind.Title() + " deleted.", UUID: string(id)}), missing(gone, kind.Title())
			}
			// Somebody has started it in the meantime.
		} else if err != nil {
			return answer{}, err
		}
		if forget && resource != nil {
			return k.abandon(ctx, c, resource)
		}
		return k.remove(ctx, c, id)
	}
}

// abandon forgets a resource and leaves its server alone, which may be gone. Who
// dies behind the record leaves the rest to dispatch, which is told of it.
func (k keeper) abandon(ctx context.Context, c *call, resource catalog.Deployable) (answer, error) {
	id := resource.Common().ID
	if state := resource.Shared().State; state.Queued != "" || state.Running != "" {
		return answer{}, catalog.Busy(id)
	}
	record, err := k.requests.Forget(ctx, resource, c.trigger())
	if err != nil {
		return answer{}, missing(err, id.Kind().Title())
	}
	if err := k.forget(ctx, id); err != nil && !errors.Is(err, fault.NotFound) {
		return answer{}, err
	}
	reply := ok(removedBody{
		Message: id.Kind().Title() + " forgotten. What it has on its server is left there.",
		UUID:    string(id), DeploymentUUID: string(record.ID),
	})
	reply.deployment = string(record.ID)
	return reply, nil
}

// unused reports whether nothing of the resource has ever been on its server.
func unused(state catalog.State) bool {
	return state.Status == "" && state.Queued == "" && state.Running == ""
}

// remove queues the deployment that takes a resource off its server.
func (k keeper) remove(ctx context.Context, c *call, id catalog.ID) (answer, error) {
	request, err := c.request(id, catalog.Delete, catalog.Options{DeleteVolumes: flag(c.query, "delete_volumes")})
	if err != nil {
		return answer{}, err
	}
	receipt, err := k.requests.Request(ctx, request)
	if err != nil {
		return answer{}, missing(err, id.Kind().Title())
	}
	uuid := string(receipt.Record.ID)
	how := showReceipt(receipt)
	reply := ok(removedBody{id.Kind().Title() + " deletion request queued.", string(id), uuid, &receipt.Position, &how})
	reply.deployment = uuid
	return reply, nil
}
