// Package openapi is the only definition of the HTTP API: openapi.yaml, the table
// of routes read from it, and the checks of requests and answers by it. The stack,
// the handlers and the contract tests all use it.
package openapi

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"

	"waybill/internal/access"
	"waybill/internal/fault"
)

// condensed is openapi.yaml as JSON, without its descriptions. Every function
// decodes it at every start, and JSON is decoded ten times as fast as YAML. A test
// writes it and compares it with openapi.yaml.
//
//go:embed openapi.json
var condensed []byte

// API is the decoded document. Several goroutines may use it at the same time.
type API struct {
	routes     []Route
	operations map[string]operation
	requests   *schemas
	answers    *schemas
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
	// Scope is what the operation is about.
	Scope Scope
	// TakesKey says that the operation takes an [IdempotencyKey].
	TakesKey bool
}

// IdempotencyKey is the header that makes several requests one request.
const IdempotencyKey = "Idempotency-Key"

// Load decodes the document. A function calls it once, when it starts; schemas are
// compiled when they are first needed. Internal if the document is damaged.
func Load() (*API, error) {
	var root map[string]any
	if err := json.Unmarshal(condensed, &root); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "read the description of the API")
	}
	doc := node{root: root, value: root}
	api := &API{
		operations: map[string]operation{},
		requests:   newSchemas(root, false),
		answers:    newSchemas(root, true),
	}
	prefix := doc.get("servers", "0", "url").text()
	for _, path := range doc.get("paths").children() {
		for _, method := range path.children() {
			if slices.Contains(methods[:], method.key()) {
				api.add(readOperation(prefix, path, method))
			}
		}
	}
	return api, nil
}

// methods are the keys of a path that hold operations.
var methods = [...]string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

func (a *API) add(op operation) {
	a.routes = append(a.routes, op.Route)
	a.operations[op.ID] = op
}

// Routes lists every operation, in the order of path and method.
func (a *API) Routes() []Route { return slices.Clone(a.routes) }

// operation returns the operation with the id. Internal if it does not exist,
// because only Waybill's own code uses ids.
func (a *API) operation(routeID string) (operation, error) {
	op, known := a.operations[routeID]
	if !known {
		return operation{}, fault.New(fault.Internal, "the API has no operation %q", routeID)
	}
	return op, nil
}

// operation is a route with the schemas of its requests and answers.
type operation struct {
	Route
	// compatible ignores unknown parameters, which existing clients send.
	compatible bool
	query      []parameter
	// body is the schema of the request's body, and absent if it takes none.
	body         node
	bodyRequired bool
	responses    node
}

// parameter is one parameter of a query.
type parameter struct {
	name   string
	schema node
}

func readOperation(prefix string, path, method node) operation {
	op := operation{
		Route: Route{
			ID:       method.get("operationId").text(),
			Method:   strings.ToUpper(method.key()),
			Path:     prefix + path.key(),
			Function: method.get("x-waybill-function").text(),
			Ability:  access.Ability(method.get("x-waybill-ability").text()),
			Scope:    Scope(method.get("x-waybill-scope").text()),
		},
		compatible: method.get("x-waybill-compatible").value == true,
		responses:  method.get("responses"),
	}
	for _, declared := range slices.Concat(path.get("parameters").children(),
		method.get("parameters").children()) {
		switch name := declared.get("name").text(); declared.get("in").text() {
		case "query":
			op.query = append(op.query, parameter{name, declared.get("schema")})
		case "header":
			op.TakesKey = op.TakesKey || name == IdempotencyKey
		}
	}
	if body := method.get("requestBody"); body.exists() {
		op.body = body.get("content", "application/json", "schema")
		op.bodyRequired = body.get("required").value == true
	}
	return op
}
