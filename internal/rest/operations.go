package rest

import (
	"context"
	"net/http"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// starter is the deploy function: its endpoints are methods of it.
type starter struct {
	requests *deployment.Requests
	ledger   deployment.Ledger
	opts     Options
}

// endpoints names each by its operation in openapi.yaml.
func (p DeployPorts) endpoints(opts Options) map[string]endpoint {
	requests := deployment.NewRequests(p.Store, p.Ledger, deployment.RequestsOptions{Now: opts.Now, Random: opts.Random})
	s := starter{requests, p.Ledger, opts}
	endpoints := map[string]endpoint{"deploy": s.deploy, "cancelDeployment": s.cancel}
	for _, o := range operations {
		endpoints[o.route] = s.operate(o.kind, o.operation, o.message)
	}
	return pending(endpoints, "startDatabase", "stopDatabase", "restartDatabase", "rollbackDeployment")
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
}

// queuedBody answers a request that has a deployment.
type queuedBody struct {
	Message        string `json:"message"`
	ResourceUUID   string `json:"resource_uuid"`
	DeploymentUUID string `json:"deployment_uuid"`
	Position       int    `json:"position"`
}

// optionsBody is what a client chooses of an operation.
type optionsBody struct {
	PullLatestImages bool `json:"pull_latest_images"`
	StopBeforeStart  bool `json:"stop_before_start"`
	Force            bool `json:"force"`
}

// options are those of the body, with what upstream takes in the query.
func (b optionsBody) options(c *call) catalog.Options {
	return catalog.Options{
		PullLatestImages: b.PullLatestImages || flag(c.query, "latest"),
		StopBeforeStart:  b.StopBeforeStart,
		Force:            b.Force || flag(c.query, "force"),
	}
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
		request, err := c.request(id, operation, given.options(c))
		if err != nil {
			return answer{}, err
		}
		receipt, err := s.requests.Request(ctx, request)
		if err != nil {
			return answer{}, missing(err, kind.Title())
		}
		uuid := string(receipt.Record.ID)
		body := queuedBody{message, string(id), uuid, receipt.Position}
		return answer{status: http.StatusOK, body: body, deployment: uuid}, nil
	}
}

// request asks for an operation in the name of the call's token.
func (c *call) request(id catalog.ID, operation catalog.Operation, options catalog.Options) (deployment.Request, error) {
	key := c.header.Get("Idempotency-Key")
	if len(key) > maxKeyLength {
		return deployment.Request{}, fault.New(fault.Invalid, "Validation failed.").
			WithField("Idempotency-Key", "must have at most 255 characters")
	}
	return deployment.Request{
		Resource:       id,
		Operation:      operation,
		Options:        options,
		Trigger:        deployment.Trigger{Kind: deployment.TriggerAPI, Name: c.token.Name},
		Caller:         c.token.ID,
		IdempotencyKey: key,
	}, nil
}

const maxKeyLength = 255
