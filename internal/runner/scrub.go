package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/remote"
)

// prepareScrub is the plan of a scrub, which runs nothing.
func (a *attempt) prepareScrub(ctx context.Context) (plan, error) {
	plan, _, err := a.resolve(ctx)
	plan.timeout = catalog.MaxTimeout
	return plan, err
}

// scrub removes the secrets of the plan from the logs of all ended deployments of
// the resource, the newest first. A runner that takes over continues after the
// last log that is recorded as done. The next one may be done in part, and is
// done again. A log that cannot be scrubbed does not end the scrub, but makes its
// outcome a failure.
//
// A scrub can be stopped only between two logs, because a log cannot be verified
// until its record has the new digest. For the same reason a runner that takes
// over finishes one log before it can be stopped.
func (a *attempt) scrub(ctx context.Context) (deployment.Outcome, error) {
	listens := a.record.Lease.Attempt == 1
	for page := (deployment.Page{Take: deployment.MaxTake, Cursor: string(a.progress.Scrub.Last)}); ; {
		if err := a.heartbeat(ctx, remote.TickEvery); err != nil {
			return deployment.Outcome{}, err
		}
		listing, err := a.ports.History.List(ctx, a.record.ID.Resource(), page)
		if err != nil {
			return deployment.Outcome{}, err
		}
		for _, record := range listing.Records {
			if record.ID == a.record.ID || !record.Status.Terminal() || record.Progress.Log.Chunks == 0 {
				continue
			}
			if listens && a.stopDue() != "" {
				return a.scrubStopped(ctx), nil
			}
			if err := a.scrubAndRecord(ctx, record); err != nil {
				return deployment.Outcome{}, err
			}
			listens = true
		}
		if listing.Next == "" {
			return a.scrubEnded(), nil
		}
		page.Cursor = listing.Next
	}
}

// scrubAndRecord scrubs one log and records that it is done. A log that cannot be
// scrubbed counts as done and failed, and is not an error. errHandOver if this runner's
// time is nearly up.
func (a *attempt) scrubAndRecord(ctx context.Context, record deployment.Record) error {
	if err := a.checkTime(); err != nil {
		return err
	}
	entries, err := a.scrubWithRetries(ctx, record)
	if err != nil && !isTaskError(err) {
		return err
	}
	done := &a.progress.Scrub
	done.Last, done.Logs = record.ID, done.Logs+1
	switch {
	case errors.Is(err, fault.Gone) && a.expired(ctx, record):
		a.say(logbook.Stdout, fmt.Sprintf("%s: its log is no longer kept.", record.ID))
	case err != nil:
		done.Failed++
		a.log.ErrorContext(ctx, "log not scrubbed", "of", record.ID, "error", err)
		a.say(logbook.Stderr, fmt.Sprintf(
			"%s: its log could not be read or written as a whole, and may still have secrets in it.",
			record.ID))
	case entries == 0:
		return a.advance(ctx)
	default:
		done.Changed, done.Entries = done.Changed+1, done.Entries+entries
		a.say(logbook.Stdout, fmt.Sprintf("%s: %s.", record.ID, quantity(entries, "entry", "entries")))
	}
	return a.commit(ctx)
}

// How often one log is tried, and the pause between two tries. Nothing else of
// the resource runs meanwhile, so the scrub gives up soon.
const (
	scrubTries = 3
	scrubPause = 2 * time.Second
)

// scrubWithRetries scrubs one log and returns how many of its entries changed since its
// record was written, by this runner or one that died. It tries several times. A
// [taskError] says why the log could not be scrubbed.
func (a *attempt) scrubWithRetries(ctx context.Context, record deployment.Record) (entries int, err error) {
	before := record.Scrub.Entries
	for try := 1; ; try++ {
		total, err := a.scrubOnce(ctx, record)
		switch {
		case err != nil && !isTaskError(err):
			return 0, err
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case err == nil, errors.Is(err, fault.Gone), try == scrubTries:
			return total - before, err
		}
		if err := a.pause(ctx, scrubPause); err != nil {
			return 0, err
		}
		// The answer to a write may have been lost.
		if record, err = a.ports.History.Get(ctx, record.ID); err != nil {
			return 0, err
		}
	}
}

// scrubOnce tries once to scrub the log and to record its new digest. total is how many
// entries were changed since the log was written. A [taskError] may be worth another
// try.
func (a *attempt) scrubOnce(ctx context.Context, record deployment.Record) (total int, err error) {
	log, archive, ledger := a.ports.log(record.ID), a.ports.Archive, a.ports.Ledger
	filter, was := a.filter, record.Progress.Log
	scrub := deployment.ScrubSummary{At: a.now(), By: a.record.Trigger.Name, Deployment: a.record.ID}
	err = a.whileLeased(ctx, a.checkTime, func(ctx context.Context) error {
		if err := a.dropExcerpt(ctx, record); err != nil {
			return err
		}
		done, err := logbook.Scrub(ctx, log, archive, was, filter)
		if scrub.Entries = done.Total; err != nil || done.Mark.Digest == was.Digest {
			return err
		}
		return ledger.RecordScrub(ctx, record.ID, was.Digest, done.Mark, scrub)
	})
	return scrub.Entries, err
}

// expired reports whether both ends of the log are gone. A log that lacks only a
// part can still be read.
func (a *attempt) expired(ctx context.Context, record deployment.Record) bool {
	for _, number := range []int{1, record.Progress.Log.Chunks} {
		if _, err := a.ports.Archive.Head(ctx, record.ID.Book(), number); !errors.Is(err, fault.NotFound) {
			return false
		}
	}
	return true
}

// scrubEnded logs the totals and returns the outcome once there is no further log.
func (a *attempt) scrubEnded() deployment.Outcome {
	a.sayScrubbed()
	if a.progress.Scrub.Failed > 0 {
		return failure(deployment.ReasonInternal)
	}
	return deployment.Outcome{Status: deployment.Finished}
}

// scrubStopped logs why the scrub stops, and the totals, and returns the outcome.
func (a *attempt) scrubStopped(ctx context.Context) deployment.Outcome {
	a.stopReason = a.stopDue()
	text := "A scrub may take no longer than " + a.plan.timeout.String() + "."
	if a.stopReason == deployment.ReasonCancelled {
		text = a.stopText(ctx)
	}
	a.say(logbook.Stdout, text+" The logs that are older than those done stay as they are.")
	a.sayScrubbed()
	return a.stoppedOutcome()
}

func (a *attempt) sayScrubbed() {
	done := a.progress.Scrub
	text := fmt.Sprintf("Scrubbed %s in %s; looked at %d.",
		quantity(done.Entries, "entry", "entries"), quantity(done.Changed, "log", "logs"), done.Logs)
	if done.Failed == 0 {
		a.say(logbook.Stdout, text)
		return
	}
	a.say(logbook.Stderr, fmt.Sprintf("%s Failed at %s.", text, quantity(done.Failed, "log", "logs")))
}

// quantity is a number with its noun.
func quantity(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
