package dynamostore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// waiterPrefix begins the sort key of a waiter. Its id follows. A waiter is an
// item beside a deployment, like its details: it says that another one waits for its end,
// or has waited. So it is removed with the rest of the deployment, and needs no write when
// the wait ends.
const waiterPrefix = "waiter/"

func waiterKey(awaited, waiter deployment.ID) item {
	return item{"resource_uuid": text(awaited), "deployment_uuid": text(waiterPrefix + string(waiter))}
}

// dependencies is the attribute of the dependencies.
func dependencies(after []deployment.Dependency) types.AttributeValue {
	var values []types.AttributeValue
	for _, one := range after {
		values = append(values, &types.AttributeValueMemberM{Value: item{"resource": text(one.Resource),
			"deployment": text(one.Deployment), "status": text(one.Status)}})
	}
	return list(values...)
}

// addingDetails is the write of the details that a new record has, or nil: the deployments that
// it comes after, and the override of the windows.
func (d *Deployments) addingDetails(record deployment.Record) *change {
	adding := change{table: d.tables.of(record.ID.Kind()), key: detailsKey(record.ID), values: item{}}
	var sets []string
	if len(record.After) > 0 {
		sets, adding.values[":after"] = append(sets, "#after = :after"), dependencies(record.After)
	}
	if override := record.WindowOverride; override != (deployment.WindowOverride{}) {
		sets = append(sets, "#override_reason = :reason, #overridden_by = :by")
		adding.values[":reason"], adding.values[":by"] = text(override.Reason), text(override.By)
	}
	if len(sets) == 0 {
		return nil
	}
	adding.update = "SET " + strings.Join(sets, ", ")
	return &adding
}

// awaiting notes the record on each deployment that it waits for: a flag on the deployment,
// on the condition that it has not ended, and a waiter. The end of the deployment writes the
// same item, so either it has the flag, or the condition fails.
func (d *Deployments) awaiting(record deployment.Record) []types.TransactWriteItem {
	var writes []types.TransactWriteItem
	for _, id := range record.WaitsFor() {
		table := d.tables.of(id.Kind())
		writes = append(writes,
			update(change{
				table:     table,
				key:       recordKey(id),
				update:    "SET #y = :yes",
				condition: "#status IN (:queued, :in_progress)",
				values: item{":yes": yes(), ":queued": text(deployment.Queued),
					":in_progress": text(deployment.InProgress)},
			}),
			put(table, waiterKey(id, record.ID), "", nil))
	}
	return writes
}

// awaitWrites is the number of writes of awaiting.
func awaitWrites(record deployment.Record) int { return 2 * len(record.WaitsFor()) }

// Waiters is one query.
func (d *Deployments) Waiters(ctx context.Context, id deployment.ID) ([]deployment.ID, error) {
	const condition = "#resource_uuid = :id AND begins_with(#deployment_uuid, :prefix)"
	items, err := take(ctx, d.client, &dynamodb.QueryInput{
		TableName:                 aws.String(d.tables.of(id.Kind())),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: item{":id": text(id), ":prefix": text(waiterPrefix)},
	}, math.MaxInt32)
	if err != nil {
		return nil, err
	}
	var waiters []deployment.ID
	for _, stored := range items {
		waiters = append(waiters,
			deployment.ID(strings.TrimPrefix(textOf(stored, "deployment_uuid"), waiterPrefix)))
	}
	slices.SortFunc(waiters, deployment.ID.Compare)
	return waiters, nil
}

// Settle reads the record and the deployments that it waits for, and applies
// [deployment.Record.Settled]. An end is final, so the answer is still true when it is written.
// The conditions of the write are that the record still waits, and that the dependencies are
// as they were read: two may end at once, and none of the two results may be lost.
func (d *Deployments) Settle(ctx context.Context, id deployment.ID,
	now time.Time) (deployment.Record, error) {
	var settled deployment.Record
	err := retry(ctx, func() (bool, error) {
		stored, err := d.stored(ctx, id)
		if err != nil {
			return false, err
		}
		record, _, err := decodeRecord(stored)
		if settled = record; err != nil || !record.Waiting() {
			return true, err
		}
		if err := d.addDetails(ctx, &record); err != nil {
			return false, err
		}
		next, err := d.afterLook(ctx, record, now)
		if settled = next; err != nil {
			return false, err
		}
		if next.Status.Terminal() {
			return d.unqueue(ctx, next, d.settling(record, next))
		}
		if !next.Waiting() {
			joined, done, err := d.join(ctx, stored, record, next)
			settled = joined
			return done, err
		}
		if slices.Equal(next.After, record.After) {
			return true, nil
		}
		_, done, err := write(ctx, d.client, d.movingOn(stored, record, next))
		return done, err
	})
	return settled, err
}

