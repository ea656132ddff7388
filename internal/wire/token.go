package wire

import (
	"waybill/internal/access"
)

// TokenInfo is a token on the wire, without its secret.
type TokenInfo struct {
	UUID      string           `json:"uuid"`
	Name      string           `json:"name"`
	Abilities []access.Ability `json:"abilities"`
	CreatedAt string           `json:"created_at"`
}

// ShowToken shows a token without its secret.
func ShowToken(token access.Token) TokenInfo {
	return TokenInfo{token.ID, token.Name, token.Abilities, Timestamp(token.CreatedAt)}
}

// NewToken is what a client asks for.
type NewToken struct {
	Name      string   `json:"name"`
	Abilities []string `json:"abilities"`
}

// MintedToken is the only answer that ever shows a token.
type MintedToken struct {
	TokenInfo
	Token string `json:"token"`
}
