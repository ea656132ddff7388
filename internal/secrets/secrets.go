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
	// Jump is the jump host of the server with its private key, or nil.
	Jump *catalog.Jump
	// Retired are the former values of the resource's secrets, which a container that was
	// started before still prints.
	Retired []catalog.RetiredSecret
	// Registries are the logins of image registries, in the order of their hosts; see [Needs].
	Registries []catalog.RegistryLogin
}

// Reader reads secrets from the vault.
type Reader struct {
	Store catalog.Reader
	Vault catalog.Vault
}

// Needs says which secrets a reader cannot do without, or wants as well.
type Needs struct {
	// Repository says that the repository may have to be fetched, so that its deploy key must
	// exist.
	Repository bool
	// Registries says that images may be pulled, with the logins of image registries.
	Registries bool
}

// Read reads the secrets that belong to the resource, in one request to the vault. If a key is
// gone, the error is NotFound, for the user, and the sets have the other secrets.
func (r Reader) Read(
	ctx context.Context, resource catalog.Deployable, server *catalog.Server, needs Needs,
) (Sets, error) {
	own, deploy := resource.Common(), deployKey(resource)
	wanted := map[catalog.ID]catalog.Generation{own.ID: own.Generation}
	jump, err := r.jumpHost(ctx, server)
	if err != nil {
		return Sets{}, err
	}
	keys := []catalog.ID{server.KeyID, deploy}
	if jump != nil {
		keys = append(keys, jump.KeyID)
	}
	for _, key := range keys {
		if err := r.wantKey(ctx, wanted, key); err != nil {
			return Sets{}, err
		}
	}
	registries, err := r.wantLogins(ctx, wanted, resource, server, needs)
	if err != nil {
		return Sets{}, err
	}
	found, err := r.Vault.GetAll(ctx, wanted)
	if err != nil {
		return Sets{}, err
	}
	sets := Sets{Server: found[server.KeyID].Values, Resource: found[own.ID].Values,
		Deploy: found[deploy].Values, Retired: found[own.ID].Retired}
	sets.addLogins(registries, found)
	if jump != nil {
		if _, there := found[jump.KeyID]; !there {
			return sets, fault.New(fault.NotFound, "The private key of the server's jump host is gone.")
		}
		private := found[jump.KeyID].Values[catalog.PrivateKeySecret]
		sets.Jump = &catalog.Jump{Server: jump, PrivateKey: private}
	}
	if _, there := found[server.KeyID]; !there {
		return sets, fault.New(fault.NotFound, "The private key of the server is gone.")
	}
	if _, there := found[deploy]; !there && deploy != "" && needs.Repository {
		return sets, fault.New(fault.NotFound,
			"The deploy key of the application's repository is gone. Give the application another one.")
	}
	return sets, nil
}

// deployKey returns the SSH key of the resource's repository, or "".
func deployKey(resource catalog.Deployable) catalog.ID {
	if app, is := resource.(*catalog.Application); is && app.Source() != nil {
		return app.Source().KeyID
	}
	return ""
}

// wantKey adds the set of an SSH key to the wanted ones, unless the key is gone or "".
func (r Reader) wantKey(ctx context.Context, wanted map[catalog.ID]catalog.Generation, id catalog.ID) error {
	if id == "" {
		return nil
	}
	key, err := catalog.Find[*catalog.PrivateKey](ctx, r.Store, id)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil {
		wanted[id] = key.Generation
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
	if s.Jump != nil {
		all = append(all, redact.Secret{Name: catalog.PrivateKeySecret, Value: s.Jump.PrivateKey})
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
