package rest

import (
	"context"
	"errors"
	"net/http"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
)

// starter is the deploy function: its endpoints are methods of it.
type starter struct {
	DeployPorts
	requests *deployment.Requests
	opts     Options
}

// endpoints names each by its operation in openapi.yaml.
func (p DeployPorts) endpoints(opts Options) map[string]endpoint {
	requests := deployment.NewRequests(p.Store, p.Ledger, deployment.RequestsOptions{Now: opts.Now, Random: opts.Random, Snapshots: p.Snapshots})
	s := starter{p, requests, opts}
	endpoints := map[string]endpoint{"deploy": s.deploy, "cancelDeployment": s.cancel, "rollbackDeployment": s.rollback, "scrub": s.scrub}
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
	operation catalog.Operation
	message   string
}{
	{"startService", catalog.KindService, catalog.Start, "Service starting request queued."},
	{"stopService", catalog.KindService, catalog.Stop, "Service stopping request queued."},
	{"restartService", catalog.KindService, catalog.Restart, "Service restarting request queued."},
	{"startApplication", catalog.KindApplication, catalog.Start, "Deployment request queued."},
	{"stopApplication", catalog.KindApplication, catalog.Stop, "Application stopping request queued."},
	{"restartApplication", catalog.KindApplication, catalog.Restart, "Restart request queued."},
	{"startDatabase", catalog.KindDatabase, catalog.Start, "Database starting request queued."},
	{"stopDatabase", catalog.KindDatabase, catalog.Stop, "Database stopping request queued."},
	{"restartDatabase", catalog.KindDatabase, catalog.Restart, "Database restarting request queued."},
}

// queuedBody answers a request that has a deployment.
type queuedBody struct {
	Message        string `json:"message"`
	ResourceUUID   string `json:"resource_uuid"`
	DeploymentUUID string `json:"deployment_uuid"`
	Position       int    `json:"position"`
	receiptBody
}

// receiptBody says how the deployment came to stand for the request.
type receiptBody struct {
	// Repeated says that an earlier, equal request made the deployment.
	Repeated bool `json:"repeated"`
	// SupersededUUID is the queued deployment that this one replaced.
	SupersededUUID string `json:"superseded_deployment_uuid,omitempty"`
}

func showReceipt(receipt deployment.Receipt) receiptBody {
	return receiptBody{receipt.Repeated, string(receipt.Superseded)}
}

// operate is the endpoint that asks for one operation on one resource of a
// kind. Its answer is the deployment that now stands for the request, be it new
// or that of an earlier, equal one.
func (s starter) operate(kind catalog.Kind, operation catalog.Operation, message string) endpoint {
	return func(ctx context.Context, c *call) (answer, error) {
		id, err := parse(c.params["uuid"], kind)
		if err != nil {
			return answer{}, err
		}
		given, err := decode[optionsBody](c.body)
		if err != nil {
			return answer{}, err
		}
		options := given.options(c)
		if err := s.fits(ctx, id, options); err != nil {
			return answer{}, missing(err, kind.Title())
		}
		request, err := c.request(id, operation, options)
		if err != nil {
			return answer{}, err
		}
		receipt, err := s.requests.Request(ctx, request)
		if errors.Is(err, deployment.ErrNeedless) {
			return answer{}, badRequest(fault.Public(err) + s.pending(ctx, id, operation))
		}
		if err != nil {
			return answer{}, missing(err, kind.Title())
		}
		return queuedAnswer(message, receipt), nil
	}
}

// pending says that what runs has an older configuration than the resource, if
// that is so. It only adds to an answer, so it says nothing if it cannot be told.
func (s starter) pending(ctx context.Context, id catalog.ID, operation catalog.Operation) string {
	if operation != catalog.Start {
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
		case record.Operation == catalog.Start, record.Operation == catalog.Restart, record.Operation == catalog.Deploy:
			if record.ConfigurationHash == now.Hash() {
				return ""
			}
			return " Its configuration has changed since it was started; a restart applies the change."
		}
	}
	return ""
}

// queuedAnswer answers with the deployment that stands for the request.
func queuedAnswer(message string, receipt deployment.Receipt) answer {
	id := receipt.Record.ID
	body := queuedBody{message, string(id.Resource()), string(id), receipt.Position, showReceipt(receipt)}
	return answer{status: http.StatusOK, body: body, deployment: string(id)}
}

// request asks for an operation in the name of the call's token.
func (c *call) request(id catalog.ID, operation catalog.Operation, options catalog.Options) (deployment.Request, error) {
	key := c.header.Get("Idempotency-Key")
	if len(key) > maxKeyLength {
		return deployment.Request{}, fault.InvalidField("Idempotency-Key", "must have at most %d characters", maxKeyLength)
	}
	return deployment.Request{
		Resource:       id,
		Operation:      operation,
		Options:        options,
		Trigger:        c.trigger(),
		Caller:         c.token.ID,
		IdempotencyKey: key,
	}, nil
}

const maxKeyLength = 255
