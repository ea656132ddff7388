package deployment

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/snapshot"
)

// Update records a change of a resource's configuration. before and after are the
// resource before and after the change. Nothing runs, so the record has ended when it is
// written. noted is false if the configuration is the same. NotFound if the resource is
// gone, Conflict if its server is.
func (r *Requests) Update(ctx context.Context, before, after catalog.Deployable,
	trigger Trigger) (record Record, noted bool, err error) {
	differ, err := configurationsDiffer(before, after)
	if err != nil || !differ {
		return Record{}, false, err
	}
	record, err = r.note(ctx, after, Update, trigger)
	return record, err == nil, err
}

// Forget records that the resource is removed from the catalog only and stays on its
// server. NotFound if the resource is gone.
func (r *Requests) Forget(ctx context.Context, resource catalog.Deployable, trigger Trigger) (Record, error) {
	return r.note(ctx, resource, Forget, trigger)
}

// note records an operation that runs nothing, with the configuration of the resource.
// The record has ended when it is written.
func (r *Requests) note(ctx context.Context, resource catalog.Deployable, operation Operation,
	trigger Trigger) (Record, error) {
	server, err := r.server(ctx, resource)
	if err != nil {
		return Record{}, err
	}
	id, now, err := r.newIDAndTime(resource.Common().ID)
	if err != nil {
		return Record{}, err
	}
	hash, err := r.saveSnapshot(ctx, resource)
	if err != nil {
		return Record{}, err
	}
	request := Request{Resource: resource.Common().ID, Operation: operation, Trigger: trigger}
	record := r.record(request, id, resource, server, now)
	record.Status, record.Outcome = Finished, Outcome{Status: Finished}
	record.ConfigurationHash, record.FinishedAt = hash, now
	record.Progress.Log.Complete = true
	if err := r.queue.Note(ctx, record); err != nil {
		return Record{}, err
	}
	return record, nil
}

// configurationsDiffer reports whether the two have different configurations.
func configurationsDiffer(before, after catalog.Deployable) (bool, error) {
	was, err := snapshot.Of(before)
	if err != nil {
		return false, err
	}
	is, err := snapshot.Of(after)
	return was.Hash() != is.Hash(), err
}
