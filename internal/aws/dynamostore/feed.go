package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// kindChange is the kind of the entries of the feed in the catalog table.
const kindChange = "change"

// changeItem is an entry of the feed. Its key is the time, so that one query reads the
// changes since a time, and the change's id, so that no two changes share a key.
type changeItem struct {
	Kind      string `dynamodbav:"kind"`
	UUID      string `dynamodbav:"uuid"`
	Change    string `dynamodbav:"change"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

// Append writes one item, which DynamoDB removes after [deployment.FeedWindow].
func (f *Feed) Append(ctx context.Context, change deployment.Change, now time.Time) error {
	whole, err := attributevalue.MarshalMap(changeItem{
		Kind:      kindChange,
		UUID:      catalog.TimeText(now) + "." + change.ID(),
		Change:    change.ID(),
		ExpiresAt: now.Add(deployment.FeedWindow).Unix(),
	})
	if err != nil {
		return fault.Wrap(err, fault.Internal, "encode a change")
	}
	return f.overwrite(ctx, whole)
}

// Since is one query.
func (f *Feed) Since(ctx context.Context, from time.Time, limit int) ([]deployment.Listed, error) {
	const condition = "#kind = :kind AND #uuid >= :from"
	items, err := take(ctx, f.client, &dynamodb.QueryInput{
		TableName:                 aws.String(f.tables.Catalog),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: item{":kind": text(kindChange), ":from": text(catalog.TimeText(from))},
	}, limit)
	if err != nil {
		return nil, err
	}
	listed := make([]deployment.Listed, 0, len(items))
	for _, stored := range items {
		micros, _ := catalog.MicrosOf(textOf(stored, "uuid")) // Append has written it
		listed = append(listed, deployment.Listed{At: fromMicros(micros), ID: textOf(stored, "change")})
	}
	return listed, nil
}
