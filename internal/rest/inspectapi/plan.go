package inspectapi

import (
	"context"
	"errors"
	"fmt"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/recipe"
	"waybill/internal/redact"
	"waybill/internal/rest"
	"waybill/internal/secrets"
	"waybill/internal/snapshot"
	"waybill/internal/wire"
)

// intent is a start that is not done.
type intent struct {
	resource catalog.Deployable
	server   *catalog.Server
	options  deployment.Options
	// hash is the one of the configuration that would run.
	hash    string
	preview recipe.Preview
	// last is the last start that finished, if started is true. changes are the differences
	// from its configuration, if compared is true.
	last              deployment.Record
	started, compared bool
	changes           []snapshot.Change
	// at is the subject of a look, if everything that a look needs was found.
	at *subject
	// looked is what a look found, if it was asked for.
	looked *looked
	// registries are the hosts whose logins a pull would use.
	registries []string
	// problems say why the start would be refused, or would fail before its first step.
	problems []problem
	warnings []problem
}

// problem is a sentence about a start. A private one may quote the team's configuration.
type problem struct {
	text    string
	private bool
}

// planEndpoint answers what a start would do. It changes nothing.
func (a inspectAPI) planEndpoint(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		given, err := wire.Decode[rest.OperationBody](c.Body)
		if err != nil {
			return rest.Answer{}, err
		}
		look := rest.Flag(c.Query, "look")
		if look {
			if err := c.Token.Require(access.Deploy); err != nil {
				return rest.Answer{}, err
			}
		}
		resource, err := rest.Find[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		in := &intent{resource: resource, options: given.Options(c)}
		if err := rest.CheckOptions(resource, in.options); err != nil {
			return rest.Answer{}, err
		}
		if err := a.consider(ctx, in); err != nil {
			return rest.Answer{}, err
		}
		if look {
			if err := a.lookAt(ctx, in); err != nil {
				return rest.Answer{}, err
			}
		}
		return rest.OK(in.body(c.Sensitive())), nil
	}
}

// consider completes the intent. Reasons for which the start would fail are no errors.
func (a inspectAPI) consider(ctx context.Context, in *intent) error {
	if err := a.compare(ctx, in); err != nil {
		return err
	}
	in.checkState()
	server, team, err := a.Store.ServerAndTeam(ctx, in.resource.Shared().ServerID)
	if errors.Is(err, fault.NotFound) {
		in.refuse(deployment.NewServerGoneError())
		return nil
	}
	if err != nil {
		return err
	}
	in.server = server
	if server.HostKey == "" {
		in.refuse(deployment.NewUnpinnedError(server))
	}
	switch err := deployment.CheckWindows(in.resource, server, team, a.opts.Now()); {
	case errors.Is(err, fault.Conflict):
		in.refuse(err)
	case err != nil:
		return err
	}
	reader := secrets.Reader{Store: a.Store, Vault: a.Vault}
	sets, err := reader.Read(ctx, in.resource, server, secrets.Needs{Repository: true})
	if errors.Is(err, fault.NotFound) {
		in.refuse(err)
		return nil
	}
	if err != nil {
		return err
	}
	if err := in.build(ctx, sets); err != nil {
		return err
	}
	registries, err := reader.Registries(ctx, in.resource, server)
	in.useRegistries(registries)
	return err
}

// compare compares the configuration with the one of the last start that finished.
func (a inspectAPI) compare(ctx context.Context, in *intent) error {
	present, err := snapshot.Of(in.resource)
	if err != nil {
		return err
	}
	in.hash = present.Hash()
	in.last, in.started, err = deployment.LastStart(ctx, a.History, in.resource.Common().ID)
	if err != nil || !in.started {
		return err
	}
	before, err := deployment.Configuration(ctx, a.Snapshots, in.last)
	if errors.Is(err, fault.Gone) || errors.Is(err, fault.NotFound) {
		in.warn(fmt.Sprintf("The configuration of deployment %s, the last start, is no longer kept, so "+
			"what has changed since is unknown.", in.last.ID), false)
		return nil
	}
	if err != nil {
		return err
	}
	in.changes, err = snapshot.Compare(before, present)
	in.compared = err == nil
	return err
}

// checkState notes what the state of the resource means for a start.
func (in *intent) checkState() {
	state := in.resource.Shared().State
	record := deployment.Record{Operation: deployment.Start, Options: in.options,
		ID: deployment.ID(string(in.resource.Common().ID))}
	if record.AlreadyInState(state) {
		text := fault.Public(deployment.NewAlreadyInStateError(record))
		if len(in.changes) > 0 {
			text += rest.StaleNote
		}
		in.problems = append(in.problems, problem{text: text})
	}
	if state.Running != "" {
		in.warn(fmt.Sprintf("Deployment %s of this resource is running; a start would wait for its end.",
			state.Running), false)
	}
	if state.Queued != "" {
		in.warn(fmt.Sprintf("Deployment %s of this resource is queued. A start with the same options is the "+
			"same request, and another one may replace it or be refused.", state.Queued), false)
	}
}

// build makes the preview.
func (in *intent) build(ctx context.Context, sets secrets.Sets) error {
	all, weak := sets.ToMask(in.resource, in.server)
	in.at = &subject{in.resource, in.server, sets, redact.NewMatcher(all)}
	for _, text := range weak {
		in.warn(text, false)
	}
	for _, text := range recipe.Warnings(ctx, in.resource) {
		in.warn(text, true)
	}
	var err error
	in.preview, err = recipe.NewPreview(recipe.Input{
		Resource:         in.resource,
		DataDir:          in.server.DataDir,
		Operation:        deployment.Start,
		Options:          in.options,
		Secrets:          sets.Resource,
		DeployKey:        sets.Deploy[catalog.PrivateKeySecret],
		ForbidHostAccess: in.server.ForbidHostAccess,
	})
	if errors.Is(err, fault.Invalid) {
		// A problem with a field may quote its value.
		quotes := len(fault.Fields(errors.Unwrap(err))) > 0
		in.problems = append(in.problems, problem{fault.Public(err), quotes})
		return nil
	}
	return err
}

// useRegistries names the registries with an image that may be pulled.
func (in *intent) useRegistries(registries []*catalog.Registry) {
	if len(in.preview.Steps) == 0 {
		return
	}
	for _, registry := range registries {
		if !in.imagesKnown() || in.pullsFrom(registry.Host) {
			in.registries = append(in.registries, registry.Host)
		}
	}
}

// pullsFrom reports whether an image of the registry may be pulled. The name of an image may
// depend on a secret, which is then unknown.
func (in *intent) pullsFrom(host string) bool {
	for _, image := range in.preview.Images {
		reference, known := catalog.ParseImageReference(image.Reference)
		if !known || reference.Registry == host || reference.Registry == "" && host == catalog.DockerHub {
			return true
		}
	}
	return false
}

// imagesKnown reports whether the preview has all images that a start needs. It lacks the base
// images of a build, and all images of a start that would fail.
func (in *intent) imagesKnown() bool {
	for _, image := range in.preview.Images {
		if image.Source == recipe.BuildHere {
			return false
		}
	}
	return !in.preview.Fetches && len(in.preview.Steps) > 0
}

// refuse notes why the start would be refused or fail.
func (in *intent) refuse(err error) {
	in.problems = append(in.problems, problem{text: fault.Public(err)})
}

func (in *intent) warn(text string, private bool) {
	in.warnings = append(in.warnings, problem{text, private})
}
