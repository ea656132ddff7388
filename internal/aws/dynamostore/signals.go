package dynamostore

import (
	"context"
	"time"

	"waybill/internal/deployment"
)

// signalsItem is the part of a record that a runner reads between its writes: the
// signals of users and readers, and the lease.
type signalsItem struct {
	Status            string    `dynamodbav:"status"`
	Lease             leaseItem `dynamodbav:"lease"`
	CancelRequestedAt instant   `dynamodbav:"cancel_requested_at"`
	FollowedAt        instant   `dynamodbav:"followed_at"`
}

// Signals reads four attributes only: runners call it every few seconds, and a record
// may be large.
func (d *Deployments) Signals(ctx context.Context, id deployment.ID,
	lease deployment.Lease) (deployment.Signals, error) {
	table := d.tables.of(id.Kind())
	if table == "" {
		return deployment.Signals{}, deployment.NewNotFoundError()
	}
	stored, err := read(ctx, d.client, table, recordKey(id), "status", "lease", "cancel_requested_at",
		"followed_at")
	if err != nil {
		return deployment.Signals{}, err
	}
	if stored == nil {
		return deployment.Signals{}, deployment.NewNotFoundError()
	}
	var fields signalsItem
	if err := decode(stored, &fields); err != nil {
		return deployment.Signals{}, err
	}
	record := deployment.Record{ID: id, Status: deployment.Status(fields.Status), Lease: fields.Lease.lease()}
	return fields.signals(), record.LeasedTo(lease)
}

// readSignals reads the signals from a whole item.
func readSignals(written item) (deployment.Signals, error) {
	var fields signalsItem
	err := decode(written, &fields)
	return fields.signals(), err
}

func (f signalsItem) signals() deployment.Signals {
	return deployment.Signals{
		CancelRequested: !time.Time(f.CancelRequestedAt).IsZero(),
		FollowedAt:      time.Time(f.FollowedAt),
	}
}
