package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/deployment"
)

// Cancel asks the record what cancelling it means now, and writes that under
// the condition that the record still is in that status. A Claim and a Cancel
// of one deployment meet in that condition: whoever comes second reads the
// record anew, and then there is nothing to claim, or a runner to tell.
func (d *Deployments) Cancel(ctx context.Context, id deployment.ID, by string, now time.Time) (deployment.Record, error) {
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
		case !record.CancelRequestedAt.IsZero(): // the first wish stands
			return true, nil
		}
		written, done, err := d.change(ctx, d.wishing(next))
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

// wishing notes on a deployment in progress that it is to be cancelled.
func (d *Deployments) wishing(wished deployment.Record) change {
	return change{
		table:     d.tables.of(wished.ID.Kind()),
		key:       recordKey(wished.ID),
		update:    "SET #cancel_requested_at = :at, #cancel_requested_by = :by, #updated_at = :at",
		condition: "#status = :in_progress AND #cancel_requested_at = :none",
		values: item{":in_progress": text(deployment.InProgress), ":none": text(""),
			":at": stamp(wished.CancelRequestedAt), ":by": text(wished.CancelRequestedBy)},
	}
}

// unqueue ends a queued deployment: record, queue and resource in one
// transaction. The record is read before the places and is a condition of the
// write, so that a place that it left meanwhile is not taken for a lost one.
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

// ending writes the end of a deployment that was queued until now.
func (d *Deployments) ending(cancelled deployment.Record) (types.TransactWriteItem, error) {
	progress, err := part(progressForm(cancelled.Progress))
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	outcome, err := part(outcomeForm(cancelled.Outcome))
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return update(change{
		table: d.tables.of(cancelled.ID.Kind()),
		key:   recordKey(cancelled.ID),
		update: "SET #status = :status, #progress = :progress, #outcome = :outcome, " +
			"#cancel_requested_at = :now, #cancel_requested_by = :by, #finished_at = :now, #updated_at = :now",
		condition: "#status = :queued",
		values: item{":queued": text(deployment.Queued), ":status": text(cancelled.Status), ":progress": progress,
			":outcome": outcome, ":now": stamp(cancelled.FinishedAt), ":by": text(cancelled.CancelRequestedBy)},
	}), nil
}
