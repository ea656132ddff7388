package dynamostore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/statistics"
)

// rollupItem is a rollup in the catalog table. The rollups of a resource are one
// partition, rollup-RESOURCE, in the order of their days.
type rollupItem struct {
	Kind      string         `dynamodbav:"kind"`
	UUID      statistics.Day `dynamodbav:"uuid"`
	Counts    []countItem    `dynamodbav:"counts"`
	Runs      map[int]int    `dynamodbav:"runs"`
	Waits     map[int]int    `dynamodbav:"waits"`
	ExpiresAt int64          `dynamodbav:"expires_at"`
	// The recovery. Older rollups have none.
	FirstFailure int64       `dynamodbav:"first_failure,omitempty"`
	FirstSuccess int64       `dynamodbav:"first_success,omitempty"`
	OpenFailure  int64       `dynamodbav:"open_failure,omitempty"`
	Recoveries   map[int]int `dynamodbav:"recoveries,omitempty"`
}

// countItem is the number of deployments with one outcome.
type countItem struct {
	Operation string `dynamodbav:"operation"`
	Status    string `dynamodbav:"status"`
	Reason    string `dynamodbav:"reason"`
	Count     int    `dynamodbav:"count"`
}

// rollupProgressKey returns the key of the item that says how far the rollups are.
func rollupProgressKey() item {
	return item{"kind": text("rollups"), "uuid": text("progress")}
}

// rollupProgressItem is a [statistics.Progress].
type rollupProgressItem struct {
	Done    statistics.Day `dynamodbav:"done"`
	Current statistics.Day `dynamodbav:"current"`
	After   catalog.ID     `dynamodbav:"after"`
}

// Resources queries the index by time of each table, which has keys only.
func (r *Rollups) Resources(ctx context.Context, day statistics.Day) ([]catalog.ID, error) {
	from, err := day.Start()
	if err != nil {
		return nil, err
	}
	found := map[catalog.ID]bool{}
	for _, table := range []string{r.tables.Applications, r.tables.Services, r.tables.Databases} {
		for shard := range max(r.tables.Shards, 1) {
			if err := r.requested(ctx, table, fmt.Sprintf("h%d", shard), from, found); err != nil {
				return nil, err
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// requested adds the resources of a shard with deployments that were created on the day
// that begins at from.
func (r *Rollups) requested(ctx context.Context, table, shard string, from time.Time,
	found map[catalog.ID]bool) error {
	const condition, projection = "#shard = :shard AND #time BETWEEN :from AND :to", "#resource_uuid"
	pages := dynamodb.NewQueryPaginator(r.client, &dynamodb.QueryInput{
		TableName:                aws.String(table),
		IndexName:                aws.String("by-time"),
		KeyConditionExpression:   aws.String(condition),
		ProjectionExpression:     aws.String(projection),
		ExpressionAttributeNames: names("", condition, projection),
		ExpressionAttributeValues: item{":shard": text(shard), ":from": moment(from),
			":to": moment(lastInstant(from))},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return classify(err)
		}
		for _, stored := range page.Items {
			var fields struct {
				Resource catalog.ID `dynamodbav:"resource_uuid"`
			}
			if err := decode(stored, &fields); err != nil {
				return err
			}
			found[fields.Resource] = true
		}
	}
	return nil
}

// lastInstant returns the last microsecond of the day that begins at from.
func lastInstant(from time.Time) time.Time { return from.AddDate(0, 0, 1).Add(-time.Microsecond) }

// Records is one query over the ids of the day, which begin with their time.
func (r *Rollups) Records(ctx context.Context, resource catalog.ID,
	day statistics.Day) ([]deployment.Record, error) {
	from, err := day.Start()
	if err != nil {
		return nil, err
	}
	const condition = "#resource_uuid = :resource AND #deployment_uuid BETWEEN :from AND :to"
	pages := dynamodb.NewQueryPaginator(r.client, &dynamodb.QueryInput{
		TableName:                aws.String(r.tables.of(resource.Kind())),
		KeyConditionExpression:   aws.String(condition),
		ExpressionAttributeNames: names("", condition),
		ExpressionAttributeValues: item{":resource": text(resource),
			":from": text(string(resource) + catalog.TimeText(from)),
			// Above every id of the last microsecond.
			":to": text(string(resource) + catalog.TimeText(lastInstant(from)) + "~")},
	})
	var records []deployment.Record
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, classify(err)
		}
		for _, stored := range page.Items {
			record, _, err := decodeRecord(stored)
			if err != nil {
				return nil, err
			}
			records = append(records, record)
		}
	}
	return records, nil
}

// Save writes one item.
func (r *Rollups) Save(ctx context.Context, rollup statistics.Rollup) error {
	start, err := rollup.Day.Start()
	if err != nil {
		return err
	}
	fields := rollupItem{Kind: "rollup-" + string(rollup.Resource), UUID: rollup.Day, Runs: rollup.Runs,
		Waits: rollup.Waits, ExpiresAt: start.Add(statistics.RollupLifetime).Unix(),
		FirstFailure: micros(rollup.Recovery.FirstFailure),
		FirstSuccess: micros(rollup.Recovery.FirstSuccess),
		OpenFailure:  micros(rollup.Recovery.OpenFailure)}
	if len(rollup.Recovery.Times) > 0 {
		fields.Recoveries = rollup.Recovery.Times
	}
	for outcome, count := range rollup.Counts {
		fields.Counts = append(fields.Counts, countItem{Operation: string(outcome.Operation),
			Status: string(outcome.Status), Reason: string(outcome.Reason), Count: count})
	}
	whole, err := attributevalue.MarshalMap(fields)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "encode a rollup")
	}
	return r.overwrite(ctx, whole)
}

