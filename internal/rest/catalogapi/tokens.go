package catalogapi

import (
	"context"
	"errors"
	"net/http"

	"waybill/internal/access"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// listTokens answers all tokens as an array.
func (a catalogAPI) listTokens(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	tokens, err := a.Tokens.List(ctx)
	if err != nil {
		return rest.Answer{}, err
	}
	bodies := make([]wire.TokenInfo, 0, len(tokens))
	for _, token := range tokens {
		bodies = append(bodies, wire.FromToken(token))
	}
	return rest.OK(bodies), nil
}

// createToken makes a token. Its answer is the only one that shows the secret.
func (a catalogAPI) createToken(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[wire.TokenInput](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	abilities, err := access.ParseAbilities(given.Abilities)
	if err != nil {
		return rest.Answer{}, err
	}
	id, err := access.NewID(c.IDSource("token"))
	if err != nil {
		return rest.Answer{}, err
	}
	token, bearer, err := access.MintWithID(id, given.Name, abilities, a.opts.RecordTime(), a.opts.Random)
	if err != nil {
		return rest.Answer{}, err
	}
	if err := a.Tokens.Create(ctx, token); err != nil {
		if c.Rerun() && errors.Is(err, fault.Conflict) { // an earlier run has created it
			return rest.Answer{}, newShownOnceError(id)
		}
		return rest.Answer{}, err
	}
	return rest.Answer{
		Status:  http.StatusCreated,
		Body:    wire.CreatedToken{TokenInfo: wire.FromToken(token), Token: bearer},
		Created: []string{id},
	}, nil
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
	if err := a.Tokens.Delete(ctx, id); err != nil {
		return rest.Answer{}, rest.WrapNotFound(err, "Token")
	}
	return rest.OK(deleted{Message: "Token revoked."}), nil
}
