package wire

import (
	"encoding/json"
	"strconv"
	"time"

	"waybill/internal/access"
	"waybill/internal/catalog"
)

// TokenInfo is a token on the wire, without its secret.
type TokenInfo struct {
	ID        int64            `json:"id"`
	Name      string           `json:"name"`
	Abilities []access.Ability `json:"abilities"`
	Scope     *TokenScope      `json:"scope"`
	CreatedAt string           `json:"created_at"`
	ExpiresAt *string          `json:"expires_at"`
	// Expired says that the token has stopped working.
	Expired bool `json:"expired"`
	// LastUsedAt is up to a minute older than the last use.
	LastUsedAt *string `json:"last_used_at"`
}

// FromToken returns a token without its secret, with its last use.
func FromToken(token access.Token, used, now time.Time) TokenInfo {
	id, _ := strconv.ParseInt(token.ID, 10, 64) // every id of a token is a number
	info := TokenInfo{
		ID:         id,
		Name:       token.Name,
		Abilities:  token.Abilities,
		CreatedAt:  Timestamp(token.CreatedAt),
		ExpiresAt:  TimestampOrNull(token.ExpiresAt),
		Expired:    token.Expired(now),
		LastUsedAt: TimestampOrNull(used),
	}
	if !token.Scope.Whole() {
		info.Scope = &TokenScope{
			Resources: append([]catalog.ID{}, token.Scope.Resources...),
			Servers:   append([]catalog.ID{}, token.Scope.Servers...),
			Tags:      append([]string{}, token.Scope.Tags...),
		}
	}
	return info
}

// TokenScope is the part of the stack that a token is limited to.
type TokenScope struct {
	Resources []catalog.ID `json:"resources"`
	Servers   []catalog.ID `json:"servers"`
	Tags      []string     `json:"tags"`
}

// TokenInput creates a token.
type TokenInput struct {
	Name      string      `json:"name"`
	Abilities []string    `json:"abilities"`
	Scope     *TokenScope `json:"scope"`
	// ExpiresAt is nil if it is left out, and "null" for never.
	ExpiresAt json.RawMessage `json:"expires_at"`
}

// CreatedToken answers the creation of a token. No other answer has the secret.
type CreatedToken struct {
	TokenInfo
	Token string `json:"token"`
}
