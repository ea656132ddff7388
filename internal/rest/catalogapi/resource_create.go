package catalogapi

import (
	"context"
	"errors"
	"strings"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/certificate"
	"waybill/internal/deployment"
	"waybill/internal/engine"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// changeBody has the members that the answer to a creation or a change has in
// addition to the resource.
type changeBody struct {
	Warnings []string `json:"warnings,omitempty"`
	// Template says what a compose file uses of the dialect of templates.
	Template *wire.TemplateUse `json:"template,omitempty"`
	// DeploymentUUID names the deployment that starts a new resource or records a
	// change.
	DeploymentUUID *wire.Nullable `json:"deployment_uuid,omitempty"`
}

// createEndpoint creates resources. It starts them only if the request says so.
func (a catalogAPI) createEndpoint(codec wire.Codec) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) { return a.create(ctx, c, codec) }
}

// createDatabase creates a database of the engine that the path names.
func (a catalogAPI) createDatabase(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	found, known := engine.Find(c.Params["uuid"])
	if !known {
		var names []string
		for _, one := range engine.All() {
			names = append(names, one.Name)
		}
		return rest.Answer{}, fault.New(fault.NotFound,
			"There is no such engine. The engines are %s.", strings.Join(names, ", "))
	}
	return a.create(ctx, c, wire.DatabaseCodec(found))
}

