package trigger

import (
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// target is a resource that an event concerns.
type target struct {
	resource catalog.ID
	work     Work
	debounce time.Duration
}

// find returns the resources that the event concerns. Invalid, naming the field, if an event that
// names resources names none. An image or an object may concern none.
func (i *Intake) find(ctx context.Context, event Event) ([]target, error) {
	switch {
	case event.Request != nil:
		return i.requested(ctx, event)
	case event.Schedule != nil:
		due := event.Schedule
		return i.one(ctx, event, "schedule.resource_uuid", due.ResourceID,
			asked{due.Operation, due.Options})
	case event.Push != nil:
		push := event.Push
		options := push.Options
		options.Commit = push.Commit
		return i.one(ctx, event, "push.resource_uuid", push.ResourceID, asked{push.Operation, options})
	case event.Hook != nil:
		hook := event.Hook
		return i.one(ctx, event, "hook.resource_uuid", hook.ResourceID, asked{hook.Operation, hook.Options})
	}
	return i.declared(ctx, event)
}

// asked is what an event itself asks for.
type asked struct {
	operation deployment.Operation
	options   Options
}

// one returns the one resource that the event names in the field.
func (i *Intake) one(ctx context.Context, event Event, field string, id catalog.ID,
	asked asked) ([]target, error) {
	id, err := catalog.ParseID(string(id))
	if err != nil {
		return nil, fault.InvalidField(field, "must be the uuid of a resource")
	}
	resource, err := catalog.FindHead[catalog.Deployable](ctx, i.Catalog, id)
	if errors.Is(err, fault.NotFound) {
		return nil, fault.InvalidField(field, "must be the uuid of a resource that exists")
	}
	if err != nil {
		return nil, err
	}
	return i.targets(event, []catalog.Deployable{resource}, asked)
}

// requested returns the resources of a request on the bus.
func (i *Intake) requested(ctx context.Context, event Event) ([]target, error) {
	request := event.Request
	asked := asked{request.Operation, request.Options}
	if request.ResourceID != "" {
		return i.one(ctx, event, "detail.resource_uuid", request.ResourceID, asked)
	}
	field, tags := "detail.name", catalog.ParseTags(request.Tag)
	if request.Tag != "" {
		field = "detail.tag"
	}
	found, err := catalog.Resources(ctx, i.Catalog, func(resource catalog.Deployable) bool {
		if request.Name != "" {
			return resource.Common().Name == request.Name
		}
		return resource.Shared().Labels.HasTag(tags...)
	})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, fault.InvalidField(field, "must be the one of a resource that exists")
	case request.Name != "" && len(found) > 1:
		return nil, fault.InvalidField(field, "must be the name of one resource; %d have it", len(found))
	case len(found) > maxTargets:
		return nil, fault.InvalidField(field, "may concern at most %d resources; %d have it", maxTargets,
			len(found))
	}
	return i.targets(event, found, asked)
}

// maxTargets limits the resources of one event, as one call of the API is limited.
const maxTargets = 100

// targets checks the options against each of the resources.
func (i *Intake) targets(event Event, resources []catalog.Deployable, asked asked) ([]target, error) {
	operation := asked.operation
	if operation == "" {
		operation = deployment.Deploy
	}
	if !operation.Starts() && operation != deployment.Stop {
		return nil, fault.InvalidField("operation", "must be start, stop, restart or deploy")
	}
	var all []target
	for _, resource := range resources {
		application, is := resource.(*catalog.Application)
		switch {
		case asked.options.DockerTag != "" && (!is || application.Image == nil):
			return nil, fault.InvalidField("detail.options.docker_tag",
				"is for applications that run an image")
		case asked.options.Commit != "" && (!is || application.Source() == nil):
			return nil, fault.InvalidField("detail.options.commit",
				"is for applications that are built from a git repository")
		case len(asked.options.After) > 0 && !operation.Starts():
			return nil, fault.InvalidField("detail.options.after", "is for a start, a restart or a deploy")
		}
		all = append(all, newTarget(event, resource, operation, deployment.Options{
			PullLatestImages: asked.options.PullLatestImages, StopBeforeStart: asked.options.StopBeforeStart,
			Force: asked.options.Force, DockerTag: asked.options.DockerTag, Commit: asked.options.Commit},
			asked.options.After))
	}
	return all, nil
}

func newTarget(event Event, resource catalog.Deployable, operation deployment.Operation,
	options deployment.Options, after []catalog.ID) target {
	return target{
		resource: resource.Common().ID,
		debounce: resource.Shared().Debounce,
		work: Work{Operation: operation, Options: options, After: after,
			Trigger: deployment.Trigger{Kind: string(event.Source), Name: event.name()}},
	}
}
