package access_test

import (
	"context"
	"sync"

	"waybill/internal/access"
	"waybill/internal/memory"
)

// kept are tokens that count their reads and can be told to fail.
type kept struct {
	access.Tokens
	mu     sync.Mutex
	reads  int
	broken error
	slow   func() // runs at the end of every read
}

func newKept() *kept { return &kept{Tokens: memory.New(memory.Options{}).Tokens()} }

func (k *kept) Get(ctx context.Context, id string) (access.Token, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reads++
	if k.slow != nil {
		defer k.slow()
	}
	if k.broken != nil {
		return access.Token{}, k.broken
	}
	return k.Tokens.Get(ctx, id)
}
