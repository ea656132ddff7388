package runner

import (
	"cmp"
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/recipe"
	"waybill/internal/remote"
	"waybill/internal/remote/route"
	"waybill/internal/secrets"
)

// plan has the commands of a deployment and the server for them.
type plan struct {
	recipe   recipe.Plan
	resource catalog.Deployable
	server   *catalog.Server
	target   remote.Target
	// jump is the server's jump host, or nil.
	jump *catalog.Server
	// timeout is how long the deployment may take, with all of its runners.
	timeout time.Duration
}

// resolve finds the resource, its server and its secrets, which are masked from then
// on. The plan has no commands yet. Invalid, NotFound and Conflict mean that the
// deployment can never run as it is configured; their texts are for the user.
func (a *attempt) resolve(ctx context.Context) (plan, secrets.Sets, error) {
	resource, err := a.configuredResource(ctx)
	if err != nil {
		return plan{}, secrets.Sets{}, err
	}
	server, err := catalog.Find[*catalog.Server](ctx, a.ports.Store, a.record.ServerID)
	if err != nil {
		return plan{}, secrets.Sets{}, explainNotFound(err, "The server was deleted.")
	}
	sets, err := a.readAndConceal(ctx, resource, server)
	if err != nil {
		return plan{}, secrets.Sets{}, err
	}
	return plan{
		resource: resource,
		server:   server,
		timeout:  cmp.Or(resource.Shared().Timeout, catalog.DefaultTimeout),
	}, sets, nil
}

// prepare makes the plan of a job on the server. Its errors are like resolve's.
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
		Secrets:          sets.Resource,
		DeployKey:        sets.Deploy[catalog.PrivateKeySecret],
		Registries:       sets.Registries,
		ForbidHostAccess: server.ForbidHostAccess,
	})
	if err != nil {
		return plan, err
	}
	plan.recipe.Job.Deployment, plan.recipe.Job.Attempt = string(a.record.ID), a.record.Lease.Attempt
	plan.target = route.To(server, sets.Login())
	if sets.Jump != nil {
		plan.jump = sets.Jump.Server
	}
	return plan, nil
}

// configuredResource returns the resource with the configuration that the record names,
// whatever has changed in the catalog since. To delete a resource, the catalog's
// configuration will do if the record's is gone or cannot be read.
func (a *attempt) configuredResource(ctx context.Context) (catalog.Deployable, error) {
	if a.record.ConfigurationHash == "" { // of a record that is older than snapshots
		return a.currentResource(ctx)
	}
	// The snapshot has the body.
	head, err := catalog.FindHead[catalog.Deployable](ctx, a.ports.Store, a.record.ID.Resource())
	if err != nil {
		return nil, explainNotFound(err, "The resource was deleted.")
	}
	taken, err := a.ports.Snapshots.Get(ctx, head.Common().ID, a.record.ConfigurationHash)
	if err == nil {
		var restored catalog.Deployable
		if restored, err = taken.Restore(head); err == nil {
			return restored, nil
		}
		err = fault.Wrap(err, fault.Invalid,
			"The configuration that this deployment was asked for cannot be read.")
	}
	if a.record.Operation == deployment.Delete && isPermanent(err) {
		return a.currentResource(ctx)
	}
	return nil, explainNotFound(err,
		"The configuration that this deployment was asked for is gone. Ask for it again.")
}

// currentResource returns the resource as the catalog has it.
func (a *attempt) currentResource(ctx context.Context) (catalog.Deployable, error) {
	resource, err := catalog.Find[catalog.Deployable](ctx, a.ports.Store, a.record.ID.Resource())
	return resource, explainNotFound(err, "The resource was deleted.")
}

// explainNotFound gives a NotFound a text for the user. Other errors stay the same.
func explainNotFound(err error, text string) error {
	if errors.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.NotFound, "%s", text)
	}
	return err
}
