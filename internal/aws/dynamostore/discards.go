package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// kindDiscarded is the kind of the sets of secrets to delete, in the catalog table.
const kindDiscarded = "secrets-discarded"

// discardedItem names a set of secrets to delete. Its key begins with the time at which
// that is due, so that one query finds the sets that are.
type discardedItem struct {
	Kind       string             `dynamodbav:"kind"`
	UUID       string             `dynamodbav:"uuid"`
	Entity     catalog.ID         `dynamodbav:"entity"`
	Generation catalog.Generation `dynamodbav:"generation"`
	Due        instant            `dynamodbav:"due"`
}

func discardedKey(set catalog.DiscardedSecrets) item {
	uuid := catalog.TimeText(set.Due) + "." + string(set.ID) + "." + string(set.Generation)
	return item{"kind": text(kindDiscarded), "uuid": text(uuid)}
}

// reservation is the entry of a set that is reserved and that no entity names yet.
func reservation(id catalog.ID, generation catalog.Generation) catalog.DiscardedSecrets {
	return catalog.DiscardedSecrets{ID: id, Generation: generation, Due: generation.Due()}
}

func encodeDiscarded(set catalog.DiscardedSecrets) (item, error) {
	fields, err := attributevalue.MarshalMap(discardedItem{Entity: set.ID, Generation: set.Generation,
		Due: instant(set.Due)})
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode a set of secrets to delete")
	}
	return with(fields, discardedKey(set)), nil
}

// Reserve writes one item.
func (c *Catalog) Reserve(ctx context.Context, id catalog.ID, generation catalog.Generation) error {
	whole, err := encodeDiscarded(reservation(id, generation))
	if err != nil {
		return err
	}
	_, err = c.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(c.table), Item: whole})
	return classify(err)
}

// Discarded is one query.
func (c *Catalog) Discarded(ctx context.Context, now time.Time) ([]catalog.DiscardedSecrets, error) {
	const condition = "#kind = :kind AND #uuid < :now"
	items, err := take(ctx, c.client, &dynamodb.QueryInput{
		TableName:                aws.String(c.table),
		ConsistentRead:           aws.Bool(true),
		KeyConditionExpression:   aws.String(condition),
		ExpressionAttributeNames: names("", condition),
		ExpressionAttributeValues: item{":kind": text(kindDiscarded),
			":now": text(catalog.TimeText(now))},
	}, catalog.MaxPage)
	if err != nil {
		return nil, err
	}
	var due []catalog.DiscardedSecrets
	for _, stored := range items {
		var fields discardedItem
		if err := decode(stored, &fields); err != nil {
			return nil, err
		}
		due = append(due, catalog.DiscardedSecrets{ID: fields.Entity, Generation: fields.Generation,
			Due: time.Time(fields.Due)})
	}
	return due, nil
}

// Forget deletes the item.
func (c *Catalog) Forget(ctx context.Context, set catalog.DiscardedSecrets) error {
	_, err := c.client.DeleteItem(ctx,
		&dynamodb.DeleteItemInput{TableName: aws.String(c.table), Key: discardedKey(set)})
	return classify(err)
}

// renaming returns the writes of a transaction that makes an entity name another
// generation: they withdraw the reservation of the new one and discard the old one. The
// only one with a condition that can fail comes first.
func (c *Catalog) renaming(id catalog.ID, before, after catalog.Generation,
	now time.Time) ([]types.TransactWriteItem, error) {
	var writes []types.TransactWriteItem
	if before == after {
		return nil, nil
	}
	if after != "" {
		writes = append(writes, remove(c.table, discardedKey(reservation(id, after)),
			"attribute_exists(#uuid)", nil))
	}
	if before != "" {
		discarding, err := c.discarding(id, before, now.Add(catalog.GenerationGrace))
		if err != nil {
			return nil, err
		}
		writes = append(writes, discarding)
	}
	return writes, nil
}

// discarding returns the write that discards a set.
func (c *Catalog) discarding(id catalog.ID, generation catalog.Generation,
	due time.Time) (types.TransactWriteItem, error) {
	whole, err := encodeDiscarded(catalog.DiscardedSecrets{ID: id, Generation: generation, Due: due})
	return put(c.table, whole, "attribute_not_exists(#uuid)", nil), err
}
