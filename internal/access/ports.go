// Package access says who may do what: tokens, their abilities, and the one
// check in front of every request.
package access

import (
	"context"
	"time"
)

// Ability is a right that a token carries. Root passes every check; otherwise
// a route's own ability is needed and no other helps.
type Ability string

// The abilities.
const (
	Root          Ability = "root"
	Read          Ability = "read"
	ReadSensitive Ability = "read:sensitive"
	Write         Ability = "write"
	Deploy        Ability = "deploy"
)

// Token is what is kept of a bearer token: never its secret.
type Token struct {
	// ID is the part before the bar of "ID|SECRET": "tok" and 21 letters and
	// digits.
	ID   string
	Name string
	// Abilities has no repeats and is not empty.
	Abilities []Ability
	// Digest is the SHA-256 of the part after the bar.
	Digest    [32]byte
	CreatedAt time.Time
}

// Tokens keeps tokens. Every read is strongly consistent.
type Tokens interface {
	// Create adds a token. Conflict if the id is taken.
	Create(ctx context.Context, token Token) error
	// Get returns the token, or NotFound.
	Get(ctx context.Context, id string) (Token, error)
	// List returns every token in the order of their ids.
	List(ctx context.Context) ([]Token, error)
	// Delete removes the token. NotFound if absent.
	Delete(ctx context.Context, id string) error
}
