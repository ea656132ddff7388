package dynamostore

// The calls to DynamoDB that all tables share: read an item, read a query, write an
// item, write a transaction, and try again after a refusal.

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"waybill/internal/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// read returns the item or its named attributes, or nil if there is no such item.
func read(ctx context.Context, client *dynamodb.Client, table string, key item,
	attributes ...string) (item, error) {
	input := &dynamodb.GetItemInput{TableName: aws.String(table), Key: key, ConsistentRead: aws.Bool(true)}
	if len(attributes) > 0 {
		projection := "#" + strings.Join(attributes, ", #")
		input.ProjectionExpression = aws.String(projection)
		input.ExpressionAttributeNames = names("", projection)
	}
	found, err := client.GetItem(ctx, input)
	if err != nil {
		return nil, classify(err)
	}
	if len(found.Item) == 0 {
		return nil, nil
	}
	return found.Item, nil
}

// take returns the first n items of a query. It may read several pages: DynamoDB ends
// a page at 1 MB.
func take(ctx context.Context, client *dynamodb.Client, query *dynamodb.QueryInput, n int) ([]item, error) {
	var items []item
	for len(items) < n {
		query.Limit = aws.Int32(int32(n - len(items)))
		page, err := client.Query(ctx, query)
		if err != nil {
			return nil, classify(err)
		}
		items = append(items, page.Items...)
		if len(page.LastEvaluatedKey) == 0 {
			break
		}
		query.ExclusiveStartKey = page.LastEvaluatedKey
	}
	return items, nil
}

// readBatch reads the items with these keys, at most 100. It repeats the request for keys that
// DynamoDB left out because it was busy or because the answer would have been larger than
// 16 MB.
func readBatch(ctx context.Context, client *dynamodb.Client,
	wanted map[string]types.KeysAndAttributes) (map[string][]item, error) {
	all := map[string][]item{}
	return all, retry(ctx, func() (bool, error) {
		got, err := client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: wanted})
		if err != nil {
			return false, classify(err)
		}
		for table, found := range got.Responses {
			all[table] = append(all[table], found...)
		}
		wanted = got.UnprocessedKeys
		return len(wanted) == 0, nil
	})
}

// write makes one transaction. done reports that it was written; if neither done nor
// err is set, the refusal has the reason.
func write(ctx context.Context, client *dynamodb.Client,
	writes []types.TransactWriteItem) (why refusal, done bool, err error) {
	_, err = client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	if err == nil {
		return refusal{}, true, nil
	}
	why, err = refused(err)
	return why, false, err
}

// Waits between tries. A transaction locks its items for about 10 ms, so a request
// that meets one tries again a little later, after a random wait. The tries end after
// about ten seconds.
const (
	minWait  = 10 * time.Millisecond
	maxWait  = 200 * time.Millisecond
	maxTries = 100
)

// retry calls try until it is done or fails, or until ctx ends.
func retry(ctx context.Context, try func() (done bool, err error)) error {
	wait := minWait
	for range maxTries {
		done, err := try()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(wait)):
		}
		wait = min(2*wait, maxWait)
	}
	return fault.New(fault.Unavailable, "Too many requests change this at once. Try again in a few seconds.")
}
