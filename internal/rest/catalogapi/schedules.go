package catalogapi

import (
	"context"
	"errors"
	"slices"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/schedule"
	"waybill/internal/wire"
)

// listSchedules answers the schedules of a resource as an array, in the order of their creation.
func (a catalogAPI) listSchedules(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := a.scheduled(ctx, c, kind)
		if err != nil {
			return rest.Answer{}, err
		}
		set, err := a.Schedules.Of(ctx, resource.Common().ID)
		if err != nil {
			return rest.Answer{}, err
		}
		bodies := make([]wire.Schedule, len(set.Schedules))
		for i, one := range set.Schedules {
			if bodies[i], err = wire.FromSchedule(set.Resource, one, a.opts.Now()); err != nil {
				return rest.Answer{}, err
			}
		}
		return rest.OK(bodies), nil
	}
}

// scheduled returns the resource that the path names.
func (a catalogAPI) scheduled(
	ctx context.Context, c *rest.Call, kind catalog.Kind,
) (catalog.Deployable, error) {
	return rest.FindHead[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
}

// getSchedule answers one schedule of a resource.
func (a catalogAPI) getSchedule(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := a.scheduled(ctx, c, kind)
		if err != nil {
			return rest.Answer{}, err
		}
		body, err := a.scheduleBody(ctx, resource.Common().ID, c.Params["schedule_uuid"])
		if err != nil {
			return rest.Answer{}, err
		}
		return rest.OK(body), nil
	}
}

func (a catalogAPI) scheduleBody(ctx context.Context, resource catalog.ID, id string) (wire.Schedule, error) {
	found, err := a.book.Find(ctx, resource, schedule.ID(id))
	if err != nil {
		return wire.Schedule{}, err
	}
	return wire.FromSchedule(resource, found, a.opts.Now())
}

// createSchedule adds a schedule to a resource.
func (a catalogAPI) createSchedule(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		given, err := wire.Decode[wire.ScheduleInput](c.Body)
		if err != nil {
			return rest.Answer{}, err
		}
		resource, err := a.scheduled(ctx, c, kind)
		if err != nil {
			return rest.Answer{}, err
		}
		id, err := schedule.NewID(c.IDSource("schedule"))
		if err != nil {
			return rest.Answer{}, err
		}
		draft := schedule.Schedule{ID: id, Timezone: schedule.UTC, Operation: deployment.Deploy,
			Enabled: true}
		given.ApplyTo(&draft)
		if err := checkScheduled(resource, draft.Options); err != nil {
			return rest.Answer{}, err
		}
		added, err := a.addOnce(ctx, c, resource.Common().ID, draft)
		if err != nil {
			return rest.Answer{}, err
		}
		body, err := wire.FromSchedule(resource.Common().ID, added, a.opts.Now())
		reply := created(body, resource.Common().ID)
		reply.Created = append(reply.Created, string(id))
		return reply, err
	}
}

// addOnce adds a schedule, unless an earlier run of the request has.
func (a catalogAPI) addOnce(
	ctx context.Context, c *rest.Call, resource catalog.ID, draft schedule.Schedule,
) (schedule.Schedule, error) {
	if c.Rerun() {
		found, err := a.book.Find(ctx, resource, draft.ID)
		if !errors.Is(err, fault.NotFound) {
			return found, err
		}
	}
	return a.book.Add(ctx, resource, draft, func(s schedule.Schedule) (audit.Entry, error) {
		return c.Entry(audit.Create, s.Target())
	})
}

// repeatSchedule answers a repeat of a creation with the schedule as it is now.
func (a catalogAPI) repeatSchedule(ctx context.Context, _ *rest.Call, ids []string) (any, error) {
	return a.scheduleBody(ctx, catalog.ID(ids[0]), ids[1])
}

// checkScheduled refuses options that the resource has no use for. What the schedule does is decided
// again when it is due, so this is for the user who writes it.
func checkScheduled(resource catalog.Deployable, options deployment.Options) error {
	application, is := resource.(*catalog.Application)
	var wrong fault.FieldErrors
	if options.DockerTag != "" && (!is || application.Image == nil) {
		wrong.Add("options.docker_tag", "is for applications of the build pack dockerimage only")
	}
	if options.Commit != "" && (!is || application.Source() == nil) {
		wrong.Add("options.commit", "is for applications that are built from a git repository only")
	}
	return wrong.Err()
}

// updateSchedule changes a schedule of a resource.
func (a catalogAPI) updateSchedule(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		given, err := wire.Decode[wire.ScheduleInput](c.Body)
		if err != nil {
			return rest.Answer{}, err
		}
		resource, err := a.scheduled(ctx, c, kind)
		if err != nil {
			return rest.Answer{}, err
		}
		id := resource.Common().ID
		var fields []string
		edit := func(s *schedule.Schedule) (bool, error) {
			before := *s
			given.ApplyTo(s)
			fields = changedOfSchedule(before, *s)
			return len(fields) > 0, checkScheduled(resource, s.Options)
		}
		changed, err := a.book.Change(ctx, id, schedule.ID(c.Params["schedule_uuid"]), edit,
			func(s schedule.Schedule) (audit.Entry, error) {
				return c.Entry(audit.Update, s.Target(), fields...)
			})
		if err != nil {
			return rest.Answer{}, err
		}
		body, err := wire.FromSchedule(id, changed, a.opts.Now())
		return rest.OK(body), err
	}
}

// changedOfSchedule returns the names of the fields that differ.
func changedOfSchedule(before, after schedule.Schedule) []string {
	var names []string
	for name, differs := range map[string]bool{
		"expression":       before.Expression != after.Expression,
		"timezone":         before.Timezone != after.Timezone,
		"operation":        before.Operation != after.Operation,
		"options":          before.Options != after.Options || !slices.Equal(before.After, after.After),
		"enabled":          before.Enabled != after.Enabled,
		"flexible_minutes": before.Flexible != after.Flexible,
	} {
		if differs {
			names = append(names, name)
		}
	}
	return names
}

// deleteSchedule removes a schedule from a resource.
func (a catalogAPI) deleteSchedule(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := a.scheduled(ctx, c, kind)
		if err != nil {
			return rest.Answer{}, err
		}
		id := schedule.ID(c.Params["schedule_uuid"])
		err = a.book.Remove(ctx, resource.Common().ID, id, func(s schedule.Schedule) (audit.Entry, error) {
			return c.Entry(audit.Delete, s.Target())
		})
		if err != nil {
			return rest.Answer{}, err
		}
		return rest.OK(deleted{"Schedule deleted.", string(id)}), nil
	}
}
