// Package idempotency makes all requests with one Idempotency-Key one request: the first
// runs, and its repeats get its result. For a request it keeps the status and the ids of
// the created things. It never keeps a body, so it never keeps a secret.
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

// Store keeps keys. Its methods may be called concurrently.
type Store interface {
	// Take takes the key of the request for a run that begins now. Without a key, or
	// with one that is older than [Window], the new key has the seed. Otherwise Take has
	// the result of [Key.Again].
	Take(ctx context.Context, request Request, seed Seed, now time.Time) (Key, error)
	// Complete stores the result of the key's run. Repeats get it until the window
	// has passed.
	Complete(ctx context.Context, key Key, result Result) error
	// Suspend ends the key's run without a result. A repeat runs at once, with the
	// same seed.
	Suspend(ctx context.Context, key Key) error
	// Release forgets the request. A repeat is a new request.
	//
	// Complete, Suspend and Release do nothing and return Conflict if the run is no
	// longer the request's last one, or has ended.
	Release(ctx context.Context, key Key) error
}

// Request identifies a request. It has hashes only, because a body may have secrets.
type Request struct {
	// Hash covers the token, the method, the path and the Idempotency-Key.
	Hash string
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
	return Request{Hash: hex.EncodeToString(sum[:]), Content: [sha256.Size]byte(mac.Sum(nil))}, nil
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

// Key is an Idempotency-Key in use: a request and its last run.
type Key struct {
	Request
	Seed Seed
	// CreatedAt is when the first run began.
	CreatedAt time.Time
	// Run is the number of the last run, 1 for the first.
	Run int
	// RunningUntil is when the last run counts as dead.
	RunningUntil time.Time
	// Result is nil until a run has succeeded.
	Result *Result
}

// Result is the result of a request: the status of its answer and the ids that it
// created.
type Result struct {
	Status int
	IDs    []string
}

// The causes of the errors of [Key.Again].
var (
	ErrRunning      = errors.New("the first request with the key is running")
	ErrOtherContent = errors.New("the key was used for another request")
)

// NewKey returns the key of a new request.
func NewKey(request Request, seed Seed, now time.Time) Key {
	return Key{Request: request, Seed: seed, CreatedAt: now, Run: 1, RunningUntil: now.Add(RunLimit)}
}

// Expired reports whether the window of the key has passed.
func (k Key) Expired(now time.Time) bool { return !now.Before(k.CreatedAt.Add(Window)) }

// Again returns the key after a repeat of its request: unchanged if it has a result,
// otherwise with another run. Invalid with the cause [ErrOtherContent] if the repeat has
// another query or body. Conflict with the cause [ErrRunning] if the last run may still
// be working.
func (k Key) Again(repeat Request, now time.Time) (Key, error) {
	switch {
	case k.Content != repeat.Content:
		return Key{}, fault.Wrap(ErrOtherContent, fault.Invalid, "Validation failed.").
			WithField("Idempotency-Key", "was used for a request with another body or query; use a new key")
	case k.Result != nil:
		return k, nil
	case now.Before(k.RunningUntil):
		return Key{}, fault.Wrap(ErrRunning, fault.Conflict,
			"The first request with this Idempotency-Key is still running. Try again in a few seconds.")
	}
	k.Run++
	k.RunningUntil = now.Add(RunLimit)
	return k, nil
}

// NewEndedError is Conflict: the run of the key has ended, or another one has begun.
func NewEndedError() error {
	return fault.New(fault.Conflict, "Another run has taken this request over.")
}
