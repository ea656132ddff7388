// Package openapi has the table of the API's routes. It is made from openapi.yaml, the
// only definition of the HTTP API, from which the stack, the handlers, the checks of
// requests and the contract tests are made, too. Package schema checks bodies, and
// package document has the whole document.
package openapi

import (
	"slices"

	"waybill/internal/access"
)

// Route is one operation of the API.
type Route struct {
	// ID is the operationId, such as "startService".
	ID string
	// Method is in upper case; Path is whole, with its parameters in braces:
	// "/api/v1/services/{uuid}/start".
	Method string
	Path   string
	// Function is the Lambda function that answers: catalog, deploy, inspect, list or show.
	Function string
	// Ability is what the token needs; "" means that no token is needed.
	Ability access.Ability
	// GivenAbility is what a token without the Ability needs for the deployments that were
	// given to it; "" means that it may not see them either.
	GivenAbility access.Ability
	// Scope is what the operation is about.
	Scope Scope
	// TakesKey says that the operation takes an [IdempotencyKey].
	TakesKey bool
	// TakesBody says that the operation reads the body of its requests.
	TakesBody bool
	// Raw says that the endpoint gets the body exactly as it was sent, unchecked, because a
	// signature covers it.
	Raw bool
	// Ignores are parameters that existing clients send and that mean nothing here.
	Ignores []string
	// Query has the parameters of the query.
	Query []Parameter
}

// IdempotencyKey is the header that makes several requests one request.
const IdempotencyKey = "Idempotency-Key"

// Parameter is one parameter of a query.
type Parameter struct {
	Name string
	Type ParameterType
	// Least and Most bound an integer.
	Least, Most int64
	// MinLength and MaxLength bound the number of characters of a text. Without a
	// MaxLength it may be of any length.
	MinLength, MaxLength int
	// Pattern is a regular expression that a text matches, or "".
	Pattern string
	// Enum lists the texts that are allowed. If it is empty, all are.
	Enum []string
	// Expects is the end of a sentence that says what is valid.
	Expects string
}

// ParameterType is the type of a parameter's value.
type ParameterType string

// The types of parameters.
const (
	Text    ParameterType = "string"
	Integer ParameterType = "integer"
	Boolean ParameterType = "boolean"
)

// Routes lists every operation, in the order of path and method.
func Routes() []Route { return slices.Clone(routes[:]) }
