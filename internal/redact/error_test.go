package redact_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/redact"
)

func TestAnErrorWithoutItsSecrets(t *testing.T) {
	const secret = "Zq7pa55wordMarks"
	m := redact.NewMatcher([]redact.Secret{{Name: "PASSWORD", Value: secret}})
	for name, err := range map[string]error{
		"in the text for the client": fault.New(fault.Conflict, "The server says %s.", secret),
		"in the cause":               fault.Wrap(errors.New("login "+secret), fault.Conflict, "It failed."),
		"in a wrapped error":         fmt.Errorf("run: %w", fault.New(fault.Conflict, "It says %s.", secret)),
		"in a field": fault.New(fault.Conflict, "It failed.").
			WithField("value", "is "+secret),
	} {
		t.Run(name, func(t *testing.T) {
			got := m.Error(err)
			if !errors.Is(got, fault.Conflict) || fault.KindOf(got) != fault.Conflict {
				t.Errorf("the kind is %v, want conflict", fault.KindOf(got))
			}
			for at := got; at != nil; at = errors.Unwrap(at) {
				all := fmt.Sprintf("%v %+v %q %q", at, at, fault.Public(at), fault.Fields(at))
				if strings.Contains(all, secret) {
					t.Error("the secret is left in ", strings.ReplaceAll(all, secret, "(the secret)"))
				}
			}
			want := strings.ReplaceAll(err.Error(), secret, "<REDACTED:PASSWORD>")
			if got.Error() != want {
				t.Errorf("the text is %q, want %q", got.Error(), want)
			}
		})
	}
	t.Run("an error without a secret stays as it is", func(t *testing.T) {
		for _, err := range []error{nil, errors.New("no route"), fault.New(fault.Invalid, "No.")} {
			if got := m.Error(err); got != err {
				t.Errorf("got %v, want %v itself", got, err)
			}
		}
	})
}
