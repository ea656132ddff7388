package rest

import (
	"context"

	"waybill/internal/access"
	"waybill/internal/catalog"
)

// tokenBody is a token on the wire, without its secret.
type tokenBody struct {
	UUID      string           `json:"uuid"`
	Name      string           `json:"name"`
	Abilities []access.Ability `json:"abilities"`
	CreatedAt string           `json:"created_at"`
}

func showToken(token access.Token) tokenBody {
	return tokenBody{token.ID, token.Name, token.Abilities, timestamp(token.CreatedAt)}
}

// listTokens answers all of them as a bare array.
func (k keeper) listTokens(ctx context.Context, _ *call) (answer, error) {
	tokens, err := k.Tokens.List(ctx)
	if err != nil {
		return answer{}, err
	}
	bodies := make([]tokenBody, 0, len(tokens))
	for _, token := range tokens {
		bodies = append(bodies, showToken(token))
	}
	return ok(bodies), nil
}

// newToken is what a client asks for.
type newToken struct {
	Name      string   `json:"name"`
	Abilities []string `json:"abilities"`
}

// mintedBody is the only answer that ever shows a token.
type mintedBody struct {
	tokenBody
	Token string `json:"token"`
}

// createToken makes a token and shows it, for the only time.
func (k keeper) createToken(ctx context.Context, c *call) (answer, error) {
	given, err := decode[newToken](c.body)
	if err != nil {
		return answer{}, err
	}
	abilities, err := access.ParseAbilities(given.Abilities)
	if err != nil {
		return answer{}, err
	}
	token, bearer, err := access.Mint(given.Name, abilities, k.opts.now(), k.opts.Random)
	if err != nil {
		return answer{}, err
	}
	if err := k.Tokens.Create(ctx, token); err != nil {
		return answer{}, err
	}
	return created(mintedBody{showToken(token), bearer}), nil
}

// deleteToken revokes a token. Warm functions believe it for a while longer:
// see access.CacheTime.
func (k keeper) deleteToken(ctx context.Context, c *call) (answer, error) {
	id := c.params["uuid"]
	if !catalog.IsIDText(id) { // what a table might choke on is unknown like the rest
		return answer{}, notFound("Token")
	}
	if err := k.Tokens.Delete(ctx, id); err != nil {
		return answer{}, missing(err, "Token")
	}
	return ok(deleted{"Token revoked.", id}), nil
}
