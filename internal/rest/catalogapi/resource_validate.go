package catalogapi

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/redact"
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
// does not answer is a result, not an error, as in validateServer.
func (a catalogAPI) validateEndpoint(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.Find[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		at, err := a.readSubject(ctx, resource)
		if err != nil {
			return rest.Answer{}, err
		}
		status, err := a.inspect(ctx, at)
		if errors.Is(err, fault.Unavailable) {
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

func (a catalogAPI) validationOf(resource catalog.Deployable, message string) validationBody {
	return validationBody{message, string(resource.Common().ID), wire.StatusOf(resource.Shared().State)}
}

// subject is a resource to inspect, with its server and the secrets for it.
type subject struct {
	resource   catalog.Deployable
	server     *catalog.Server
	privateKey string
	// matcher finds the secrets that the server's answer may repeat.
	matcher *redact.Matcher
}

// readSubject reads from Waybill's own stores, separately from the inspection: an
// outage of a store says nothing about the server.
func (a catalogAPI) readSubject(ctx context.Context, resource catalog.Deployable) (subject, error) {
	server, err := a.findServer(ctx, resource.Shared().ServerID)
	if err != nil {
		return subject{}, err
	}
	key, err := a.serverKey(ctx, server)
	if err != nil {
		return subject{}, err
	}
	own, err := a.Vault.Get(ctx, resource.Common().ID, resource.Common().Generation)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return subject{}, err
	}
	all := append(namedSecrets(own), redact.Secret{Name: catalog.PrivateKeySecret, Value: key})
	return subject{resource, server, key, redact.NewMatcher(all)}, nil
}

// inspect asks the server for the resource's status. Unavailable, with the reason,
// if the server cannot tell.
func (a catalogAPI) inspect(ctx context.Context, at subject) (string, error) {
	if at.server.HostKey == "" {
		return "", fault.New(fault.Unavailable,
			"The host key of server %s is not pinned. Validate the server first.", at.server.Name)
	}
	status, err := a.Inspect(ctx, at.server, at.privateKey, at.resource)
	return at.matcher.Text(status), at.matcher.Error(err)
}

// namedSecrets returns the present and the former values of the set.
func namedSecrets(set catalog.Secrets) []redact.Secret {
	var all []redact.Secret
	for name, value := range set.Values {
		all = append(all, redact.Secret{Name: name, Value: value})
	}
	for _, former := range set.Retired {
		all = append(all, redact.Secret{Name: former.Name, Value: former.Value})
	}
	return all
}
