package wire

import (
	"strconv"

	"waybill/internal/access"
)

// TokenInfo is a token on the wire, without its secret.
type TokenInfo struct {
	ID        int64            `json:"id"`
	Name      string           `json:"name"`
	Abilities []access.Ability `json:"abilities"`
	CreatedAt string           `json:"created_at"`
}

// FromToken returns a token without its secret.
func FromToken(token access.Token) TokenInfo {
	id, _ := strconv.ParseInt(token.ID, 10, 64) // every id of a token is a number
	return TokenInfo{id, token.Name, token.Abilities, Timestamp(token.CreatedAt)}
}

// TokenInput creates a token.
type TokenInput struct {
	Name      string   `json:"name"`
	Abilities []string `json:"abilities"`
}

// CreatedToken answers the creation of a token. No other answer has the secret.
type CreatedToken struct {
	TokenInfo
	Token string `json:"token"`
}
