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
		record, err := d.Get(ctx, id)
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
			cancelled, err = decodeRecord(written)
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
		update:    "SET #cancel_requested_at = :at, #cancel_requested_by = :by, #updated_at = :at",
		condition: "#status = :in_progress AND #cancel_requested_at = :none",
		values: item{":in_progress": text(deployment.InProgress), ":none": text(""),
			":at": stamp(cancelled.CancelRequestedAt), ":by": text(cancelled.CancelRequestedBy)},
	}
}

// unqueue ends a queued deployment: record, queue and resource in one transaction.
// The record is read before its places, and its status is a condition of the write.
// So a claim between the two reads makes the write fail.
func (d *Deployments) unqueue(ctx context.Context, cancelled deployment.Record) (done bool, err error) {
	found, err := d.places(ctx, cancelled.ServerID, cancelled.ID)
	if err != nil {
		return false, err
	}
	ending, err := d.ending(cancelled)
	if err != nil {
		return false, err
	}
	_, done, err = write(ctx, d.client, append([]types.TransactWriteItem{ending}, d.leaving(found, false)...))
	return done, err
}

// ending is the write that ends a queued deployment.
func (d *Deployments) ending(cancelled deployment.Record) (types.TransactWriteItem, error) {
	progress, err := part(newProgressItem(cancelled.Progress))
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	outcome, err := part(newOutcomeItem(cancelled.Outcome))
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return update(change{
		table: d.tables.of(cancelled.ID.Kind()),
		key:   recordKey(cancelled.ID),
		update: "SET #status = :status, #progress = :progress, #outcome = :outcome, " +
			"#cancel_requested_at = :now, #cancel_requested_by = :by, " +
			"#finished_at = :now, #updated_at = :now",
		condition: "#status = :queued",
		values: item{":queued": text(deployment.Queued), ":status": text(cancelled.Status),
			":progress": progress,
			":outcome":  outcome, ":now": stamp(cancelled.FinishedAt),
			":by": text(cancelled.CancelRequestedBy)},
	}), nil
}
