// Package accesstest is the contract of access.Tokens as tests: every
// implementation runs it.
package accesstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// TestTokens checks what every [access.Tokens] promises. open returns an empty
// one.
func TestTokens(t *testing.T, open func(t *testing.T) access.Tokens) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, tokens access.Tokens)
	}{
		{"Get returns what Create wrote", getsWhatWasCreated},
		{"Get of nothing is NotFound", nothingIsNotFound},
		{"Create of a taken id is Conflict and changes nothing", createTwice},
		{"of several that create one id at once, one does", createAtOnce},
		{"List of nothing is empty", listsNothing},
		{"List has every token, the oldest first", listsAll},
		{"Delete removes the token, once", deletes},
		{"the last uses of tokens are known", knowsUses},
		{"a use within a minute after another changes nothing", notesOnceAMinute},
		{"without a use none is known", noUses},
		{"a cancelled context does nothing", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// token is a token whose every field is set and depends on n. If n is odd, it has no expiry.
func token(n int) access.Token {
	made := access.Token{
		ID:        fmt.Sprint(1<<52 - n),
		Name:      fmt.Sprintf("token %d: äöü \"quoted\"", n),
		Abilities: []access.Ability{access.Read, access.ReadSensitive, access.Deploy},
		Digest:    [32]byte(bytes.Repeat([]byte{byte(n), 0xff, 0x00, 0x7c}, 8)),
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 6000+n*1000, time.UTC),
		Scope: access.Scope{
			Resources: []catalog.ID{"app000000000000000000000", "svc111111111111111111111"},
			Servers:   []catalog.ID{"srv222222222222222222222"},
			Tags:      []string{"blue", "größer"},
		},
	}
	if n%2 == 0 { // the others never expire
		made.ExpiresAt = made.CreatedAt.Add(time.Hour)
	}
	return made
}

func create(t *testing.T, tokens access.Tokens, all ...access.Token) {
	t.Helper()
	for _, one := range all {
		if err := tokens.Create(t.Context(), one, audit.Entry{}); err != nil {
			t.Fatalf("Create(%s): %v", one.ID, err)
		}
	}
}

func wantToken(t *testing.T, got, want access.Token) {
	t.Helper()
	if got.ID != want.ID || got.Name != want.Name || got.Digest != want.Digest ||
		!got.CreatedAt.Equal(want.CreatedAt) || !slices.Equal(got.Abilities, want.Abilities) ||
		!got.ExpiresAt.Equal(want.ExpiresAt) || !slices.Equal(got.Scope.Resources, want.Scope.Resources) ||
		!slices.Equal(got.Scope.Servers, want.Scope.Servers) ||
		!slices.Equal(got.Scope.Tags, want.Scope.Tags) {
		t.Errorf("token = %+v, want %+v", got, want)
	}
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error = %v, want %v", err, kind)
	}
}

func getsWhatWasCreated(t *testing.T, tokens access.Tokens) {
	create(t, tokens, token(1), token(2))
	for _, want := range []access.Token{token(1), token(2)} {
		got, err := tokens.Get(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		wantToken(t, got, want)
	}
}

func nothingIsNotFound(t *testing.T, tokens access.Tokens) {
	create(t, tokens, token(1))
	_, err := tokens.Get(t.Context(), token(2).ID)
	wantKind(t, err, fault.NotFound)
}

func createTwice(t *testing.T, tokens access.Tokens) {
	create(t, tokens, token(1))
	second := token(2)
	second.ID = token(1).ID
	wantKind(t, tokens.Create(t.Context(), second, audit.Entry{}), fault.Conflict)
	got, err := tokens.Get(t.Context(), second.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantToken(t, got, token(1))
}

func createAtOnce(t *testing.T, tokens access.Tokens) {
	var created, refused atomic.Int32
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			switch err := tokens.Create(t.Context(), token(1), audit.Entry{}); {
			case err == nil:
				created.Add(1)
			case errors.Is(err, fault.Conflict):
				refused.Add(1)
			default:
				t.Errorf("Create: %v", err)
			}
		})
	}
	wait.Wait()
	if created.Load() != 1 || refused.Load() != 7 {
		t.Errorf("%d created and %d refused, want 1 and 7", created.Load(), refused.Load())
	}
}

func listsNothing(t *testing.T, tokens access.Tokens) {
	all, err := tokens.List(t.Context())
	if err != nil || len(all) != 0 {
		t.Errorf("List = %v, %v; want none", all, err)
	}
}

// listsAll has more tokens than a page of the catalog, in another order.
func listsAll(t *testing.T, tokens access.Tokens) {
	const n = 120
	for i := range n {
		create(t, tokens, token((i*7)%n))
	}
	all, err := tokens.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != n {
		t.Fatalf("List has %d tokens, want %d", len(all), n)
	}
	for i, got := range all {
		wantToken(t, got, token(i))
	}
}

func deletes(t *testing.T, tokens access.Tokens) {
	create(t, tokens, token(1), token(2))
	if err := tokens.Delete(t.Context(), token(1).ID, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	_, err := tokens.Get(t.Context(), token(1).ID)
	wantKind(t, err, fault.NotFound)
	wantKind(t, tokens.Delete(t.Context(), token(1).ID, audit.Entry{}), fault.NotFound)
	all, err := tokens.List(t.Context())
	if err != nil || len(all) != 1 || all[0].ID != token(2).ID {
		t.Errorf("List = %v, %v; want only the other token", all, err)
	}
}

func cancelled(t *testing.T, tokens access.Tokens) {
	create(t, tokens, token(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tokens.Create(ctx, token(2), audit.Entry{}); err == nil {
		t.Error("Create with a cancelled context returned no error")
	}
	if err := tokens.Delete(ctx, token(1).ID, audit.Entry{}); err == nil {
		t.Error("Delete with a cancelled context returned no error")
	}
	all, err := tokens.List(t.Context())
	if err != nil || len(all) != 1 || all[0].ID != token(1).ID {
		t.Errorf("List = %v, %v; want the one token from before", all, err)
	}
}
