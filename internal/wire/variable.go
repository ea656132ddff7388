package wire

import (
	"cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// EnvironmentVariable is a variable of a resource in upstream's form.
type EnvironmentVariable struct {
	UUID string `json:"uuid"`
	Key  string `json:"key"`
	// Value and RealValue are the same. They are nil if the value is not shown.
	Value       *string `json:"value,omitempty"`
	RealValue   *string `json:"real_value,omitempty"`
	IsSecret    bool    `json:"is_secret"`
	IsShownOnce bool    `json:"is_shown_once"`
	IsPreview   bool    `json:"is_preview"`
	IsLiteral   bool    `json:"is_literal"`
	IsMultiline bool    `json:"is_multiline"`
	IsBuildtime bool    `json:"is_buildtime"`
	// IsBuildTime is IsBuildtime for older clients.
	IsBuildTime bool    `json:"is_build_time"`
	IsRuntime   bool    `json:"is_runtime"`
	IsShared    bool    `json:"is_shared"`
	Comment     *string `json:"comment"`
	// CreatedAt and UpdatedAt are the times of the resource.
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

// FromVariable returns a variable of the resource. A sensitive caller sees its value, which
// for a secret is in the resource's set in the vault, unless the variable is shown once.
func FromVariable(
	resource *catalog.Resource, v catalog.Variable, preview, sensitive bool, secrets map[string]string,
) EnvironmentVariable {
	body := EnvironmentVariable{
		UUID:        catalog.VariableUUID(resource.ID, v.Name, preview),
		Key:         v.Name,
		IsSecret:    v.Secret,
		IsShownOnce: v.ShownOnce,
		IsPreview:   preview,
		IsLiteral:   v.Notes.Literal,
		IsMultiline: v.Notes.Multiline,
		IsBuildtime: !v.Notes.NotBuildtime,
		IsBuildTime: !v.Notes.NotBuildtime,
		IsRuntime:   !v.Notes.NotRuntime,
		Comment:     TextOrNull(v.Notes.Comment),
		CreatedAt:   Timestamp(resource.CreatedAt),
		UpdatedAt:   Timestamp(resource.UpdatedAt),
	}
	if sensitive && !v.ShownOnce {
		value, has := v.Value, true
		if v.Secret {
			value, has = secrets[catalog.VariableSecret(v.Name, preview)]
		}
		if has {
			body.Value, body.RealValue = &value, &value
		}
	}
	return body
}

// EnvironmentVariableInput sets a variable of a resource. What it leaves out stays as it is.
type EnvironmentVariableInput struct {
	Key         string  `json:"key"`
	Value       *string `json:"value"`
	IsSecret    *bool   `json:"is_secret"`
	IsShownOnce *bool   `json:"is_shown_once"`
	IsPreview   *bool   `json:"is_preview"`
	IsLiteral   *bool   `json:"is_literal"`
	IsMultiline *bool   `json:"is_multiline"`
	IsBuildtime *bool   `json:"is_buildtime"`
	// IsBuildTime is what older clients send instead of IsBuildtime.
	IsBuildTime *bool   `json:"is_build_time"`
	IsRuntime   *bool   `json:"is_runtime"`
	Comment     *string `json:"comment"`
	AllowWeak   bool    `json:"allow_weak"`
}

// Preview reports whether the variable is one of pull requests.
func (n EnvironmentVariableInput) Preview() bool { return n.IsPreview != nil && *n.IsPreview }

// WeakAllowed reports whether the secret may be weak. Clients of Coolify do not know that
// a variable can be anything but a secret, so a variable such as PORT=80 must be accepted.
func (n EnvironmentVariableInput) WeakAllowed() bool { return n.AllowWeak || n.IsSecret == nil }

// ApplyTo returns the variable as the input wants it to be. A value that is set here is
// secret unless the input has is_secret: false. The value of a variable that becomes secret
// is in the result. Invalid if the value must be given again, because the caller might not
// be allowed to see the present one.
func (n EnvironmentVariableInput) ApplyTo(v catalog.Variable) (catalog.Variable, error) {
	plain := n.IsSecret != nil && !*n.IsSecret
	once := setOr(n.IsShownOnce, v.ShownOnce)
	var wrong fault.FieldErrors
	switch {
	case plain && once:
		wrong.Add("is_secret", "cannot be false while is_shown_once is true")
	case n.Value == nil && v.Secret && plain:
		wrong.Add("value", "must be given again for a secret that becomes a plain variable")
	case n.Value == nil && v.ShownOnce && !once:
		wrong.Add("value", "must be given again when is_shown_once becomes false")
	}
	if err := wrong.Err(); err != nil {
		return v, err
	}
	v.Name, v.ShownOnce = n.Key, once
	if n.Value != nil {
		v.Value, v.Secret = *n.Value, true
	}
	v.Secret = setOr(n.IsSecret, v.Secret) || once
	v.Notes = n.notes(v.Notes)
	return v, nil
}

func (n EnvironmentVariableInput) notes(present catalog.VariableNotes) catalog.VariableNotes {
	return catalog.VariableNotes{
		Literal:      setOr(n.IsLiteral, present.Literal),
		Multiline:    setOr(n.IsMultiline, present.Multiline),
		NotBuildtime: !setOr(cmp.Or(n.IsBuildtime, n.IsBuildTime), !present.NotBuildtime),
		NotRuntime:   !setOr(n.IsRuntime, !present.NotRuntime),
		Comment:      setOr(n.Comment, present.Comment),
	}
}

// setOr returns the value that is set, or the present one.
func setOr[T any](set *T, present T) T {
	if set == nil {
		return present
	}
	return *set
}
