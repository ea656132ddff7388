// Package rest is the frame of the HTTP API: it checks the route, the token, the
// query and the body of each request against openapi.yaml, calls the endpoint,
// turns errors into answers, and writes one line to the operator's log. The
// endpoints are in catalogapi, deployapi, listapi and showapi, one package for
// each function; their JSON is in wire.
package rest

import (
	"crypto/rand"
	"io"
	"log/slog"
	"time"
)

// Version is the upstream version whose API this is. Its clients compare it:
// below 4.0.0-beta.471 they refuse to send some requests at all.
const Version = "4.3.11"

// Options adjust the handlers; the zero value works.
type Options struct {
	// Now and Random default to the clock and crypto/rand.
	Now    func() time.Time
	Random io.Reader
	// Log gets one line for each request. By default there is none.
	Log *slog.Logger
	// Team is the name of the one team that the stack is for.
	Team string
	// Version is what GET /version answers; by default [Version].
	Version string
}

// WithDefaults fills in what was left out.
func (o Options) WithDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Version == "" {
		o.Version = Version
	}
	return o
}

// RecordTime is the time as records and entities keep it: UTC, to the microsecond.
func (o Options) RecordTime() time.Time { return o.Now().UTC().Truncate(time.Microsecond) }
