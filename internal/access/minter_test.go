package access_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/access"
	"waybill/internal/fault"
	"waybill/internal/memory"
)

func TestMinterStoresTheTokenThatItAnswers(t *testing.T) {
	tokens := memory.New(memory.Options{}).Tokens()
	bearer, err := access.Minter(tokens, time.Now)(t.Context(), "first", []string{"root"})
	if err != nil {
		t.Fatal(err)
	}
	id, _, _ := strings.Cut(bearer, "|")
	stored, err := tokens.Get(t.Context(), id)
	if err != nil || stored.Name != "first" ||
		!slices.Equal(stored.Abilities, []access.Ability{access.Root}) {
		t.Errorf("stored %q with %q, %v; want first with root", stored.Name, stored.Abilities, err)
	}
	if bearer, err := access.Minter(tokens, time.Now)(t.Context(), "next", []string{"admin"}); bearer != "" ||
		!errors.Is(err, fault.Invalid) {
		t.Errorf("an unknown ability: %v, want Invalid and no token", err)
	}
}
