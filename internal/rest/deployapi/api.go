// Package deployapi has the endpoints of the deploy function: start, stop,
// restart, deploy, rollback, scrub, cancel and hold.
package deployapi

import (
	"context"
	"errors"
	"net/http"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/idempotency"
	"waybill/internal/openapi/schema"
	"waybill/internal/rest"
	"waybill/internal/snapshot"
	"waybill/internal/wire"
)

// Ports are the dependencies of the deploy function.
type Ports struct {
	Tokens    access.Tokens
	Keys      idempotency.Store
	Store     catalog.Reader
	Ledger    Ledger
	History   deployment.History
	Snapshots snapshot.Archive
}

// Ledger is the part of a [deployment.Ledger] that the deploy function uses.
type Ledger interface {
	deployment.Queue
	deployment.Holds
}

// New returns the handler of the deploy function. It fails as [rest.NewHandler]
// does.
func New(ports Ports, opts rest.Options) (http.Handler, error) {
	opts = opts.WithDefaults()
	a := ports.api(opts)
	return rest.NewHandler(rest.Function{
		Name: "deploy", Tokens: ports.Tokens, Store: ports.Store, Endpoints: a.endpoints(), Keys: ports.Keys,
		Repeats: a.repeats(), Await: a.await, Bodies: schema.NewBodies(),
	}, opts)
}

// deployAPI has the endpoints of the deploy function as methods.
type deployAPI struct {
	Ports
	requests *deployment.Requests
	opts     rest.Options
}

func (p Ports) api(opts rest.Options) deployAPI {
	requests := deployment.NewRequests(p.Store, p.Ledger, deployment.RequestsOptions{
		Now: opts.Now, Random: opts.Random, Snapshots: p.Snapshots, Retention: opts.Retention,
	})
	return deployAPI{p, requests, opts}
}

// endpoints maps the operations of openapi.yaml to their endpoints.
func (a deployAPI) endpoints() map[string]rest.Endpoint {
	endpoints := map[string]rest.Endpoint{
		"deploy": a.deploy, "cancelDeployment": a.cancel, "rollbackDeployment": a.rollback,
		"rollbackApplication": a.rollbackApplication, "scrub": a.scrub,
		"holdDeployment": a.hold, "releaseDeployment": a.release,
	}
	for _, o := range operations {
		endpoints[o.route] = a.operationEndpoint(o.kind, o.operation, o.message)
	}
	return endpoints
}

// repeats maps the same operations to the answers to their repeats.
func (a deployAPI) repeats() map[string]rest.Repeat {
	repeats := map[string]rest.Repeat{
		"deploy":              a.repeatDeploy,
		"cancelDeployment":    a.repeatCancel,
		"holdDeployment":      a.repeatHold,
		"rollbackDeployment":  a.repeatQueued(rollbackMessage),
		"rollbackApplication": a.repeatQueued(rollbackMessage),
		"scrub":               a.repeatQueued(func(catalog.Kind) string { return scrubMessage }),
	}
	for _, o := range operations {
		repeats[o.route] = a.repeatQueued(func(catalog.Kind) string { return o.message })
	}
	return repeats
}

// operations are the endpoints that request one operation on one resource, with
// upstream's messages.
var operations = []struct {
	route     string
	kind      catalog.Kind
	operation deployment.Operation
	message   string
}{
	{"startService", catalog.KindService, deployment.Start, "Service starting request queued."},
	{"stopService", catalog.KindService, deployment.Stop, "Service stopping request queued."},
	{"restartService", catalog.KindService, deployment.Restart, "Service restarting request queued."},
	{"startApplication", catalog.KindApplication, deployment.Start, "Deployment request queued."},
	{"stopApplication", catalog.KindApplication, deployment.Stop, "Application stopping request queued."},
	{"restartApplication", catalog.KindApplication, deployment.Restart, "Restart request queued."},
	{"startDatabase", catalog.KindDatabase, deployment.Start, "Database starting request queued."},
	{"stopDatabase", catalog.KindDatabase, deployment.Stop, "Database stopping request queued."},
	{"restartDatabase", catalog.KindDatabase, deployment.Restart, "Database restarting request queued."},
}

// queuedBody answers with the deployment of a request.
type queuedBody struct {
	Message        string `json:"message"`
	ResourceUUID   string `json:"resource_uuid"`
	DeploymentUUID string `json:"deployment_uuid"`
	Position       int    `json:"position"`
	wire.Receipt
	*wire.Ending
}

// operationEndpoint requests one operation on one resource of a kind. It answers
// with a new deployment, or with the one of an earlier, equal request.
func (a deployAPI) operationEndpoint(
	kind catalog.Kind, operation deployment.Operation, message string,
) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		id, err := rest.ParseID(c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		given, err := wire.Decode[operationBody](c.Body)
		if err != nil {
			return rest.Answer{}, err
		}
		options := given.Options(c)
		if err := a.checkOptions(ctx, id, options); err != nil {
			return rest.Answer{}, rest.WrapNotFound(err, kind.Title())
		}
		request, err := c.Request(id, operation, options)
		if err != nil {
			return rest.Answer{}, err
		}
		if request.After, err = a.after(ctx, c, given.After); err != nil {
			return rest.Answer{}, err
		}
		if request.Override, err = given.override(c); err != nil {
			return rest.Answer{}, err
		}
		receipt, err := a.requests.Request(ctx, request)
		if errors.Is(err, deployment.ErrAlreadyInState) {
			return rest.Answer{}, rest.NewBadRequestError(fault.Public(err) + a.staleNote(ctx, id, operation))
		}
		if err != nil {
			return rest.Answer{}, rest.WrapNotFound(err, kind.Title())
		}
		return queuedAnswer(message, receipt), nil
	}
}

// staleNote returns a sentence if the resource runs with an older configuration
// than its present one. It is an addition to an answer, so it is "" on any error.
func (a deployAPI) staleNote(ctx context.Context, id catalog.ID, operation deployment.Operation) string {
	if operation != deployment.Start {
		return ""
	}
	resource, err := catalog.Find[catalog.Deployable](ctx, a.Store, id)
	if err != nil {
		return ""
	}
	now, err := snapshot.Of(resource)
	if err != nil {
		return ""
	}
	last, found, err := deployment.LastStart(ctx, a.History, id)
	if err != nil || !found || last.ConfigurationHash == now.Hash() {
		return ""
	}
	return rest.StaleNote
}

// queuedAnswer answers with the deployment of the request.
func queuedAnswer(message string, receipt deployment.Receipt) rest.Answer {
	return rest.Answer{
		Status: http.StatusOK, Body: newQueuedBody(message, receipt),
		Created: []string{string(receipt.Record.ID)},
	}
}

func newQueuedBody(message string, receipt deployment.Receipt) queuedBody {
	id := receipt.Record.ID
	return queuedBody{
		message, string(id.Resource()), string(id), receipt.Position, wire.FromReceipt(receipt), nil,
	}
}

// repeatQueued answers a repeat with the deployment of the first request. message returns
// the message for the resource's kind.
func (a deployAPI) repeatQueued(message func(catalog.Kind) string) rest.Repeat {
	return func(ctx context.Context, _ *rest.Call, ids []string) (any, error) {
		receipt, err := a.Ledger.Repeat(ctx, deployment.ID(ids[0]))
		if err != nil {
			return nil, err
		}
		return newQueuedBody(message(receipt.Record.ID.Kind()), receipt), nil
	}
}
