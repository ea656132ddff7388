package dynamostore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// kindRequest is the kind under which the catalog table remembers requests.
const kindRequest = "request"

// requestItem says which deployment stands for a request, and until when.
type requestItem struct {
	Kind           string  `dynamodbav:"kind"`
	UUID           string  `dynamodbav:"uuid"`
	DeploymentUUID string  `dynamodbav:"deployment_uuid"`
	Until          int64   `dynamodbav:"until_micros"`
	ExpiresAt      int64   `dynamodbav:"expires_at"`
	CreatedAt      instant `dynamodbav:"created_at"`
}

// Enqueue tries the transaction first: that is one request for most calls, and
// one more for the place in the queue. Only when it is refused are the items
// read, in this order, to say why:
//
//  1. The request is known and its window has not passed: its deployment.
//  2. The resource is gone: NotFound.
//  3. The resource has one queued: that one if it is of the same request, which
//     is then remembered as well; else Conflict.
//  4. The resource is in the state that was asked for: Conflict.
//  5. The server is gone: Conflict. Its queue is full: Exhausted.
//  6. The id is taken: Conflict.
//  7. Nothing of this any more: what refused it is over, so it is tried again.
func (d *Deployments) Enqueue(ctx context.Context, record deployment.Record, key deployment.RequestKey) (deployment.Receipt, error) {
	if !record.ID.Kind().Deployable() {
		return deployment.Receipt{}, catalog.Missing(record.ID.Resource())
	}
	if record.ServerID.Kind() != catalog.KindServer {
		return deployment.Receipt{}, deployment.ServerGone()
	}
	writes, err := d.enqueueing(record, key)
	if err != nil {
		return deployment.Receipt{}, err
	}
	var receipt deployment.Receipt
	err = settle(ctx, func() (bool, error) {
		why, done, err := write(ctx, d.client, writes)
		if err != nil {
			return false, err
		}
		if done {
			receipt, err = d.receipt(ctx, record, false)
			return true, err
		}
		if len(why.unmet) == 0 {
			return false, nil
		}
		var known deployment.Record
		known, done, err = d.standing(ctx, record, key)
		if done && err == nil {
			receipt, err = d.receipt(ctx, known, true)
		}
		return done, err
	})
	return receipt, err
}

// enqueueing is the transaction: the record, its place in the queue, the
// resource that has it queued, and the request that it stands for.
func (d *Deployments) enqueueing(record deployment.Record, key deployment.RequestKey) ([]types.TransactWriteItem, error) {
	whole, err := encodeRecord(record)
	if err != nil {
		return nil, err
	}
	useful, values := unsatisfied(record)
	writes := []types.TransactWriteItem{
		put(d.tables.of(record.ID.Kind()), whole, "attribute_not_exists(#deployment_uuid)", nil),
		update(change{
			table:     d.tables.Catalog,
			key:       entityKey(record.ServerID),
			update:    "SET #queue = list_append(#queue, :last)",
			condition: "size(#queue) < #definition.#queue_limit",
			values:    item{":last": list(text(record.ID))},
		}),
		update(change{
			table:     d.tables.Catalog,
			key:       entityKey(record.ID.Resource()),
			update:    "SET #queued = :id ADD #deployments :one",
			condition: "#queued = :none" + useful,
			values:    with(values, item{":id": text(record.ID), ":one": number(1), ":none": text("")}),
		}),
	}
	if key.Hash == "" {
		return writes, nil
	}
	form, condition, values, err := remembering(record.ID, key, record.QueuedAt)
	return append(writes, put(d.tables.Catalog, form, condition, values)), err
}

// unsatisfied is the condition that the resource is not in the state that is
// asked for, which is [deployment.Record.Needless] the other way round. It is
// empty where that can never be.
func unsatisfied(record deployment.Record) (condition string, values item) {
	values = item{}
	var states []string
	for i, word := range record.SatisfiedBy() {
		if word == "" {
			states = append(states, "#status = :none")
			continue
		}
		name := fmt.Sprintf(":word%d", i)
		states = append(states, "begins_with(#status, "+name+")")
		values[name] = text(word)
	}
	if len(states) == 0 {
		return "", values
	}
	return " AND (#running <> :none OR NOT (" + strings.Join(states, " OR ") + "))", values
}

// remembering is the item that remembers a request, and the condition under
// which it may be written: the request is not known, or no longer counts.
func remembering(id deployment.ID, key deployment.RequestKey, now time.Time) (form item, condition string, values item, err error) {
	until := now.Add(key.Window)
	form, err = attributevalue.MarshalMap(requestItem{
		Kind: kindRequest, UUID: key.Hash, DeploymentUUID: string(id),
		// Time to live takes whole seconds and removes within days: the exact
		// end is the other number.
		Until: until.UnixMicro(), ExpiresAt: until.Unix() + 1, CreatedAt: instant(now),
	})
	if err != nil {
		return nil, "", nil, fault.Wrap(err, fault.Internal, "encode a request")
	}
	return form, "attribute_not_exists(#uuid) OR #until_micros <= :now", item{":now": number(now.UnixMicro())}, nil
}

