package dynamostore

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// maxBatch is how many items one BatchGetItem may ask for.
const maxBatch = 100

// Load reads the server and then the records that it names. Those are two
// moments: a deployment that ended in between is shown as ended, where it was.
func (d *Deployments) Load(ctx context.Context, id catalog.ID) (deployment.Load, error) {
	server, err := d.server(ctx, id)
	if err != nil {
		return deployment.Load{}, err
	}
	if server == nil {
		return deployment.Load{}, catalog.Missing(id)
	}
	records, err := d.all(ctx, slices.AppendSeq(slices.Clone(server.Queue), maps.Keys(server.Running)))
	if err != nil {
		return deployment.Load{}, err
	}
	var load deployment.Load
	for _, id := range server.Queue {
		if record, there := records[deployment.ID(id)]; there {
			load.Queue = append(load.Queue, record)
		}
	}
	for id := range server.Running {
		if record, there := records[deployment.ID(id)]; there {
			load.Running = append(load.Running, record)
		}
	}
	slices.SortFunc(load.Running, func(a, b deployment.Record) int {
		return cmp.Or(a.ClaimedAt.Compare(b.ClaimedAt), cmp.Compare(a.ID, b.ID))
	})
	return load, nil
}

// all reads the records with these ids. Those that are gone are left out.
func (d *Deployments) all(ctx context.Context, ids []string) (map[deployment.ID]deployment.Record, error) {
	records := make(map[deployment.ID]deployment.Record, len(ids))
	for batch := range slices.Chunk(ids, maxBatch) {
		wanted := map[string]types.KeysAndAttributes{}
		for _, text := range batch {
			id := deployment.ID(text)
			table := d.tables.of(id.Kind())
			wanted[table] = types.KeysAndAttributes{
				ConsistentRead: aws.Bool(true),
				Keys:           append(wanted[table].Keys, recordKey(id)),
			}
		}
		if err := d.fetch(ctx, wanted, records); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// fetch asks again for what DynamoDB leaves out when it is busy or when an
// answer would be larger than 16 MB.
func (d *Deployments) fetch(ctx context.Context, wanted map[string]types.KeysAndAttributes, records map[deployment.ID]deployment.Record) error {
	return settle(ctx, func() (bool, error) {
		got, err := d.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: wanted})
		if err != nil {
			return false, classify(err)
		}
		for _, items := range got.Responses {
			for _, stored := range items {
				record, err := decodeRecord(stored)
				if err != nil {
					return false, err
				}
				records[record.ID] = record
			}
		}
		wanted = got.UnprocessedKeys
		return len(wanted) == 0, nil
	})
}
