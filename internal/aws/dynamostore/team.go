package dynamostore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// Team makes one query for each table and shard, all at once, and then one batch. The
// indexes have keys only, and the batch reads the records, so the page shows their present
// state. It reads their details and the heads that are needed, too: whether a record has
// details is only known from itself. The keys of a batch are limited, which limits the page.
func (h *History) Team(ctx context.Context, page deployment.Page) (deployment.Listing, error) {
	page, after, err := page.CheckTeam()
	if err != nil {
		return deployment.Listing{}, err
	}
	spans := h.spans(page.Filter)
	group, each := errgroup.WithContext(ctx)
	for i := range spans {
		group.Go(func() error { return spans[i].read(each, h.client, page, after) })
	}
	if err := group.Wait(); err != nil {
		return deployment.Listing{}, err
	}
	places, more := merge(spans)
	batch := h.batchOf(places, page)
	if len(batch.view.Places) == 0 {
		return deployment.Listing{}, nil
	}
	if err := batch.read(ctx, h.client); err != nil {
		return deployment.Listing{}, err
	}
	batch.view.More = more || len(batch.view.Places) < len(places)
	listing := deployment.Listing{Resources: batch.heads}
	page.FillTeam(&listing, batch.view)
	return listing, nil
}

// span is a partition of an index of one table, and what a page has found in it.
type span struct {
	table, index, key, partition string
	// places are complete, newest first, down to the time before, which is zero if the
	// partition has no more. That moment itself may have others.
	places []deployment.Place
	before time.Time
}

// spans returns the partitions that have the deployments of the filter.
func (h *History) spans(filter deployment.Filter) []span {
	var spans []span
	for _, kind := range []catalog.Kind{catalog.KindApplication, catalog.KindService, catalog.KindDatabase} {
		if filter.Kind != "" && filter.Kind != kind {
			continue
		}
		table := h.tables.of(kind)
		if filter.Server != "" {
			spans = append(spans, span{table: table, index: "by-server", key: "server_uuid",
				partition: string(filter.Server)})
			continue
		}
		for shard := range max(h.tables.Shards, 1) {
			spans = append(spans, span{table: table, index: "by-time", key: "shard",
				partition: fmt.Sprintf("h%d", shard)})
		}
	}
	return spans
}

// read finds the older places than after that the page looks at. An index orders by
// time only. So the last moment of an answer may have others that the answer lacks, and is
// left to the next page.
func (s *span) read(ctx context.Context, client *dynamodb.Client, page deployment.Page,
	after deployment.Place) error {
	query, some := s.query(page.Filter, after)
	if !some {
		return nil
	}
	query.Limit = aws.Int32(int32(page.Looks() + 2)) // the place after, and the last moment
	var found []deployment.Place
	for {
		answer, err := client.Query(ctx, query)
		if err != nil {
			return classify(err)
		}
		for _, stored := range answer.Items {
			place, err := decodePlace(stored)
			if err != nil {
				return err
			}
			found = append(found, place)
		}
		query.ExclusiveStartKey = answer.LastEvaluatedKey
		ends := len(answer.LastEvaluatedKey) == 0
		if s.before = (time.Time{}); !ends && len(found) > 0 {
			s.before = found[len(found)-1].CreatedAt
		}
		s.places = slices.DeleteFunc(slices.Clone(found), func(place deployment.Place) bool {
			return !place.CreatedAt.After(s.before) || after.ID != "" && place.Compare(after) >= 0
		})
		if ends || len(s.places) >= page.Looks() {
			return nil
		}
	}
}

// query is the query for the partition from the place after on, and reports whether the
// filter leaves something of it.
func (s *span) query(filter deployment.Filter,
	after deployment.Place) (query *dynamodb.QueryInput, some bool) {
	from, to := int64(0), int64(math.MaxInt64)
	if !filter.Since.IsZero() {
		from = micros(filter.Since)
	}
	if !filter.Until.IsZero() {
		to = micros(filter.Until) - 1
	}
	if after.ID != "" {
		to = min(to, micros(after.CreatedAt))
	}
	const condition, projection = "#this = :partition AND #time BETWEEN :from AND :to", "#deployment_uuid"
	return &dynamodb.QueryInput{
		TableName:                aws.String(s.table),
		IndexName:                aws.String(s.index),
		ScanIndexForward:         aws.Bool(false),
		KeyConditionExpression:   aws.String(condition),
		ProjectionExpression:     aws.String(projection + ", #time"),
		ExpressionAttributeNames: names(s.key, condition, projection),
		ExpressionAttributeValues: item{":partition": text(s.partition), ":from": number(from),
			":to": number(to)},
	}, from <= to
}

