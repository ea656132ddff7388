package access

import (
	"context"
	"crypto/subtle"
	"errors"
	"strings"
	"sync"
	"time"

	"waybill/internal/fault"
)

// CacheTime is how long a token is cached after it was read. A revoked token works
// at most this long.
const CacheTime = 30 * time.Second

const (
	// maxCached limits the cache. A team has tens of tokens.
	maxCached = 1000
	// maxHeader is far above the 72 bytes of a header with a valid token.
	maxHeader = 512
)

// Options adjust [New]; the zero value works.
type Options struct {
	// Now defaults to the clock.
	Now func() time.Time
	// Limits are the requests that are let through.
	Limits Limits
}

// Checker finds the token of a request. Several goroutines may use it at the same
// time.
type Checker struct {
	tokens Tokens
	now    func() time.Time
	// requests and failures count.
	requests, failures *throttle

	mu    sync.Mutex
	cache map[string]cached
}

// cached is a token and the time when it was read.
type cached struct {
	token Token
	read  time.Time
}

// New returns a checker of the stored tokens.
func New(tokens Tokens, opts Options) *Checker {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Checker{tokens: tokens, now: opts.Now, cache: map[string]cached{},
		requests: newThrottle(opts.Limits.Requests, "requests with this token"),
		failures: newThrottle(opts.Limits.Failures, "failed attempts with this token from your address")}
}

// Authenticate returns the token of an Authorization header, "Bearer ID|SECRET", that came
// from the address. Unauthenticated, always with the same text, if the token is not valid
// or has expired; a [ThrottledError] if there were too many requests with the token, or too
// many failed ones with its id from the address, which not even the right secret ends;
// another kind if the tokens could not be read.
//
// A token is cached for [CacheTime]. The absence of a token is not cached, so a new
// token works at once.
func (c *Checker) Authenticate(ctx context.Context, header, address string) (Token, error) {
	id, secret, ok := parse(header)
	if !ok {
		return Token{}, unauthenticated()
	}
	now, attempts := c.now(), id+" "+address
	if err := c.failures.check(attempts, now); err != nil {
		return Token{}, err
	}
	token, err := c.signIn(ctx, id, secret, now)
	if errors.Is(err, fault.Unauthenticated) {
		c.failures.take(attempts, now)
	}
	if err != nil {
		return Token{}, err
	}
	if err := c.requests.check(id, now); err != nil {
		return Token{}, err
	}
	c.requests.take(id, now)
	return token, nil
}

// signIn returns the token if the secret is its own and it has not expired.
func (c *Checker) signIn(ctx context.Context, id, secret string, now time.Time) (Token, error) {
	token, err := c.get(ctx, id)
	if errors.Is(err, fault.NotFound) {
		return Token{}, unauthenticated()
	}
	if err != nil {
		return Token{}, err
	}
	given := digest(secret)
	if subtle.ConstantTimeCompare(given[:], token.Digest[:]) != 1 || token.Expired(now) {
		return Token{}, unauthenticated()
	}
	return token.Clone(), nil
}

func unauthenticated() error { return fault.New(fault.Unauthenticated, "Unauthenticated.") }

// parse splits a header. The scheme may be in any case (RFC 9110, 11.1).
func parse(header string) (id, secret string, ok bool) {
	if len(header) > maxHeader {
		return "", "", false
	}
	scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	id, secret, found := strings.Cut(strings.TrimSpace(rest), "|")
	return id, secret, found && strings.EqualFold(scheme, "bearer") && IsID(id) && secret != ""
}

// get returns the token from the cache, or reads it.
func (c *Checker) get(ctx context.Context, id string) (Token, error) {
	// The age counts from before the read, so that a token that is revoked during the
	// read does not work longer.
	now := c.now()
	if token, fresh := c.remembered(id, now); fresh {
		return token, nil
	}
	token, err := c.tokens.Get(ctx, id)
	if err != nil {
		return Token{}, err
	}
	c.remember(token, now)
	return token, nil
}

func (c *Checker) remembered(id string, now time.Time) (Token, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, found := c.cache[id]
	return known.token, found && fresh(known, now)
}

// fresh reports whether a cached token is still valid. It is not if the clock was
// set back.
func fresh(known cached, now time.Time) bool {
	age := now.Sub(known.read)
	return age >= 0 && age < CacheTime
}

// remember caches the token. If the cache is full, it first drops expired tokens, and
// then any others.
func (c *Checker) remember(token Token, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.cache) >= maxCached {
		for id, known := range c.cache {
			if !fresh(known, now) {
				delete(c.cache, id)
			}
		}
	}
	for id := range c.cache {
		if len(c.cache) < maxCached {
			break
		}
		delete(c.cache, id)
	}
	c.cache[token.ID] = cached{token: token, read: now}
}
