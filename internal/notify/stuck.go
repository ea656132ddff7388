package notify

import (
	"context"
	"errors"
	"slices"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// A running deployment is stuck when it takes longer than stuckTimes its usual time, which is
// the median of the newest usualOf starts that finished with the same operation. With fewer
// than usualLeast there is no usual time. Nothing that runs for less than stuckLeast is stuck,
// because the sweep looks once a minute.
const (
	stuckTimes = 3
	usualOf    = 20
	usualLeast = 3
	stuckLeast = 2 * time.Minute
)

// Marks remembers which jobs about stuck deployments were sent, for a month.
type Marks interface {
	// Mark notes the time for the id, unless there is one, and returns the noted one. done
	// says that Done was called for it.
	Mark(ctx context.Context, id string, now time.Time) (at time.Time, done bool, err error)
	// Done notes that nothing is left to do for the id.
	Done(ctx context.Context, id string) error
}

// Watch sends a job for each deployment of a server that is stuck, once for each notification.
// It is called every minute. If it dies after it has sent a job, the next call sends the same
// job again.
func (p *Planner) Watch(ctx context.Context, load deployment.Load) error {
	now := p.now()
	waits := func(r deployment.Record) bool {
		return r.Status == deployment.Queued && now.Sub(r.QueuedAt) >= catalog.MinStuckAfter
	}
	runs := func(r deployment.Record) bool {
		return r.Status == deployment.InProgress && !r.StartedAt.IsZero() && r.Operation.Starts() &&
			now.Sub(r.StartedAt) >= stuckLeast
	}
	if !slices.ContainsFunc(load.Queue, waits) && !slices.ContainsFunc(load.Running, runs) {
		return nil
	}
	all, err := p.notifications(ctx)
	all = slices.DeleteFunc(all, func(n *catalog.Notification) bool { return !n.Wants(catalog.EventStuck) })
	if err != nil || len(all) == 0 {
		return err
	}
	for _, record := range load.Queue {
		if waits(record) {
			err = errors.Join(err, p.watchQueued(ctx, all, record))
		}
	}
	for _, record := range load.Running {
		if runs(record) {
			err = errors.Join(err, p.watchRunning(ctx, all, record))
		}
	}
	return err
}

// watchQueued tells the notifications whose limit a queued deployment has passed.
func (p *Planner) watchQueued(
	ctx context.Context, all []*catalog.Notification, record deployment.Record,
) error {
	waited := p.now().Sub(record.QueuedAt)
	patient := func(n *catalog.Notification) bool { return waited < n.StuckAfter }
	all = slices.DeleteFunc(slices.Clone(all), patient)
	if len(all) == 0 {
		return nil
	}
	return p.stuck(ctx, all, record, 0)
}

// watchRunning compares how long a deployment runs with its usual time.
func (p *Planner) watchRunning(
	ctx context.Context, all []*catalog.Notification, record deployment.Record,
) error {
	before, err := p.past(ctx, record)
	if err != nil {
		return err
	}
	usual, known := median(before.took)
	if !known || p.now().Sub(record.StartedAt) < stuckTimes*usual {
		return nil
	}
	return p.stuck(ctx, all, record, usual)
}

// median returns the usual one of the newest times, which come first.
func median(took []time.Duration) (usual time.Duration, known bool) {
	took = slices.Clone(took[:min(len(took), usualOf)])
	if len(took) < usualLeast {
		return 0, false
	}
	slices.Sort(took)
	return took[len(took)/2], true
}

// stuck sends the jobs that were not sent yet. usual is zero for a queued deployment. A
// deployment that was stuck in the queue may be stuck again while it runs.
func (p *Planner) stuck(
	ctx context.Context, all []*catalog.Notification, record deployment.Record, usual time.Duration,
) error {
	wanted, err := p.chosen(ctx, all, record.ID.Resource())
	if err != nil {
		return err
	}
	facts := FactsOf(record)
	facts.Usual = usual
	for _, n := range wanted {
		id := jobID(string(record.ID), string(catalog.EventStuck), string(record.Status), string(n.ID))
		err = errors.Join(err, p.once(ctx, Job{ID: id, Notification: n.ID, Event: catalog.EventStuck,
			Facts: facts}))
	}
	return err
}

// once sends the job unless its mark is done. The time of the mark is the time of the job, so
// that every repeat is the same job.
func (p *Planner) once(ctx context.Context, job Job) error {
	at, done, err := p.ports.Marks.Mark(ctx, job.ID, p.now())
	if err != nil || done {
		return err
	}
	job.At = at
	if err := p.ports.Queue.Send(ctx, job); err != nil {
		return err
	}
	return p.ports.Marks.Done(ctx, job.ID)
}
