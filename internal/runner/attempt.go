package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/remote"
)

// attempt is one runner's work on one deployment, from lease to lease's end.
type attempt struct {
	*Runner
	record   deployment.Record
	progress deployment.Progress
	book     logbook.Book
	plan     plan
	recorder *logbook.Recorder
	shell    remote.Shell

	renewed    time.Time
	followedAt time.Time
	deadline   time.Time
}

// followedFor is how long after a reader last waited for the log its chunks
// are still committed every second. A reader waits again within 20 s.
const followedFor = 30 * time.Second

// attempt takes up the record where the log really ends: a chunk that an
// earlier runner wrote and could not record is counted in.
func (r *Runner) attempt(ctx context.Context, record deployment.Record) (*attempt, error) {
	a := &attempt{
		Runner:     r,
		record:     record,
		progress:   record.Progress,
		book:       record.ID.Book(),
		renewed:    r.now(),
		followedAt: record.FollowedAt,
	}
	if deadline, ok := ctx.Deadline(); ok {
		a.deadline = deadline.Add(-HandOverTime)
	}
	mark, err := logbook.Recover(ctx, r.Archive, a.book, a.progress.Log)
	if err != nil {
		return nil, err
	}
	a.progress.Log = mark
	a.startRecording(noSecrets)
	return a, nil
}

// work brings the deployment to its outcome. The error is errHandOver, or
// whatever kept this runner from going on.
func (a *attempt) work(ctx context.Context) (deployment.Outcome, error) {
	plan, err := a.prepare(ctx)
	if refused(err) {
		a.say(logbook.Stderr, fault.Public(err))
		return failed(deployment.ReasonConfiguration), nil
	}
	if err != nil {
		return deployment.Outcome{}, err
	}
	a.plan = plan
	a.startRecording(plan.filter)
	for {
		outcome, err := a.connect(ctx)
		if err != nil || outcome.Status != "" {
			return outcome, err
		}
		end, err := remote.Follow(ctx, a.shell, plan.Job, offsets(a.progress.Log.At), &sink{attempt: a, due: func() error { return a.due(ctx) }})
		if errors.Is(err, fault.Unavailable) && ctx.Err() == nil {
			if err := a.reconnect(ctx); err != nil {
				return deployment.Outcome{}, err
			}
			continue
		}
		if errors.Is(err, fault.Invalid) { // the server's own refusal, not the ledger's
			a.say(logbook.Stderr, a.plan.matcher.Text(fault.Public(err)))
			return failed(deployment.ReasonServer), nil
		}
		if err != nil {
			return deployment.Outcome{}, err
		}
		return a.verdict(end), nil
	}
}

// connect opens the server. An outcome that has a status says that it cannot.
func (a *attempt) connect(ctx context.Context) (deployment.Outcome, error) {
	server := a.plan.server
	a.say(logbook.Stdout, fmt.Sprintf("Connecting to %s (%s@%s port %d).", server.Name, server.User, server.Address, server.Port))
	until := a.now().Add(a.opts.ReachFor)
	for wait := time.Second; ; wait = min(2*wait, 8*time.Second) {
		shell, err := a.Dialer.Dial(ctx, a.plan.target)
		if err == nil {
			a.shell = shell
			return deployment.Outcome{}, nil
		}
		dial, ok := errors.AsType[*remote.DialError](err)
		if !ok || ctx.Err() != nil {
			return deployment.Outcome{}, err
		}
		a.say(logbook.Stderr, a.plan.matcher.Text(dialText(dial)))
		if dial.Cause != remote.CauseUnreachable || a.now().Add(wait).After(until) {
			return failed(deployment.Reason(dial.Cause)), nil
		}
		if err := a.pause(ctx, wait); err != nil {
			return deployment.Outcome{}, err
		}
	}
}

