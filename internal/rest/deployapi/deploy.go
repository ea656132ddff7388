package deployapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// maxDeploy is how many resources one request may name: each costs two reads
// and a transaction, and the answer is due within API Gateway's 29 s.
const maxDeploy = 100

// deployBody is what a client asks for; the query has the same names.
type deployBody struct {
	optionsBody
	UUID          string `json:"uuid"`
	PullRequest   int    `json:"pr"`
	PullRequestID int    `json:"pull_request_id"`
}

// noPullRequests refuses to deploy a pull request. Deploying the resource
// itself instead would put something else where somebody works.
func (b deployBody) noPullRequests(c *rest.Call) error {
	asked := b.PullRequest != 0 || b.PullRequestID != 0
	for _, name := range [...]string{"pr", "pull_request_id"} {
		id, err := rest.Number(c.Query, name, 0)
		if err != nil {
			return err
		}
		asked = asked || id != 0
	}
	if asked {
		return rest.BadRequest("Deployments of pull requests are not supported.")
	}
	return nil
}

// deployedBody answers for every resource that is known.
type deployedBody struct {
	Deployments []deployedOne `json:"deployments"`
}

// deployedOne has no deployment if this resource's request was refused.
type deployedOne struct {
	Message        string `json:"message"`
	ResourceUUID   string `json:"resource_uuid"`
	DeploymentUUID string `json:"deployment_uuid,omitempty"`
	Position       *int   `json:"position,omitempty"`
	*wire.Receipt
}

// deploy queues a deployment of each resource that is named. Uuids that are not
// known are left out, as upstream does: a script may name what others deleted.
func (s deployAPI) deploy(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[deployBody](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	if err := given.noPullRequests(c); err != nil {
		return rest.Answer{}, err
	}
	uuids, err := named(cmp.Or(given.UUID, c.Query.Get("uuid")))
	if err != nil {
		return rest.Answer{}, err
	}
	var body deployedBody
	var refused error
	var accepted []string
	for _, uuid := range uuids {
		one, err := s.deployOne(ctx, c, uuid, given.options(c), len(uuids) > 1)
		switch {
		case errors.Is(err, fault.NotFound):
			continue
		case err != nil && !refusesOne(err):
			return rest.Answer{}, err
		case err != nil:
			refused = cmp.Or(refused, err)
			one = deployedOne{Message: rest.PublicText(err), ResourceUUID: uuid}
		default:
			accepted = append(accepted, one.DeploymentUUID)
		}
		body.Deployments = append(body.Deployments, one)
	}
	switch {
	case len(body.Deployments) == 0:
		return rest.Answer{}, fault.New(fault.NotFound, "No resources found.")
	case len(accepted) == 0:
		return rest.Answer{}, refused
	}
	return rest.Answer{Status: http.StatusOK, Body: body, Deployment: strings.Join(accepted, ",")}, nil
}

// named splits a list of uuids, each once.
func named(list string) ([]string, error) {
	if list == "" {
		return nil, rest.BadRequest("You must provide uuid.")
	}
	var uuids []string
	for uuid := range strings.SplitSeq(list, ",") {
		if uuid = strings.TrimSpace(uuid); uuid != "" && !slices.Contains(uuids, uuid) {
			uuids = append(uuids, uuid)
		}
		if len(uuids) > maxDeploy {
			return nil, rest.BadRequest("One request may name at most 100 values of uuid.")
		}
	}
	if len(uuids) == 0 {
		return nil, rest.BadRequest("No UUIDs provided.")
	}
	return uuids, nil
}

// deployOne queues one. One of many gets an idempotency key of its own, since a
// key stands for one deployment.
func (s deployAPI) deployOne(ctx context.Context, c *rest.Call, uuid string, options deployment.Options, many bool) (deployedOne, error) {
	id, err := catalog.ParseID(uuid)
	if err != nil || !id.Kind().Deployable() {
		return deployedOne{}, rest.NotFound("Resource")
	}
	if err := s.fits(ctx, id, options); err != nil {
		return deployedOne{}, err
	}
	request, err := c.Request(id, deployment.Deploy, options)
	if err != nil {
		return deployedOne{}, err
	}
	if many && request.IdempotencyKey != "" {
		request.IdempotencyKey += " " + uuid
	}
	receipt, err := s.requests.Request(ctx, request)
	if err != nil {
		return deployedOne{}, err
	}
	how := wire.ShowReceipt(receipt)
	return deployedOne{deployMessage(receipt.Record), uuid, string(receipt.Record.ID), &receipt.Position, &how}, nil
}

// deployMessage is what upstream says for the kind.
func deployMessage(record deployment.Record) string {
	if record.ID.Kind() == catalog.KindApplication {
		return "Application " + record.ResourceName + " deployment queued."
	}
	return record.ID.Kind().Title() + " " + record.ResourceName + " started. It could take a while, be patient."
}

// refusesOne reports whether the error is about this one resource. Anything
// else would be as wrong for the next, and is answered as it is.
func refusesOne(err error) bool {
	_, refused := errors.AsType[*rest.Refusal](err)
	return refused || errors.Is(err, fault.Conflict) || errors.Is(err, fault.Exhausted)
}
