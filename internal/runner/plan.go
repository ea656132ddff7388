package runner

import (
	"cmp"
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/recipe"
	"waybill/internal/redact"
	"waybill/internal/remote"
)

// plan is everything that a deployment needs, resolved: what to run, where,
// and what must never be seen of it.
type plan struct {
	recipe.Plan
	server  *catalog.Server
	target  remote.Target
	matcher *redact.Matcher
	filter  logbook.NewFilter
	// timeout is how long the deployment may take, over all its runners.
	timeout time.Duration
}

// prepare resolves the plan. Invalid, NotFound and Conflict say that the
// deployment can never run as it is configured, in words for the deployer.
func (a *attempt) prepare(ctx context.Context) (plan, error) {
	resource, err := catalog.Find[catalog.Deployable](ctx, a.Store, a.record.ID.Resource())
	if err != nil {
		return plan{}, missing(err, "The resource was deleted.")
	}
	server, err := catalog.Find[*catalog.Server](ctx, a.Store, a.record.ServerID)
	if err != nil {
		return plan{}, missing(err, "The server was deleted.")
	}
	key, err := a.Vault.Get(ctx, server.KeyID)
	if err != nil {
		return plan{}, missing(err, "The private key of the server is gone.")
	}
	secrets, err := a.Vault.Get(ctx, resource.Common().ID)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return plan{}, err
	}
	built, err := recipe.Build(recipe.Input{
		Resource:   resource,
		DataDir:    server.DataDir,
		Deployment: string(a.record.ID),
		Operation:  a.record.Operation,
		Options:    a.record.Options,
		Secrets:    secrets,
	})
	if err != nil {
		return plan{}, err
	}
	built.Job.Deployment, built.Job.Attempt = string(a.record.ID), a.record.Lease.Attempt
	matcher := redact.NewMatcher(known(key, secrets))
	return plan{
		Plan:    built,
		server:  server,
		matcher: matcher,
		timeout: cmp.Or(resource.Shared().Timeout, catalog.DefaultTimeout),
		filter:  func(emit func(p []byte, masked int)) logbook.Filter { return matcher.Stream(emit) },
		target: remote.Target{
			Address:    server.Address,
			Port:       server.Port,
			User:       server.User,
			HostKey:    server.HostKey,
			PrivateKey: key[catalog.PrivateKeySecret],
		},
	}, nil
}

// known lists every secret that this deployment resolves.
func known(sets ...map[string]string) []redact.Secret {
	var secrets []redact.Secret
	for _, set := range sets {
		for name, value := range set {
			secrets = append(secrets, redact.Secret{Name: name, Value: value})
		}
	}
	return secrets
}

// noSecrets is the filter before anything secret is known to the runner:
// nothing is read from a server then, and messages are its own.
func noSecrets(emit func(p []byte, masked int)) logbook.Filter {
	return redact.NewMatcher(nil).Stream(emit)
}

// missing words a NotFound for the deployer; other errors stay what they are.
func missing(err error, text string) error {
	if errors.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.NotFound, "%s", text)
	}
	return err
}
