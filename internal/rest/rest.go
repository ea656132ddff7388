// Package rest answers the HTTP API. Each of the four API functions gets one
// http.Handler over its ports; what all requests have in common (the route,
// the token, the checks against openapi.yaml, the operator's log) is done once
// in front of the endpoints, and what an error looks like is decided once, in
// problem.go.
package rest

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"time"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/snapshot"
)

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

// CatalogPorts is what the catalog function works on.
type CatalogPorts struct {
	Tokens    access.Tokens
	Store     catalog.Store
	Vault     catalog.Vault
	Inspector catalog.Inspector
	Ledger    deployment.Ledger
	Snapshots snapshot.Archive
	// Check refuses a resource that no recipe can run on the server: Invalid
	// with fields.
	Check func(context.Context, catalog.Deployable, *catalog.Server) error
	// Warn says what in a resource that passes Check may surprise.
	Warn func(context.Context, catalog.Deployable) []string
	// Look asks the server, opened with the private key, for the status of the
	// resource ("running:healthy"). Unavailable, saying why, if it cannot tell.
	// It takes less than the 29 s after which API Gateway gives up.
	Look func(ctx context.Context, server *catalog.Server, privateKey string, resource catalog.Deployable) (string, error)
}

// DeployPorts is what the deploy function works on.
type DeployPorts struct {
	Tokens    access.Tokens
	Store     catalog.Store
	Ledger    deployment.Ledger
	History   deployment.History
	Snapshots snapshot.Archive
}

// ListPorts is what the list function works on.
type ListPorts struct {
	Tokens  access.Tokens
	Store   catalog.Store
	History deployment.History
}

// ShowPorts is what the show function works on.
type ShowPorts struct {
	Tokens    access.Tokens
	Store     catalog.Store
	History   deployment.History
	Archive   logbook.Archive
	Snapshots snapshot.Archive
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
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

// now is the time as records and entities keep it: UTC, to the microsecond.
func (o Options) now() time.Time { return o.Now().UTC().Truncate(time.Microsecond) }

// NewCatalog returns the handler of servers, keys, tokens, services,
// applications and databases. Internal if openapi.yaml cannot be read or names an operation
// of the function that has no endpoint; that goes for the other three too.
func NewCatalog(ports CatalogPorts, opts Options) (http.Handler, error) {
	opts = opts.withDefaults()
	return newGate("catalog", ports.Tokens, opts, ports.endpoints(opts))
}

// NewDeploy returns the handler of start, stop, restart, deploy, rollback and
// cancel.
func NewDeploy(ports DeployPorts, opts Options) (http.Handler, error) {
	opts = opts.withDefaults()
	return newGate("deploy", ports.Tokens, opts, ports.endpoints(opts))
}

// NewList returns the handler of what is queued and running, and of histories.
func NewList(ports ListPorts, opts Options) (http.Handler, error) {
	opts = opts.withDefaults()
	return newGate("list", ports.Tokens, opts, ports.endpoints(opts))
}

// NewShow returns the handler of one deployment, its log and its configuration.
func NewShow(ports ShowPorts, opts Options) (http.Handler, error) {
	opts = opts.withDefaults()
	return newGate("show", ports.Tokens, opts, ports.endpoints(opts))
}
