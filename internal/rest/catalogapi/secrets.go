package catalogapi

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/redact"
)

// storedSecrets returns the secrets of an entity that must have some: if the vault
// has none, the error is Internal. An outage of the vault is returned unchanged.
func (a catalogAPI) storedSecrets(ctx context.Context, entity catalog.Entity) (catalog.Secrets, error) {
	of := entity.Common()
	secrets, err := a.Vault.Get(ctx, of.ID, of.Generation)
	if errors.Is(err, fault.NotFound) {
		return secrets, fault.Wrap(err, fault.Internal, "the secrets of %s are not in the vault", of.ID)
	}
	return secrets, err
}

// serverKey returns the private key that opens the server.
func (a catalogAPI) serverKey(ctx context.Context, server *catalog.Server) (string, error) {
	key, err := catalog.Find[*catalog.PrivateKey](ctx, a.Store, server.KeyID)
	if errors.Is(err, fault.NotFound) {
		return "", fault.Wrap(err, fault.Internal, "server %s has no key", server.ID)
	}
	if err != nil {
		return "", err
	}
	secrets, err := a.storedSecrets(ctx, key)
	return secrets.Values[catalog.PrivateKeySecret], err
}

// jump returns the jump host of the server with what opens it, or nil. Invalid, naming the
// field, if it was deleted in the meantime.
func (a catalogAPI) jump(ctx context.Context, server *catalog.Server) (*catalog.Jump, error) {
	if server.ProxyJump == "" {
		return nil, nil
	}
	host, err := catalog.Find[*catalog.Server](ctx, a.Store, server.ProxyJump)
	if errors.Is(err, fault.NotFound) {
		return nil, catalog.NewJumpHostError()
	}
	if err != nil {
		return nil, err
	}
	key, err := a.serverKey(ctx, host)
	return &catalog.Jump{Server: host, PrivateKey: key}, err
}

// writeSecrets stores a set of secrets under a generation of its own and makes the entity
// name it. The set counts once the entity is stored; until then, it is reserved.
func (a catalogAPI) writeSecrets(ctx context.Context, of *catalog.Meta, secrets catalog.Secrets) error {
	generation, err := catalog.NewGeneration(a.opts.RecordTime(), a.opts.Random)
	if err != nil {
		return err
	}
	if err := a.Store.Reserve(ctx, of.ID, generation); err != nil {
		return err
	}
	if err := a.Vault.Put(ctx, of.ID, generation, secrets); err != nil {
		return err
	}
	of.Generation = generation
	return nil
}

// checkSecretStrength refuses secrets that are too weak to be removed from logs.
// It adds them to the field errors of problems. In the fields of allowed, a weak
// secret is only a warning. Secrets of stored were checked when they were sent.
// Neither errors nor warnings show a value.
func checkSecretStrength(
	draft catalog.Deployable, allowed map[string]bool, stored map[string]string, problems error,
) (warnings []string, err error) {
	invalid, err := fault.CollectFields(problems)
	if err != nil {
		return nil, err
	}
	names := catalog.ShownNames(draft)
	for _, secret := range catalog.SecretsOf(draft) {
		variable := catalog.IsVariableField(secret.Field)
		// An empty variable is a weak secret. An empty field was refused before if it
		// is required.
		present, has := stored[secret.Name]
		if secret.Value == "" && !variable || has && secret.Value == present {
			continue
		}
		weakness := redact.Judge(secret.Value, names...)
		if weakness == redact.Strong {
			continue
		}
		sentence := "is a secret that cannot be kept out of the logs: it " + string(weakness)
		if allowed[secret.Field] {
			warnings = append(warnings, secret.Field+": "+sentence)
			continue
		}
		sentence += "; give another value"
		if variable {
			sentence += ", or allow_weak to keep it as it is"
		}
		invalid.Add(secret.Field, "%s", sentence)
	}
	if err := invalid.Err(); err != nil {
		return nil, err
	}
	return warnings, nil
}
