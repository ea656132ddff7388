// Package inspectapi has the endpoints of the inspect function, whose answers come from
// servers. They parse what a server sends, so they write neither definitions nor tokens.
package inspectapi

import (
	"context"
	"net/http"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/inspect"
	"waybill/internal/openapi/schema"
	"waybill/internal/rest"
	"waybill/internal/snapshot"
)

// Ports are the dependencies of the inspect function.
type Ports struct {
	Tokens   access.Tokens
	Store    Store
	Vault    catalog.Vault
	Sessions catalog.Sessions
	// History and Snapshots tell what the last start has run.
	History   deployment.Lister
	Snapshots snapshot.Reader
	// Look asks the server, opened with the login, for the status of the
	// resource ("running:healthy"). Unavailable, saying why, if it cannot tell.
	// It takes less than the 29 s after which API Gateway gives up.
	Look func(ctx context.Context, server *catalog.Server, login catalog.Login,
		resource catalog.Deployable) (string, error)
	// Logs asks it for the logs of the resource's containers, like Look.
	Logs func(ctx context.Context, server *catalog.Server, login catalog.Login, resource catalog.ID,
		query inspect.LogQuery) (inspect.Logs, error)
	// Survey asks it for the containers of the resource, and which of the images are there,
	// like Look.
	Survey func(ctx context.Context, server *catalog.Server, login catalog.Login,
		resource catalog.Deployable, images []string) (inspect.Survey, error)
}

// Store is the part of the catalog that the function uses.
type Store interface {
	catalog.Reader
	catalog.Observer
}

// New returns the handler of the inspect function. It fails as [rest.NewHandler] does.
func New(ports Ports, opts rest.Options) (http.Handler, error) {
	opts = opts.WithDefaults()
	a := inspectAPI{ports, opts}
	return rest.NewHandler(rest.Function{
		Name: "inspect", Tokens: ports.Tokens, Store: ports.Store, Endpoints: a.endpoints(),
		Bodies: schema.NewBodies(),
	}, opts)
}

// inspectAPI has the endpoints of the inspect function as methods.
type inspectAPI struct {
	Ports
	opts rest.Options
}

// endpoints maps the operations of openapi.yaml to their endpoints.
func (a inspectAPI) endpoints() map[string]rest.Endpoint {
	return map[string]rest.Endpoint{
		"validateService":     a.validateEndpoint(catalog.KindService),
		"validateApplication": a.validateEndpoint(catalog.KindApplication),
		"validateDatabase":    a.validateEndpoint(catalog.KindDatabase),
		"planService":         a.planEndpoint(catalog.KindService),
		"planApplication":     a.planEndpoint(catalog.KindApplication),
		"planDatabase":        a.planEndpoint(catalog.KindDatabase),
		"serviceLogs":         a.logsEndpoint(catalog.KindService),
		"applicationLogs":     a.logsEndpoint(catalog.KindApplication),
		"databaseLogs":        a.logsEndpoint(catalog.KindDatabase),
	}
}
