package catalogapi

import (
	"context"
	"errors"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/redact"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// foundBody is what a look at a resource found.
type foundBody struct {
	Message string `json:"message"`
	UUID    string `json:"uuid"`
	Status  string `json:"status"`
}

// validates is the endpoint that looks how resources of a kind are. That their
// server does not answer is a finding, not a failure, as it is with servers.
func (k catalogAPI) validates(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.Find[catalog.Deployable](ctx, k.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		at, err := k.subject(ctx, resource)
		if err != nil {
			return rest.Answer{}, err
		}
		status, err := k.look(ctx, at)
		if errors.Is(err, fault.Unavailable) {
			return rest.Created(k.found(resource, fault.Public(err))), nil
		}
		if err != nil {
			return rest.Answer{}, err
		}
		if err := k.Store.Observe(ctx, resource.Common().ID, status); err != nil {
			return rest.Answer{}, err
		}
		// While a deployment runs, what was seen is no lasting status.
		if resource, err = rest.Find[catalog.Deployable](ctx, k.Store, c.Params["uuid"], kind); err != nil {
			return rest.Answer{}, err
		}
		return rest.Created(k.found(resource, kind.Title()+" is "+status+".")), nil
	}
}

func (k catalogAPI) found(resource catalog.Deployable, message string) foundBody {
	return foundBody{message, string(resource.Common().ID), wire.StatusOf(resource.Shared().State)}
}

// subject is a resource with what a look at it needs.
type subject struct {
	resource   catalog.Deployable
	server     *catalog.Server
	privateKey string
	// matcher knows the secrets that the server's answer may have in it.
	matcher *redact.Matcher
}

// subject reads all of it from Waybill's own stores, apart from the look itself:
// an outage of theirs says nothing about the server.
func (k catalogAPI) subject(ctx context.Context, resource catalog.Deployable) (subject, error) {
	server, err := k.server(ctx, resource.Shared().ServerID)
	if err != nil {
		return subject{}, err
	}
	secrets, err := k.kept(ctx, server.KeyID)
	if err != nil {
		return subject{}, err
	}
	own, err := k.Vault.Get(ctx, resource.Common().ID)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return subject{}, err
	}
	matcher := redact.NewMatcher(slices.Concat(namedSecrets(secrets), namedSecrets(own)))
	return subject{resource, server, secrets[catalog.PrivateKeySecret], matcher}, nil
}

// look asks the resource's server. Unavailable, saying why, if it cannot be
// asked.
func (k catalogAPI) look(ctx context.Context, at subject) (string, error) {
	if at.server.HostKey == "" {
		return "", fault.New(fault.Unavailable, "The host key of server %s is not pinned. Validate the server first.", at.server.Name)
	}
	status, err := k.Look(ctx, at.server, at.privateKey, at.resource)
	return at.matcher.Text(status), cleaned(at.matcher, err)
}

func namedSecrets(set map[string]string) []redact.Secret {
	var all []redact.Secret
	for name, value := range set {
		all = append(all, redact.Secret{Name: name, Value: value})
	}
	return all
}

// cleaned is the error without secrets: it may be in the words of the server.
func cleaned(matcher *redact.Matcher, err error) error {
	if err == nil || matcher.Text(err.Error()) == err.Error() {
		return err
	}
	return fault.Wrap(errors.New(matcher.Text(err.Error())), fault.KindOf(err), "%s", matcher.Text(fault.Public(err)))
}
