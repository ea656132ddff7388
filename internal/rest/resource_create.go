package rest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/engine"
	"waybill/internal/fault"
)

// changeBody is what the answer to a creation or a change has beside the
// resource.
type changeBody struct {
	Warnings []string `json:"warnings,omitempty"`
	// DeploymentUUID is of the deployment that starts a new resource, or that
	// records a change.
	DeploymentUUID *nullable `json:"deployment_uuid,omitempty"`
}

// creates is the endpoint that makes resources of a form. It starts them only
// when it is told to.
func (k keeper) creates(of form) endpoint {
	return func(ctx context.Context, c *call) (answer, error) { return k.create(ctx, c, of) }
}

// createDatabase makes a database of the engine that the path names.
func (k keeper) createDatabase(ctx context.Context, c *call) (answer, error) {
	known, there := engine.Find(c.params["uuid"])
	if !there {
		var names []string
		for _, one := range engine.All() {
			names = append(names, one.Name)
		}
		return answer{}, fault.New(fault.NotFound, "There is no such engine. The engines are %s.", strings.Join(names, ", "))
	}
	return k.create(ctx, c, databaseForm(known))
}

func (k keeper) create(ctx context.Context, c *call, of form) (answer, error) {
	given, err := decode[struct {
		newResource
		InstantDeploy bool `json:"instant_deploy"`
	}](c.body)
	if err != nil {
		return answer{}, err
	}
	if given.InstantDeploy { // the route's own ability does not cover a start
		if err := c.token.Require(access.Deploy); err != nil {
			return answer{}, err
		}
	}
	common := catalog.Resource{}
	if common.Meta, err = k.meta(of.kind, "", ""); err != nil {
		return answer{}, err
	}
	given.fill(&common)
	draft, err := of.read(c.body, common)
	if err != nil {
		return answer{}, err
	}
	ready, err := k.prepare(ctx, draft, given.newResource, nil)
	if err != nil {
		return answer{}, err
	}
	if err := k.keep(ctx, draft, ready.secrets); err != nil {
		return answer{}, err
	}
	change := changeBody{Warnings: ready.warnings}
	if given.InstantDeploy {
		if err := k.startNew(ctx, c, draft, &change); err != nil {
			return answer{}, err
		}
	}
	body := k.whole(draft, ready.server, c.sensitive(), ready.secrets)
	result := created(joined{body, change})
	if change.DeploymentUUID != nil {
		result.deployment = string(*change.DeploymentUUID)
	}
	return result, nil
}

// startNew queues the start of a resource that was just made. The resource is
// there whether or not that works, so a refusal is only a warning.
func (k keeper) startNew(ctx context.Context, c *call, resource catalog.Deployable, change *changeBody) error {
	request, err := c.request(resource.Common().ID, catalog.Start, catalog.Options{})
	if err != nil {
		return err
	}
	request.IdempotencyKey = "" // it is a new resource each time
	receipt, err := k.requests.Request(ctx, request)
	switch {
	case errors.Is(err, fault.Conflict) || errors.Is(err, fault.Exhausted):
		change.Warnings = append(change.Warnings, "instant_deploy: it was not started. "+fault.Public(err))
		return nil
	case err != nil:
		return err
	}
	uuid := nullable(receipt.Record.ID)
	change.DeploymentUUID = &uuid
	resource.Shared().State = catalog.State{Queued: string(receipt.Record.ID), Deployments: 1}
	return nil
}

// readied is a draft that has passed every check, beside the draft itself.
type readied struct {
	server   *catalog.Server
	secrets  map[string]string
	warnings []string
}

