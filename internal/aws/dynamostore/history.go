package dynamostore

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// Get returns the record. It reads the details only if the record says that there are
// some.
func (h *History) Get(ctx context.Context, id deployment.ID) (deployment.Record, error) {
	return h.get(ctx, id)
}

// List reads the count from the resource, the records by one query, and all details by one
// batch, if a record has some. The query asks for one record more than the page holds, to
// know whether there is a next page. A skip costs a read of the skipped keys; a cursor
// costs nothing.
func (h *History) List(ctx context.Context, resource catalog.ID,
	page deployment.Page) (deployment.Listing, error) {
	page, err := page.Check(resource)
	if err != nil {
		return deployment.Listing{}, err
	}
	state, err := h.resource(ctx, resource)
	if errors.Is(err, fault.NotFound) {
		return deployment.Listing{}, nil
	}
	listing := deployment.Listing{Count: state.Deployments}
	if err != nil || page.Skip >= listing.Count {
		return listing, err
	}
	query := h.newestFirst(resource, page.Cursor)
	if more, err := h.skip(ctx, query, page.Skip); err != nil || !more {
		return listing, err
	}
	items, err := take(ctx, h.client, query, page.Take+1)
	if err != nil {
		return deployment.Listing{}, err
	}
	listing.Records, err = h.decodeAll(ctx, items[:min(page.Take, len(items))])
	if err != nil {
		return deployment.Listing{}, err
	}
	if len(items) > page.Take {
		listing.Next = string(listing.Records[page.Take-1].ID)
	}
	return listing, nil
}

// skip moves the start of the query past its first n records and reads only their
// keys. It returns false if there are fewer than n records.
func (h *History) skip(ctx context.Context, query *dynamodb.QueryInput, n int) (more bool, err error) {
	if n == 0 {
		return true, nil
	}
	keys := *query
	const projection = "#deployment_uuid"
	keys.ProjectionExpression = aws.String(projection)
	keys.ExpressionAttributeNames = names("", projection, *query.KeyConditionExpression)
	skipped, err := take(ctx, h.client, &keys, n)
	if err != nil || len(skipped) < n {
		return false, err
	}
	var last struct {
		ID deployment.ID `dynamodbav:"deployment_uuid"`
	}
	if err := decode(skipped[n-1], &last); err != nil {
		return false, err
	}
	query.ExclusiveStartKey = recordKey(last.ID)
	return true, nil
}

// Follow notes on the record that a reader waits for the log. The runner gets the
// note as an answer to its next Advance and needs no extra read. A condition lets one of
// several readers at the same moment write.
func (h *History) Follow(ctx context.Context, id deployment.ID, now time.Time) error {
	table := h.tables.of(id.Kind())
	if table == "" {
		return deployment.NewNotFoundError()
	}
	return retry(ctx, func() (bool, error) {
		_, done, err := h.change(ctx, change{
			table:     table,
			key:       recordKey(id),
			update:    "SET #w = :now",
			condition: "#status IN (:queued, :in_progress) AND (attribute_not_exists(#w) OR #w <= :due)",
			values: item{":now": moment(now), ":due": moment(now.Add(-deployment.FollowEvery)),
				":queued": text(deployment.Queued), ":in_progress": text(deployment.InProgress)},
		})
		if done || err != nil {
			return done, err
		}
		record, _, err := h.record(ctx, id)
		return record.Status.Terminal() || now.Sub(record.FollowedAt) < deployment.FollowEvery, err
	})
}
