package catalogapi

import (
	"context"
	"errors"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// deletionBody answers the deletion of a resource. Without a deployment, the
// resource is deleted already.
type deletionBody struct {
	Message        string `json:"message"`
	UUID           string `json:"uuid"`
	DeploymentUUID string `json:"deployment_uuid,omitempty"`
	Position       *int   `json:"position,omitempty"`
	*wire.Receipt
}

// deleteResourceEndpoint deletes resources of a kind. A resource that may have
// something on its server is deleted by a deployment, any other at once.
func (a catalogAPI) deleteResourceEndpoint(kind catalog.Kind) rest.Endpoint {
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
		find := catalog.FindHead[catalog.Deployable]
		if forget { // its record has the whole configuration
			find = catalog.Find[catalog.Deployable]
		}
		resource, err := find(ctx, a.Store, id)
		if err != nil {
			return rest.Answer{}, rest.WrapNotFound(err, kind.Title())
		}
		if neverDeployed(resource.Shared().State) {
			failed := a.deleteAudited(ctx, c, deletion(forget), resource.Common())
			if !errors.Is(failed, fault.Conflict) {
				return rest.OK(newDeletedBody(id)), rest.WrapNotFound(failed, kind.Title())
			}
			// It was started in the meantime.
		}
		if forget {
			return a.forget(ctx, c, resource)
		}
		return a.queueDeletion(ctx, c, id)
	}
}

// deletion is the action of a deletion in the audit.
func deletion(forget bool) audit.Action {
	if forget {
		return audit.Forget
	}
	return audit.Delete
}

// forget deletes a resource from the catalog without connecting to its server,
// which may be gone. If this function fails after it has written the record,
// dispatch receives the record from the table's stream and deletes the resource.
func (a catalogAPI) forget(
	ctx context.Context, c *rest.Call, resource catalog.Deployable,
) (rest.Answer, error) {
	id := resource.Common().ID
	if state := resource.Shared().State; state.Queued != "" || state.Running != "" {
		return rest.Answer{}, catalog.NewBusyError(id)
	}
	record, err := a.requests.Forget(ctx, resource, c.Trigger())
	if err != nil {
		return rest.Answer{}, rest.WrapNotFound(err, id.Kind().Title())
	}
	err = a.deleteAudited(ctx, c, audit.Forget, resource.Common())
	if err != nil && !errors.Is(err, fault.NotFound) {
		return rest.Answer{}, err
	}
	reply := rest.OK(newForgottenBody(record.ID))
	reply.Created = []string{string(record.ID)}
	return reply, nil
}

// neverDeployed reports whether the server cannot have anything of the resource:
// no deployment has run, none runs, and none is queued.
func neverDeployed(state catalog.State) bool {
	return state.Status == "" && state.Queued == "" && state.Running == ""
}

// queueDeletion queues the deployment that removes a resource from its server.
func (a catalogAPI) queueDeletion(ctx context.Context, c *rest.Call, id catalog.ID) (rest.Answer, error) {
	request, err := c.Request(id, deployment.Delete, deployment.Options{
		DeleteVolumes: rest.Flag(c.Query, "delete_volumes"),
	})
	if err != nil {
		return rest.Answer{}, err
	}
	receipt, err := a.requests.Request(ctx, request)
	if err != nil {
		return rest.Answer{}, rest.WrapNotFound(err, id.Kind().Title())
	}
	reply := rest.OK(newDeletionBody(receipt))
	reply.Created = []string{string(receipt.Record.ID)}
	return reply, nil
}

func newDeletionBody(receipt deployment.Receipt) deletionBody {
	id, how := receipt.Record.ID, wire.FromReceipt(receipt)
	return deletionBody{
		id.Kind().Title() + " deletion request queued.", string(id.Resource()), string(id),
		&receipt.Position, &how,
	}
}

// repeatDeletion answers with the deployment of the first request, if it has one.
func (a catalogAPI) repeatDeletion(ctx context.Context, c *rest.Call, ids []string) (any, error) {
	id := catalog.ID(c.Params["uuid"])
	if len(ids) == 0 {
		return newDeletedBody(id), nil
	}
	receipt, err := a.Ledger.Repeat(ctx, deployment.ID(ids[0]))
	if err != nil {
		return nil, err
	}
	if receipt.Record.Operation == deployment.Forget {
		return newForgottenBody(receipt.Record.ID), nil
	}
	return newDeletionBody(receipt), nil
}

// newDeletedBody answers the deletion of a resource that never ran.
func newDeletedBody(id catalog.ID) deletionBody {
	return deletionBody{Message: id.Kind().Title() + " deleted.", UUID: string(id)}
}

// newForgottenBody answers a deletion that did not connect to the server.
func newForgottenBody(record deployment.ID) deletionBody {
	return deletionBody{
		Message: record.Kind().Title() + " forgotten. What it has on its server is left there.",
		UUID:    string(record.Resource()), DeploymentUUID: string(record),
	}
}
