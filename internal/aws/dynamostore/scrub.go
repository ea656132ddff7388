package dynamostore

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// RecordScrub writes the record, its details and the size of the resource's logs in one
// transaction, on the condition
// that the progress, and with it the digest of the log, is unchanged since the record
// was read. No other write changes a record that has ended. The time of the scrub is
// among the details only; the reader takes it as the time of the update.
func (d *Deployments) RecordScrub(ctx context.Context, id deployment.ID, was string, mark logbook.Mark,
	scrub deployment.ScrubSummary) error {
	return retry(ctx, func() (bool, error) {
		stored, err := d.stored(ctx, id)
		if err != nil {
			return false, err
		}
		record, hasDetails, err := decodeRecord(stored)
		if err == nil && hasDetails {
			err = d.addDetails(ctx, &record)
		}
		if err != nil {
			return false, err
		}
		next, err := record.Rewritten(was, mark, scrub)
		if err != nil {
			return false, err
		}
		writes, err := d.scrubbing(ctx, stored, next, mark.Stored-record.Progress.Log.Stored)
		if err != nil {
			return false, err
		}
		_, done, err := write(ctx, d.client, writes)
		return done, err
	})
}

// scrubbing is the transaction that notes a scrub. The log has grown by so many bytes,
// which count on the resource if there still is one.
func (d *Deployments) scrubbing(ctx context.Context, stored item, next deployment.Record,
	grown int64) ([]types.TransactWriteItem, error) {
	details := newDetailsItem(next)
	writes := []types.TransactWriteItem{
		update(change{
			table:     d.tables.of(next.ID.Kind()),
			key:       recordKey(next.ID),
			update:    "SET #p = :progress, #d = :yes",
			condition: "#status = :status AND #p = :was",
			values: item{":progress": blob(packProgress(next.ID, next.Progress)),
				":was": stored["p"], ":status": text(next.Status),
				":yes": yes()},
		}),
		update(change{
			table: d.tables.of(next.ID.Kind()),
			key:   detailsKey(next.ID),
			update: "SET #scrubbed_at = :at, #scrubbed_by = :by, #scrub_deployment = :deployment, " +
				"#scrubbed_entries = :entries, #original_digest = :original",
			values: item{":at": number(details.ScrubbedAt), ":by": text(details.ScrubbedBy),
				":deployment": text(details.ScrubDeployment), ":entries": number(details.ScrubbedEntries),
				":original": text(details.Original)},
		}),
	}
	if grown == 0 {
		return writes, nil
	}
	_, err := d.resource(ctx, next.ID.Resource())
	if errors.Is(err, fault.NotFound) {
		return writes, nil
	}
	return append(writes, update(change{
		table:     d.tables.Catalog,
		key:       stateKey(next.ID.Resource()),
		update:    "ADD #log_bytes :grown",
		condition: "attribute_exists(#uuid)",
		values:    item{":grown": number(grown)},
	})), err
}
