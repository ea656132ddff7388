package catalog

import (
	"encoding/hex"
	"io"
	"maps"
	"slices"

	"waybill/internal/engine"
	"waybill/internal/fault"
)

// A draft carries its secrets in its fields: the values of secret variables, the secret
// settings of its engine, the password of its repository, its TLS key. A draft is
// processed in four steps:
//
//  1. [CompleteSecrets] fills in the missing secrets.
//  2. [Check] validates the draft; callers may check [SecretsOf] it.
//  3. [SealSecrets] takes the secrets out and leaves a digest of each.
//  4. The caller stores the secrets in the [Vault] and the draft in the [Store].
//
// An update has the same steps, and step 1 takes missing secrets from the vault.

// Secret is one secret value of a draft.
type Secret struct {
	// Name is its name in the [Vault], and Field its field in the API.
	Name, Field string
	Value       string
}

// secretPlace is a field of a draft that holds a secret value.
type secretPlace struct {
	name, field string
	get         func() string
	set         func(value string)
}

// GeneratedLength is the length of a generated password; it is upstream's. Each
// character has 5 random bits.
const GeneratedLength = 64

// SecretsOf lists the secrets of the draft. A missing secret has an empty value.
func SecretsOf(draft Deployable) []Secret {
	var secrets []Secret
	for _, place := range secretPlaces(draft) {
		secrets = append(secrets, Secret{place.name, place.field, place.get()})
	}
	return secrets
}

// digestKeyBytes is the length of the key of digests, before it is encoded as
// hexadecimal digits. It is the length of the hash.
const digestKeyBytes = 32

// CompleteSecrets fills in the missing secrets of the draft. It takes them from kept,
// the draft's set in the vault, and generates those settings of the engine that are in
// neither. An empty value counts as missing. It fails only if random does.
func CompleteSecrets(draft Deployable, kept map[string]string, random io.Reader) error {
	for _, place := range secretPlaces(draft) {
		if value := kept[place.name]; place.get() == "" && value != "" {
			place.set(value)
		}
	}
	db, ok := draft.(*Database)
	if !ok {
		return nil
	}
	for _, setting := range secretSettings(db) {
		if db.Settings[setting.Field] != "" {
			continue
		}
		password, err := RandomText(GeneratedLength, random)
		if err != nil {
			return err
		}
		db.setSetting(setting.Field, password)
	}
	return nil
}

// TakeSecrets removes the secrets from the draft and returns them by their names in the
// [Vault]. The draft may then be stored anywhere, the secrets only in the vault.
func TakeSecrets(draft Deployable) map[string]string {
	secrets := map[string]string{}
	for _, place := range secretPlaces(draft) {
		secrets[place.name] = place.get()
		place.set("")
	}
	return secrets
}

// SealSecrets removes the secrets from a draft that has passed [Check], puts a digest of
// each into it, and returns the set for the [Vault], with the key of the digests. It
// uses the key in kept, so that digests made at different times can be compared. If kept
// has no key, it makes one.
func SealSecrets(draft Deployable, kept map[string]string, random io.Reader) (map[string]string, error) {
	key := kept[DigestKeySecret]
	if key == "" {
		bytes := make([]byte, digestKeyBytes)
		if _, err := io.ReadFull(random, bytes); err != nil {
			return nil, fault.Wrap(err, fault.Internal, "read random bytes")
		}
		key = hex.EncodeToString(bytes)
	}
	secrets := TakeSecrets(draft)
	digests := make(map[string]string, len(secrets))
	for name, value := range secrets {
		if !IsPreviewSecret(name) { // no deployment has it, so no configuration does
			digests[name] = SecretDigest(key, name, value)
		}
	}
	draft.Shared().SecretDigests = digests
	secrets[DigestKeySecret] = key
	return secrets, nil
}

// AllSettings returns every setting of the database by its name in the API. The secret
// ones are from its set in the [Vault].
func AllSettings(db *Database, secrets map[string]string) map[string]string {
	all := make(map[string]string, len(db.Settings))
	maps.Copy(all, db.Settings)
	for _, setting := range secretSettings(db) {
		all[setting.Field] = secrets[setting.VaultName()]
	}
	return all
}

// ShownNames returns the names that logs of the resource may show: its own name, the
// user name of its repository, and the settings of a database that are not secret. A
// secret that equals one of them cannot be masked.
func ShownNames(resource Deployable) []string {
	names := []string{resource.Common().Name}
	switch resource := resource.(type) {
	case *Application:
		if source := resource.Source(); source != nil {
			names = append(names, source.UserName)
		}
	case *Database:
		known, _ := engine.Find(resource.Engine)
		for _, setting := range known.Settings {
			if !setting.Secret {
				names = append(names, resource.Settings[setting.Field])
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// secretPlaces returns the fields of the draft that may carry secrets. Setting one does
// not change lists and maps that a copy of the draft shares.
func secretPlaces(draft Deployable) []secretPlace {
	places := draft.Shared().secretVariables()
	switch draft := draft.(type) {
	case *Application:
		if source := draft.Source(); source != nil && source.UserName+source.Password != "" {
			places = append(places, newSecretPlace(GitPasswordSecret, "git_password", &source.Password))
		}
	case *Database:
		for _, setting := range secretSettings(draft) {
			places = append(places, secretPlace{setting.VaultName(), setting.Field,
				func() string { return draft.Settings[setting.Field] },
				func(value string) { draft.setSetting(setting.Field, value) }})
		}
		if draft.TLS+draft.TLSKey != "" {
			places = append(places, newSecretPlace(TLSKeySecret, "ssl_key", &draft.TLSKey))
		}
	}
	return places
}

func newSecretPlace(name, field string, value *string) secretPlace {
	return secretPlace{name, field, func() string { return *value }, func(text string) { *value = text }}
}

// secretVariables returns the secret variables, also of pull requests.
func (r *Resource) secretVariables() []secretPlace {
	return append(secretsAmong(&r.Environment, false), secretsAmong(&r.Previews, true)...)
}

func secretsAmong(list *[]Variable, preview bool) []secretPlace {
	var places []secretPlace
	for i, v := range *list {
		if !v.Secret {
			continue
		}
		places = append(places, secretPlace{VariableSecret(v.Name, preview), VariableField(v.Name, preview),
			func() string { return (*list)[i].Value },
			func(value string) {
				*list = slices.Clone(*list)
				(*list)[i].Value = value
			}})
	}
	return places
}

// secretSettings returns the secret settings of the database's engine. An unknown engine
// has none.
func secretSettings(db *Database) []engine.Setting {
	known, _ := engine.Find(db.Engine)
	return slices.DeleteFunc(slices.Clone(known.Settings), func(s engine.Setting) bool { return !s.Secret })
}

// setSetting changes one setting of this copy of the database, "" to remove it.
func (d *Database) setSetting(field, value string) {
	settings := make(map[string]string, len(d.Settings)+1)
	maps.Copy(settings, d.Settings)
	if settings[field] = value; value == "" {
		delete(settings, field)
	}
	d.Settings = settings
}
