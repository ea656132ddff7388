package catalogapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// getToken answers the token of the request.
func (a catalogAPI) getToken(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	used, err := a.Tokens.LastUse(ctx, c.Token.ID)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(wire.FromToken(c.Token, used, a.opts.Now())), nil
}

// listTokens answers all tokens as an array.
func (a catalogAPI) listTokens(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	tokens, err := a.Tokens.List(ctx)
	if err != nil {
		return rest.Answer{}, err
	}
	used, err := a.Tokens.LastUses(ctx)
	if err != nil {
		return rest.Answer{}, err
	}
	bodies := make([]wire.TokenInfo, 0, len(tokens))
	for _, token := range tokens {
		bodies = append(bodies, wire.FromToken(token, used[token.ID], a.opts.Now()))
	}
	return rest.OK(bodies), nil
}

// createToken makes a token. Its answer is the only one that shows the secret.
func (a catalogAPI) createToken(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[wire.TokenInput](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	terms := access.Terms{Name: given.Name}
	if terms.Abilities, err = access.ParseAbilities(given.Abilities); err != nil {
		return rest.Answer{}, err
	}
	if terms.ExpiresAt, err = a.readExpiry(given.ExpiresAt); err != nil {
		return rest.Answer{}, err
	}
	if terms.Scope, err = a.readScope(ctx, given.Scope); err != nil {
		return rest.Answer{}, err
	}
	id, err := access.NewID(c.IDSource("token"))
	if err != nil {
		return rest.Answer{}, err
	}
	token, bearer, err := access.MintWithID(id, terms, a.opts.RecordTime(), a.opts.Random)
	if err != nil {
		return rest.Answer{}, err
	}
	entry, err := c.Entry(audit.Create, token.Target())
	if err != nil {
		return rest.Answer{}, err
	}
	if err := a.Tokens.Create(ctx, token, entry); err != nil {
		if c.Rerun() && errors.Is(err, fault.Conflict) { // an earlier run has created it
			return rest.Answer{}, newShownOnceError(id)
		}
		return rest.Answer{}, err
	}
	info := wire.FromToken(token, time.Time{}, token.CreatedAt)
	return rest.Answer{
		Status:  http.StatusCreated,
		Body:    wire.CreatedToken{TokenInfo: info, Token: bearer},
		Created: []string{id},
	}, nil
}

// readExpiry returns when a new token stops working: as the request says, or after the
// lifetime that the stack has.
func (a catalogAPI) readExpiry(given json.RawMessage) (time.Time, error) {
	if given == nil {
		if a.opts.TokenLifetime == 0 {
			return time.Time{}, nil
		}
		return a.opts.RecordTime().Add(a.opts.TokenLifetime), nil
	}
	if wire.IsNull(given) {
		return time.Time{}, nil
	}
	var at time.Time // openapi.yaml has the form
	if err := json.Unmarshal(given, &at); err != nil {
		return time.Time{}, fault.WrapField(err, fault.Invalid, "expires_at",
			"must be a time like 2027-01-31T00:00:00Z")
	}
	return at, nil
}

// readScope returns the scope of a new token. Invalid if it names nothing, or something
// that does not exist: a scope that is empty by mistake must not become the whole stack.
func (a catalogAPI) readScope(ctx context.Context, given *wire.TokenScope) (access.Scope, error) {
	if given == nil {
		return access.Scope{}, nil
	}
	scope := access.Scope{Resources: given.Resources, Servers: given.Servers,
		Tags: catalog.NormalTags(given.Tags)}
	if scope.Whole() {
		return scope, fault.InvalidField("scope",
			"must name resources, servers or tags; leave it out for a token for the whole stack")
	}
	if err := scope.Check(); err != nil {
		return scope, err
	}
	for field, ids := range map[string][]catalog.ID{
		"scope.resources": scope.Resources, "scope.servers": scope.Servers,
	} {
		for _, id := range ids {
			_, err := a.Store.Head(ctx, id)
			if errors.Is(err, fault.NotFound) {
				return scope, fault.InvalidField(field, "has an id that does not exist")
			}
			if err != nil {
				return scope, err
			}
		}
	}
	return scope, nil
}

// repeatToken refuses a repeat, because only the first answer shows the secret.
func repeatToken(_ context.Context, _ *rest.Call, ids []string) (any, error) {
	return nil, newShownOnceError(ids[0])
}

func newShownOnceError(id string) error {
	return rest.NewCreatedError("The first request with this Idempotency-Key created token "+id+
		". Its secret was shown once. If it is lost, delete the token, and create one with a new key.", id)
}

// deleteToken revokes a token. Running functions may accept it for another
// [access.CacheTime].
func (a catalogAPI) deleteToken(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	id := c.Params["id"]
	if !access.IsID(id) {
		return rest.Answer{}, rest.NewNotFoundError("Token")
	}
	token, err := a.Tokens.Get(ctx, id)
	if err != nil {
		return rest.Answer{}, rest.WrapNotFound(err, "Token")
	}
	entry, err := c.Entry(audit.Delete, token.Target())
	if err != nil {
		return rest.Answer{}, err
	}
	if err := a.Tokens.Delete(ctx, id, entry); err != nil {
		return rest.Answer{}, rest.WrapNotFound(err, "Token")
	}
	return rest.OK(deleted{Message: "Token revoked."}), nil
}
