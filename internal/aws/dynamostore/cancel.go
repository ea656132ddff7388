package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/deployment"
)

// Cancel reads the record and applies [deployment.Record.Cancelled]. The write has
// the condition that the status is still the one that was read. A Claim of the same
// deployment has the same condition. The second of the two fails, reads the record
// again, and finds a deployment that has ended or that is in progress.
func (d *Deployments) Cancel(ctx context.Context, id deployment.ID, by string,
	now time.Time) (deployment.Record, error) {
	var cancelled deployment.Record
	err := retry(ctx, func() (bool, error) {
		record, _, err := d.record(ctx, id)
		if err != nil {
			return false, err
		}
		next, err := record.Cancelled(by, now)
		if err != nil {
			return false, err
		}
		cancelled = next
		switch {
		case next.Status.Terminal():
			return d.unqueue(ctx, next)
		case !record.CancelRequestedAt.IsZero(): // the first request counts
			return true, nil
		}
		written, done, err := d.change(ctx, d.cancelRequest(next))
		if done {
			cancelled, _, err = decodeRecord(written)
		}
		return done, err
	})
	if err != nil {
		return deployment.Record{}, err
	}
	return cancelled, nil
}

// cancelRequest stores on a deployment in progress that a user wants it cancelled.
func (d *Deployments) cancelRequest(cancelled deployment.Record) change {
	return change{
		table:     d.tables.of(cancelled.ID.Kind()),
		key:       recordKey(cancelled.ID),
		update:    "SET #x = :cancel, #u = :at",
		condition: "#status = :in_progress AND attribute_not_exists(#x)",
		values: item{":in_progress": text(deployment.InProgress),
			":cancel": blob(packCancel(cancelled)), ":at": moment(cancelled.CancelRequestedAt)},
	}
}

// unqueue ends a queued or waiting deployment: record, server and resource in one
// transaction.
// The record is read before its places, and its status is a condition of the write.
// So a claim between the two reads makes the write fail.
func (d *Deployments) unqueue(ctx context.Context, cancelled deployment.Record,
	more ...types.TransactWriteItem) (done bool, err error) {
	found, err := d.places(ctx, cancelled.ServerID, cancelled.ID)
	if err != nil {
		return false, err
	}
	writes := append([]types.TransactWriteItem{d.ending(cancelled)}, d.leaving(found, false)...)
	writes = append(writes, more...)
	_, done, err = write(ctx, d.client, writes)
	return done, err
}

// ending is the write that ends a queued deployment.
func (d *Deployments) ending(cancelled deployment.Record) types.TransactWriteItem {
	record := change{
		table:     d.tables.of(cancelled.ID.Kind()),
		key:       recordKey(cancelled.ID),
		update:    "SET #status = :status, #p = :progress, #o = :outcome, #f = :now",
		condition: "#status = :queued",
		values: item{":queued": text(deployment.Queued), ":status": text(cancelled.Status),
			":progress": blob(packProgress(cancelled.ID, cancelled.Progress)),
			":outcome":  blob(packOutcome(cancelled)),
			":now":      moment(cancelled.FinishedAt)},
	}
	if !cancelled.CancelRequestedAt.IsZero() {
		record.update += ", #x = :cancel"
		record.values[":cancel"] = blob(packCancel(cancelled))
	}
	record.date(cancelled)
	record.update += " REMOVE #u"
	return update(record)
}
