package runner

import (
	"cmp"
	"context"
	"errors"
	"runtime/debug"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// Why the sink ends a session.
var (
	errStop    = errors.New("the job is to be stopped")
	errDrained = errors.New("a job that does not end has printed nothing more")
)

// followedFor is how long after a reader last waited for the log it still counts
// as followed. A reader waits again within 20 s.
const followedFor = 30 * time.Second

// drainFor is how long a runner waits for more output of a job whose processes do
// not end.
const drainFor = 5 * time.Second

// checkSession does the work of [attempt.heartbeat] in a session, and tells whether the
// session must end: errHandOver if this runner's time is nearly up, errStop if the job
// is to be stopped, errDrained if a stopped job's survivors print nothing more, errPark if
// this runner only waits. Any other error ends this runner's work.
func (a *attempt) checkSession(ctx context.Context, next time.Duration) error {
	if a.nearlyOutOfTime() {
		return errHandOver
	}
	if err := a.heartbeat(ctx, next); err != nil {
		return err
	}
	switch {
	case a.stopped == nil && a.stopDue() != "":
		return errStop
	case a.stopped != nil && len(a.stopped.Survivors) > 0 && a.now().Sub(a.lastData) > drainFor:
		return errDrained
	}
	return a.maybePark()
}

// heartbeat commits, renews the lease or reads signals when it is time to. One call
// does at most one of these, because a commit also renews the lease, and a renewal
// also reads the signals. Conflict means that the lease is lost.
//
// A chunk that becomes due before the next call is due now, so that a reader who has just
// begun to follow gets each line within a second. next is the time until that call:
// the time between two ticks at a tick, and 0 at a piece of output, because the next tick
// comes anyway. With more than 0 there, a job that prints all the time would make a fifth
// more chunks than it should.
func (a *attempt) heartbeat(ctx context.Context, next time.Duration) error {
	now := a.now()
	switch {
	case a.recorder.Due(now.Add(next), a.followedSince(now)):
		return a.commit(ctx)
	case now.Sub(a.renewed) > a.opts.Lease/4:
		return a.advance(ctx)
	case now.Sub(a.signalled) >= a.opts.SignalEvery:
		signals, err := a.ports.Ledger.Signals(ctx, a.record.ID, a.record.Lease)
		if err != nil {
			return err
		}
		a.signalled, a.signals = now, signals
	}
	return nil
}

// isFollowed reports whether a reader or a request waits for the deployment, as the signals say.
func (a *attempt) isFollowed(now time.Time) bool { return now.Sub(a.signals.FollowedAt) < followedFor }

// followedSince returns when a reader began to follow the log, or zero. A runner that
// takes over counts from the last time that the record was marked as followed.
func (a *attempt) followedSince(now time.Time) time.Time {
	switch {
	case !a.isFollowed(now):
		a.followedAt = time.Time{}
	case a.followedAt.IsZero():
		a.followedAt = a.signals.FollowedAt
	}
	return a.followedAt
}

// commit writes all complete lines, if there are any, as the next chunk, and then
// advances. Conflict means that another runner wrote that chunk or has the lease, so
// this one must stop. After an error of the archive, every further commit of this
// recording fails, too.
func (a *attempt) commit(ctx context.Context) error {
	if err := a.commitLog(ctx); err != nil {
		return err
	}
	return a.advance(ctx)
}

// commitLog is the part of commit for the log, whose end it sets in the progress.
func (a *attempt) commitLog(ctx context.Context) error {
	mark, err := a.recorder.Commit(ctx)
	if err != nil {
		return err
	}
	a.progress.Log = mark
	for i := range a.progress.Steps {
		step := &a.progress.Steps[i]
		step.First = cmp.Or(step.First, a.recorder.FirstOrder(i+1))
	}
	return nil
}

// advance records the progress, renews the lease and reads the signals. Conflict
// means that another runner has the lease.
func (a *attempt) advance(ctx context.Context) error {
	now := a.now()
	signals, err := a.ports.Ledger.Advance(ctx, a.record.ID, a.record.Lease, a.progress, now, a.opts.Lease)
	if err != nil {
		return err
	}
	a.renewed, a.signalled, a.signals = now, now, signals
	return nil
}

// whileLeased runs a task that takes time, and meanwhile does the work of
// [attempt.heartbeat]. An error of the task is a [taskError], also if it is ctx's.
// interrupt is called at every tick. An error of it, or of the heartbeat, cancels the
// task's context and is returned after the task has returned.
//
// The task runs in another goroutine. It must not change the attempt, and must not
// read what the heartbeat changes: recorder, progress, signals and times.
func (a *attempt) whileLeased(
	ctx context.Context, interrupt func() error, task func(context.Context) error,
) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- guarded(ctx, task) }()
	ticker := time.NewTicker(remote.TickEvery)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return &taskError{err}
			}
			return nil
		case <-ticker.C:
			err := a.heartbeat(ctx, remote.TickEvery)
			if err == nil {
				err = interrupt()
			}
			if err != nil {
				cancel()
				<-done
				return err
			}
		}
	}
}

// guarded turns a panic into an error. A panic would end the process and print
// its value, which may be a secret. The stack has only addresses.
func guarded(ctx context.Context, task func(context.Context) error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fault.New(fault.Internal, "panic: %s\n%s", fault.PanicText(value), debug.Stack())
		}
	}()
	return task(ctx)
}

// uninterrupted is an interrupt for [attempt.whileLeased] that lets a task run to
// its end, unless the heartbeat fails.
func uninterrupted() error { return nil }

// stopDue returns why the job is to be stopped, or "". A user has cancelled it, or
// it has run for longer than its resource allows, counted from the first
// runner's start. Do not call it before the plan is set: its timeout would be zero.
func (a *attempt) stopDue() deployment.Reason {
	switch {
	case a.signals.CancelRequested:
		return deployment.ReasonCancelled
	case a.now().Sub(a.record.StartedAt) >= a.plan.timeout:
		return deployment.ReasonTimeout
	}
	return ""
}

func (a *attempt) now() time.Time { return a.opts.Now().UTC() }

// nearlyOutOfTime reports whether this runner's own time is nearly up.
func (a *attempt) nearlyOutOfTime() bool { return !a.deadline.IsZero() && a.now().After(a.deadline) }
