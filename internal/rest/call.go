package rest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"net/url"
	"time"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/idempotency"
	"waybill/internal/openapi"
)

// Endpoint answers one operation. The gate has checked its call.
type Endpoint func(ctx context.Context, c *Call) (Answer, error)

// Call is a checked request: it has a route, a token with the route's ability, and
// a body and a query that are valid by openapi.yaml.
type Call struct {
	route  openapi.Route
	path   string
	Params map[string]string
	Query  url.Values
	header http.Header
	Token  access.Token
	Body   []byte
	opts   Options
	// store and covered tell what the scope of the token covers.
	store   catalog.Reader
	covered map[catalog.ID]bool
	// denied is the error for a token that may only see deployments that were given to it,
	// or nil.
	denied error
	// key is the one of a request with an Idempotency-Key, or nil.
	key *idempotency.Key
}

// Headers returns the headers of the request. The caller must not change them.
func (c *Call) Headers() http.Header { return c.header }

// Sensitive reports whether the caller may read sensitive data.
func (c *Call) Sensitive() bool { return c.Token.Can(access.ReadSensitive) }

// Rerun reports whether an earlier run of the request may have created something.
func (c *Call) Rerun() bool { return c.key != nil && c.key.Run > 1 }

// BaseHeader is the header with the address of the API without its last part, /api/v1:
// "https://api.example.com/live". The API gateway knows it; a client's own is dropped.
const BaseHeader = "X-Waybill-Base"

// URL returns the whole address of a path of the API. Where the gateway does not know its own
// address, it returns the path.
func (c *Call) URL(path string) string { return c.header.Get(BaseHeader) + path }

// IDSource returns the source of the random part of an id. purpose distinguishes the ids
// of one request. For a request with an Idempotency-Key it is the same in every run, so
// that a run finds what an earlier run has created. Secrets need another source.
func (c *Call) IDSource(purpose string) io.Reader {
	if c.key == nil {
		return c.opts.Random
	}
	sum := sha256.Sum256(append(c.key.Seed[:], purpose...))
	return bytes.NewReader(sum[:])
}

// NewID returns an id of the kind for an entity that the request creates. A request
// creates at most one.
func (c *Call) NewID(kind catalog.Kind) (catalog.ID, error) {
	id, err := catalog.NewID(kind, c.IDSource(string(kind)))
	c.cover(id, true)
	return id, err
}

// Request returns the request for an operation, with the call's token as caller. NotFound
// if the token is limited and the resource was not admitted before, or is not covered.
func (c *Call) Request(
	id catalog.ID, operation deployment.Operation, options deployment.Options,
) (deployment.Request, error) {
	if c.Limited() && !c.covered[id] && !c.Token.Scope.Lists(id) {
		return deployment.Request{}, catalog.NewNotFoundError(id)
	}
	request := deployment.Request{
		Resource:  id,
		Operation: operation,
		Options:   options,
		Trigger:   c.Trigger(),
		Caller:    c.Token.ID,
	}
	if c.key == nil {
		return request, nil
	}
	var err error
	request.ID, err = deployment.NewID(id, c.key.CreatedAt, c.IDSource("deployment of "+string(id)))
	return request, err
}

// Entry returns the entry of the audit for the change that the call makes to the target.
// fields are the names of the changed fields.
func (c *Call) Entry(action audit.Action, target audit.Target, fields ...string) (audit.Entry, error) {
	return c.entry(c.opts.RecordTime(), c.opts.Random, action, target, fields)
}

// EntryOnce is [Call.Entry] for a change that a second run of the request could make again. For
// a request with an Idempotency-Key the entry has the same id in every run, so the store makes
// the change once.
func (c *Call) EntryOnce(action audit.Action, target audit.Target, fields ...string) (audit.Entry, error) {
	if c.key == nil {
		return c.Entry(action, target, fields...)
	}
	return c.entry(c.key.CreatedAt, c.IDSource("audit"), action, target, fields)
}

func (c *Call) entry(
	at time.Time, random io.Reader, action audit.Action, target audit.Target, fields []string,
) (audit.Entry, error) {
	entry := audit.Entry{At: at, Actor: audit.Actor{TokenID: c.Token.ID, Name: c.Token.Name}, Action: action,
		Target: target}
	return audit.New(entry.WithFields(fields), c.opts.Retention.Audit(), random)
}

// Trigger returns the call's token as the trigger of a record.
func (c *Call) Trigger() deployment.Trigger {
	return deployment.Trigger{Kind: deployment.TriggerAPI, Name: c.Token.Name, TokenID: c.Token.ID}
}
