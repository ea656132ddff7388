package dynamostore

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// kindRequest is the kind of the requests in the catalog table.
const kindRequest = "request"

// requestItem names the deployment that stands for a request, and until when.
type requestItem struct {
	Kind           string  `dynamodbav:"kind"`
	UUID           string  `dynamodbav:"uuid"`
	DeploymentUUID string  `dynamodbav:"deployment_uuid"`
	Until          int64   `dynamodbav:"until_micros"`
	ExpiresAt      int64   `dynamodbav:"expires_at"`
	CreatedAt      instant `dynamodbav:"created_at"`
}

// remembering returns the item that remembers a request, and the condition of its
// write: the request is not known, its window has passed, or its deployment has been
// outlived.
func (e enqueuing) remembering(id deployment.ID) (fields item, condition string, values item, err error) {
	now := e.record.CreatedAt
	until := now.Add(e.key.Window)
	fields, err = attributevalue.MarshalMap(requestItem{
		Kind: kindRequest, UUID: e.key.Hash, DeploymentUUID: string(id),
		// DynamoDB's time to live has whole seconds and deletes within days, so
		// Until has the exact end.
		Until: until.UnixMicro(), ExpiresAt: until.Unix() + 1, CreatedAt: instant(now),
	})
	if err != nil {
		return nil, "", nil, fault.Wrap(err, fault.Internal, "encode a request")
	}
	condition, values = "attribute_not_exists(#uuid) OR #until_micros <= :now",
		item{":now": number(now.UnixMicro())}
	if e.outlived != "" {
		condition += " OR #deployment_uuid = :outlived"
		values[":outlived"] = text(e.outlived)
	}
	return fields, condition, values, nil
}

// standing finds out why the transaction was refused. It is done if a deployment
// already stands for the request, or with an error. It is not done if the obstacle is
// gone, or if another try can remove it; next then has the obstacle.
func (d *Deployments) standing(ctx context.Context,
	next *enqueuing) (known deployment.Record, done bool, err error) {
	record := next.record
	if known, done, err = d.remembered(ctx, next); done || err != nil {
		return known, true, err
	}
	state, err := d.resource(ctx, record.ID.Resource())
	if err != nil {
		return known, true, err
	}
	if state.Queued != "" {
		return d.queued(ctx, next, deployment.ID(state.Queued))
	}
	if record.AlreadyInState(state.state()) {
		return known, true, deployment.NewAlreadyInStateError(record)
	}
	if err := d.admits(ctx, record); err != nil {
		return known, true, err
	}
	return known, false, nil
}

// remembered returns the deployment that stands for the request, if one does. If one
// no longer does, next has it as outlived.
func (d *Deployments) remembered(ctx context.Context,
	next *enqueuing) (known deployment.Record, stands bool, err error) {
	if next.key.Hash == "" {
		return known, false, nil
	}
	stored, err := read(ctx, d.client, d.tables.Catalog,
		item{"kind": text(kindRequest), "uuid": text(next.key.Hash)})
	if err != nil || stored == nil {
		return known, false, err
	}
	var fields requestItem
	if err := decode(stored, &fields); err != nil {
		return known, false, err
	}
	if fields.Until <= next.record.CreatedAt.UnixMicro() {
		return known, false, nil
	}
	known, err = d.get(ctx, deployment.ID(fields.DeploymentUUID))
	if err != nil {
		return known, true, err
	}
	newest, err := d.newest(ctx, known.ID.Resource())
	if err != nil || known.StandsFor(next.record, newest) {
		return known, true, err
	}
	next.outlived = known.ID
	return known, false, nil
}

// newest is the id of the resource's newest deployment.
func (d *Deployments) newest(ctx context.Context, resource catalog.ID) (deployment.ID, error) {
	items, err := take(ctx, d.client, d.newestFirst(resource, ""), 1)
	if err != nil || len(items) == 0 {
		return "", err
	}
	record, _, err := decodeRecord(items[0])
	return record.ID, err
}