// Rollups is one query.
func (r *Rollups) Rollups(ctx context.Context, resource catalog.ID,
	first, last statistics.Day) ([]statistics.Rollup, error) {
	if first > last {
		return nil, nil
	}
	const condition = "#kind = :kind AND #uuid BETWEEN :first AND :last"
	items, err := take(ctx, r.client, &dynamodb.QueryInput{
		TableName:                aws.String(r.tables.Catalog),
		KeyConditionExpression:   aws.String(condition),
		ExpressionAttributeNames: names("", condition),
		ExpressionAttributeValues: item{":kind": text("rollup-" + string(resource)),
			":first": text(first), ":last": text(last)},
	}, statistics.MaxDays)
	if err != nil {
		return nil, err
	}
	rollups := make([]statistics.Rollup, 0, len(items))
	for _, stored := range items {
		var fields rollupItem
		if err := decode(stored, &fields); err != nil {
			return nil, err
		}
		rollups = append(rollups, fields.rollup(resource))
	}
	return rollups, nil
}

// rollup returns the rollup that was stored.
func (f rollupItem) rollup(resource catalog.ID) statistics.Rollup {
	rollup := statistics.Rollup{Resource: resource, Day: f.UUID, Counts: map[statistics.Outcome]int{},
		Runs: f.Runs, Waits: f.Waits, Recovery: statistics.Recovery{
			FirstFailure: fromMicros(f.FirstFailure), FirstSuccess: fromMicros(f.FirstSuccess),
			OpenFailure: fromMicros(f.OpenFailure), Times: f.Recoveries}}
	for _, count := range f.Counts {
		rollup.Counts[statistics.Outcome{Operation: deployment.Operation(count.Operation),
			Status: deployment.Status(count.Status), Reason: deployment.Reason(count.Reason)}] = count.Count
	}
	return rollup
}

// Progress reads one item.
func (r *Rollups) Progress(ctx context.Context) (statistics.Progress, error) {
	stored, err := read(ctx, r.client, r.tables.Catalog, rollupProgressKey())
	if err != nil || stored == nil {
		return statistics.Progress{}, err
	}
	var fields rollupProgressItem
	err = decode(stored, &fields)
	return statistics.Progress(fields), err
}

// SaveProgress writes one item.
func (r *Rollups) SaveProgress(ctx context.Context, progress statistics.Progress) error {
	fields, err := attributevalue.MarshalMap(rollupProgressItem(progress))
	if err != nil {
		return fault.Wrap(err, fault.Internal, "encode the progress of the rollups")
	}
	return r.overwrite(ctx, with(fields, rollupProgressKey()))
}
