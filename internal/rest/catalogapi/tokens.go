package catalogapi

import (
	"context"

	"waybill/internal/access"
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
	token, bearer, err := access.Mint(given.Name, abilities, a.opts.RecordTime(), a.opts.Random)
	if err != nil {
		return rest.Answer{}, err
	}
	if err := a.Tokens.Create(ctx, token); err != nil {
		return rest.Answer{}, err
	}
	return rest.Created(wire.CreatedToken{TokenInfo: wire.FromToken(token), Token: bearer}), nil
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
