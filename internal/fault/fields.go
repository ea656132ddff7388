package fault

import "fmt"

// validationFailed is the public text of every error that names fields. It is
// the sentence that upstream answers.
const validationFailed = "Validation failed."

// InvalidField returns Invalid with one problem of one input field. The problem
// reads as the rest of a sentence that begins with the field's name.
func InvalidField(field, format string, args ...any) *Error {
	return New(Invalid, validationFailed).WithField(field, fmt.Sprintf(format, args...))
}

// WrapField returns an error of the kind with one problem of one input field.
// The cause is for the operator only.
func WrapField(cause error, kind Kind, field, problem string) *Error {
	return Wrap(cause, kind, validationFailed).WithField(field, problem)
}

// FieldErrors collects the problems of one input, so that one answer names all
// of them. The zero value has none.
type FieldErrors struct{ err *Error }

// CollectFields returns a collector that already holds the fields of err. An
// error that is not Invalid is returned unchanged.
func CollectFields(err error) (FieldErrors, error) {
	if err == nil {
		return FieldErrors{}, nil
	}
	if e, ok := err.(*Error); ok && e.kind == Invalid {
		return FieldErrors{e}, nil
	}
	return FieldErrors{}, err
}

// Add notes one problem of one field.
func (f *FieldErrors) Add(field, format string, args ...any) {
	if f.err == nil {
		f.err = New(Invalid, validationFailed)
	}
	f.err = f.err.WithField(field, fmt.Sprintf(format, args...))
}

// Err returns Invalid with all problems, or nil without any. It returns the
// interface, since a nil *Error in an error would not equal nil.
func (f *FieldErrors) Err() error {
	if f.err == nil {
		return nil
	}
	return f.err
}
