package deployment

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/snapshot"
)

// Update records that the configuration of a resource was changed, if it was:
// before and after are the resource as it was and as it now is. Nothing runs
// for it, so the record has ended when it is written. noted is false if both
// have the same configuration. NotFound if the resource is gone, Conflict if
// its server is.
func (r *Requests) Update(ctx context.Context, before, after catalog.Deployable, trigger Trigger) (record Record, noted bool, err error) {
	differ, err := differ(before, after)
	if err != nil || !differ {
		return Record{}, false, err
	}
	server, err := r.server(ctx, after)
	if err != nil {
		return Record{}, false, err
	}
	id, now, err := r.next(after.Common().ID)
	if err != nil {
		return Record{}, false, err
	}
	hash, err := r.keep(ctx, after)
	if err != nil {
		return Record{}, false, err
	}
	request := Request{Resource: after.Common().ID, Operation: catalog.Update, Trigger: trigger}
	record = request.record(id, after, server, now)
	record.Status, record.Outcome = Finished, Outcome{Status: Finished}
	record.ConfigurationHash, record.FinishedAt = hash, now
	record.Progress.Log.Complete = true
	if err := r.ledger.Note(ctx, record); err != nil {
		return Record{}, false, err
	}
	return record, true, nil
}

// differ reports whether the two have different configurations.
func differ(before, after catalog.Deployable) (bool, error) {
	was, err := snapshot.Of(before)
	if err != nil {
		return false, err
	}
	is, err := snapshot.Of(after)
	return was.Hash() != is.Hash(), err
}
