package deployapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// maxDeploy limits the resources of one request: each takes two reads and a
// transaction, and API Gateway waits 29 s for the answer.
const maxDeploy = 100

// deployBody is the body of POST /deploy; the query has the same names.
type deployBody struct {
	rest.OperationBody
	overrideBody
	UUID          string `json:"uuid"`
	Tag           string `json:"tag"`
	PullRequest   int    `json:"pr"`
	PullRequestID int    `json:"pull_request_id"`
}

// refusePullRequests refuses to deploy a pull request. Ignoring the parameter would
// deploy another version than the client asked for.
func (b deployBody) refusePullRequests(c *rest.Call) error {
	asked := b.PullRequest != 0 || b.PullRequestID != 0
	for _, name := range [...]string{"pr", "pull_request_id"} {
		id, err := rest.Number(c.Query, name, 0)
		if err != nil {
			return err
		}
		asked = asked || id != 0
	}
	if asked {
		return rest.NewBadRequestError("Deployments of pull requests are not supported.")
	}
	return nil
}

// deployedBody answers for every known resource of the request.
type deployedBody struct {
	Deployments []deployedOne `json:"deployments"`
	// Messages and Details repeat them where existing clients read the answer for a tag.
	Messages []string       `json:"message,omitempty"`
	Details  []deployedPair `json:"details,omitempty"`
}

// deployedPair is a queued deployment in an answer for a tag.
type deployedPair struct {
	ResourceUUID   string `json:"resource_uuid"`
	DeploymentUUID string `json:"deployment_uuid"`
}

// addForTag adds the members for requests with a tag.
func (b *deployedBody) addForTag() {
	for _, one := range b.Deployments {
		b.Messages = append(b.Messages, one.Message)
		if one.DeploymentUUID != "" {
			b.Details = append(b.Details, deployedPair{one.ResourceUUID, one.DeploymentUUID})
		}
	}
}

// deployedOne answers for one resource. It has no deployment if it was refused.
type deployedOne struct {
	Message        string `json:"message"`
	ResourceUUID   string `json:"resource_uuid"`
	DeploymentUUID string `json:"deployment_uuid,omitempty"`
	Position       *int   `json:"position,omitempty"`
	// NextOpening is when it may start next, if it was refused because its windows are closed.
	NextOpening *string `json:"next_opening,omitempty"`
	*wire.Receipt
	*wire.Ending
}

