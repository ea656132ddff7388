package dynamostore

import (
	"context"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// Uses reads the records after the given one first: they are about to expire next, and
// most have the same configuration.
func (d *Deployments) Uses(ctx context.Context, id deployment.ID, hash string) (bool, error) {
	if !id.Kind().Deployable() {
		return false, nil
	}
	for _, newer := range []bool{true, false} {
		query := d.newestFirst(id.Resource(), string(id))
		query.ScanIndexForward = aws.Bool(newer)
		query.Limit = aws.Int32(4)
		for {
			page, err := d.client.Query(ctx, query)
			if err != nil {
				return false, classify(err)
			}
			for _, stored := range page.Items {
				record, _, err := decodeRecord(stored)
				if err != nil {
					return false, err
				}
				if record.ConfigurationHash == hash {
					return true, nil
				}
			}
			if len(page.LastEvaluatedKey) == 0 {
				break
			}
			query.ExclusiveStartKey, query.Limit = page.LastEvaluatedKey, nil
		}
	}
	return false, nil
}

// Removed deletes the items first. A retry finds fewer of them, and counts only if no try
// before it has.
func (d *Deployments) Removed(ctx context.Context, removal deployment.Removal) error {
	id := removal.Record.ID
	if !id.Kind().Deployable() {
		return nil
	}
	if err := d.removeParts(ctx, id); err != nil {
		return err
	}
	counting := change{
		table: d.tables.Catalog,
		key:   stateKey(id.Resource()),
		update: "SET #removed = :place " +
			"ADD #deployments :deployments, #log_objects :objects, #log_bytes :stored",
		condition: "attribute_exists(#uuid) AND (attribute_not_exists(#removed) OR #removed < :place)",
		values: item{":place": text(removal.Place), ":deployments": number(-1), ":objects": number(0),
			":stored": number(0)},
	}
	if log := removal.Record.Progress.Log; removal.Record.Status.Terminal() {
		counting.values[":objects"], counting.values[":stored"] = number(-log.Chunks), number(-log.Stored)
	}
	return retry(ctx, func() (bool, error) {
		_, err := d.client.UpdateItem(ctx, counting.updating())
		if err == nil {
			return true, nil
		}
		why, err := refused(err) // counted before, or the resource is gone
		return err == nil && len(why.unmet) > 0, err
	})
}

// removeParts deletes the items whose partition key is the id: the details, and the blocks
// of the index.
func (d *Deployments) removeParts(ctx context.Context, id deployment.ID) error {
	const condition, projection = "#resource_uuid = :id", "#resource_uuid, #deployment_uuid"
	table := d.tables.of(id.Kind())
	keys, err := take(ctx, d.client, &dynamodb.QueryInput{
		TableName:                 aws.String(table),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String(condition),
		ProjectionExpression:      aws.String(projection),
		ExpressionAttributeNames:  names("", condition, projection),
		ExpressionAttributeValues: item{":id": text(catalog.ID(id))},
	}, math.MaxInt32)
	if err != nil {
		return err
	}
	for _, key := range keys {
		_, err := d.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String(table), Key: key})
		if err != nil {
			return classify(err)
		}
	}
	return nil
}
