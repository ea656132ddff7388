package catalogapi

import (
	"context"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// listTokens answers all of them as a bare array.
func (k catalogAPI) listTokens(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	tokens, err := k.Tokens.List(ctx)
	if err != nil {
		return rest.Answer{}, err
	}
	bodies := make([]wire.TokenInfo, 0, len(tokens))
	for _, token := range tokens {
		bodies = append(bodies, wire.ShowToken(token))
	}
	return rest.OK(bodies), nil
}

// createToken makes a token and shows it, for the only time.
func (k catalogAPI) createToken(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[wire.NewToken](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	abilities, err := access.ParseAbilities(given.Abilities)
	if err != nil {
		return rest.Answer{}, err
	}
	token, bearer, err := access.Mint(given.Name, abilities, k.opts.RecordTime(), k.opts.Random)
	if err != nil {
		return rest.Answer{}, err
	}
	if err := k.Tokens.Create(ctx, token); err != nil {
		return rest.Answer{}, err
	}
	return rest.Created(wire.MintedToken{TokenInfo: wire.ShowToken(token), Token: bearer}), nil
}

// deleteToken revokes a token. Warm functions believe it for a while longer:
// see access.CacheTime.
func (k catalogAPI) deleteToken(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	id := c.Params["uuid"]
	if !catalog.IsIDText(id) { // what a table might choke on is unknown like the rest
		return rest.Answer{}, rest.NotFound("Token")
	}
	if err := k.Tokens.Delete(ctx, id); err != nil {
		return rest.Answer{}, rest.NotFoundAs(err, "Token")
	}
	return rest.OK(deleted{"Token revoked.", id}), nil
}
