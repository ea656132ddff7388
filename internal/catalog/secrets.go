package catalog

import (
	"encoding/hex"
	"io"
	"maps"
	"slices"

	"waybill/internal/engine"
	"waybill/internal/fault"
)

// A draft carries the values of its secrets in the fields in which it was given
// them: those of its variables, its engine's secret settings, the password of
// its repository, the key of its TLS. They go through four hands:
//
//  1. [CompleteSecrets] fills in those that were not given.
//  2. [Check] looks at the draft as a whole, and others at [SecretsOf] it.
//  3. [SealSecrets] takes them out and leaves a mark of each.
//  4. What it returned goes into the [Vault], the draft into the [Store].
//
// An update goes the same way with what the vault has already.

// Secret is one secret value of a draft.
type Secret struct {
	// Name is what it has in the [Vault], Field where the API takes it.
	Name, Field string
	Value       string
}

// secretPlace is a field of a draft that holds a secret value.
type secretPlace struct {
	name, field string
	get         func() string
	set         func(value string)
}

// GeneratedLength is the length of a generated password, as upstream makes
// them. Its letters and digits hold 5 random bits each.
const GeneratedLength = 64

// SecretsOf lists the secrets that the draft carries, an empty value for those
// that it lacks.
func SecretsOf(draft Deployable) []Secret {
	var secrets []Secret
	for _, place := range secretPlaces(draft) {
		secrets = append(secrets, Secret{place.name, place.field, place.get()})
	}
	return secrets
}

// markKeyBytes is the length of a key of marks before it is written as
// hexadecimal digits: that of the hash it is for.
const markKeyBytes = 32

// CompleteSecrets gives the draft the secrets that it lacks: those of kept,
// which is what the vault has of it, and made up ones for the settings of its
// engine that are in neither. An empty value counts as lacking. It fails only
// if random does.
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

// TakeSecrets takes the secrets out of the draft and returns them by their
// names in the [Vault]: what is left may be stored anywhere, what is returned
// only there.
func TakeSecrets(draft Deployable) map[string]string {
	secrets := map[string]string{}
	for _, place := range secretPlaces(draft) {
		secrets[place.name] = place.get()
		place.set("")
	}
	return secrets
}

// SealSecrets takes the secrets out of a draft that has passed [Check], leaves
// the mark of each in it, and returns the whole set for the [Vault], with the
// key of the marks. The key is that of kept, so that marks made at different
// times can be compared, or a new one.
func SealSecrets(draft Deployable, kept map[string]string, random io.Reader) (map[string]string, error) {
	key := kept[MarkKeySecret]
	if key == "" {
		bytes := make([]byte, markKeyBytes)
		if _, err := io.ReadFull(random, bytes); err != nil {
			return nil, fault.Wrap(err, fault.Internal, "read random bytes")
		}
		key = hex.EncodeToString(bytes)
	}
	secrets := TakeSecrets(draft)
	marks := make(map[string]string, len(secrets))
	for name, value := range secrets {
		marks[name] = Mark(key, name, value)
	}
	draft.Shared().Marks = marks
	secrets[MarkKeySecret] = key
	return secrets, nil
}

// AllSettings is every setting of the database by its name on the wire, the
// secret ones out of its set in the [Vault].
func AllSettings(db *Database, secrets map[string]string) map[string]string {
	all := make(map[string]string, len(db.Settings))
	maps.Copy(all, db.Settings)
	for _, setting := range secretSettings(db) {
		all[setting.Field] = secrets[setting.VaultName()]
	}
	return all
}

// environmentPrefix begins the field of every variable.
const environmentPrefix = "environment."

// secretPlaces finds where the draft may carry secrets. A list or a map that
// the draft has in common with a copy of it is not changed through them.
func secretPlaces(draft Deployable) []secretPlace {
	places := draft.Shared().secretVariables()
	switch draft := draft.(type) {
	case *Application:
		if source := draft.Source(); source != nil && source.UserName+source.Password != "" {
			places = append(places, placeOf(GitPasswordSecret, "git_password", &source.Password))
		}
	case *Database:
		for _, setting := range secretSettings(draft) {
			places = append(places, secretPlace{setting.VaultName(), setting.Field,
				func() string { return draft.Settings[setting.Field] },
				func(value string) { draft.setSetting(setting.Field, value) }})
		}
		if draft.TLS+draft.TLSKey != "" {
			places = append(places, placeOf(TLSKeySecret, "ssl_key", &draft.TLSKey))
		}
	}
	return places
}

func placeOf(name, field string, value *string) secretPlace {
	return secretPlace{name, field, func() string { return *value }, func(text string) { *value = text }}
}

// secretVariables finds the secret variables.
func (r *Resource) secretVariables() []secretPlace {
	var places []secretPlace
	for i, v := range r.Environment {
		if !v.Secret {
			continue
		}
		places = append(places, secretPlace{v.Name, environmentPrefix + v.Name,
			func() string { return r.Environment[i].Value },
			func(value string) {
				r.Environment = slices.Clone(r.Environment)
				r.Environment[i].Value = value
			}})
	}
	return places
}

// secretSettings are those of the database's engine, none if nobody knows it.
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
