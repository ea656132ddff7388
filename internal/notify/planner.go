package notify

import (
	"context"
	"errors"
	"slices"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/schedule"
)

// Planner decides which notifications concern an event, and sends a job for each.
type Planner struct {
	ports PlannerPorts
	now   func() time.Time
}

// PlannerPorts are what a planner works with. All are needed.
type PlannerPorts struct {
	Store   catalog.Reader
	History deployment.History
	Queue   Queue
	Marks   Marks
}

var _ deployment.Notifier = (*Planner)(nil)

// NewPlanner returns a planner over its ports.
func NewPlanner(ports PlannerPorts, now func() time.Time) *Planner { return &Planner{ports, now} }

// Changed sends the jobs of a change of a status. It may be called again for the same change
// and then sends the same jobs.
func (p *Planner) Changed(ctx context.Context, change deployment.Change) error {
	record := change.Record
	event, told := eventOf(record)
	if !told {
		return nil
	}
	all, err := p.notifications(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	wanted, err := p.chosen(ctx, all, record.ID.Resource())
	if err != nil || len(wanted) == 0 {
		return err
	}
	var before past
	if record.Operation.Starts() {
		if before, err = p.past(ctx, record); err != nil {
			return err
		}
	}
	recovered := event == catalog.EventFinished && before.lastFailed
	facts := FactsOf(record)
	facts.Compare = before.finished
	for _, n := range wanted {
		send := event
		if recovered && n.Wants(catalog.EventRecovered) {
			send = catalog.EventRecovered
		}
		if !n.Wants(send) {
			continue
		}
		err = errors.Join(err, p.ports.Queue.Send(ctx, Job{
			ID:           jobID(string(record.ID), string(send), string(n.ID)),
			Notification: n.ID, Event: send, At: record.UpdatedAt, Facts: facts,
		}))
	}
	return err
}

// eventOf returns the event of a deployment that has ended. Operations that do nothing on the
// server are no news, and neither is a queued deployment that another one has replaced.
func eventOf(r deployment.Record) (event catalog.NotificationEvent, told bool) {
	if !r.Operation.OnServer() || r.Outcome.Reason == deployment.ReasonSuperseded {
		return "", false
	}
	switch r.Status {
	case deployment.Finished:
		return catalog.EventFinished, true
	case deployment.Failed:
		return catalog.EventFailed, true
	case deployment.Cancelled:
		return catalog.EventCancelled, true
	}
	return "", false
}

// ScheduleMissed sends the jobs for a schedule that was missed, once for each notification. So
// its caller may find the same miss every minute.
func (p *Planner) ScheduleMissed(ctx context.Context, missed schedule.Missed) error {
	all, err := p.notifications(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	wanted, err := p.chosen(ctx, all, missed.Resource)
	if err != nil {
		return err
	}
	resource, err := catalog.FindHead[catalog.Deployable](ctx, p.ports.Store, missed.Resource)
	if errors.Is(err, fault.NotFound) { // so is its schedule
		return nil
	}
	if err != nil {
		return err
	}
	facts := Facts{Resource: missed.Resource, ResourceName: resource.Common().Name,
		ServerID: resource.Shared().ServerID, Operation: missed.Schedule.Operation,
		Schedule:   string(missed.Schedule.ID),
		Expression: missed.Schedule.Expression, Due: missed.Due}
	for _, n := range wanted {
		if !n.Wants(catalog.EventScheduleMissed) {
			continue
		}
		id := jobID(missed.ID(), string(n.ID))
		err = errors.Join(err, p.once(ctx, Job{ID: id, Notification: n.ID,
			Event: catalog.EventScheduleMissed, Facts: facts}))
	}
	return err
}

// notifications returns all notifications that are not disabled.
func (p *Planner) notifications(ctx context.Context) ([]*catalog.Notification, error) {
	entities, err := catalog.All(ctx, p.ports.Store, catalog.KindNotification)
	var all []*catalog.Notification
	for _, entity := range entities {
		if n, is := entity.(*catalog.Notification); is && !n.Disabled {
			all = append(all, n)
		}
	}
	return all, err
}

// chosen returns the notifications that are about the resource. It reads the head of the
// resource only if tags choose.
func (p *Planner) chosen(
	ctx context.Context, all []*catalog.Notification, resource catalog.ID,
) ([]*catalog.Notification, error) {
	var labels catalog.Labels
	tagged := func(n *catalog.Notification) bool { return len(n.Tags) > 0 }
	if slices.ContainsFunc(all, tagged) {
		head, err := catalog.FindHead[catalog.Deployable](ctx, p.ports.Store, resource)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return nil, err
		}
		if err == nil {
			labels = head.Shared().Labels
		}
	}
	other := func(n *catalog.Notification) bool { return !n.Chooses(resource, labels) }
	return slices.DeleteFunc(slices.Clone(all), other), nil
}

// past is the part of a resource's history that a message needs.
type past struct {
	// finished is the last start that finished, or "".
	finished deployment.ID
	// lastFailed says that the last start that finished or failed has failed.
	lastFailed bool
	// took are the times of the newest starts that finished with the same operation.
	took []time.Duration
}

// past reads the newest deployments of the resource from before the record. Ids sort by time,
// so a later call finds the same.
func (p *Planner) past(ctx context.Context, record deployment.Record) (past, error) {
	listing, err := p.ports.History.List(ctx, record.ID.Resource(), deployment.Page{Take: deployment.MaxTake})
	if err != nil {
		return past{}, err
	}
	var found past
	ended := false
	for _, other := range listing.Records {
		if other.ID >= record.ID || !other.Operation.Starts() {
			continue
		}
		switch other.Status {
		case deployment.Failed:
			found.lastFailed = found.lastFailed || !ended
			ended = true
		case deployment.Finished:
			ended = true
			if found.finished == "" {
				found.finished = other.ID
			}
			if took := other.Took(); took > 0 && other.Operation == record.Operation {
				found.took = append(found.took, took)
			}
		}
	}
	return found, nil
}
