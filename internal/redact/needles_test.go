package redact_test

import (
	"testing"

	"waybill/internal/redact"
)

// TestFormsAreNotShort exists because one short needle makes the scanner read every
// byte. No form of a value of eight bytes or more may have fewer than six, except for
// short lines of the value itself.
func TestFormsAreNotShort(t *testing.T) {
	texts, _ := redact.Needles(append(manySecrets(200), redact.Secret{Value: key}))
	for _, text := range texts {
		if len(text) < 6 {
			t.Errorf("a form has %d bytes", len(text))
		}
	}
}
