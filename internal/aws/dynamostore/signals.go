package dynamostore

import (
	"context"
	"time"

	"waybill/internal/deployment"
)

// signalsItem is the part of a record that a runner asks for between its
// writes: what others wrote there, and whether the lease still is its own.
type signalsItem struct {
	Status            string    `dynamodbav:"status"`
	Lease             leaseItem `dynamodbav:"lease"`
	CancelRequestedAt instant   `dynamodbav:"cancel_requested_at"`
	FollowedAt        instant   `dynamodbav:"followed_at"`
}

// Signals is one read of four attributes: runners ask every few seconds, and a
// record may be large.
func (d *Deployments) Signals(ctx context.Context, id deployment.ID, lease deployment.Lease) (deployment.Signals, error) {
	table := d.tables.of(id.Kind())
	if table == "" {
		return deployment.Signals{}, deployment.NewNotFoundError()
	}
	stored, err := read(ctx, d.client, table, recordKey(id), "status", "lease", "cancel_requested_at", "followed_at")
	if err != nil {
		return deployment.Signals{}, err
	}
	if stored == nil {
		return deployment.Signals{}, deployment.NewNotFoundError()
	}
	var form signalsItem
	if err := decode(stored, &form); err != nil {
		return deployment.Signals{}, err
	}
	record := deployment.Record{ID: id, Status: deployment.Status(form.Status), Lease: form.Lease.lease()}
	return form.signals(), record.LeasedTo(lease)
}

// readSignals reads them from a whole item.
func readSignals(written item) (deployment.Signals, error) {
	var form signalsItem
	err := decode(written, &form)
	return form.signals(), err
}

func (f signalsItem) signals() deployment.Signals {
	return deployment.Signals{
		CancelRequested: !time.Time(f.CancelRequestedAt).IsZero(),
		FollowedAt:      time.Time(f.FollowedAt),
	}
}