// createDockerfileApplication creates an application from a Dockerfile: either from the one
// in the request, or from one in a git repository.
func (a catalogAPI) createDockerfileApplication(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[struct {
		Repository *string `json:"git_repository"`
	}](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	codec := wire.InlineCodec()
	if given.Repository != nil {
		codec = wire.ApplicationCodec(catalog.PackDockerfile)
	}
	if err := codec.CheckMembers(c.Body); err != nil {
		return rest.Answer{}, err
	}
	return a.create(ctx, c, codec)
}

// createGitApplication creates an application from a repository with the build pack of the
// request.
func (a catalogAPI) createGitApplication(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[struct {
		BuildPack catalog.BuildPack `json:"build_pack"`
	}](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	codec := wire.ApplicationCodec(given.BuildPack)
	if err := codec.CheckMembers(c.Body); err != nil {
		return rest.Answer{}, err
	}
	return a.create(ctx, c, codec)
}

func (a catalogAPI) create(ctx context.Context, c *rest.Call, codec wire.Codec) (rest.Answer, error) {
	given, err := wire.Decode[creation](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	if given.InstantDeploy { // the route's own ability does not cover a start
		if err := c.Token.Require(access.Deploy); err != nil {
			return rest.Answer{}, err
		}
	}
	common := catalog.Resource{}
	if common.Meta, err = a.newMeta(c, codec.Kind, given.Name, given.Description); err != nil {
		return rest.Answer{}, err
	}
	if reply, done, err := a.createdBefore(ctx, c, common.ID, given.InstantDeploy); done || err != nil {
		return reply, err
	}
	given.Name = common.Name
	given.ApplyTo(&common)
	if err := c.Admit(ctx, common.ServerID); err != nil {
		return rest.Answer{}, wrapMissing(err, common.ServerID)
	}
	draft, err := codec.Decode(c.Body, common)
	if err != nil {
		return rest.Answer{}, err
	}
	prepared, err := a.prepare(ctx, change{draft: draft, weak: given.WeakAllowed()})
	if err != nil {
		return rest.Answer{}, err
	}
	if err := a.mayStore(ctx, c, nil, draft, prepared.server); err != nil {
		return rest.Answer{}, err
	}
	if err := a.createWithSecrets(ctx, c, draft, prepared.secrets); err != nil {
		return rest.Answer{}, err
	}
	return a.createdAnswer(ctx, c, draft, prepared, given.InstantDeploy)
}

// creation has the fields of every body that creates a resource.
type creation struct {
	wire.ResourceInput
	InstantDeploy bool `json:"instant_deploy"`
}

// createdAnswer answers with a new resource, after it has queued its start if the request
// asks for that.
func (a catalogAPI) createdAnswer(
	ctx context.Context, c *rest.Call, resource catalog.Deployable, prepared preparedDraft, start bool,
) (rest.Answer, error) {
	warnings, err := wire.ResourceWarnings(c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	change := changeBody{
		Warnings: append(warnings, prepared.warnings...), Template: wire.FromTemplateUse(prepared.template),
	}
	if start {
		if err := a.startNew(ctx, c, resource, &change); err != nil {
			return rest.Answer{}, err
		}
	}
	body := a.details(resource, prepared.server, c.Sensitive(), prepared.secrets)
	reply := created(wire.Merged{body, change}, resource.Common().ID)
	if change.DeploymentUUID != nil {
		reply.Created = append(reply.Created, string(*change.DeploymentUUID))
	}
	return reply, nil
}

// startNew queues the start of a new resource. The resource exists even if it
// cannot be started, so a refusal is only a warning.
func (a catalogAPI) startNew(
	ctx context.Context, c *rest.Call, resource catalog.Deployable, change *changeBody,
) error {
	request, err := c.Request(resource.Common().ID, deployment.Start, deployment.Options{})
	if err != nil {
		return err
	}
	receipt, err := a.requests.Request(ctx, request)
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

// preparedDraft has the server, the secrets and the warnings of a draft that has
// passed every check.
type preparedDraft struct {
	server   *catalog.Server
	secrets  map[string]string
	warnings []string
	// template says what the compose file uses of the dialect of templates, or is nil.
	template *catalog.TemplateUse
}

// prepare completes a draft, runs every check, and moves its secrets out of it.
// After that no check, error or answer can show them.
func (a catalogAPI) prepare(ctx context.Context, change change) (preparedDraft, error) {
	draft, stored := change.draft, change.stored
	prepared, missing := preparedDraft{}, error(nil)
	if prepared.server, missing = a.findServer(ctx, draft.Shared().ServerID); missing == nil {
		if err := a.expand(change, &prepared); err != nil {
			return preparedDraft{}, err
		}
	}
	if err := catalog.CompleteSecrets(draft, stored, a.opts.Random); err != nil {
		return preparedDraft{}, err
	}
	warnings, err := checkSecretStrength(draft, change.weak, stored, catalog.Check(draft))
	if err == nil { // the draft's own problems come first
		err = missing
	}
	if err == nil {
		err = a.opts.Sources.Check(draft)
	}
	if err != nil {
		return preparedDraft{}, err
	}
	prepared.warnings = append(prepared.warnings, warnings...)
	if err := a.ensureCertificate(draft, prepared.server); err != nil {
		return preparedDraft{}, err
	}
	if prepared.secrets, err = catalog.SealSecrets(draft, stored, a.opts.Random); err != nil {
		return preparedDraft{}, err
	}
	if err := a.Check(ctx, draft, prepared.server); err != nil {
		return preparedDraft{}, err
	}
	prepared.warnings = append(prepared.warnings, a.Warn(ctx, draft)...)
	return prepared, nil
}

// ensureCertificate makes a certificate for a database with TLS that has none.
func (a catalogAPI) ensureCertificate(draft catalog.Deployable, server *catalog.Server) error {
	db, is := draft.(*catalog.Database)
	if !is || db.TLS == "" || db.Certificate != "" && db.TLSKey != "" {
		return nil
	}
	var err error
	db.Certificate, db.TLSKey, err = certificate.New(a.opts.Random, a.opts.RecordTime(), string(db.ID),
		server.Address)
	return err
}

// findServer returns the server. Before anything is written, it reports a missing
// one with the same error as the store.
func (a catalogAPI) findServer(ctx context.Context, id catalog.ID) (*catalog.Server, error) {
	server, err := catalog.Find[*catalog.Server](ctx, a.Store, id)
	return server, wrapMissing(err, id)
}

// wrapMissing replaces a NotFound by the store's error for a missing dependency.
func wrapMissing(err error, dependency catalog.ID) error {
	if errors.Is(err, fault.NotFound) {
		return catalog.NewNoDependencyError(dependency)
	}
	return err
}

// details returns the resource's own page. Only a database shows secrets, and
// only if sensitive.
func (a catalogAPI) details(
	resource catalog.Deployable, server *catalog.Server, sensitive bool, secrets map[string]string,
) any {
	switch resource := resource.(type) {
	case *catalog.Application:
		return wire.ApplicationDetails(resource, sensitive)
	case *catalog.Service:
		return wire.ServiceDetails(resource, sensitive)
	case *catalog.Database:
		if !sensitive {
			secrets = nil
		}
		return wire.DatabaseDetails(resource, server, secrets)
	}
	return nil
}

// getEndpoint answers one resource of a kind, and says whether it may start now.
func (a catalogAPI) getEndpoint(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.Find[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		server, team, err := a.Store.ServerAndTeam(ctx, resource.Shared().ServerID)
		if err != nil {
			return rest.Answer{}, err
		}
		opening, err := a.opening(catalog.WindowsOf(resource, server, team)...)
		if err != nil {
			return rest.Answer{}, err
		}
		body, err := a.page(ctx, c, resource, server)
		return rest.OK(wire.Merged{body, opening}), err
	}
}

// page returns the page of a stored resource. server may be nil.
func (a catalogAPI) page(
	ctx context.Context, c *rest.Call, resource catalog.Deployable, server *catalog.Server,
) (any, error) {
	var secrets map[string]string
	if resource.Common().ID.Kind() == catalog.KindDatabase && c.Sensitive() {
		set, err := a.storedSecrets(ctx, resource)
		if err != nil {
			return nil, err
		}
		secrets = set.Values
		if server == nil {
			server, err = a.findServer(ctx, resource.Shared().ServerID)
		}
		if err != nil {
			return nil, err
		}
	}
	return a.details(resource, server, c.Sensitive(), secrets), nil
}
