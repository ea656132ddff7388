package access

import (
	"crypto/sha256"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// The parts of a bearer token, "ID|SECRET".
const (
	idPrefix = "tok"
	// secretLength characters of 5 bits are 240 random bits.
	secretLength = 48
	// MaxNameLength is how many characters a token's name may have.
	MaxNameLength = 255
)

// Mint makes a token and its bearer form "ID|SECRET", which is kept nowhere
// and can never be shown again. random is crypto/rand.Reader outside of tests.
// Invalid if the name is empty, longer than [MaxNameLength] or has control
// characters, or if there is no ability or an unknown one; Internal if random
// fails.
func Mint(name string, abilities []Ability, now time.Time, random io.Reader) (token Token, bearer string, err error) {
	name = strings.TrimSpace(name)
	length := utf8.RuneCountInString(name)
	if length == 0 || length > MaxNameLength || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return Token{}, "", fault.InvalidField("name", "must be one line of 1 to %d characters", MaxNameLength)
	}
	abilities, err = check(abilities)
	if err != nil {
		return Token{}, "", err
	}
	id, err := catalog.RandomText(catalog.IDLength-len(idPrefix), random)
	if err != nil {
		return Token{}, "", err
	}
	secret, err := catalog.RandomText(secretLength, random)
	if err != nil {
		return Token{}, "", err
	}
	token = Token{
		ID:        idPrefix + id,
		Name:      name,
		Abilities: abilities,
		Digest:    digest(secret),
		CreatedAt: now.UTC().Truncate(time.Microsecond),
	}
	return token, token.ID + "|" + secret, nil
}

// digest is what is kept of a secret. A plain hash is enough: the secret is
// long and random, so nobody can guess it from there.
func digest(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

// isID reports whether text can be a token's id. Others are not looked up.
func isID(text string) bool {
	return len(text) == catalog.IDLength && strings.HasPrefix(text, idPrefix) && catalog.IsIDText(text)
}
