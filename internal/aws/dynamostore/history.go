package dynamostore

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

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

// List makes two requests at once: one for the resource and its count, one for the records.
// If a chosen record has details, a third one reads all of these. The query asks for one
// record more than the page looks at, to know whether there is a next page. A cursor costs
// nothing, and neither does a short skip; a long one costs a read of the skipped keys.
func (h *History) List(ctx context.Context, resource catalog.ID,
	page deployment.Page) (deployment.Listing, error) {
	page, err := page.Check(resource)
	if err != nil || !resource.Kind().Deployable() {
		return deployment.Listing{}, err
	}
	var listing deployment.Listing
	var stored []item
	both, each := errgroup.WithContext(ctx)
	both.Go(func() (err error) { listing, err = h.counted(each, resource); return err })
	both.Go(func() (err error) { stored, err = h.page(each, resource, page); return err })
	if err := both.Wait(); err != nil || len(listing.Resources) == 0 {
		return deployment.Listing{}, err
	}
	detailed := map[deployment.ID]bool{}
	view := deployment.View{Records: map[deployment.ID]deployment.Record{}}
	for _, one := range stored[:min(page.Looks(), len(stored))] {
		record, hasDetails, err := decodeRecord(one)
		if err != nil {
			return deployment.Listing{}, err
		}
		view.Places = append(view.Places, deployment.PlaceOf(record))
		view.Records[record.ID], detailed[record.ID] = record, hasDetails
	}
	view.More = len(stored) > len(view.Places)
	page.Fill(&listing, view)
	return listing, h.addAllDetails(ctx, listing.Records, detailed)
}

// counted returns a listing with the head of the resource and its count, or an empty one
// if there is no such resource.
func (h *History) counted(ctx context.Context, resource catalog.ID) (deployment.Listing, error) {
	entity, err := NewCatalog(h.client, h.tables).Head(ctx, resource)
	if errors.Is(err, fault.NotFound) {
		return deployment.Listing{}, nil
	}
	head, is := entity.(catalog.Deployable)
	if err != nil || !is {
		return deployment.Listing{}, err
	}
	return deployment.Listing{Count: head.Shared().State.Deployments,
		Resources: map[catalog.ID]catalog.Deployable{resource: head}}, nil
}

// page returns the records that the page looks at, and one more if there is one.
func (h *History) page(ctx context.Context, resource catalog.ID, page deployment.Page) ([]item, error) {
	query := h.newestFirst(resource, page.Cursor)
	if some := within(query, resource, page); !some {
		return nil, nil
	}
	skip := page.Skip
	if !page.Filter.IsZero() {
		skip = 0 // it counts what the filter chooses
	}
	if skip > shortSkip {
		if more, err := h.skip(ctx, query, skip); err != nil || !more {
			return nil, err
		}
		skip = 0
	}
	stored, err := take(ctx, h.client, query, skip+page.Looks()+1)
	return stored[min(skip, len(stored)):], err
}

// shortSkip is the longest skip whose records are read with the page.
const shortSkip = 100

// within limits the query to the times of the filter, and reports whether the cursor
// leaves something of them. The time in an id is not after the time of the record, and
// earlier by a day at most: the one of a request with an Idempotency-Key is the time of its
// first run.
func within(query *dynamodb.QueryInput, resource catalog.ID, page deployment.Page) (some bool) {
	const day, end = 24 * time.Hour, "~" // which is above all characters of ids
	from, to := string(resource), string(resource)+end
	if since := page.Filter.Since; !since.IsZero() {
		from += catalog.TimeText(since.Add(-day))
	}
	if until := page.Filter.Until; !until.IsZero() {
		to = string(resource) + catalog.TimeText(until) // no id has no more than a time
	}
	if from == string(resource) && strings.HasSuffix(to, end) {
		return true
	}
	const condition = "#resource_uuid = :resource AND #deployment_uuid BETWEEN :from AND :to"
	query.KeyConditionExpression = aws.String(condition)
	query.ExpressionAttributeNames = names("", condition)
	query.ExpressionAttributeValues = with(query.ExpressionAttributeValues,
		item{":from": text(from), ":to": text(to)})
	if page.Cursor >= to {
		query.ExclusiveStartKey = nil // DynamoDB refuses one that is out of bounds
	}
	return from <= to && (page.Cursor == "" || page.Cursor > from)
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
