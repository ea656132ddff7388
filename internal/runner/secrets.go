package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/redact"
)

// secrets has the secrets of a deployment, by their owner. retired are the former values
// of the resource's secrets, which a container that was started before still prints.
type secrets struct {
	server, resource, deploy map[string]string
	retired                  []catalog.RetiredSecret
}

// readAndConceal reads the secrets from the vault and conceals them, even if only some
// could be read. No other function may call readSecrets. A NotFound is for the user.
func (a *attempt) readAndConceal(
	ctx context.Context, resource catalog.Deployable, server *catalog.Server,
) (secrets, error) {
	sets, err := a.readSecrets(ctx, resource, server)
	a.conceal(sets.toMask(resource, server))
	return sets, err
}

// readSecrets reads the secrets. An operation that builds nothing needs no deploy key.
func (a *attempt) readSecrets(
	ctx context.Context, resource catalog.Deployable, server *catalog.Server,
) (secrets, error) {
	var sets secrets
	var err error
	if sets.server, err = a.readKey(ctx, server.KeyID); err != nil {
		return sets, explainNotFound(err, "The private key of the server is gone.")
	}
	own, err := a.ports.Vault.Get(ctx, resource.Common().ID, resource.Common().Generation)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return sets, err
	}
	sets.resource, sets.retired = own.Values, own.Retired
	app, ok := resource.(*catalog.Application)
	if !ok || app.Source() == nil || app.Source().KeyID == "" {
		return sets, nil
	}
	sets.deploy, err = a.readKey(ctx, app.Source().KeyID)
	if errors.Is(err, fault.NotFound) && !a.builds() {
		return sets, nil
	}
	return sets, explainNotFound(err,
		"The deploy key of the application's repository is gone. Give the application another one.")
}

// readKey reads the secrets of an SSH key.
func (a *attempt) readKey(ctx context.Context, id catalog.ID) (map[string]string, error) {
	key, err := catalog.Find[*catalog.PrivateKey](ctx, a.ports.Store, id)
	if err != nil {
		return nil, err
	}
	set, err := a.ports.Vault.Get(ctx, id, key.Generation)
	return set.Values, err
}

// builds reports whether the operation may have to fetch a repository.
func (a *attempt) builds() bool {
	switch a.record.Operation {
	case deployment.Stop, deployment.Delete, deployment.Scrub:
		return false
	}
	return true
}

// toMask returns the secrets to mask, and a warning for each secret of the
// resource that is too weak to be masked. It leaves out the key of the resource's
// fingerprints, which no command ever gets.
func (s secrets) toMask(
	resource catalog.Deployable, server *catalog.Server,
) (all []redact.Secret, warnings []string) {
	for _, set := range []map[string]string{s.server, s.deploy} {
		for name, value := range set {
			all = append(all, redact.Secret{Name: name, Value: value})
		}
	}
	// A secret that is one of the shown names was allowed to be weak. A database's
	// never is.
	var shown []string
	if _, ok := resource.(*catalog.Database); !ok {
		shown = catalog.ShownNames(resource)
	}
	for _, name := range slices.Sorted(maps.Keys(s.resource)) {
		value := s.resource[name]
		switch weakness := redact.Judge(value, shown...); {
		case name == catalog.DigestKeySecret || value == "":
		case weakness != redact.Strong:
			warnings = append(warnings,
				fmt.Sprintf("The secret %s is not masked in this log: it %s.", name, weakness))
		default:
			all = append(all, redact.Secret{Name: name, Value: value})
		}
	}
	for _, former := range s.retired {
		if redact.Judge(former.Value, shown...) == redact.Strong {
			all = append(all, redact.Secret{Name: former.Name, Value: former.Value})
		}
	}
	if database, ok := resource.(*catalog.Database); ok {
		all = append(all, s.addresses(database, server)...)
	}
	return all, warnings
}

// addresses returns the connection strings of a database. They are masked as a
// whole, so that not even the user's name shows.
func (s secrets) addresses(database *catalog.Database, server *catalog.Server) []redact.Secret {
	internal, external := catalog.DatabaseURLs(database, server, s.resource)
	if internal == "" {
		return nil
	}
	all := []redact.Secret{{Name: "internal_db_url", Value: internal}}
	if external != "" {
		all = append(all, redact.Secret{Name: "external_db_url", Value: external})
	}
	return all
}
