package dynamostore

import (
	"context"
	"errors"
	"math"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// startsMark ends the entry of a deployment that started its resource.
const startsMark = "+"

// finishedText encodes an entry of the list of finished deployments.
func finishedText(finished deployment.FinishedID) string {
	if finished.Starts {
		return string(finished.ID) + startsMark
	}
	return string(finished.ID)
}

func finishedIDs(entries []string) []deployment.FinishedID {
	all := make([]deployment.FinishedID, len(entries))
	for i, entry := range entries {
		id, starts := strings.CutSuffix(entry, startsMark)
		all[i] = deployment.FinishedID{ID: deployment.ID(id), Starts: starts}
	}
	return all
}

// DateFinished dates the records first and takes them off the list then, on the condition
// that the list is unchanged. To date a record twice changes nothing.
func (d *Deployments) DateFinished(ctx context.Context, resource catalog.ID) error {
	return retry(ctx, func() (bool, error) {
		state, err := d.resource(ctx, resource)
		if errors.Is(err, fault.NotFound) {
			return true, d.dateAll(ctx, resource)
		}
		if err != nil {
			return false, err
		}
		kept, dated := deployment.KeepLast(finishedIDs(state.Finished))
		if len(kept) == len(state.Finished) {
			return true, nil
		}
		for _, id := range dated {
			record, _, err := d.record(ctx, id)
			if err == nil {
				err = d.date(ctx, record)
			}
			if err != nil && !errors.Is(err, fault.NotFound) {
				return false, err
			}
		}
		entries := make([]string, len(kept))
		for i, one := range kept {
			entries[i] = finishedText(one)
		}
		_, done, err := d.change(ctx, change{
			table:     d.tables.Catalog,
			key:       stateKey(resource),
			update:    "SET #finished = :kept",
			condition: "#finished = :was",
			values:    item{":kept": texts(entries), ":was": texts(state.Finished)},
		})
		return done, err
	})
}

// date gives a finished record its date. A record that is gone or held gets none.
func (d *Deployments) date(ctx context.Context, record deployment.Record) error {
	_, _, err := d.change(ctx, change{
		table:     d.tables.of(record.ID.Kind()),
		key:       recordKey(record.ID),
		update:    "SET #expires_at = :expires",
		condition: "#status = :finished AND attribute_not_exists(#h)",
		values: item{":finished": text(deployment.Finished),
			":expires": number(seconds(record.Expiry()))},
	})
	return err
}

// dateAll dates the finished deployments of a resource that is gone, and with it its list.
func (d *Deployments) dateAll(ctx context.Context, resource catalog.ID) error {
	if !resource.Kind().Deployable() {
		return nil
	}
	items, err := take(ctx, d.client, d.newestFirst(resource, ""), math.MaxInt32)
	if err != nil {
		return err
	}
	for _, stored := range items {
		record, _, err := decodeRecord(stored)
		if err == nil && record.Status == deployment.Finished && record.ExpiresAt.IsZero() {
			err = d.date(ctx, record)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Undated reads the states of the resources that have more than one finished deployment
// without a date. A state that is a moment old is good enough.
func (d *Deployments) Undated(ctx context.Context) ([]catalog.ID, error) {
	var resources []catalog.ID
	for _, kind := range []catalog.Kind{catalog.KindApplication, catalog.KindService, catalog.KindDatabase} {
		const key, filter, projection = "#kind = :kind", "size(#finished) > :one", "#uuid, #finished"
		items, err := take(ctx, d.client, &dynamodb.QueryInput{
			TableName:                 aws.String(d.tables.Catalog),
			KeyConditionExpression:    aws.String(key),
			FilterExpression:          aws.String(filter),
			ProjectionExpression:      aws.String(projection),
			ExpressionAttributeNames:  names("", key, filter, projection),
			ExpressionAttributeValues: item{":kind": text(stateKind(kind)), ":one": number(1)},
		}, math.MaxInt32)
		if err != nil {
			return nil, err
		}
		for _, stored := range items {
			var state struct {
				UUID     catalog.ID `dynamodbav:"uuid"`
				Finished []string   `dynamodbav:"finished"`
			}
			if err := decode(stored, &state); err != nil {
				return nil, err
			}
			if _, dated := deployment.KeepLast(finishedIDs(state.Finished)); len(dated) > 0 {
				resources = append(resources, state.UUID)
			}
		}
	}
	return resources, nil
}
