package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

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
