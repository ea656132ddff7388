// Package catalogapi has the endpoints of the catalog function: servers, keys,
// tokens, services, applications and databases.
package catalogapi

import (
	"context"
	"errors"
	"net/http"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/snapshot"
	"waybill/internal/wire"
)

// Ports is what the catalog function works on.
type Ports struct {
	Tokens    access.Tokens
	Store     catalog.Store
	Vault     catalog.Vault
	Inspector catalog.Inspector
	Ledger    deployment.Queue
	Snapshots snapshot.Archive
	// Check refuses a resource that no recipe can run on the server: Invalid
	// with fields.
	Check func(context.Context, catalog.Deployable, *catalog.Server) error
	// Warn says what in a resource that passes Check may surprise.
	Warn func(context.Context, catalog.Deployable) []string
	// Look asks the server, opened with the private key, for the status of the
	// resource ("running:healthy"). Unavailable, saying why, if it cannot tell.
	// It takes less than the 29 s after which API Gateway gives up.
	Look func(ctx context.Context, server *catalog.Server, privateKey string, resource catalog.Deployable) (string, error)
}

// New returns the handler of the catalog function. Its errors are those of
// [rest.NewHandler].
func New(ports Ports, opts rest.Options) (http.Handler, error) {
	opts = opts.WithDefaults()
	return rest.NewHandler("catalog", ports.Tokens, opts, ports.endpoints(opts))
}

// catalogAPI is the catalog function: its endpoints are methods of it.
type catalogAPI struct {
	Ports
	requests *deployment.Requests
	opts     rest.Options
}

// endpoints names each by its operation in openapi.yaml.
func (p Ports) endpoints(opts rest.Options) map[string]rest.Endpoint {
	requests := deployment.NewRequests(p.Store, p.Ledger, deployment.RequestsOptions{Now: opts.Now, Random: opts.Random, Snapshots: p.Snapshots})
	k := catalogAPI{p, requests, opts}
	return map[string]rest.Endpoint{
		"health":                      health,
		"version":                     k.version,
		"listTeams":                   k.listTeams,
		"getTeam":                     k.getTeam,
		"listServers":                 k.listServers,
		"createServer":                k.createServer,
		"getServer":                   k.getServer,
		"updateServer":                k.updateServer,
		"deleteServer":                k.deletes(catalog.KindServer),
		"validateServer":              k.validateServer,
		"listKeys":                    k.listKeys,
		"createKey":                   k.createKey,
		"getKey":                      k.getKey,
		"updateKey":                   k.updateKey,
		"deleteKey":                   k.deletes(catalog.KindPrivateKey),
		"listTokens":                  k.listTokens,
		"createToken":                 k.createToken,
		"deleteToken":                 k.deleteToken,
		"listResources":               k.listResources,
		"listServices":                k.listServices,
		"createService":               k.creates(wire.ServiceForm()),
		"getService":                  k.gets(catalog.KindService),
		"updateService":               k.updates(catalog.KindService),
		"deleteService":               k.removes(catalog.KindService),
		"validateService":             k.validates(catalog.KindService),
		"listApplications":            k.listApplications,
		"createShellApplication":      k.creates(wire.ApplicationForm(wire.PackShell)),
		"createImageApplication":      k.creates(wire.ApplicationForm(wire.PackImage)),
		"createDockerfileApplication": k.creates(wire.ApplicationForm(wire.PackDockerfile)),
		"createComposeApplication":    k.creates(wire.ApplicationForm(wire.PackCompose)),
		"getApplication":              k.gets(catalog.KindApplication),
		"updateApplication":           k.updates(catalog.KindApplication),
		"deleteApplication":           k.removes(catalog.KindApplication),
		"validateApplication":         k.validates(catalog.KindApplication),
		"listDatabases":               k.listDatabases,
		"createDatabase":              k.createDatabase,
		"getDatabase":                 k.gets(catalog.KindDatabase),
		"updateDatabase":              k.updates(catalog.KindDatabase),
		"deleteDatabase":              k.removes(catalog.KindDatabase),
		"validateDatabase":            k.validates(catalog.KindDatabase),
	}
}

// list answers every entity of a kind as a bare array.
func list[T catalog.Entity, B any](ctx context.Context, store catalog.Reader, kind catalog.Kind, show func(T) B) (rest.Answer, error) {
	entities, err := catalog.All(ctx, store, kind)
	if err != nil {
		return rest.Answer{}, err
	}
	bodies := make([]B, 0, len(entities))
	for _, entity := range entities {
		if entity, is := entity.(T); is {
			bodies = append(bodies, show(entity))
		}
	}
	return rest.OK(bodies), nil
}

// meta begins a new entity.
func (k catalogAPI) meta(kind catalog.Kind, name, description string) (catalog.Meta, error) {
	id, err := catalog.NewID(kind, k.opts.Random)
	now := k.opts.RecordTime()
	return catalog.Meta{ID: id, Name: name, Description: description, CreatedAt: now, UpdatedAt: now}, err
}

// keep stores an entity that has secrets. The secrets come first, so that
// nobody ever finds the entity without them; if the entity cannot be stored,
// nothing of the two is left behind.
func (k catalogAPI) keep(ctx context.Context, entity catalog.Entity, secrets map[string]string) error {
	id := entity.Common().ID
	if err := k.Vault.Put(ctx, id, secrets); err != nil {
		return err
	}
	err := k.Store.Create(ctx, entity)
	if err == nil {
		return nil
	}
	// A failure may still have stored it, and the request may be past its end.
	if left := k.forget(context.WithoutCancel(ctx), id); left != nil && !errors.Is(left, fault.NotFound) {
		return errors.Join(err, left)
	}
	return err
}

// forget removes an entity and then its secrets. The secrets go even if the
// entity is gone already, so that a delete that died between the two is
// finished by its repetition.
func (k catalogAPI) forget(ctx context.Context, id catalog.ID) error {
	gone := k.Store.Delete(ctx, id)
	if gone != nil && !errors.Is(gone, fault.NotFound) {
		return gone
	}
	if err := k.Vault.Delete(ctx, id); err != nil {
		return err
	}
	return gone
}

// deleted says what was deleted.
type deleted struct {
	Message string `json:"message"`
	UUID    string `json:"uuid"`
}

// deletes is the endpoint that deletes things of a kind.
func (k catalogAPI) deletes(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		id, err := rest.ParseID(c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		if err := k.mayRemove(ctx, c.Token, id); err != nil {
			return rest.Answer{}, err
		}
		if err := k.forget(ctx, id); err != nil {
			return rest.Answer{}, rest.NotFoundAs(err, kind.Title())
		}
		return rest.OK(deleted{kind.Title() + " deleted.", string(id)}), nil
	}
}
