package catalogapi

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// The audit names the changed fields and never has their values. A field has its name in the
// API; a variable is "environment.NAME", as in errors.

// changedMembers returns the names of the members that differ between two values in JSON.
func changedMembers(before, after any) ([]string, error) {
	old, err := wire.Members(before)
	if err != nil {
		return nil, err
	}
	now, err := wire.Members(after)
	if err != nil {
		return nil, err
	}
	return differing(old, now, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }), nil
}

// differing returns the keys whose values differ, or that only one map has.
func differing[V any, M ~map[string]V](old, now M, equal func(a, b V) bool) []string {
	all := maps.Clone(old)
	maps.Copy(all, now)
	var names []string
	for name := range all {
		before, was := old[name]
		after, is := now[name]
		if was != is || !equal(before, after) {
			names = append(names, name)
		}
	}
	return names
}

// changedFields returns the names of the fields, variables and secrets that differ.
func changedFields(was revision, draft catalog.Deployable, secrets map[string]string) ([]string, error) {
	codec := wire.CodecOf(draft)
	names, err := changedMembers(codec.Encode(was.present), codec.Encode(draft))
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "environment" })
	for _, preview := range []bool{false, true} {
		before, after := was.present.Shared().Variables(preview), draft.Shared().Variables(preview)
		names = append(names, changedVariables(before, after, preview)...)
	}
	if certificateOf(was.present) != certificateOf(draft) {
		names = append(names, "ssl_certificate")
	}
	fields := map[string]string{}
	for _, resource := range []catalog.Deployable{was.present, draft} {
		for _, secret := range catalog.SecretsOf(resource) {
			fields[secret.Name] = secret.Field
		}
	}
	for _, name := range differing(was.stored.Values, secrets, func(a, b string) bool { return a == b }) {
		if field, known := fields[name]; known {
			names = append(names, field)
		}
	}
	return names, nil
}

// changedKeyFields returns the names of the fields of a key that differ. private is the new
// private key, or "" if the request has none.
func (a catalogAPI) changedKeyFields(
	ctx context.Context, before, after *catalog.PrivateKey, private string,
) ([]string, error) {
	var names []string
	if before.Name != after.Name {
		names = append(names, "name")
	}
	if before.Description != after.Description {
		names = append(names, "description")
	}
	if private == "" {
		return names, nil
	}
	stored, err := a.storedSecrets(ctx, before)
	if err == nil && stored.Values[catalog.PrivateKeySecret] != private {
		names = append(names, "private_key")
	}
	return names, err
}

// changedVariables returns the fields of the variables that differ. Their order alone is a
// change of "environment".
func changedVariables(before, after []catalog.Variable, preview bool) []string {
	byName := func(all []catalog.Variable) map[string]catalog.Variable {
		named := map[string]catalog.Variable{}
		for _, v := range all {
			named[v.Name] = v
		}
		return named
	}
	names := differing(byName(before), byName(after), func(a, b catalog.Variable) bool { return a == b })
	if len(names) == 0 && !slices.Equal(before, after) {
		return []string{"environment"}
	}
	for i, name := range names {
		names[i] = catalog.VariableField(name, preview)
	}
	return names
}

// deleteAudited deletes an entity, with its entry in the audit.
func (a catalogAPI) deleteAudited(
	ctx context.Context, c *rest.Call, action audit.Action, target *catalog.Meta,
) error {
	entry, err := c.Entry(action, target.Target())
	if err != nil {
		return err
	}
	return a.Store.Delete(ctx, target.ID, entry)
}
