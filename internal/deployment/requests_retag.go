package deployment

import (
	"context"
	"errors"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
)

// Retag is a change of the tag of an application's image by the request for its deployment.
type Retag struct {
	// Tag is the new tag.
	Tag string
	// Was is the UpdatedAt of the application that the tag replaces the one of.
	Was time.Time
	// Entry is the entry of the audit.
	Entry audit.Entry
}

// maxRetags is how often a request with another tag is tried while others change the
// application.
const maxRetags = 5

// retagged queues the request, which also makes its DockerTag the tag of the application. The
// deployment runs with the configuration that has the tag, and so do later ones.
func (r *Requests) retagged(ctx context.Context, request Request) (Receipt, error) {
	for range maxRetags {
		receipt, err := r.retagOnce(ctx, request)
		if !errors.Is(err, catalog.ErrStale) {
			return receipt, err
		}
	}
	return Receipt{}, fault.New(fault.Unavailable, "Too many changes of %s at once.", request.Resource)
}

func (r *Requests) retagOnce(ctx context.Context, request Request) (Receipt, error) {
	at, err := r.findPlace(ctx, request)
	if err != nil {
		return Receipt{}, err
	}
	application, is := at.resource.(*catalog.Application)
	if !is || application.Image == nil {
		return Receipt{}, fault.InvalidField("docker_tag", "is for applications that run an image")
	}
	now := r.opts.Now().UTC().Truncate(time.Microsecond)
	was, before := application.UpdatedAt, application.Image.Tag
	application.Image.Tag = request.Options.DockerTag
	record := r.record(request, request.ID, application, at.server, now)
	record.Status = Queued
	var taken snapshot.Snapshot
	if record.ConfigurationHash, taken, err = r.takeSnapshot(request, application); err != nil {
		return Receipt{}, err
	}
	admitted, err := r.admit(&record, request, at.windows())
	if err != nil {
		return Receipt{}, err
	}
	if !admitted.verdict.Open {
		return r.known(ctx, record, request, admitted.verdict)
	}
	if err := r.storeSnapshot(ctx, request, taken); err != nil {
		return Receipt{}, err
	}
	if before == request.Options.DockerTag {
		return r.enqueue(ctx, record, request, func(record Record) (Receipt, error) {
			return r.queue.Enqueue(ctx, record, RequestKey{})
		})
	}
	entry, err := audit.New(audit.Entry{At: now, Action: audit.Update, Target: application.Target(),
		Actor:  audit.Actor{Name: request.Trigger.Kind + " " + request.Trigger.Name},
		Fields: []string{"docker_registry_image_tag"}}, r.opts.Retention.Audit(), r.opts.Random)
	if err != nil {
		return Receipt{}, err
	}
	retag := Retag{Tag: request.Options.DockerTag, Was: was, Entry: entry}
	return r.enqueue(ctx, record, request, func(record Record) (Receipt, error) {
		return r.queue.EnqueueRetagged(ctx, record, retag)
	})
}
