package dynamostore

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/access"
	"waybill/internal/fault"
)

// useItem is the last use of a token, in microseconds since 1970. DynamoDB removes it at
// ExpiresAt, in seconds, so that the uses of deleted tokens vanish.
type useItem struct {
	ID        uint64 `dynamodbav:"id"`
	UsedAt    int64  `dynamodbav:"used_at"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

// NoteUse stores a use.
func (t *Tokens) NoteUse(ctx context.Context, id string, at time.Time) error {
	if !access.IsID(id) {
		return fault.New(fault.Internal, "the id of a token is not a number")
	}
	const condition = "attribute_not_exists(#id) OR #used_at <= :before"
	whole := tokenKey(id)
	whole["used_at"] = number(at.UnixMicro())
	whole["expires_at"] = number(at.Add(access.UseKept).Unix())
	_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                 aws.String(t.uses),
		Item:                      whole,
		ConditionExpression:       aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: item{":before": number(at.Add(-access.UseEvery).UnixMicro())},
	})
	if err != nil {
		_, err = refused(err) // nil if a later use is stored
	}
	return err
}

// LastUse returns the last use of the token.
func (t *Tokens) LastUse(ctx context.Context, id string) (time.Time, error) {
	if !access.IsID(id) {
		return time.Time{}, nil
	}
	stored, err := read(ctx, t.client, t.uses, tokenKey(id))
	if err != nil || stored == nil {
		return time.Time{}, err
	}
	_, at, err := decodeUse(stored)
	return at, err
}

// LastUses returns the last uses of all tokens. A team has tens of tokens, so a scan of the
// table is one request.
func (t *Tokens) LastUses(ctx context.Context) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	pages := dynamodb.NewScanPaginator(t.client,
		&dynamodb.ScanInput{TableName: aws.String(t.uses), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, classify(err)
		}
		for _, stored := range page.Items {
			id, at, err := decodeUse(stored)
			if err != nil {
				return nil, err
			}
			all[id] = at
		}
	}
	return all, nil
}

func decodeUse(stored item) (id string, at time.Time, err error) {
	var fields useItem
	if err := decode(stored, &fields); err != nil {
		return "", time.Time{}, err
	}
	return strconv.FormatUint(fields.ID, 10), time.UnixMicro(fields.UsedAt).UTC(), nil
}
