package redact

import "waybill/internal/fault"

// redactedError has the kind and the texts of another error, without the secrets. It
// does not wrap that error: a caller that unwraps it would get the secrets.
type redactedError struct {
	text   string
	public *fault.Error
}

// Error is the text for the operator.
func (e *redactedError) Error() string { return e.text }

// Unwrap gives fault the kind, the text for the client and the fields.
func (e *redactedError) Unwrap() error { return e.public }

// Error returns an error of the same kind in whose texts the secrets are masked. It
// returns err itself, nil for example, if there is nothing to mask.
func (m *Matcher) Error(err error) error {
	if err == nil {
		return nil
	}
	text, public, fields := m.Text(err.Error()), m.Text(fault.Public(err)), fault.Fields(err)
	changed := text != err.Error() || public != fault.Public(err)
	clean := fault.New(fault.KindOf(err), "%s", public)
	for name, problems := range fields {
		for _, problem := range problems {
			masked := m.Text(problem)
			changed = changed || masked != problem
			clean = clean.WithField(name, masked)
		}
	}
	if !changed {
		return err
	}
	return &redactedError{text, clean}
}
