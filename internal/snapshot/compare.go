package snapshot

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Change is one place in which two configurations differ.
type Change struct {
	// Path names it as the API does ("environment.GREETING", "image").
	Path string
	// Edit says on which side it is at all.
	Edit Edit
	// Secret says that Before and After are withheld; both are "" then.
	Secret        bool
	Before, After string
}

// Edit is what became of a place.
type Edit string

// The edits.
const (
	Added   Edit = "added"
	Removed Edit = "removed"
	Changed Edit = "changed"
)

// errWithheld is for what [Snapshot.Public] returned: two values that are
// withheld may differ or not.
var errWithheld = fault.New(fault.Internal, "a configuration without what is withheld cannot be compared")

// Compare lists what is different in the later snapshot, in the order of the
// paths. A text is one value however long it is; a number is written as in
// JSON. Of a variable that is secret on one side neither value is told.
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

// EnvironmentOrLimit reports whether the change is of a variable or of a limit:
// a database's data fit both configurations then.
func (c Change) EnvironmentOrLimit() bool {
	return strings.HasPrefix(c.Path, environmentName+".") || strings.HasPrefix(c.Path, "limits_")
}

// leaf is the value at a path; of a secret its mark.
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
	for _, name := range []string{environmentName, marksName, scriptsName} {
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

// flattenSecrets lists the variables, and the secrets that are none.
func (o object) flattenSecrets(leaves map[string]leaf) error {
	var variables []variable
	var marks map[string]string
	if err := o.getAll(&variables, &marks); err != nil {
		return err
	}
	for _, v := range variables {
		value := leaf{text: marks[v.Key], secret: v.Secret}
		switch {
		case v.Secret:
			delete(marks, v.Key)
		case v.Value == nil:
			return errWithheld
		default:
			value.text = *v.Value
		}
		leaves[environmentName+"."+v.Key] = value
	}
	for name, mark := range marks {
		leaves[secretField(name)] = leaf{text: mark, secret: true}
	}
	return nil
}

// secretField is where the API takes the secret that the vault has under the
// name: settings are there in capitals.
func secretField(name string) string {
	if name == catalog.TLSKeySecret {
		return "ssl_key"
	}
	return strings.ToLower(name)
}

// plain is a JSON text's own text, or any other JSON as it is.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}