// queued compares the record with the queued deployment of its resource. Either that
// is the same request, which is then given to the caller's token and whose key is
// remembered, or the record supersedes it, or it is a Conflict.
func (d *Deployments) queued(ctx context.Context, next *enqueuing,
	id deployment.ID) (known deployment.Record, done bool, err error) {
	stored, err := d.stored(ctx, id)
	if err != nil {
		return known, true, err
	}
	queued, hasDetails, err := decodeRecord(stored)
	if err == nil && hasDetails {
		err = d.addDetails(ctx, &queued)
	}
	if err != nil {
		return known, true, err
	}
	if queued.Status != deployment.Queued { // claimed or ended since the resource was read
		return known, false, nil
	}
	if queued.SameWork(next.record) {
		given, done, err := d.give(ctx, queued, stored["r"], next.record.Trigger.TokenID)
		if err == nil && done {
			err = d.remember(ctx, next, id)
		}
		return given, done, err
	}
	if !next.record.Supersedes(queued) || next.record.ServerID != queued.ServerID {
		return known, true, deployment.NewOtherQueuedError(queued)
	}
	server, err := d.server(ctx, queued.ServerID)
	if err != nil {
		return known, true, err
	}
	if server == nil {
		return known, true, deployment.NewServerGoneError()
	}
	if next.record.Waiting() != queued.Waiting() {
		if err := server.room(next.record); err != nil {
			return known, true, err
		}
	}
	next.superseded, next.server = &queued, server
	next.record = withRoom(next.record.Succeeding(queued))
	return known, false, nil
}

// remember makes the key stand for the queued deployment.
func (d *Deployments) remember(ctx context.Context, next *enqueuing, id deployment.ID) error {
	if next.key.Hash == "" {
		return nil
	}
	fields, condition, values, err := next.remembering(id)
	if err != nil {
		return err
	}
	_, err = d.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                 aws.String(d.tables.Catalog),
		Item:                      fields,
		ConditionExpression:       aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: values,
	})
	// A refusal means that the same request, at the same moment, has written it.
	_, err = refused(err)
	return err
}

// superseding ends the queued deployment and puts the record into the queue or among the
// waiting ones.
func (d *Deployments) superseding(next enqueuing) ([]types.TransactWriteItem, error) {
	record, old := next.record, next.superseded
	ended, err := old.Superseded(record)
	if err != nil {
		return nil, err
	}
	return []types.TransactWriteItem{
		d.ending(ended),
		update(d.replacing(next)),
		update(change{
			table:     d.tables.Catalog,
			key:       stateKey(record.ID.Resource()),
			update:    "SET #queued = :id ADD #deployments :one",
			condition: "#queued = :old",
			values:    item{":id": text(record.ID), ":old": text(old.ID), ":one": number(1)},
		}),
	}, nil
}

// replacing takes the superseded deployment off its server and adds the record:
//
//   - The end of the queue takes the place of a place in the queue. The whole queue is
//     written, because one expression cannot both remove an element of a list and append
//     one. The condition is that the queue is unchanged since the read.
//   - Among the waiting ones, the record takes the place of the superseded one.
//   - If only one of the two waits, it leaves one list, and the record joins the other.
func (d *Deployments) replacing(next enqueuing) change {
	record, old, server := next.record, next.superseded, next.server
	replacing := change{
		table:  d.tables.Catalog,
		key:    stateKey(record.ServerID),
		values: item{":last": list(text(record.ID))},
	}
	place := slices.Index(server.Waiting, string(old.ID))
	isOld := func(id string) bool { return id == string(old.ID) }
	rest := slices.DeleteFunc(slices.Clone(server.Queue), isOld)
	switch {
	case place >= 0 && record.Waiting():
		replacing.update = fmt.Sprintf("SET #waiting[%d] = :id", place)
		replacing.condition = fmt.Sprintf("#waiting[%d] = :old", place)
		replacing.values = item{":id": text(record.ID), ":old": text(old.ID)}
	case place >= 0:
		replacing.update = fmt.Sprintf("%s REMOVE #waiting[%d]", joinQueue, place)
		replacing.condition = fmt.Sprintf("%s AND #waiting[%d] = :old", queueHasRoom, place)
		replacing.values[":old"] = text(old.ID)
	case record.Waiting():
		replacing.update = joinWaiting + ", #queue = :queue"
		replacing.condition = waitingHasRoom + " AND #queue = :was"
		replacing.values[":empty"] = list()
		replacing.values[":was"], replacing.values[":queue"] = texts(server.Queue), texts(rest)
	default:
		replacing.update, replacing.condition = "SET #queue = :queue", "#queue = :was"
		replacing.values = item{":was": texts(server.Queue), ":queue": texts(append(rest, string(record.ID)))}
	}
	return replacing
}
