// Package rest is the frame of the HTTP API: it checks the route, the token, the
// query and the body of each request against openapi.yaml, calls the endpoint,
// turns errors into answers, and writes one line to the operator's log. The
// endpoints are in catalogapi, deployapi, inspectapi, listapi and showapi, one package for
// each function; their JSON is in wire.
package rest

import (
	"crypto/rand"
	"io"
	"log/slog"
	"time"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/settings"
)

// Release is the version of Waybill, the newest one in CHANGELOG.md.
const Release = "0.9.0"

// Version is the upstream version whose API this is, with Waybill's own as build metadata
// (Semantic Versioning, 10), which does not count in a comparison. Clients compare it: below
// 4.0.0-beta.471 they refuse to send some requests.
const Version = "4.3.11+waybill." + Release

// Options adjust the handlers; the zero value works.
type Options struct {
	// Now and Random default to the clock and crypto/rand.
	Now    func() time.Time
	Random io.Reader
	// Log gets one line for each request. By default nothing is logged.
	Log *slog.Logger
	// Team is the name of the stack's team.
	Team string
	// Retention is how long deployments are kept whose resource does not say so; zero
	// fields mean [catalog.DefaultRetention].
	Retention catalog.Retention
	// Limits are the requests that are let through; zero fields mean no limit.
	Limits access.Limits
	// TokenLifetime is how long a new token works whose request does not say so; zero means
	// for ever.
	TokenLifetime time.Duration
	// Sources are the images and the buckets that resources may declare.
	Sources catalog.TriggerSources
	// Version is the answer of GET /version; by default [Version].
	Version string
}

// ReadOptions returns the options of a function from its environment. Internal, naming the
// variable, if one is wrong.
func ReadOptions(env settings.Settings, log *slog.Logger) (Options, error) {
	days, err := env.RetentionDays()
	if err != nil {
		return Options{}, err
	}
	limits, err := env.RequestLimits()
	if err != nil {
		return Options{}, err
	}
	lifetime, err := env.TokenLifetime()
	return Options{
		Log:           log,
		Team:          env.Get(settings.Team),
		Retention:     catalog.Retention(days),
		Limits:        access.Limits(limits),
		TokenLifetime: lifetime,
		Sources: catalog.TriggerSources{Images: settings.List(env.Get(settings.Images)),
			Buckets: settings.List(env.Get(settings.Buckets))},
	}, err
}

// WithDefaults returns the options with defaults for all zero fields.
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
	o.Retention = o.Retention.Or(catalog.DefaultRetention())
	return o
}

// RecordTime returns the time as records and entities store it: in UTC, to the
// microsecond.
func (o Options) RecordTime() time.Time { return o.Now().UTC().Truncate(time.Microsecond) }
