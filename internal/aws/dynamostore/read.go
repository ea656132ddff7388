package dynamostore

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// read returns the item, or the named attributes of it, or nil if there is no
// such item.
func read(ctx context.Context, client *dynamodb.Client, table string, key item, attributes ...string) (item, error) {
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

// take returns the first n items of a query. DynamoDB ends a page at 1 MB, so
// it may take several.
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
