// Package secrets reads the secrets that belong to a resource, and says which values a text
// of its server must not show.
package secrets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/redact"
)

// Sets has the secrets that belong to a resource, by their owner: its server's key, itself,
// and its deploy key.
type Sets struct {
	Server, Resource, Deploy map[string]string
	// Retired are the former values of the resource's secrets, which a container that was
	// started before still prints.
	Retired []catalog.RetiredSecret
	// Registries are the logins of image registries; see [Reader.ReadRegistries].
	Registries []catalog.RegistryLogin
}

// Reader reads secrets from the vault.
type Reader struct {
	Store catalog.Reader
	Vault catalog.Vault
}

// Read reads the secrets that belong to the resource. fetches says that its repository may
// have to be fetched, so that its deploy key must exist. If there is an error, the sets have
// the secrets that were read before it. NotFound is for the user.
func (r Reader) Read(
	ctx context.Context, resource catalog.Deployable, server *catalog.Server, fetches bool,
) (Sets, error) {
	var sets Sets
	var err error
	if sets.Server, err = r.readKey(ctx, server.KeyID); err != nil {
		return sets, explainNotFound(err, "The private key of the server is gone.")
	}
	own, err := r.Vault.Get(ctx, resource.Common().ID, resource.Common().Generation)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return sets, err
	}
	sets.Resource, sets.Retired = own.Values, own.Retired
	app, ok := resource.(*catalog.Application)
	if !ok || app.Source() == nil || app.Source().KeyID == "" {
		return sets, nil
	}
	sets.Deploy, err = r.readKey(ctx, app.Source().KeyID)
	if errors.Is(err, fault.NotFound) && !fetches {
		return sets, nil
	}
	return sets, explainNotFound(err,
		"The deploy key of the application's repository is gone. Give the application another one.")
}

// readKey reads the secrets of an SSH key.
func (r Reader) readKey(ctx context.Context, id catalog.ID) (map[string]string, error) {
	key, err := catalog.Find[*catalog.PrivateKey](ctx, r.Store, id)
	if err != nil {
		return nil, err
	}
	set, err := r.Vault.Get(ctx, id, key.Generation)
	return set.Values, err
}

// explainNotFound gives a NotFound a text for the user. Other errors stay the same.
func explainNotFound(err error, text string) error {
	if errors.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.NotFound, "%s", text)
	}
	return err
}

// ToMask returns the secrets to mask, and a warning for each secret of the
// resource that is too weak to be masked. It leaves out the key of the resource's
// fingerprints and the variables of pull requests, which no command ever gets.
func (s Sets) ToMask(
	resource catalog.Deployable, server *catalog.Server,
) (all []redact.Secret, warnings []string) {
	for _, set := range []map[string]string{s.Server, s.Deploy} {
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
	for _, name := range slices.Sorted(maps.Keys(s.Resource)) {
		value := s.Resource[name]
		switch weakness := redact.Judge(value, shown...); {
		case name == catalog.DigestKeySecret || value == "" || catalog.IsPreviewSecret(name):
		case weakness != redact.Strong:
			warnings = append(warnings,
				fmt.Sprintf("The secret %s is not masked in this log: it %s.", name, weakness))
		default:
			all = append(all, redact.Secret{Name: name, Value: value})
		}
	}
	for _, former := range s.Retired {
		if redact.Judge(former.Value, shown...) == redact.Strong {
			all = append(all, redact.Secret{Name: former.Name, Value: former.Value})
		}
	}
	if database, ok := resource.(*catalog.Database); ok {
		all = append(all, s.addresses(database, server)...)
	}
	for _, login := range s.Registries {
		for _, value := range []string{login.Password, login.User + ":" + login.Password, login.Token()} {
			all = append(all, redact.Secret{Name: catalog.RegistryPasswordSecret, Value: value})
		}
	}
	return all, warnings
}

// addresses returns the connection strings of a database. They are masked as a
// whole, so that not even the user's name shows.
func (s Sets) addresses(database *catalog.Database, server *catalog.Server) []redact.Secret {
	internal, external := catalog.DatabaseURLs(database, server, s.Resource)
	if internal == "" {
		return nil
	}
	all := []redact.Secret{{Name: "internal_db_url", Value: internal}}
	if external != "" {
		all = append(all, redact.Secret{Name: "external_db_url", Value: external})
	}
	return all
}
