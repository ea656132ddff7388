package access_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/fault"
	"waybill/internal/memory"
)

func TestMinterStoresTheTokenThatItAnswers(t *testing.T) {
	stores := memory.New(memory.Options{})
	tokens := stores.Tokens()
	bearer, err := access.Minter(tokens, time.Now, time.Hour)(t.Context(), "first", []string{"root"})
	if err != nil {
		t.Fatal(err)
	}
	id, _, _ := strings.Cut(bearer, "|")
	stored, err := tokens.Get(t.Context(), id)
	if err != nil || stored.Name != "first" ||
		!slices.Equal(stored.Abilities, []access.Ability{access.Root}) {
		t.Errorf("stored %q with %q, %v; want first with root", stored.Name, stored.Abilities, err)
	}
	bearer, err = access.Minter(tokens, time.Now, time.Hour)(t.Context(), "next", []string{"admin"})
	if bearer != "" || !errors.Is(err, fault.Invalid) {
		t.Errorf("an unknown ability: %v, want Invalid and no token", err)
	}
	page, err := audit.List(t.Context(), stores.Audit(),
		audit.Query{Since: stored.CreatedAt, Until: time.Now().Add(time.Second), Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Entries) != 1 || page.Entries[0].Target != stored.Target() ||
		page.Entries[0].Actor != (audit.Actor{}) ||
		!page.Entries[0].ExpiresAt.Equal(stored.CreatedAt.Add(time.Hour)) {
		t.Errorf("the audit has %+v, want one entry of an operator for the token", page.Entries)
	}
}
