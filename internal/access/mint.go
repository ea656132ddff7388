package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"strconv"
	"strings"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// The parts of a bearer token, "ID|SECRET".
const (
	// idBits random bits are the number before the bar. JavaScript represents every
	// integer of 53 bits exactly.
	idBits = 53
	// secretLength characters of 5 bits are 240 random bits.
	secretLength = 48
	// MaxNameLength is the maximum length of a token's name, in characters.
	MaxNameLength = 255
)

// Terms are what a new token gets.
type Terms struct {
	Name      string
	Abilities []Ability
	Scope     Scope
	// ExpiresAt is when the token stops working, or zero for never.
	ExpiresAt time.Time
}

// Mint makes a token and its bearer form "ID|SECRET", which is stored nowhere and
// cannot be shown again. random is crypto/rand.Reader outside tests. Invalid if the
// name is empty, longer than [MaxNameLength] or has control characters, if an
// ability is unknown or there is no ability, if [Scope.Check] refuses the scope, or if the
// token would have expired already.
// Internal if random fails.
func Mint(terms Terms, now time.Time, random io.Reader) (token Token, bearer string, err error) {
	id, err := NewID(random)
	if err != nil {
		return Token{}, "", err
	}
	return MintWithID(id, terms, now, random)
}

// MintWithID is [Mint] with an id from [NewID].
func MintWithID(
	id string, terms Terms, now time.Time, random io.Reader,
) (token Token, bearer string, err error) {
	name := strings.TrimSpace(terms.Name)
	if name == "" || !catalog.IsLine(name, MaxNameLength) {
		return Token{}, "", fault.InvalidField("name",
			"must be one line of 1 to %d characters", MaxNameLength)
	}
	abilities, err := check(terms.Abilities)
	if err != nil {
		return Token{}, "", err
	}
	if err := terms.Scope.Check(); err != nil {
		return Token{}, "", err
	}
	token = Token{
		ID:        id,
		Name:      name,
		Abilities: abilities,
		Scope:     terms.Scope.clone(),
		CreatedAt: now.UTC().Truncate(time.Microsecond),
		ExpiresAt: terms.ExpiresAt.UTC().Truncate(time.Microsecond),
	}
	if token.Expired(now) {
		return Token{}, "", fault.InvalidField("expires_at", "must be in the future")
	}
	secret, err := catalog.RandomText(secretLength, random)
	if err != nil {
		return Token{}, "", err
	}
	token.Digest = digest(secret)
	return token, token.ID + "|" + secret, nil
}

// Minter returns a function that makes a token with the named abilities, stores it and
// returns its bearer form. A stack gets its first token in this way: the API makes
// tokens only for a client that has one with root. The entry of the audit is kept as long as
// kept says. It has the errors of [Mint] and of [Tokens]'s Create.
func Minter(
	tokens Tokens, now func() time.Time, kept time.Duration,
) func(ctx context.Context, name string, abilities []string) (string, error) {
	return func(ctx context.Context, name string, names []string) (string, error) {
		abilities, err := ParseAbilities(names)
		if err != nil {
			return "", err
		}
		token, bearer, err := Mint(Terms{Name: name, Abilities: abilities}, now(), rand.Reader)
		if err != nil {
			return "", err
		}
		entry, err := audit.New(audit.Entry{At: token.CreatedAt, Action: audit.Create,
			Target: token.Target()}, kept, rand.Reader)
		if err != nil {
			return "", err
		}
		return bearer, tokens.Create(ctx, token, entry)
	}
}

// digest returns the stored form of a secret. A plain hash is enough: the secret is
// long and random, so it cannot be guessed.
func digest(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

// NewID returns the id of a new token: a random number of 53 bits, at least 1.
func NewID(random io.Reader) (string, error) {
	var bytes [8]byte
	if _, err := io.ReadFull(random, bytes[:]); err != nil {
		return "", fault.Wrap(err, fault.Internal, "read random bytes")
	}
	number := binary.BigEndian.Uint64(bytes[:]) >> (64 - idBits)
	return strconv.FormatUint(max(number, 1), 10), nil
}

// IsID reports whether text can be a token's id. No other text is looked up.
func IsID(text string) bool {
	number, err := strconv.ParseUint(text, 10, 64)
	return err == nil && number > 0 && number < 1<<idBits && strconv.FormatUint(number, 10) == text
}
