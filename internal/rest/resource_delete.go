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
}

// removes is the endpoint that deletes resources of a kind. What may be on a
// server is taken off it first, by a deployment; the rest is forgotten at once.
func (k keeper) removes(kind catalog.Kind) endpoint {
	return func(ctx context.Context, c *call) (answer, error) {
		id, err := parse(c.params["uuid"], kind)
		if err != nil {
			return answer{}, err
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
		return k.remove(ctx, c, id)
	}
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
	reply := ok(removedBody{id.Kind().Title() + " deletion request queued.", string(id), uuid, &receipt.Position})
	reply.deployment = uuid
	return reply, nil
}
