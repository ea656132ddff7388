package memory

import (
	"context"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/fault"
)

// tokens is an [access.Tokens].
type tokens struct{ *Memory }

func (t tokens) Create(ctx context.Context, token access.Token, entry audit.Entry) error {
	return t.audited(ctx, entry, func() error {
		if _, taken := t.tokens[token.ID]; taken {
			return fault.New(fault.Conflict, "Token %s exists already.", token.ID)
		}
		t.tokens[token.ID] = token.Clone()
		return nil
	})
}

func (t tokens) Get(ctx context.Context, id string) (access.Token, error) {
	var found access.Token
	err := t.locked(ctx, func() error {
		token, there := t.tokens[id]
		if !there {
			return noToken()
		}
		found = token.Clone()
		return nil
	})
	return found, err
}

func (t tokens) List(ctx context.Context) ([]access.Token, error) {
	var all []access.Token
	err := t.locked(ctx, func() error {
		for _, token := range t.tokens {
			all = append(all, token.Clone())
		}
		access.SortByAge(all)
		return nil
	})
	return all, err
}

func (t tokens) Delete(ctx context.Context, id string, entry audit.Entry) error {
	return t.audited(ctx, entry, func() error {
		if _, there := t.tokens[id]; !there {
			return noToken()
		}
		delete(t.tokens, id)
		return nil
	})
}

func noToken() error { return fault.New(fault.NotFound, "Token not found.") }
