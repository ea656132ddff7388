package rest

import (
	"context"
	"net/http"
	"net/url"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/openapi"
)

// Endpoint answers one operation. The gate has checked its call.
type Endpoint func(ctx context.Context, c *Call) (Answer, error)

// Call is a checked request: it has a route, a token with the route's ability, and
// a body and a query that are valid by openapi.yaml.
type Call struct {
	route  openapi.Route
	Params map[string]string
	Query  url.Values
	header http.Header
	Token  access.Token
	Body   []byte
}

// Sensitive reports whether the caller may read sensitive data.
func (c *Call) Sensitive() bool { return c.Token.Can(access.ReadSensitive) }

// Request returns the request for an operation, with the call's token as caller.
func (c *Call) Request(
	id catalog.ID, operation deployment.Operation, options deployment.Options,
) (deployment.Request, error) {
	key := c.header.Get("Idempotency-Key")
	if len(key) > maxKeyLength {
		return deployment.Request{}, fault.InvalidField("Idempotency-Key",
			"must have at most %d characters", maxKeyLength)
	}
	return deployment.Request{
		Resource:       id,
		Operation:      operation,
		Options:        options,
		Trigger:        c.Trigger(),
		Caller:         c.Token.ID,
		IdempotencyKey: key,
	}, nil
}

const maxKeyLength = 255

// Trigger returns the call's token as the trigger of a record.
func (c *Call) Trigger() deployment.Trigger {
	return deployment.Trigger{Kind: deployment.TriggerAPI, Name: c.Token.Name, TokenID: c.Token.ID}
}
