// Package openapi is the one source of what the HTTP API is: openapi.yaml, the
// table of routes read from it, and the checks of requests and answers against
// it. The stack, the handlers and the contract tests are all made from it.
package openapi

import (
	_ "embed"
	"net/url"

	"waybill/internal/access"
	"waybill/internal/fault"
)

//go:embed openapi.yaml
var document []byte

// Document is openapi.yaml as it is written.
func Document() []byte { return document }

// API is openapi.yaml, parsed. It may be used by several goroutines at once.
type API struct {
	routes []Route
}

// Route is one operation of the API.
type Route struct {
	// ID is the operationId, such as "startService".
	ID string
	// Method is in upper case; Path is whole, with its parameters in braces:
	// "/api/v1/services/{uuid}/start".
	Method string
	Path   string
	// Function is the Lambda function that answers: catalog, deploy, list or show.
	Function string
	// Ability is what the token needs; "" means that no token is needed.
	Ability access.Ability
}

// Load parses openapi.yaml. It is meant to be called once when a function
// starts; schemas are compiled when they are first needed. Internal if the
// document cannot be read.
func Load() (*API, error) { return nil, fault.New(fault.Internal, "not written yet") }

// Routes lists every operation, in the order of path and method.
func (a *API) Routes() []Route { return a.routes }

// CheckBody checks a request's body against the schema of the route. Invalid
// with what is wrong with each field, "body" standing for the whole; a message
// never quotes a value. Internal if there is no such route.
func (a *API) CheckBody(routeID string, body []byte) error { return nil }

// CheckQuery checks a request's query against the parameters of the route.
// Invalid with what is wrong with each parameter.
func (a *API) CheckQuery(routeID string, query url.Values) error { return nil }

// CheckAnswer checks an answer's body against the schema that the route names
// for the status. Meant for tests; the error says all that differs.
func (a *API) CheckAnswer(routeID string, status int, body []byte) error { return nil }
