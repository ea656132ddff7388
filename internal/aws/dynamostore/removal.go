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
	counted, err := d.uncount(ctx, stateKey(id.Resource()), removal)
	if err != nil || counted {
		return err
	}
	return d.uncountRemains(ctx, removal)
}

// uncountRemains lowers the counts of a deleted resource, and deletes them with the last
// record.
func (d *Deployments) uncountRemains(ctx context.Context, removal deployment.Removal) error {
	key := remainsKey(removal.Record.ID.Resource())
	if counted, err := d.uncount(ctx, key, removal); err != nil || !counted {
		return err
	}
	const condition = "#deployments <= :none"
	_, err := d.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: aws.String(d.tables.Catalog), Key: key,
		ConditionExpression:       aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: item{":none": number(0)},
	})
	_, err = refused(err) // others remain
	return err
}

// uncount lowers the counts in the item once. It reports false if the item does not exist,
// or if the removal was counted before.
func (d *Deployments) uncount(ctx context.Context, key item,
	removal deployment.Removal) (counted bool, err error) {
	counting := change{
		table: d.tables.Catalog,
		key:   key,
		update: "SET #removed = :place " +
			"ADD #deployments :deployments, #log_objects :objects, #log_bytes :stored",
		condition: "attribute_exists(#uuid) AND (attribute_not_exists(#removed) OR #removed < :place)",
		values: item{":place": text(removal.Place), ":deployments": number(-1), ":objects": number(0),
			":stored": number(0)},
	}
	if log := removal.Record.Progress.Log; removal.Record.Status.Terminal() {
		counting.values[":objects"], counting.values[":stored"] = number(-log.Chunks), number(-log.Stored)
	}
	err = retry(ctx, func() (bool, error) {
		_, err := d.client.UpdateItem(ctx, counting.updating())
		if counted = err == nil; counted {
			return true, nil
		}
		why, err := refused(err)
		return err == nil && len(why.unmet) > 0, err
	})
	return counted, err
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
