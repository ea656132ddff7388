package inspectapi

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// validationBody answers the validation of a resource.
type validationBody struct {
	Message string `json:"message"`
	UUID    string `json:"uuid"`
	Status  string `json:"status"`
}

// validateEndpoint inspects the status of a resource on its server. A server that
// does not answer is a result, not an error: clients would retry an error in vain.
func (a inspectAPI) validateEndpoint(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.Find[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		at, err := a.readSubject(ctx, resource)
		if err != nil {
			return rest.Answer{}, err
		}
		status, err := a.look(ctx, at)
		if errors.Is(err, catalog.ErrServer) {
			return rest.Created(a.validationOf(resource, fault.Public(err))), nil
		}
		if err != nil {
			return rest.Answer{}, err
		}
		if err := a.Store.Observe(ctx, resource.Common().ID, status); err != nil {
			return rest.Answer{}, err
		}
		// While a deployment runs, the stored status is not the one that was seen.
		resource, err = rest.FindHead[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		return rest.Created(a.validationOf(resource, kind.Title()+" is "+status+".")), nil
	}
}

func (a inspectAPI) validationOf(resource catalog.Deployable, message string) validationBody {
	return validationBody{message, string(resource.Common().ID), wire.StatusOf(resource.Shared().State)}
}

// look asks the server for the resource's status.
func (a inspectAPI) look(ctx context.Context, at subject) (status string, err error) {
	err = a.inSession(ctx, at, func() error {
		status, err = a.Look(ctx, at.server, at.secrets.Login(), at.resource)
		return err
	})
	return at.matcher.Text(status), err
}
