package access

import (
	"crypto/sha256"
	"io"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// The parts of a bearer token, "ID|SECRET".
const (
	idPrefix = "tok"
	// idLength is that of every uuid, so that a token's id reads like one.
	idLength = catalog.IDLength
	// secretLength characters of 5 bits are 240 random bits.
	secretLength = 48
)

// Mint makes a token and its bearer form "ID|SECRET", which is kept nowhere
// and can never be shown again. random is crypto/rand.Reader outside of tests.
// Invalid if the name is empty or longer than 255 characters, or if there is
// no ability or an unknown one; Internal if random fails.
func Mint(name string, abilities []Ability, now time.Time, random io.Reader) (token Token, bearer string, err error) {
	return Token{}, "", fault.New(fault.Internal, "not written yet")
}

// digest is what is kept of a secret. A plain hash is enough: the secret is
// random and long, so it cannot be guessed from its digest.
func digest(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }
