package rest

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// foundBody is what a look at a resource found.
type foundBody struct {
	Message string `json:"message"`
	UUID    string `json:"uuid"`
	Status  string `json:"status"`
}

// validates is the endpoint that looks how resources of a kind are. That their
// server does not answer is a finding, not a failure, as it is with servers.
func (k keeper) validates(kind catalog.Kind) endpoint {
	return func(ctx context.Context, c *call) (answer, error) {
		resource, err := find[catalog.Deployable](ctx, k.Store, c.params["uuid"], kind)
		if err != nil {
			return answer{}, err
		}
		status, err := k.look(ctx, resource)
		if errors.Is(err, fault.Unavailable) {
			return created(k.found(resource, fault.Public(err))), nil
		}
		if err != nil {
			return answer{}, err
		}
		if err := k.Store.Observe(ctx, resource.Common().ID, status); err != nil {
			return answer{}, err
		}
		// While a deployment runs, what was seen is no lasting status.
		if resource, err = find[catalog.Deployable](ctx, k.Store, c.params["uuid"], kind); err != nil {
			return answer{}, err
		}
		return created(k.found(resource, kind.Title()+" is "+status+".")), nil
	}
}

func (k keeper) found(resource catalog.Deployable, message string) foundBody {
	return foundBody{message, string(resource.Common().ID), statusOf(resource.Shared().State)}
}

// look asks the resource's server. Unavailable, saying why, if it cannot be
// asked.
func (k keeper) look(ctx context.Context, resource catalog.Deployable) (string, error) {
	server, err := k.server(ctx, resource.Shared().ServerID)
	if err != nil {
		return "", err
	}
	if server.HostKey == "" {
		return "", fault.New(fault.Unavailable, "The host key of server %s is not pinned. Validate the server first.", server.Name)
	}
	secrets, err := k.Vault.Get(ctx, server.KeyID)
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "read the private key of server %s", server.ID)
	}
	return k.Look(ctx, server, secrets[catalog.PrivateKeySecret], resource)
}