// decodePlace reads an entry of an index.
func decodePlace(stored item) (deployment.Place, error) {
	var fields struct {
		ID   deployment.ID `dynamodbav:"deployment_uuid"`
		Time int64         `dynamodbav:"time"`
	}
	err := decode(stored, &fields)
	return deployment.Place{CreatedAt: fromMicros(fields.Time), ID: fields.ID}, err
}

// merge joins what the spans have found, newest first. Behind the moment at which one span
// ends, the others may have deployments that would come too early.
func merge(spans []span) (places []deployment.Place, more bool) {
	var before time.Time
	for _, one := range spans {
		places = append(places, one.places...)
		if one.before.After(before) {
			before = one.before
		}
	}
	slices.SortFunc(places, func(a, b deployment.Place) int { return b.Compare(a) })
	return slices.DeleteFunc(places, func(place deployment.Place) bool {
		return !place.CreatedAt.After(before)
	}), !before.IsZero()
}

// batch is the request for the records of a page.
type batch struct {
	wanted map[string]types.KeysAndAttributes
	view   deployment.View
	heads  map[catalog.ID]catalog.Deployable
}

// batchOf makes the batch of as many of the places as the page looks at and one request
// can read.
func (h *History) batchOf(places []deployment.Place, page deployment.Page) batch {
	b := batch{
		wanted: map[string]types.KeysAndAttributes{},
		view:   deployment.View{Records: map[deployment.ID]deployment.Record{}},
		heads:  map[catalog.ID]catalog.Deployable{},
	}
	asked := map[catalog.ID]bool{}
	keys := 0
	for _, place := range places[:min(page.Looks(), len(places))] {
		id, resource := place.ID, place.ID.Resource()
		head := !asked[resource] &&
			(page.Filter.Resource != nil || resource.Kind() == catalog.KindDatabase)
		if keys += 2; head {
			keys++
		}
		if keys > maxBatch {
			break
		}
		h.want(b.wanted, id, recordKey(id))
		h.want(b.wanted, id, detailsKey(id))
		if asked[resource] = true; head {
			b.wanted[h.tables.Catalog] = types.KeysAndAttributes{ConsistentRead: aws.Bool(true),
				Keys: append(b.wanted[h.tables.Catalog].Keys, entityKey(resource))}
		}
		b.view.Places = append(b.view.Places, place)
	}
	return b
}

// read reads the items and joins each record with its details.
func (b *batch) read(ctx context.Context, client *dynamodb.Client) error {
	all, err := readBatch(ctx, client, b.wanted)
	if err != nil {
		return err
	}
	details := map[deployment.ID]detailsItem{}
	for _, found := range all {
		for _, stored := range found {
			if err := b.add(stored, details); err != nil {
				return err
			}
		}
	}
	for id, fields := range details {
		// Details without a record are about to be removed.
		if record, there := b.view.Records[id]; there {
			fields.addTo(&record)
			b.view.Records[id] = record
		}
	}
	return nil
}

// add takes an item by its kind: the head of a resource, details, or a record.
func (b *batch) add(stored item, details map[deployment.ID]detailsItem) error {
	switch {
	case stored["kind"] != nil:
		entity, err := decodeEntity(items{head: stored})
		if err != nil {
			return err
		}
		if head, is := entity.(catalog.Deployable); is {
			b.heads[entity.Common().ID] = head
		}
	case textOf(stored, "deployment_uuid") == detailsSortKey:
		id, fields, err := decodeDetails(stored)
		if err != nil {
			return err
		}
		details[id] = fields
	default:
		record, _, err := decodeRecord(stored)
		if err != nil {
			return err
		}
		b.view.Records[record.ID] = record
	}
	return nil
}
