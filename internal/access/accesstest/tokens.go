// Package accesstest is the contract of access.Tokens as tests: every
// implementation runs it.
package accesstest

import (
	"testing"

	"waybill/internal/access"
)

// TestTokens checks what every [access.Tokens] promises. open returns an empty
// one.
func TestTokens(t *testing.T, open func(t *testing.T) access.Tokens) {
	t.Helper()
}
