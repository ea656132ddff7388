// Package access controls the access to the API: tokens, their abilities, and the
// check of every request.
package access

import (
	"cmp"
	"context"
	"slices"
	"time"

	"waybill/internal/audit"
)

// Ability is a right of a token. Root passes every check. Otherwise the token needs
// the route's own ability.
type Ability string

// The abilities.
const (
	Root          Ability = "root"
	Read          Ability = "read"
	ReadSensitive Ability = "read:sensitive"
	Write         Ability = "write"
	Deploy        Ability = "deploy"
)

// Any is the ability of routes that every token may use. No token has it.
const Any Ability = "any"

// Token is the stored form of a bearer token, without its secret.
type Token struct {
	// ID is the part before the bar of "ID|SECRET": a number below 2^53 as decimal
	// digits. Existing clients accept only tokens of the form "digits|text".
	ID   string
	Name string
	// Abilities has no repeats and is not empty.
	Abilities []Ability
	// Scope is the part of the stack that the token may see and change.
	Scope Scope
	// Digest is the SHA-256 of the part after the bar.
	Digest    [32]byte
	CreatedAt time.Time
	// ExpiresAt is when the token stops working, or zero for never.
	ExpiresAt time.Time
}

// Target returns the token as the target of an entry of the audit.
func (t Token) Target() audit.Target {
	return audit.Target{Kind: audit.KindToken, ID: t.ID, Name: t.Name}
}

// Expired reports whether the token has stopped working.
func (t Token) Expired(now time.Time) bool { return !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt) }

// Clone returns a copy that shares nothing with the token.
func (t Token) Clone() Token {
	t.Abilities = slices.Clone(t.Abilities)
	t.Scope = t.Scope.clone()
	return t
}

// Tokens stores tokens and their last uses. Each caller takes only the part that it needs.
// Every read is strongly consistent.
type Tokens interface {
	// Create adds a token, and the entry of the audit in the same transaction. Conflict if
	// the id of one of them is taken.
	Create(ctx context.Context, token Token, entry audit.Entry) error
	// Get returns the token, or NotFound.
	Get(ctx context.Context, id string) (Token, error)
	// List returns every token, the oldest first.
	List(ctx context.Context) ([]Token, error)
	// Delete removes the token and adds the entry of the audit, in the same transaction.
	// NotFound if the token is absent, Conflict if the id of the entry is taken.
	Delete(ctx context.Context, id string, entry audit.Entry) error
	Uses
}

// SortByAge sorts tokens as [Tokens.List] returns them: the oldest first, and tokens of
// the same time by id.
func SortByAge(tokens []Token) {
	slices.SortFunc(tokens, func(a, b Token) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
}
