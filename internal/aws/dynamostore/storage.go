package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// Storage adds up the states of all resources, and the counts that deleted ones have left.
func (h *History) Storage(ctx context.Context) ([]deployment.Storage, error) {
	var all []deployment.Storage
	for _, kind := range []catalog.Kind{catalog.KindApplication, catalog.KindService, catalog.KindDatabase} {
		taken := deployment.Storage{Kind: kind}
		for _, part := range []string{"-state", "-remains"} {
			if err := h.addStorage(ctx, string(kind)+part, &taken); err != nil {
				return nil, err
			}
		}
		all = append(all, taken)
	}
	return all, nil
}

// addStorage adds the counts of the items of a kind.
func (h *History) addStorage(ctx context.Context, kind string, taken *deployment.Storage) error {
	const condition, projection = "#kind = :kind", "#deployments, #log_objects, #log_bytes"
	pages := dynamodb.NewQueryPaginator(h.client, &dynamodb.QueryInput{
		TableName:                 aws.String(h.tables.Catalog),
		KeyConditionExpression:    aws.String(condition),
		ProjectionExpression:      aws.String(projection),
		ExpressionAttributeNames:  names("", condition, projection),
		ExpressionAttributeValues: item{":kind": text(kind)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return classify(err)
		}
		for _, stored := range page.Items {
			var counts resourceState
			if err := decode(stored, &counts); err != nil {
				return err
			}
			taken.Records += counts.Deployments
			taken.LogObjects += counts.LogObjects
			taken.LogBytes += counts.LogBytes
		}
	}
	return nil
}
