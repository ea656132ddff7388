package main

import (
	"context"
	"crypto/rand"
	"time"

	"waybill/internal/access"
)

// minter returns what makes a token and keeps it. It is how a stack gets its
// first one: the API makes tokens only for those who have one with root.
func minter(tokens access.Tokens) func(context.Context, string, []string) (string, error) {
	return func(ctx context.Context, name string, names []string) (string, error) {
		abilities, err := access.ParseAbilities(names)
		if err != nil {
			return "", err
		}
		token, bearer, err := access.Mint(name, abilities, time.Now(), rand.Reader)
		if err != nil {
			return "", err
		}
		return bearer, tokens.Create(ctx, token)
	}
}
