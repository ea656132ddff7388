package rest

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// keeper is the catalog function: its endpoints are methods of it.
type keeper struct {
	CatalogPorts
	requests *deployment.Requests
	opts     Options
}

// endpoints names each by its operation in openapi.yaml.
func (p CatalogPorts) endpoints(opts Options) map[string]endpoint {
	requests := deployment.NewRequests(p.Store, p.Ledger, deployment.RequestsOptions{Now: opts.Now, Random: opts.Random, Snapshots: p.Snapshots})
	k := keeper{p, requests, opts}
	return map[string]endpoint{
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
		"createService":               k.creates(serviceForm()),
		"getService":                  k.gets(catalog.KindService),
		"updateService":               k.updates(catalog.KindService),
		"deleteService":               k.removes(catalog.KindService),
		"validateService":             k.validates(catalog.KindService),
		"listApplications":            k.listApplications,
		"createShellApplication":      k.creates(applicationForm(packShell)),
		"createImageApplication":      k.creates(applicationForm(packImage)),
		"createDockerfileApplication": k.creates(applicationForm(packDockerfile)),
		"createComposeApplication":    k.creates(applicationForm(packCompose)),
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

// find returns what a path names. Malformed, unknown and of another kind are
// the same answer.
func find[T catalog.Entity](ctx context.Context, store catalog.Store, text string, kind catalog.Kind) (T, error) {
	var none T
	id, err := parse(text, kind)
	if err != nil {
		return none, err
	}
	entity, err := catalog.Find[T](ctx, store, id)
	return entity, missing(err, kind.Title())
}

// parse reads a uuid of the kind out of a path.
func parse(text string, kind catalog.Kind) (catalog.ID, error) {
	id, err := catalog.ParseID(text)
	if err != nil || id.Kind() != kind {
		return "", notFound(kind.Title())
	}
	return id, nil
}

// list answers every entity of a kind as a bare array.
func list[T catalog.Entity, B any](ctx context.Context, store catalog.Store, kind catalog.Kind, show func(T) B) (answer, error) {
	entities, err := catalog.All(ctx, store, kind)
	if err != nil {
		return answer{}, err
	}
	bodies := make([]B, 0, len(entities))
	for _, entity := range entities {
		if entity, is := entity.(T); is {
			bodies = append(bodies, show(entity))
		}
	}
	return ok(bodies), nil
}

// meta begins a new entity.
func (k keeper) meta(kind catalog.Kind, name, description string) (catalog.Meta, error) {
	id, err := catalog.NewID(kind, k.opts.Random)
	now := k.opts.now()
	return catalog.Meta{ID: id, Name: name, Description: description, CreatedAt: now, UpdatedAt: now}, err
}

// keep stores an entity that has secrets. The secrets come first, so that
// nobody ever finds the entity without them; if the entity cannot be stored,
// nothing of the two is left behind.
func (k keeper) keep(ctx context.Context, entity catalog.Entity, secrets map[string]string) error {
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
func (k keeper) forget(ctx context.Context, id catalog.ID) error {
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
func (k keeper) deletes(kind catalog.Kind) endpoint {
	return func(ctx context.Context, c *call) (answer, error) {
		id, err := parse(c.params["uuid"], kind)
		if err != nil {
			return answer{}, err
		}
		if err := k.forget(ctx, id); err != nil {
			return answer{}, missing(err, kind.Title())
		}
		return ok(deleted{kind.Title() + " deleted.", string(id)}), nil
	}
}