// deploy queues a deployment of each named resource. It leaves out unknown uuids,
// as upstream does: a script may name resources that were deleted.
func (a deployAPI) deploy(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[deployBody](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	if err := given.refusePullRequests(c); err != nil {
		return rest.Answer{}, err
	}
	uuids, err := a.named(ctx, c, given)
	if err != nil {
		return rest.Answer{}, err
	}
	if c.Follows() && len(uuids) > 1 {
		return rest.Answer{}, fault.InvalidField("follow", "leads to one result; name one resource")
	}
	override, err := given.override(c)
	if err != nil {
		return rest.Answer{}, err
	}
	turns, err := a.order(ctx, c, uuids, given.after(c))
	if err != nil {
		return rest.Answer{}, err
	}
	body, accepted, err := a.deployEach(ctx, c, turns, given.Options(c), override)
	if err != nil {
		return rest.Answer{}, err
	}
	if given.tag(c) != "" {
		body.addForTag()
	}
	return rest.Answer{Status: http.StatusOK, Body: body, Created: accepted}, nil
}

// deployEach queues a deployment in each turn. It returns the answers and the uuids of the
// deployments, or the first refusal without any.
func (a deployAPI) deployEach(ctx context.Context, c *rest.Call, turns []turn, options deployment.Options,
	override *deployment.Override) (body deployedBody, accepted []string, err error) {
	var refused error
	for _, next := range turns {
		one, err := a.deployOne(ctx, c, next, options, override)
		switch {
		case errors.Is(err, fault.NotFound):
			continue
		case err != nil && !concernsOneResource(err):
			return body, nil, err
		case err != nil:
			refused = cmp.Or(refused, err)
			next.refused[next.uuid] = true
			one = deployedOne{Message: refusalText(err), ResourceUUID: next.uuid,
				NextOpening: rest.NextOpening(err)}
		default:
			accepted = append(accepted, one.DeploymentUUID)
		}
		body.Deployments = append(body.Deployments, one)
	}
	switch {
	case len(body.Deployments) == 0:
		return body, nil, fault.New(fault.NotFound, "No resources found.")
	case len(accepted) == 0:
		return body, nil, refused
	}
	return body, accepted, nil
}

// tag returns the tags of the request, or "".
func (b deployBody) tag(c *rest.Call) string { return cmp.Or(b.Tag, c.Query.Get("tag")) }

// named returns the uuids of the resources that the request names by their uuids or by
// their tags.
func (a deployAPI) named(ctx context.Context, c *rest.Call, given deployBody) ([]string, error) {
	list, tag := cmp.Or(given.UUID, c.Query.Get("uuid")), given.tag(c)
	switch {
	case list == "" && tag == "":
		return nil, rest.NewBadRequestError("You must provide uuid or tag.")
	case list != "" && tag != "":
		return nil, rest.NewBadRequestError("You can only use uuid or tag, not both.")
	case tag == "":
		return parseUUIDs(list)
	}
	tags := catalog.ParseTags(tag)
	if len(tags) == 0 {
		return nil, rest.NewBadRequestError("No tags provided.")
	}
	tagged, err := catalog.Resources(ctx, a.Store, func(resource catalog.Deployable) bool {
		return c.Covers(resource) && resource.Shared().Labels.HasTag(tags...)
	})
	switch {
	case err != nil:
		return nil, err
	case len(tagged) == 0:
		return nil, fault.New(fault.NotFound, "No resources found with this tag.")
	case len(tagged) > maxDeploy:
		return nil, rest.NewBadRequestError(fmt.Sprintf(
			"One request deploys at most %d resources; %d have this tag.", maxDeploy, len(tagged)))
	}
	uuids := make([]string, 0, len(tagged))
	for _, resource := range tagged {
		uuids = append(uuids, string(resource.Common().ID))
	}
	return uuids, nil
}

// repeatDeploy answers with the deployments of the first request. Resources that were
// refused are left out.
func (a deployAPI) repeatDeploy(ctx context.Context, c *rest.Call, ids []string) (any, error) {
	given, err := wire.Decode[deployBody](c.Body)
	if err != nil {
		return nil, err
	}
	var body deployedBody
	for _, id := range ids {
		receipt, err := a.Ledger.Repeat(ctx, deployment.ID(id))
		if err != nil {
			return nil, err
		}
		body.Deployments = append(body.Deployments, newDeployedOne(receipt))
	}
	if given.tag(c) != "" {
		body.addForTag()
	}
	return body, nil
}

// parseUUIDs splits a list of uuids and drops repeated ones.
func parseUUIDs(list string) ([]string, error) {
	var uuids []string
	for uuid := range strings.SplitSeq(list, ",") {
		if uuid = strings.TrimSpace(uuid); uuid != "" && !slices.Contains(uuids, uuid) {
			uuids = append(uuids, uuid)
		}
		if len(uuids) > maxDeploy {
			return nil, rest.NewBadRequestError("One request may name at most 100 values of uuid.")
		}
	}
	if len(uuids) == 0 {
		return nil, rest.NewBadRequestError("No UUIDs provided.")
	}
	return uuids, nil
}

// deployOne queues one deployment.
func (a deployAPI) deployOne(
	ctx context.Context, c *rest.Call, next turn, options deployment.Options,
	override *deployment.Override,
) (deployedOne, error) {
	id, err := catalog.ParseID(next.uuid)
	if err != nil || !id.Kind().Deployable() {
		return deployedOne{}, rest.NewNotFoundError("Resource")
	}
	if err := c.Admit(ctx, id); err != nil {
		return deployedOne{}, err
	}
	if err := a.checkOptions(ctx, id, options); err != nil {
		return deployedOne{}, err
	}
	request, err := c.Request(id, deployment.Deploy, options)
	if err != nil {
		return deployedOne{}, err
	}
	if request.After, err = next.dependencies(); err != nil {
		return deployedOne{}, err
	}
	request.Override = override
	receipt, err := a.requests.Request(ctx, request)
	if err != nil {
		return deployedOne{}, err
	}
	return newDeployedOne(receipt), nil
}

func newDeployedOne(receipt deployment.Receipt) deployedOne {
	how, id := wire.FromReceipt(receipt), receipt.Record.ID
	return deployedOne{
		Message: deployMessage(receipt.Record), ResourceUUID: string(id.Resource()),
		DeploymentUUID: string(id), Position: &receipt.Position, Receipt: &how,
	}
}

// deployMessage returns upstream's message for the kind.
func deployMessage(record deployment.Record) string {
	if record.ID.Kind() == catalog.KindApplication {
		return "Application " + record.ResourceName + " deployment queued."
	}
	return record.ID.Kind().Title() + " " + record.ResourceName +
		" started. It could take a while, be patient."
}

// concernsOneResource reports whether the error is about one resource. Any other
// error would recur for the next one, so it ends the request.
func concernsOneResource(err error) bool {
	_, refused := errors.AsType[*rest.HTTPError](err)
	// A request is Invalid only for what it comes after.
	return refused || errors.Is(err, fault.Conflict) || errors.Is(err, fault.Exhausted) ||
		errors.Is(err, fault.Invalid)
}
