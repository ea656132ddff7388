package snapshot

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Change is one difference between two configurations.
type Change struct {
	// Path is the field's name in the API ("environment.GREETING", "image").
	Path string
	// Edit says on which side the field exists.
	Edit Edit
	// Secret says that Before and After are withheld. Both are "" then.
	Secret        bool
	Before, After string
}

// Edit is the kind of a change.
type Edit string

// The edits.
const (
	Added   Edit = "added"
	Removed Edit = "removed"
	Changed Edit = "changed"
)

// errWithheld is returned for a result of [Snapshot.Public]: it is unknown whether two
// withheld values differ.
var errWithheld = fault.New(fault.Internal, "a configuration without what is withheld cannot be compared")

// Compare lists the differences of the later snapshot, in the order of the paths. A
// text is one value, however long it is; a number is in JSON notation. If a variable
// is secret on one side, both values are withheld.
func Compare(before, after Snapshot) ([]Change, error) {
	old, err := before.flatten()
	if err != nil {
		return nil, err
	}
	now, err := after.flatten()
	if err != nil {
		return nil, err
	}
	paths := maps.Clone(old)
	maps.Copy(paths, now)
	var changes []Change
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if change, differs := compare(path, old, now); differs {
			changes = append(changes, change)
		}
	}
	return changes, nil
}

func compare(path string, old, now map[string]leaf) (change Change, differs bool) {
	before, was := old[path]
	after, is := now[path]
	if was && is && before == after {
		return Change{}, false
	}
	change = Change{Path: path, Edit: Changed, Secret: before.secret || after.secret}
	switch {
	case !was:
		change.Edit = Added
	case !is:
		change.Edit = Removed
	}
	if !change.Secret {
		change.Before, change.After = before.text, after.text
	}
	return change, true
}

// EnvironmentOrLimit reports whether the change is one of a variable or a limit. The
// data of a database fit both configurations then.
func (c Change) EnvironmentOrLimit() bool {
	return strings.HasPrefix(c.Path, environmentName+".") || strings.HasPrefix(c.Path, "limits_")
}

// leaf is the value at a path, or the digest of a secret.
type leaf struct {
	text   string
	secret bool
}

// flatten lists the values of the snapshot by their paths.
func (s Snapshot) flatten() (map[string]leaf, error) {
	values, err := s.decode()
	if err != nil {
		return nil, err
	}
	leaves := map[string]leaf{}
	for name, text := range values {
		if string(text) == "null" {
			return nil, errWithheld
		}
		leaves[name] = leaf{text: plain(text)}
	}
	for _, name := range []string{environmentName, digestsName, scriptsName} {
		delete(leaves, name)
	}
	if err := values.flattenSecrets(leaves); err != nil {
		return nil, err
	}
	var scripts []script
	if err := values.get(scriptsName, &scripts); err != nil {
		return nil, err
	}
	for _, s := range scripts {
		if s.Content == nil {
			return nil, errWithheld
		}
		leaves[scriptsName+"."+s.Name] = leaf{text: *s.Content}
	}
	return leaves, nil
}

// flattenSecrets lists the variables and the other secrets.
func (o object) flattenSecrets(leaves map[string]leaf) error {
	var variables []variable
	var digests map[string]string
	if err := o.getAll(&variables, &digests); err != nil {
		return err
	}
	for _, v := range variables {
		value := leaf{text: digests[v.Key], secret: v.Secret}
		switch {
		case v.Secret:
			delete(digests, v.Key)
		case v.Value == nil:
			return errWithheld
		default:
			value.text = *v.Value
		}
		leaves[environmentName+"."+v.Key] = value
	}
	for name, digest := range digests {
		leaves[secretField(name)] = leaf{text: digest, secret: true}
	}
	return nil
}

// secretField returns the API's field for a secret by its name in the vault, where
// the names of settings are in capitals.
func secretField(name string) string {
	if name == catalog.TLSKeySecret {
		return "ssl_key"
	}
	return strings.ToLower(name)
}

// plain returns the text of a JSON string, and any other JSON unchanged.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}
