package catalogapi

import (
	"context"
	"errors"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/redact"
)

// storedSecrets returns the secrets of an entity that must have some: if the vault
// has none, the error is Internal. An outage of the vault is returned unchanged.
func (a catalogAPI) storedSecrets(ctx context.Context, id catalog.ID) (map[string]string, error) {
	secrets, err := a.Vault.Get(ctx, id)
	if errors.Is(err, fault.NotFound) {
		return nil, fault.Wrap(err, fault.Internal, "the secrets of %s are not in the vault", id)
	}
	return secrets, err
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
		variable := strings.HasPrefix(secret.Field, "environment.")
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