// standing finds what refused the record: the deployment that already stands
// for the request, or the error. It is not done if it finds nothing, because
// what refused it is over; then the record is tried again.
func (d *Deployments) standing(ctx context.Context, record deployment.Record, key deployment.RequestKey) (known deployment.Record, done bool, err error) {
	if id, err := d.remembered(ctx, key, record.QueuedAt); err != nil || id != "" {
		if err == nil {
			known, err = d.Get(ctx, id)
		}
		return known, true, err
	}
	state, err := d.resource(ctx, record.ID.Resource())
	if err != nil {
		return known, true, err
	}
	if state.Queued != "" {
		known, err = d.sameQueued(ctx, deployment.ID(state.Queued), record, key)
		return known, true, err
	}
	if record.Needless(catalog.State(state)) {
		return known, true, deployment.Needless(record)
	}
	if err := d.admits(ctx, record); err != nil {
		return known, true, err
	}
	return known, false, nil
}

// remembered returns the deployment that stands for the request, or "".
func (d *Deployments) remembered(ctx context.Context, key deployment.RequestKey, now time.Time) (deployment.ID, error) {
	if key.Hash == "" {
		return "", nil
	}
	stored, err := read(ctx, d.client, d.tables.Catalog, item{"kind": text(kindRequest), "uuid": text(key.Hash)})
	if err != nil || stored == nil {
		return "", err
	}
	var form requestItem
	if err := decode(stored, &form); err != nil {
		return "", err
	}
	if form.Until <= now.UnixMicro() {
		return "", nil
	}
	return deployment.ID(form.DeploymentUUID), nil
}

// sameQueued returns the queued deployment if it is of the same request, and
// then remembers that this request, too, was answered with it.
func (d *Deployments) sameQueued(ctx context.Context, id deployment.ID, record deployment.Record, key deployment.RequestKey) (deployment.Record, error) {
	queued, err := d.Get(ctx, id)
	if err != nil {
		return deployment.Record{}, err
	}
	if !queued.SameRequest(record) {
		return deployment.Record{}, deployment.OtherQueued(queued)
	}
	if key.Hash == "" {
		return queued, nil
	}
	form, condition, values, err := remembering(id, key, record.QueuedAt)
	if err != nil {
		return deployment.Record{}, err
	}
	_, err = d.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                 aws.String(d.tables.Catalog),
		Item:                      form,
		ConditionExpression:       aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: values,
	})
	// Refused means that the same request at the same moment remembered it.
	_, err = refused(err)
	return queued, err
}

// admits says why the server or the record's own id refuses it, or nil.
func (d *Deployments) admits(ctx context.Context, record deployment.Record) error {
	server, err := d.server(ctx, record.ServerID)
	if err != nil {
		return err
	}
	if server == nil {
		return deployment.ServerGone()
	}
	if len(server.Queue) >= server.Definition.QueueLimit {
		return deployment.QueueFull()
	}
	taken, err := read(ctx, d.client, d.tables.of(record.ID.Kind()), recordKey(record.ID), "deployment_uuid")
	if err != nil {
		return err
	}
	if taken != nil {
		return deployment.Taken(record.ID)
	}
	return nil
}

// Note writes a record of something that needed no runner.
func (d *Deployments) Note(ctx context.Context, record deployment.Record) error {
	id := record.ID
	if !id.Kind().Deployable() {
		return catalog.Missing(id.Resource())
	}
	whole, err := encodeRecord(record)
	if err != nil {
		return err
	}
	writes := []types.TransactWriteItem{
		put(d.tables.of(id.Kind()), whole, "attribute_not_exists(#deployment_uuid)", nil),
		update(change{
			table:     d.tables.Catalog,
			key:       entityKey(id.Resource()),
			update:    "ADD #deployments :one",
			condition: "attribute_exists(#uuid)",
			values:    item{":one": number(1)},
		}),
	}
	return settle(ctx, func() (bool, error) {
		why, done, err := write(ctx, d.client, writes)
		switch {
		case done, err != nil:
			return done, err
		case len(why.unmet) == 0:
			return false, nil
		case why.unmet[0] == 0:
			return true, deployment.Taken(id)
		}
		return true, catalog.Missing(id.Resource())
	})
}

// receipt adds the record's place in the queue.
func (d *Deployments) receipt(ctx context.Context, record deployment.Record, repeated bool) (deployment.Receipt, error) {
	receipt := deployment.Receipt{Record: record, Repeated: repeated}
	if record.Status != deployment.Queued {
		return receipt, nil
	}
	server, err := d.server(ctx, record.ServerID)
	if err != nil || server == nil {
		return receipt, err
	}
	receipt.Position = slices.Index(server.Queue, string(record.ID)) + 1
	return receipt, nil
}
