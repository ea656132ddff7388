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
	record, err = r.note(ctx, after, catalog.Update, trigger)
	return record, err == nil, err
}

// Forget records that the resource is taken out of the catalog and left as it is
// on its server. NotFound if it is gone.
func (r *Requests) Forget(ctx context.Context, resource catalog.Deployable, trigger Trigger) (Record, error) {
	return r.note(ctx, resource, catalog.Forget, trigger)
}

// note records an operation for which nothing runs, with the configuration of
// the resource. The record has ended when it is written.
func (r *Requests) note(ctx context.Context, resource catalog.Deployable, operation catalog.Operation, trigger Trigger) (Record, error) {
	server, err := r.server(ctx, resource)
	if err != nil {
		return Record{}, err
	}
	id, now, err := r.next(resource.Common().ID)
	if err != nil {
		return Record{}, err
	}
	hash, err := r.keep(ctx, resource)
	if err != nil {
		return Record{}, err
	}
	request := Request{Resource: resource.Common().ID, Operation: operation, Trigger: trigger}
	record := request.record(id, resource, server, now)
	record.Status, record.Outcome = Finished, Outcome{Status: Finished}
	record.ConfigurationHash, record.FinishedAt = hash, now
	record.Progress.Log.Complete = true
	if err := r.ledger.Note(ctx, record); err != nil {
		return Record{}, err
	}
	return record, nil
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
