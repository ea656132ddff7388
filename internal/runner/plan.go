package runner

import (
	"cmp"
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// plan is everything that a deployment needs, resolved: what to run, and where.
type plan struct {
	recipe   recipe.Plan
	resource catalog.Deployable
	server   *catalog.Server
	target   remote.Target
	// timeout is how long the deployment may take, over all its runners.
	timeout time.Duration
}

// resolve finds everything that a deployment is about. The plan has nothing to
// run yet. Invalid, NotFound and Conflict say
// that the deployment can never run as it is configured, in words for the
// deployer.
func (a *attempt) resolve(ctx context.Context) (plan, secrets, error) {
	resource, err := a.configured(ctx)
	if err != nil {
		return plan{}, secrets{}, err
	}
	server, err := catalog.Find[*catalog.Server](ctx, a.ports.Store, a.record.ServerID)
	if err != nil {
		return plan{}, secrets{}, missing(err, "The server was deleted.")
	}
	sets, err := a.open(ctx, resource, server)
	if err != nil {
		return plan{}, secrets{}, err
	}
	return plan{
		resource: resource,
		server:   server,
		timeout:  cmp.Or(resource.Shared().Timeout, catalog.DefaultTimeout),
	}, sets, nil
}

// prepare is the plan of a job on the server. The errors are those of resolve.
func (a *attempt) prepare(ctx context.Context) (plan, error) {
	plan, sets, err := a.resolve(ctx)
	if err != nil {
		return plan, err
	}
	server := plan.server
	plan.recipe, err = recipe.Build(recipe.Input{
		Resource:         plan.resource,
		DataDir:          server.DataDir,
		Deployment:       string(a.record.ID),
		Operation:        a.record.Operation,
		Options:          a.record.Options,
		Secrets:          sets.resource,
		DeployKey:        sets.deploy[catalog.PrivateKeySecret],
		ForbidHostAccess: server.ForbidHostAccess,
	})
	if err != nil {
		return plan, err
	}
	plan.recipe.Job.Deployment, plan.recipe.Job.Attempt = string(a.record.ID), a.record.Lease.Attempt
	plan.target = remote.Target{
		Address:    server.Address,
		Port:       server.Port,
		User:       server.User,
		HostKey:    server.HostKey,
		PrivateKey: sets.server[catalog.PrivateKeySecret],
	}
	return plan, nil
}

// configured is the resource with the configuration that the record names: what
// was asked for, whatever the catalog has become since. What is to be deleted
// is gone for good afterwards, so for that the catalog's own will do.
func (a *attempt) configured(ctx context.Context) (catalog.Deployable, error) {
	resource, err := catalog.Find[catalog.Deployable](ctx, a.ports.Store, a.record.ID.Resource())
	if err != nil {
		return nil, missing(err, "The resource was deleted.")
	}
	if a.record.ConfigurationHash == "" { // of a record that is older than snapshots
		return resource, nil
	}
	taken, err := a.ports.Snapshots.Get(ctx, resource.Common().ID, a.record.ConfigurationHash)
	if err == nil {
		var restored catalog.Deployable
		if restored, err = taken.Restore(resource); err == nil {
			return restored, nil
		}
		err = fault.Wrap(err, fault.Invalid, "The configuration that this deployment was asked for cannot be read.")
	}
	if a.record.Operation == catalog.Delete && refused(err) {
		return resource, nil
	}
	return nil, missing(err, "The configuration that this deployment was asked for is gone. Ask for it again.")
}

// missing words a NotFound for the deployer; other errors stay what they are.
func missing(err error, text string) error {
	if errors.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.NotFound, "%s", text)
	}
	return err
}