// prepare completes a draft, checks it in every way there is, and takes its
// secrets out of it. From then on no check, no error and no answer can show
// them. kept is what the vault has of it already.
func (k keeper) prepare(ctx context.Context, draft catalog.Deployable, given newResource, kept map[string]string) (readied, error) {
	if err := catalog.CompleteSecrets(draft, kept, k.opts.Random); err != nil {
		return readied{}, err
	}
	warnings, err := judgeSecrets(draft, given.weak(), kept, catalog.Check(draft))
	if err != nil {
		return readied{}, err
	}
	ready := readied{warnings: warnings}
	if ready.server, err = k.server(ctx, draft.Shared().ServerID); err != nil {
		return readied{}, err
	}
	if err := k.certify(draft, ready.server); err != nil {
		return readied{}, err
	}
	if ready.secrets, err = catalog.SealSecrets(draft, kept, k.opts.Random); err != nil {
		return readied{}, err
	}
	if err := k.Check(ctx, draft, ready.server); err != nil {
		return readied{}, err
	}
	ready.warnings = append(ready.warnings, k.Warn(ctx, draft)...)
	return ready, nil
}

// certify makes a certificate for a database that is to have TLS and has none.
func (k keeper) certify(draft catalog.Deployable, server *catalog.Server) error {
	db, is := draft.(*catalog.Database)
	if !is || db.TLS == "" || db.Certificate != "" && db.TLSKey != "" {
		return nil
	}
	var err error
	db.Certificate, db.TLSKey, err = engine.NewCertificate(k.opts.Random, k.opts.now(), string(db.ID), server.Address)
	return err
}

// server answers for a missing server what the store would, before anything is
// written.
func (k keeper) server(ctx context.Context, id catalog.ID) (*catalog.Server, error) {
	server, err := catalog.Find[*catalog.Server](ctx, k.Store, id)
	if errors.Is(err, fault.NotFound) {
		return nil, catalog.Unmet(id)
	}
	return server, err
}

// whole is a resource as one is shown alone. Only a database has secrets that
// are shown, and only to those who may see what is sensitive.
func (k keeper) whole(resource catalog.Deployable, server *catalog.Server, sensitive bool, secrets map[string]string) any {
	switch resource := resource.(type) {
	case *catalog.Application:
		return showWholeApplication(resource, sensitive)
	case *catalog.Service:
		return showWholeService(resource, sensitive)
	case *catalog.Database:
		if !sensitive {
			secrets = nil
		}
		return showWholeDatabase(resource, server, secrets)
	}
	return nil
}

// gets is the endpoint that shows one resource of a kind.
func (k keeper) gets(kind catalog.Kind) endpoint {
	return func(ctx context.Context, c *call) (answer, error) {
		resource, err := find[catalog.Deployable](ctx, k.Store, c.params["uuid"], kind)
		if err != nil {
			return answer{}, err
		}
		var secrets map[string]string
		var server *catalog.Server
		if kind == catalog.KindDatabase && c.sensitive() {
			if secrets, err = k.Vault.Get(ctx, resource.Common().ID); err != nil {
				return answer{}, fault.Wrap(err, fault.Internal, "read the secrets of %s", resource.Common().ID)
			}
			if server, err = k.server(ctx, resource.Shared().ServerID); err != nil {
				return answer{}, err
			}
		}
		return ok(k.whole(resource, server, c.sensitive(), secrets)), nil
	}
}

// formOf is the form that the resource has.
func formOf(resource catalog.Deployable) form {
	switch resource := resource.(type) {
	case *catalog.Application:
		return applicationForm(buildPack(resource))
	case *catalog.Database:
		known, _ := engine.Find(resource.Engine)
		return databaseForm(known)
	}
	return serviceForm()
}

// trigger says who asked for what this call records.
func (c *call) trigger() deployment.Trigger {
	return deployment.Trigger{Kind: deployment.TriggerAPI, Name: c.token.Name}
}

// without returns a map without some of its members.
func without[V any](members map[string]V, names []string) map[string]V {
	left := maps.Clone(members)
	maps.DeleteFunc(left, func(name string, _ V) bool { return slices.Contains(names, name) })
	return left
}
