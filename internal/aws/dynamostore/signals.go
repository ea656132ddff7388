package dynamostore

import (
	"context"

	"waybill/internal/deployment"
)

// signalsItem is the part of a record that a runner reads between its writes: the
// signals of users and readers, and the lease.
type signalsItem struct {
	Status     string `dynamodbav:"status"`
	Attempt    int    `dynamodbav:"a"`
	Owner      string `dynamodbav:"l"`
	Cancel     []byte `dynamodbav:"x"`
	FollowedAt int64  `dynamodbav:"w"`
}

// Signals reads five attributes only: runners call it every few seconds.
func (d *Deployments) Signals(ctx context.Context, id deployment.ID,
	lease deployment.Lease) (deployment.Signals, error) {
	table := d.tables.of(id.Kind())
	if table == "" {
		return deployment.Signals{}, deployment.NewNotFoundError()
	}
	stored, err := read(ctx, d.client, table, recordKey(id), "status", "a", "l", "x", "w")
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
	record := deployment.Record{ID: id, Status: deployment.Status(fields.Status),
		Lease: deployment.Lease{Owner: fields.Owner, Attempt: fields.Attempt}}
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
		CancelRequested: len(f.Cancel) > 0,
		FollowedAt:      fromMicros(f.FollowedAt),
	}
}
