// Package idempotency makes all requests with one Idempotency-Key one request: the first
// runs, and its repeats get its result. For a request it keeps the status and the ids of
// what was created, and never a body, so a secret that was shown once is not kept.
package idempotency

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"time"

	"waybill/internal/fault"
)

const (
	// Window is how long a key is kept. A day is usual in payment APIs.
	Window = 24 * time.Hour
	// RunLimit is how long a run counts as running. The functions of the API are ended
	// by AWS before that.
	RunLimit = 30 * time.Second
)

// Store keeps claims. Its methods may be called concurrently.
type Store interface {
	// Claim takes the request for a run that begins now. If nothing is stored for it, or
	// only something older than [Window], the claim has the seed. Otherwise the result
	// is that of [Claim.Again].
	Claim(ctx context.Context, request Request, seed Seed, now time.Time) (Claim, error)
	// Complete stores the outcome of the claim's run. Repeats get it until the window
	// has passed.
	Complete(ctx context.Context, claim Claim, outcome Outcome) error
	// Suspend ends the claim's run without an outcome. A repeat runs at once, with the
	// same seed.
	Suspend(ctx context.Context, claim Claim) error
	// Release forgets the request. A repeat is a new request.
	//
	// Complete, Suspend and Release do nothing and return Conflict if the run is no
	// longer the request's last one, or has ended.
	Release(ctx context.Context, claim Claim) error
}

// Request identifies a request. It has hashes only, because a body may have secrets.
type Request struct {
	// Key covers the token, the method, the path and the Idempotency-Key.
	Key string
	// Content covers the query and the body. It is a hash under the Idempotency-Key, so
	// that it confirms no guess of a secret in the body.
	Content [sha256.Size]byte
}

// NewRequest returns the request with an Idempotency-Key. path has the place, such as a
// template and the values of its parameters.
func NewRequest(key, token, method string, path any, query url.Values, body []byte) (Request, error) {
	// The encoding as JSON differs for different parts.
	place, err := json.Marshal([]any{token, method, path, key})
	if err != nil {
		return Request{}, fault.Wrap(err, fault.Internal, "encode the place of a request")
	}
	content, err := json.Marshal([]any{query, body})
	if err != nil {
		return Request{}, fault.Wrap(err, fault.Internal, "encode the content of a request")
	}
	sum, mac := sha256.Sum256(place), hmac.New(sha256.New, []byte(key))
	mac.Write(content)
	return Request{Key: hex.EncodeToString(sum[:]), Content: [sha256.Size]byte(mac.Sum(nil))}, nil
}

// Seed makes the ids of what a request creates. Every run of the request has the same
// one, so a run finds what an earlier run has created.
type Seed [16]byte

// NewSeed returns a random seed. random is crypto/rand.Reader outside tests.
func NewSeed(random io.Reader) (Seed, error) {
	var seed Seed
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return Seed{}, fault.Wrap(err, fault.Internal, "read random bytes")
	}
	return seed, nil
}

// Claim is a request and its last run.
type Claim struct {
	Request
	Seed Seed
	// CreatedAt is when the first run began.
	CreatedAt time.Time
	// Run is the number of the last run, 1 for the first.
	Run int
	// RunningUntil is when the last run counts as dead.
	RunningUntil time.Time
	// Outcome is nil until a run has succeeded.
	Outcome *Outcome
}

// Outcome is the result of a request: the status of its answer and the ids of what it
// created.
type Outcome struct {
	Status int
	IDs    []string
}

// The causes of the errors of [Claim.Again].
var (
	ErrRunning      = errors.New("the first request with the key is running")
	ErrOtherContent = errors.New("the key was used for another request")
)

// NewClaim returns the claim of a new request.
func NewClaim(request Request, seed Seed, now time.Time) Claim {
	return Claim{Request: request, Seed: seed, CreatedAt: now, Run: 1, RunningUntil: now.Add(RunLimit)}
}

// Expired reports whether the window of the claim has passed.
func (c Claim) Expired(now time.Time) bool { return !now.Before(c.CreatedAt.Add(Window)) }

// Again returns the claim after a repeat of its request: unchanged if it has an outcome,
// otherwise with another run. Invalid with the cause [ErrOtherContent] if the repeat has
// another query or body. Conflict with the cause [ErrRunning] if the last run may still
// be working.
func (c Claim) Again(repeat Request, now time.Time) (Claim, error) {
	switch {
	case c.Content != repeat.Content:
		return Claim{}, fault.Wrap(ErrOtherContent, fault.Invalid, "Validation failed.").
			WithField("Idempotency-Key", "was used for a request with another body or query; use a new key")
	case c.Outcome != nil:
		return c, nil
	case now.Before(c.RunningUntil):
		return Claim{}, fault.Wrap(ErrRunning, fault.Conflict,
			"The first request with this Idempotency-Key is still running. Try again in a few seconds.")
	}
	c.Run++
	c.RunningUntil = now.Add(RunLimit)
	return c, nil
}

// NewEndedError is Conflict: the run of the claim has ended, or another one has begun.
func NewEndedError() error {
	return fault.New(fault.Conflict, "Another run has taken this request over.")
}
