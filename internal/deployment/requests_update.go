package deployment

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
)

// Update records a change of a resource's configuration. before and after are the
// resource before and after the change; of the request, only the trigger and the id count.
// Nothing runs, so the record has ended when it is written. Another record with the
// request's id is not written. noted is false if the configuration is the same. NotFound if
// the resource is gone, Conflict if its server is.
func (r *Requests) Update(ctx context.Context, before, after catalog.Deployable,
	request Request) (record Record, noted bool, err error) {
	differ, err := configurationsDiffer(before, after)
	if err != nil || !differ {
		return Record{}, false, err
	}
	record, err = r.note(ctx, after, Request{Operation: Update, Trigger: request.Trigger, ID: request.ID})
	return record, err == nil, err
}

// Forget records that the resource is removed from the catalog only and stays on its
// server. NotFound if the resource is gone.
func (r *Requests) Forget(ctx context.Context, resource catalog.Deployable, trigger Trigger) (Record, error) {
	return r.note(ctx, resource, Request{Operation: Forget, Trigger: trigger})
}

// note records an operation that runs nothing, with the configuration of the resource.
// The record has ended when it is written.
func (r *Requests) note(ctx context.Context, resource catalog.Deployable, request Request) (Record, error) {
	server, err := r.server(ctx, resource)
	if err != nil {
		return Record{}, err
	}
	id, now, err := r.newIDAndTime(resource.Common().ID)
	if err != nil {
		return Record{}, err
	}
	if request.ID != "" {
		id = request.ID
	}
	hash, err := r.saveSnapshot(ctx, resource)
	if err != nil {
		return Record{}, err
	}
	record := r.record(request, id, resource, server, now)
	record.Status, record.Outcome = Finished, Outcome{Status: Finished}
	record.ConfigurationHash, record.FinishedAt = hash, now
	record.Progress.Log.Complete = true
	err = r.queue.Note(ctx, record)
	if request.ID != "" && errors.Is(err, fault.Conflict) { // an earlier run has written it
		return record, nil
	}
	return record, err
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
