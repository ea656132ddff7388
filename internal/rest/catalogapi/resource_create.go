package catalogapi

import (
	"context"
	"errors"
	"strings"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/engine"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// changeBody is what the answer to a creation or a change has beside the
// resource.
type changeBody struct {
	Warnings []string `json:"warnings,omitempty"`
	// DeploymentUUID is of the deployment that starts a new resource, or that
	// records a change.
	DeploymentUUID *wire.Nullable `json:"deployment_uuid,omitempty"`
}

// creates is the endpoint that makes resources of a form. It starts them only
// when it is told to.
func (k catalogAPI) creates(of wire.Form) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) { return k.create(ctx, c, of) }
}

// createDatabase makes a database of the engine that the path names.
func (k catalogAPI) createDatabase(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	known, there := engine.Find(c.Params["uuid"])
	if !there {
		var names []string
		for _, one := range engine.All() {
			names = append(names, one.Name)
		}
		return rest.Answer{}, fault.New(fault.NotFound, "There is no such engine. The engines are %s.", strings.Join(names, ", "))
	}
	return k.create(ctx, c, wire.DatabaseForm(known))
}

func (k catalogAPI) create(ctx context.Context, c *rest.Call, of wire.Form) (rest.Answer, error) {
	given, err := wire.Decode[struct {
		wire.NewResource
		InstantDeploy bool `json:"instant_deploy"`
	}](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	if given.InstantDeploy { // the route's own ability does not cover a start
		if err := c.Token.Require(access.Deploy); err != nil {
			return rest.Answer{}, err
		}
	}
	common := catalog.Resource{}
	if common.Meta, err = k.meta(of.Kind, "", ""); err != nil {
		return rest.Answer{}, err
	}
	given.Fill(&common)
	draft, err := of.Read(c.Body, common)
	if err != nil {
		return rest.Answer{}, err
	}
	ready, err := k.prepare(ctx, draft, given.NewResource, nil)
	if err != nil {
		return rest.Answer{}, err
	}
	if err := k.mayDeploy(ctx, c.Token, nil, draft, ready.server); err != nil {
		return rest.Answer{}, err
	}
	if err := k.keep(ctx, draft, ready.secrets); err != nil {
		return rest.Answer{}, err
	}
	change := changeBody{Warnings: ready.warnings}
	if given.InstantDeploy {
		if err := k.startNew(ctx, c, draft, &change); err != nil {
			return rest.Answer{}, err
		}
	}
	body := k.whole(draft, ready.server, c.Sensitive(), ready.secrets)
	result := rest.Created(wire.Joined{body, change})
	if change.DeploymentUUID != nil {
		result.Deployment = string(*change.DeploymentUUID)
	}
	return result, nil
}

// startNew queues the start of a resource that was just made. The resource is
// there whether or not that works, so a refusal is only a warning.
func (k catalogAPI) startNew(ctx context.Context, c *rest.Call, resource catalog.Deployable, change *changeBody) error {
	request, err := c.Request(resource.Common().ID, deployment.Start, deployment.Options{})
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
	uuid := wire.Nullable(receipt.Record.ID)
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
func (k catalogAPI) prepare(ctx context.Context, draft catalog.Deployable, given wire.NewResource, kept map[string]string) (readied, error) {
	if err := catalog.CompleteSecrets(draft, kept, k.opts.Random); err != nil {
		return readied{}, err
	}
	warnings, err := judgeSecrets(draft, given.MayBeWeak(), kept, catalog.Check(draft))
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
func (k catalogAPI) certify(draft catalog.Deployable, server *catalog.Server) error {
	db, is := draft.(*catalog.Database)
	if !is || db.TLS == "" || db.Certificate != "" && db.TLSKey != "" {
		return nil
	}
	var err error
	db.Certificate, db.TLSKey, err = engine.NewCertificate(k.opts.Random, k.opts.RecordTime(), string(db.ID), server.Address)
	return err
}

// server answers for a missing server what the store would, before anything is
// written.
func (k catalogAPI) server(ctx context.Context, id catalog.ID) (*catalog.Server, error) {
	server, err := catalog.Find[*catalog.Server](ctx, k.Store, id)
	if errors.Is(err, fault.NotFound) {
		return nil, catalog.NewNoDependencyError(id)
	}
	return server, err
}

// whole is a resource as one is shown alone. Only a database has secrets that
// are shown, and only to those who may see what is sensitive.
func (k catalogAPI) whole(resource catalog.Deployable, server *catalog.Server, sensitive bool, secrets map[string]string) any {
	switch resource := resource.(type) {
	case *catalog.Application:
		return wire.ShowApplicationInFull(resource, sensitive)
	case *catalog.Service:
		return wire.ShowServiceInFull(resource, sensitive)
	case *catalog.Database:
		if !sensitive {
			secrets = nil
		}
		return wire.ShowDatabaseInFull(resource, server, secrets)
	}
	return nil
}

// gets is the endpoint that shows one resource of a kind.
func (k catalogAPI) gets(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.Find[catalog.Deployable](ctx, k.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		var secrets map[string]string
		var server *catalog.Server
		if kind == catalog.KindDatabase && c.Sensitive() {
			if secrets, err = k.kept(ctx, resource.Common().ID); err != nil {
				return rest.Answer{}, err
			}
			if server, err = k.server(ctx, resource.Shared().ServerID); err != nil {
				return rest.Answer{}, err
			}
		}
		return rest.OK(k.whole(resource, server, c.Sensitive(), secrets)), nil
	}
}
