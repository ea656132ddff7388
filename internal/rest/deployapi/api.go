// Package deployapi has the endpoints of the deploy function: start, stop,
// restart, deploy, rollback, scrub and cancel.
package deployapi

import (
	"context"
	"errors"
	"net/http"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/snapshot"
	"waybill/internal/wire"
)

// Ports is what the deploy function works on.
type Ports struct {
	Tokens    access.Tokens
	Store     catalog.Reader
	Ledger    deployment.Queue
	History   deployment.History
	Snapshots snapshot.Archive
}

// New returns the handler of the deploy function. Its errors are those of
// [rest.NewHandler].
func New(ports Ports, opts rest.Options) (http.Handler, error) {
	opts = opts.WithDefaults()
	return rest.NewHandler("deploy", ports.Tokens, opts, ports.endpoints(opts))
}

// deployAPI is the deploy function: its endpoints are methods of it.
type deployAPI struct {
	Ports
	requests *deployment.Requests
	opts     rest.Options
}

// endpoints names each by its operation in openapi.yaml.
func (p Ports) endpoints(opts rest.Options) map[string]rest.Endpoint {
	requests := deployment.NewRequests(p.Store, p.Ledger, deployment.RequestsOptions{Now: opts.Now, Random: opts.Random, Snapshots: p.Snapshots})
	s := deployAPI{p, requests, opts}
	endpoints := map[string]rest.Endpoint{"deploy": s.deploy, "cancelDeployment": s.cancel, "rollbackDeployment": s.rollback, "scrub": s.scrub}
	for _, o := range operations {
		endpoints[o.route] = s.operate(o.kind, o.operation, o.message)
	}
	return endpoints
}

// operations are the endpoints that do one thing to one resource, with the
// message that upstream answers.
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

// queuedBody answers a request that has a deployment.
type queuedBody struct {
	Message        string `json:"message"`
	ResourceUUID   string `json:"resource_uuid"`
	DeploymentUUID string `json:"deployment_uuid"`
	Position       int    `json:"position"`
	wire.Receipt
}

// operate is the endpoint that asks for one operation on one resource of a
// kind. Its answer is the deployment that now stands for the request, be it new
// or that of an earlier, equal one.
func (s deployAPI) operate(kind catalog.Kind, operation deployment.Operation, message string) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		id, err := rest.ParseID(c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		given, err := wire.Decode[optionsBody](c.Body)
		if err != nil {
			return rest.Answer{}, err
		}
		options := given.options(c)
		if err := s.fits(ctx, id, options); err != nil {
			return rest.Answer{}, rest.NotFoundAs(err, kind.Title())
		}
		request, err := c.Request(id, operation, options)
		if err != nil {
			return rest.Answer{}, err
		}
		receipt, err := s.requests.Request(ctx, request)
		if errors.Is(err, deployment.ErrAlreadyInState) {
			return rest.Answer{}, rest.BadRequest(fault.Public(err) + s.pending(ctx, id, operation))
		}
		if err != nil {
			return rest.Answer{}, rest.NotFoundAs(err, kind.Title())
		}
		return queuedAnswer(message, receipt), nil
	}
}

// pending says that what runs has an older configuration than the resource, if
// that is so. It only adds to an answer, so it says nothing if it cannot be told.
func (s deployAPI) pending(ctx context.Context, id catalog.ID, operation deployment.Operation) string {
	if operation != deployment.Start {
		return ""
	}
	resource, err := catalog.Find[catalog.Deployable](ctx, s.Store, id)
	if err != nil {
		return ""
	}
	now, err := snapshot.Of(resource)
	if err != nil {
		return ""
	}
	listing, err := s.History.List(ctx, id, deployment.Page{})
	if err != nil {
		return ""
	}
	for _, record := range listing.Records {
		switch {
		case record.Status != deployment.Finished:
		case record.Operation == deployment.Start, record.Operation == deployment.Restart, record.Operation == deployment.Deploy:
			if record.ConfigurationHash == now.Hash() {
				return ""
			}
			return " Its configuration has changed since it was started; a restart applies the change."
		}
	}
	return ""
}

// queuedAnswer answers with the deployment that stands for the request.
func queuedAnswer(message string, receipt deployment.Receipt) rest.Answer {
	id := receipt.Record.ID
	body := queuedBody{message, string(id.Resource()), string(id), receipt.Position, wire.ShowReceipt(receipt)}
	return rest.Answer{Status: http.StatusOK, Body: body, Deployment: string(id)}
}
