package catalogapi

import (
	"context"
	"errors"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/redact"
)

// kept returns the secrets of an entity that has some. That the vault has none is
// then a failure of ours; an outage of the vault stays one.
func (k catalogAPI) kept(ctx context.Context, id catalog.ID) (map[string]string, error) {
	secrets, err := k.Vault.Get(ctx, id)
	if errors.Is(err, fault.NotFound) {
		return nil, fault.Wrap(err, fault.Internal, "the secrets of %s are not in the vault", id)
	}
	return secrets, err
}

// judgeSecrets adds the secrets that cannot be kept out of the logs to what is
// wrong with a draft already. Those of the fields that may be weak are warnings
// instead, and those that are kept were judged when they were given. Only the
// names of secrets are named.
func judgeSecrets(draft catalog.Deployable, allowed map[string]bool, kept map[string]string, wrong error) (warnings []string, err error) {
	invalid, err := fault.CollectFields(wrong)
	if err != nil {
		return nil, err
	}
	names := catalog.ShownNames(draft)
	for _, secret := range catalog.SecretsOf(draft) {
		variable := strings.HasPrefix(secret.Field, "environment.")
		// Only a variable may be empty. What else lacks its value has been refused
		// where that matters.
		if value, has := kept[secret.Name]; secret.Value == "" && !variable || has && secret.Value == value {
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
