package dynamostore

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// recordStore has the calls that several ports share: they read records and states, and
// write one item.
type recordStore struct {
	client *dynamodb.Client
	tables Tables
}

// get returns the record. It reads the details only if the record says that there are
// some.
func (s recordStore) get(ctx context.Context, id deployment.ID) (deployment.Record, error) {
	record, hasDetails, err := s.record(ctx, id)
	if err == nil && hasDetails {
		err = s.addDetails(ctx, &record)
	}
	if err != nil {
		return deployment.Record{}, err
	}
	return record, nil
}

// record returns the record without its details, which no state depends on.
func (s recordStore) record(ctx context.Context,
	id deployment.ID) (record deployment.Record, hasDetails bool, err error) {
	stored, err := s.stored(ctx, id)
	if err != nil {
		return deployment.Record{}, false, err
	}
	return decodeRecord(stored)
}

// stored returns the item of a record, or NotFound.
func (s recordStore) stored(ctx context.Context, id deployment.ID) (item, error) {
	table := s.tables.of(id.Kind())
	if table == "" {
		return nil, deployment.NewNotFoundError()
	}
	stored, err := read(ctx, s.client, table, recordKey(id))
	if err == nil && stored == nil {
		return nil, deployment.NewNotFoundError()
	}
	return stored, err
}

// newestFirst is the query for a resource's records after the cursor. Ids sort by
// time. DynamoDB starts after the cursor's key even if that item no longer exists.
func (s recordStore) newestFirst(resource catalog.ID, cursor string) *dynamodb.QueryInput {
	const condition = "#resource_uuid = :resource"
	query := &dynamodb.QueryInput{
		TableName:                 aws.String(s.tables.of(resource.Kind())),
		ConsistentRead:            aws.Bool(true),
		ScanIndexForward:          aws.Bool(false),
		KeyConditionExpression:    aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: item{":resource": text(resource)},
	}
	if cursor != "" {
		query.ExclusiveStartKey = recordKey(deployment.ID(cursor))
	}
	return query
}

// all reads the records with these ids. It leaves out ids without a record and texts
// that are not ids. DynamoDB refuses a batch with the same key twice.
func (s recordStore) all(ctx context.Context, ids []string) (map[deployment.ID]deployment.Record, error) {
	slices.Sort(ids)
	noID := func(id string) bool { return s.tables.of(deployment.ID(id).Kind()) == "" }
	ids = slices.DeleteFunc(slices.Compact(ids), noID)
	records := make(map[deployment.ID]deployment.Record, len(ids))
	for batch := range slices.Chunk(ids, maxBatch) {
		wanted := map[string]types.KeysAndAttributes{}
		for _, id := range batch {
			s.want(wanted, deployment.ID(id), recordKey(deployment.ID(id)))
		}
		read, err := readBatch(ctx, s.client, wanted)
		if err != nil {
			return nil, err
		}
		found, err := s.decodeAll(ctx, slices.Concat(slices.Collect(maps.Values(read))...))
		if err != nil {
			return nil, err
		}
		for _, record := range found {
			records[record.ID] = record
		}
	}
	return records, nil
}

// server returns a server's queue, running set and limits, or nil if there is
// no such server.
func (s recordStore) server(ctx context.Context, id catalog.ID) (*serverState, error) {
	if id.Kind() != catalog.KindServer {
		return nil, nil
	}
	stored, err := read(ctx, s.client, s.tables.Catalog, stateKey(id))
	if err != nil || stored == nil {
		return nil, err
	}
	var state serverState
	return &state, decode(stored, &state)
}

// resource returns a resource's state, or NotFound.
func (s recordStore) resource(ctx context.Context, id catalog.ID) (resourceState, error) {
	var state resourceState
	if !id.Kind().Deployable() {
		return state, catalog.NewNotFoundError(id)
	}
	stored, err := read(ctx, s.client, s.tables.Catalog, stateKey(id))
	if err != nil {
		return state, err
	}
	if stored == nil {
		return state, catalog.NewNotFoundError(id)
	}
	return state, decode(stored, &state)
}

// change writes one item and returns the new item. done reports that it was written.
// If neither done nor err is set, the condition was not met.
func (s recordStore) change(ctx context.Context, c change) (written item, done bool, err error) {
	input := c.updating()
	input.ReturnValues = types.ReturnValueAllNew
	output, err := s.client.UpdateItem(ctx, input)
	if err != nil {
		_, err = refused(err)
		return nil, false, err
	}
	return output.Attributes, true, nil
}

// overwrite writes an item of the catalog table, whatever was there.
func (s recordStore) overwrite(ctx context.Context, whole item) error {
	_, err := s.client.PutItem(ctx,
		&dynamodb.PutItemInput{TableName: aws.String(s.tables.Catalog), Item: whole})
	return classify(err)
}
