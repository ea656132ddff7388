package trigger

import (
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/schedule"
)

// The reasons for which a schedule that is due starts nothing.
const (
	noSchedule  = "There is no such schedule any more."
	offSchedule = "The schedule is disabled."
	notDue      = "The schedule was changed, and is not due."
)

// due handles the message of a schedule. Its definition is read now, so the operation and the options
// are the present ones. A schedule that was deleted or disabled meanwhile is no mistake of anyone: its
// event is dropped.
func (i *Intake) due(ctx context.Context, body string, sent time.Time) error {
	message, err := schedule.ReadMessage([]byte(body))
	if err != nil {
		return i.refuse(ctx, Event{}, body, err)
	}
	set, err := i.Schedules.Of(ctx, message.Resource)
	if err != nil {
		return err
	}
	found, there := set.Find(message.Schedule)
	at, reason := sent, ""
	switch due, err := found.Due(message.Due, sent); {
	case !there:
		reason = noSchedule
		if known, err := schedule.ReadDue(message.Due); err == nil {
			at = known
		}
	case errors.Is(err, fault.Invalid):
		reason = notDue
	case err != nil:
		return err
	case !found.Enabled:
		at, reason = due, offSchedule
	default:
		at = due
	}
	event := Event{Version: Version, ID: schedule.EventID(message.Schedule, at), Source: Schedule,
		Time: at, Schedule: &Due{ScheduleID: string(message.Schedule), ResourceID: message.Resource, Due: at,
			Operation: found.Operation, Options: Options{PullLatestImages: found.Options.PullLatestImages,
				StopBeforeStart: found.Options.StopBeforeStart, Force: found.Options.Force,
				DockerTag: found.Options.DockerTag, Commit: found.Options.Commit, After: found.After}}}
	if reason != "" {
		return i.drop(ctx, event, message.Resource, reason)
	}
	return i.accept(ctx, event, body)
}

// drop stores the event with the reason for which it starts nothing.
func (i *Intake) drop(ctx context.Context, event Event, resource catalog.ID, reason string) error {
	received, err := i.Store.Receive(ctx, event, i.opts.Now())
	if err != nil || received.Settled {
		return err
	}
	return i.Store.Record(ctx, received.ID,
		map[catalog.ID]Result{resource: i.result(Result{Outcome: Dropped, Reason: reason})}, true)
}

// Arrivals tells which events have come, for the search for missed runs of schedules.
type Arrivals struct {
	// Store has the events.
	Store interface {
		Get(ctx context.Context, id string) (Received, error)
	}
}

var _ schedule.Arrivals = Arrivals{}

// HasEvent reports whether an event with the id is stored.
func (a Arrivals) HasEvent(ctx context.Context, id string) (bool, error) {
	_, err := a.Store.Get(ctx, id)
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}
