package runner

import (
	"context"

	"waybill/internal/deployment"
)

// maybePark returns errPark if this runner only waits: the job runs, all that it has written
// was read, it has had its first minute, and it is not followed. A job that is or must be stopped
// is never parked, and neither is one that no session has found.
func (a *attempt) maybePark() error {
	now := a.now()
	if a.caughtUp && a.stopped == nil && a.stopDue() == "" && a.mayRun() &&
		now.Sub(a.record.StartedAt) >= a.opts.ParkAfter && !a.isFollowed(now) {
		return errPark
	}
	return nil
}

// park commits the log, gives up the lease and calls the next runner, with a delay. A cancel or
// a reader from just before the write is seen here, and then the call has no delay. dispatch sees
// the later ones. If park fails between the write and the call, the message of this
// runner or the sweep calls the next one.
func (a *attempt) park(ctx context.Context) error {
	if err := a.commitLog(ctx); err != nil {
		return err
	}
	a.progress.Parkings++
	now := a.now()
	signals, err := a.ports.Ledger.Park(ctx, a.record.ID, a.record.Lease, a.progress, now)
	if err != nil {
		return err
	}
	a.signals = signals
	left := a.record.StartedAt.Add(a.plan.timeout).Sub(now)
	delay := max(min(deployment.ParkedFor(a.progress.Parkings), left), 0)
	if signals.CancelRequested || a.isFollowed(now) {
		delay = 0
	}
	a.log.InfoContext(ctx, "parked", "parking", a.progress.Parkings, "wakes_in", delay,
		"log_entries", a.progress.Log.Last)
	return a.ports.Sender.Wake(ctx, a.record.ID, a.progress.Parkings, delay)
}

// comesBack reports whether this runner was woken and everything is as it was when the last one
// parked the deployment: then the log has no line of it.
func (a *attempt) comesBack() bool { return a.record.Lease.Woken && a.retries.tries == 0 }
