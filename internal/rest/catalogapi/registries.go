package catalogapi

import (
	"context"
	"errors"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/redact"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// listRegistries answers all logins of image registries as an array.
func (a catalogAPI) listRegistries(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	return list(ctx, c, a.Store, catalog.KindRegistry, wire.FromRegistry)
}

// getRegistry answers one login without its password.
func (a catalogAPI) getRegistry(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	registry, err := rest.Find[*catalog.Registry](ctx, a.Store, c.Params["uuid"], catalog.KindRegistry)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(wire.FromRegistry(registry)), nil
}

// createRegistry stores a login, with its password in the vault.
func (a catalogAPI) createRegistry(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[wire.RegistryInput](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	meta, err := a.newMeta(c, catalog.KindRegistry, "", "")
	if err != nil {
		return rest.Answer{}, err
	}
	if reply, done, err := a.createdBefore(ctx, c, meta.ID, false); done || err != nil {
		return reply, err
	}
	meta.Name = "" // its host is a better one
	registry := given.ApplyTo(catalog.Registry{Meta: meta})
	if err := a.checkRegistry(ctx, &catalog.Registry{}, registry, given.Password); err != nil {
		return rest.Answer{}, err
	}
	secrets := map[string]string{catalog.RegistryPasswordSecret: *given.Password}
	if err := a.createWithSecrets(ctx, c, registry, secrets); err != nil {
		return rest.Answer{}, err
	}
	return created(wire.FromRegistry(registry), registry.ID), nil
}

// updateRegistry changes a login. Another registry or user needs the password again: a
// caller who cannot read it must not have it sent to another place.
func (a catalogAPI) updateRegistry(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[wire.RegistryInput](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	present, err := rest.Find[*catalog.Registry](ctx, a.Store, c.Params["uuid"], catalog.KindRegistry)
	if err != nil {
		return rest.Answer{}, err
	}
	changed := given.ApplyTo(*present)
	if given.Password == nil && (changed.Host != present.Host || changed.User != present.User) {
		return rest.Answer{}, fault.InvalidField("password", "must be given with another url or user")
	}
	if err := a.checkRegistry(ctx, present, changed, given.Password); err != nil {
		return rest.Answer{}, err
	}
	fields, err := changedMembers(wire.FromRegistry(present), wire.FromRegistry(changed))
	if err != nil {
		return rest.Answer{}, err
	}
	if given.Password != nil {
		replaced, err := a.replacePassword(ctx, present, changed, *given.Password)
		if err != nil {
			return rest.Answer{}, err
		}
		if replaced {
			fields = append(fields, "password")
		}
	}
	if len(fields) == 0 {
		return rest.OK(wire.FromRegistry(present)), nil
	}
	if err := a.replace(ctx, c, present, changed, fields); err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(wire.FromRegistry(changed)), nil
}

// replacePassword stores the password of the changed login, and keeps the former one for
// masking. It returns false if the password is the same.
func (a catalogAPI) replacePassword(
	ctx context.Context, present, changed *catalog.Registry, password string,
) (replaced bool, err error) {
	stored, err := a.storedSecrets(ctx, present)
	if err != nil || stored.Values[catalog.RegistryPasswordSecret] == password {
		return false, err
	}
	set := catalog.Secrets{Values: map[string]string{catalog.RegistryPasswordSecret: password}}
	former := stored.Retire(set.Values, a.opts.RecordTime(), present.UpdatedAt)
	set.Retired, _ = catalog.LimitRetired(former)
	return true, a.writeSecrets(ctx, &changed.Meta, set)
}

// checkRegistry returns Invalid, naming the fields, for a login that cannot be stored, or
// that lists something that does not exist and was not listed before. password is nil if it
// stays as it is.
func (a catalogAPI) checkRegistry(
	ctx context.Context, before, after *catalog.Registry, password *string,
) error {
	wrong, err := fault.CollectFields(catalog.Check(after))
	if err != nil {
		return err
	}
	weakness := redact.Strong
	if password != nil {
		weakness = redact.Judge(*password, after.Name, after.User)
	}
	if weakness != redact.Strong {
		wrong.Add("password", "is a secret that cannot be kept out of the logs: it %s; give another value",
			string(weakness))
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	for _, list := range []struct {
		field         string
		before, after []catalog.ID
	}{
		{"server_uuids", before.ServerIDs, after.ServerIDs},
		{"resource_uuids", before.ResourceIDs, after.ResourceIDs},
	} {
		if err := a.checkExist(ctx, list.field, list.before, list.after); err != nil {
			return err
		}
	}
	return nil
}

// checkExist returns Invalid, naming the field, if the list has something that does not exist and
// was not listed before.
func (a catalogAPI) checkExist(ctx context.Context, field string, before, after []catalog.ID) error {
	for _, id := range after {
		if slices.Contains(before, id) {
			continue
		}
		if _, err := a.Store.Head(ctx, id); errors.Is(err, fault.NotFound) {
			return fault.InvalidField(field, "must have the uuids of things that exist, each once")
		} else if err != nil {
			return err
		}
	}
	return nil
}
