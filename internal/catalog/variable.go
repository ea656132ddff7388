package catalog

import (
	"crypto/sha256"
	"slices"
	"strings"
)

// Variable is one environment variable of a resource.
type Variable struct {
	Name string
	// Value is empty if Secret is set; the value is then in the [Vault].
	Value  string
	Secret bool
	// ShownOnce says that no answer shows the value. Such a variable is secret.
	ShownOnce bool
	Notes     VariableNotes
}

// VariableNotes is what clients of Coolify say about a variable. Waybill stores it for
// them, and no deployment depends on it.
type VariableNotes struct {
	Literal   bool
	Multiline bool
	// NotBuildtime and NotRuntime are false by default, as in Coolify.
	NotBuildtime bool
	NotRuntime   bool
	// Comment is a text for people, at most [MaxCommentLength] characters.
	Comment string
}

// MaxCommentLength is upstream's limit of a comment, in characters.
const MaxCommentLength = 256

// The variables of pull requests have names of their own in the [Vault] and in errors.
// No variable's name has a dot.
const (
	environmentPrefix = "environment."
	previewPrefix     = "preview."
)

// VariableField returns the field name of a variable in errors and warnings.
func VariableField(name string, preview bool) string {
	if preview {
		return previewPrefix + name
	}
	return environmentPrefix + name
}

// IsVariableField reports whether the field is one of [VariableField].
func IsVariableField(field string) bool {
	return strings.HasPrefix(field, environmentPrefix) || strings.HasPrefix(field, previewPrefix)
}

// VariableSecret returns the name of a secret variable in the [Vault].
func VariableSecret(name string, preview bool) string {
	if preview {
		return previewPrefix + name
	}
	return name
}

// IsPreviewSecret reports whether a secret of the [Vault] belongs to pull requests only.
func IsPreviewSecret(name string) bool { return strings.HasPrefix(name, previewPrefix) }

// VariableUUID returns the uuid of a variable. It depends on nothing but the resource and
// the variable's name, so it stays the same and is stored nowhere.
func VariableUUID(resource ID, name string, preview bool) string {
	const prefix = "env"
	sum := sha256.Sum256([]byte(string(resource) + "\x00" + VariableField(name, preview)))
	text := []byte(prefix)
	for _, b := range sum[:IDLength-len(prefix)] {
		text = append(text, Alphabet[b&31])
	}
	return string(text)
}

// Variables returns the variables of the resource, or of its pull requests if preview.
func (r *Resource) Variables(preview bool) []Variable {
	if preview {
		return r.Previews
	}
	return r.Environment
}

// SetVariable adds the variable or replaces the one of its name. It does not change lists
// that a copy of the resource shares.
func (r *Resource) SetVariable(variable Variable, preview bool) {
	changed := slices.Clone(r.Variables(preview))
	if i := variableIndex(changed, variable.Name); i >= 0 {
		changed[i] = variable
	} else {
		changed = append(changed, variable)
	}
	r.setVariables(changed, preview)
}

// RemoveVariable removes the variable of the name.
func (r *Resource) RemoveVariable(name string, preview bool) {
	is := func(v Variable) bool { return v.Name == name }
	r.setVariables(slices.DeleteFunc(slices.Clone(r.Variables(preview)), is), preview)
}

func (r *Resource) setVariables(variables []Variable, preview bool) {
	if preview {
		r.Previews = variables
		return
	}
	r.Environment = variables
}

// FindVariable returns the variable of the name, and whether there is one.
func FindVariable(variables []Variable, name string) (Variable, bool) {
	if i := variableIndex(variables, name); i >= 0 {
		return variables[i], true
	}
	return Variable{}, false
}

func variableIndex(variables []Variable, name string) int {
	return slices.IndexFunc(variables, func(v Variable) bool { return v.Name == name })
}