// pause waits between two attempts to connect, with the lease kept.
func (a *attempt) pause(ctx context.Context, wait time.Duration) error {
	if err := a.commit(ctx); err != nil {
		return err
	}
	if a.late() {
		return errHandOver
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

// reconnect puts everything whole into the log and starts over behind it, with
// filters that know nothing of the bytes that were cut off.
func (a *attempt) reconnect(ctx context.Context) error {
	a.closeShell()
	a.say(logbook.Stderr, "The connection to the server was lost. The job goes on there; connecting again.")
	if err := a.commit(ctx); err != nil {
		return err
	}
	a.startRecording(a.plan.filter)
	return nil
}

// due does whatever time has made due: it commits, renews the lease, or ends
// this runner's turn.
func (a *attempt) due(ctx context.Context) error {
	now := a.now()
	if a.late() {
		return errHandOver
	}
	if a.recorder.Due(now, now.Sub(a.followedAt) < followedFor) {
		return a.commit(ctx)
	}
	if now.Sub(a.renewed) > LeaseLength/4 {
		return a.advance(ctx)
	}
	return nil
}

// commit writes what is settled as the next chunk and records it. Conflict
// says that another runner wrote that chunk: this one must stop.
func (a *attempt) commit(ctx context.Context) error {
	mark, err := a.recorder.Commit(ctx)
	if err != nil {
		return err
	}
	a.progress.Log = mark
	return a.advance(ctx)
}

func (a *attempt) advance(ctx context.Context) error {
	now := a.now()
	signals, err := a.Ledger.Advance(ctx, a.record.ID, a.record.Lease, a.progress, now, LeaseLength)
	if err != nil {
		return err
	}
	a.renewed, a.followedAt = now, signals.FollowedAt
	return nil
}

// handOver ends this runner's turn: the log is committed, the lease given up,
// and the next runner called. Called first and begun later is harmless; given
// up and never called would need the net.
func (a *attempt) handOver(ctx context.Context) error {
	defer a.closeShell()
	if err := a.commit(ctx); err != nil {
		return err
	}
	if _, err := a.Ledger.Advance(ctx, a.record.ID, a.record.Lease, a.progress, a.now(), 0); err != nil {
		return err
	}
	a.opts.Log.InfoContext(ctx, "handed over", "log_entries", a.progress.Log.Last)
	return a.Sender.Send(ctx, a.record.ID)
}

// finish ends the deployment: the rest of the log, then the record with slot
// and resource, then the spool, which only now nobody needs any more.
func (a *attempt) finish(ctx context.Context, outcome deployment.Outcome) error {
	defer a.closeShell()
	a.say(outcomeType(outcome), a.summary(outcome))
	if err := a.commit(ctx); err != nil {
		return err
	}
	a.progress.Log.Complete = true
	if err := a.Ledger.Finish(ctx, a.record.ID, a.record.Lease, a.progress, outcome, a.now()); err != nil {
		return err
	}
	a.opts.Log.InfoContext(ctx, "ended", "status", outcome.Status, "reason", outcome.Reason,
		"log_entries", a.progress.Log.Last, "output_bytes", a.progress.OutputBytes())
	if a.shell == nil {
		return nil
	}
	if err := remote.Remove(ctx, a.shell, a.plan.Job); err != nil {
		// The record is right and final; a leftover spool only takes space.
		a.opts.Log.WarnContext(ctx, "spool not removed", "error", err)
	}
	return nil
}

func (a *attempt) closeShell() {
	if a.shell != nil {
		_ = a.shell.Close()
		a.shell = nil
	}
}

// startRecording starts recording behind the committed log.
func (a *attempt) startRecording(filter logbook.NewFilter) {
	a.recorder = logbook.NewRecorder(a.book, a.Archive, a.progress.Log, filter, logbook.RecorderOptions{Now: a.opts.Now})
}

func (a *attempt) say(typ logbook.Type, text string) { a.recorder.Message(text, typ) }

func (a *attempt) late() bool { return !a.deadline.IsZero() && a.now().After(a.deadline) }

func offsets(at logbook.Position) remote.Offsets {
	return remote.Offsets{Out: at.Out, Err: at.Err}
}
