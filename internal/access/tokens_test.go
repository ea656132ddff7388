package access_test

import (
	"context"
	"sync"
	"testing"

	"waybill/internal/access"
	"waybill/internal/access/accesstest"
	"waybill/internal/fault"
)

// kept is the least that satisfies access.Tokens. It counts its reads and can
// be told to fail.
type kept struct {
	mu     sync.Mutex
	tokens map[string]access.Token
	reads  int
	broken error
	slow   func() // runs at the end of every read
}

func newKept() *kept { return &kept{tokens: map[string]access.Token{}} }

func (k *kept) Create(ctx context.Context, token access.Token) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, taken := k.tokens[token.ID]; taken {
		return fault.New(fault.Conflict, "taken")
	}
	k.tokens[token.ID] = token
	return nil
}

func (k *kept) Get(_ context.Context, id string) (access.Token, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reads++
	if k.slow != nil {
		defer k.slow()
	}
	if k.broken != nil {
		return access.Token{}, k.broken
	}
	token, found := k.tokens[id]
	if !found {
		return access.Token{}, fault.New(fault.NotFound, "Token not found.")
	}
	return token, nil
}

func (k *kept) List(context.Context) ([]access.Token, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []access.Token
	for _, token := range k.tokens {
		all = append(all, token)
	}
	access.SortByAge(all)
	return all, nil
}

func (k *kept) Delete(ctx context.Context, id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, found := k.tokens[id]; !found {
		return fault.New(fault.NotFound, "Token not found.")
	}
	delete(k.tokens, id)
	return nil
}

func TestTheSuiteItself(t *testing.T) {
	accesstest.TestTokens(t, func(*testing.T) access.Tokens { return newKept() })
}