// afterLook returns the waiting record after a look at the deployments that it waits for.
func (d *Deployments) afterLook(ctx context.Context, record deployment.Record,
	now time.Time) (deployment.Record, error) {
	var ids []string
	for _, id := range record.WaitsFor() {
		ids = append(ids, string(id))
	}
	found, err := d.all(ctx, ids)
	if err != nil {
		return deployment.Record{}, err
	}
	return record.Settled(found, now)
}

// settling stores the dependencies, on the condition that they are as they were read.
func (d *Deployments) settling(record, next deployment.Record) types.TransactWriteItem {
	return update(change{
		table:     d.tables.of(record.ID.Kind()),
		key:       detailsKey(record.ID),
		update:    "SET #after = :after",
		condition: "#after = :was",
		values:    item{":after": dependencies(next.After), ":was": dependencies(record.After)},
	})
}

// movingOn stores that the record waits for fewer deployments, or for none. stored is its
// item, as read.
func (d *Deployments) movingOn(stored item, record, next deployment.Record) []types.TransactWriteItem {
	return []types.TransactWriteItem{
		update(change{
			table:     d.tables.of(next.ID.Kind()),
			key:       recordKey(next.ID),
			update:    "SET #r = :request, #u = :now",
			condition: "#status = :queued AND #r = :was",
			values: item{":request": blob(packRequest(next)), ":was": stored["r"],
				":queued": text(deployment.Queued), ":now": moment(next.UpdatedAt)},
		}),
		d.settling(record, next),
	}
}

// join appends the record to the queue. If that is full, it only stores that the record
// waits for no deployment any more.
func (d *Deployments) join(ctx context.Context, stored item, record,
	next deployment.Record) (settled deployment.Record, done bool, err error) {
	server, err := d.server(ctx, next.ServerID)
	if err != nil {
		return next, false, err
	}
	if server == nil || server.room(next) != nil {
		next = next.Kept(record)
		if !slices.Equal(next.After, record.After) {
			_, done, err := write(ctx, d.client, d.movingOn(stored, record, next))
			if !done || err != nil {
				return next, done, err
			}
		}
		return next, false, deployment.NewQueueFullError()
	}
	joining := change{
		table:     d.tables.Catalog,
		key:       stateKey(next.ServerID),
		update:    joinQueue,
		condition: queueHasRoom,
		values:    item{":last": list(text(next.ID))},
	}
	if place := slices.Index(server.Waiting, string(next.ID)); place >= 0 {
		joining.update += fmt.Sprintf(" REMOVE #waiting[%d]", place)
		joining.condition += fmt.Sprintf(" AND #waiting[%d] = :id", place)
		joining.values[":id"] = text(next.ID)
	}
	_, done, err = write(ctx, d.client, append(d.movingOn(stored, record, next), update(joining)))
	return next, done, err
}

// Last reads the newest records first.
func (d *Deployments) Last(ctx context.Context, resource catalog.ID) (deployment.Record, error) {
	if !resource.Kind().Deployable() {
		return deployment.Record{}, deployment.NewNotFoundError()
	}
	query := d.newestFirst(resource, "")
	query.Limit = aws.Int32(5)
	for {
		page, err := d.client.Query(ctx, query)
		if err != nil {
			return deployment.Record{}, classify(err)
		}
		for _, stored := range page.Items {
			record, _, err := decodeRecord(stored)
			if err != nil || record.Operation.OnServer() && !record.ClaimedAt.IsZero() {
				return record, err
			}
		}
		if len(page.LastEvaluatedKey) == 0 {
			return deployment.Record{}, deployment.NewNotFoundError()
		}
		query.ExclusiveStartKey, query.Limit = page.LastEvaluatedKey, nil
	}
}
