package runner

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/redact"
	"waybill/internal/remote"
)

// attempt is one runner's work on one deployment, from lease to lease's end.
// It is for one goroutine.
type attempt struct {
	ports    Ports
	opts     Options
	record   deployment.Record
	progress deployment.Progress
	book     logbook.Book
	plan     plan
	recorder *logbook.Recorder
	// matcher knows what must not be seen, and weak says which secrets it does
	// not look for. Only conceal sets them.
	matcher *redact.Matcher
	weak    []string
	shell   remote.Shell
	reach   reach

	// renewed and signalled are when the lease was renewed, and when the record
	// was last looked at for what others wrote on it, which is in signals.
	renewed   time.Time
	signalled time.Time
	signals   deployment.Signals
	deadline  time.Time
	// followedAt is when a reader began to follow the log, zero if none does.
	followedAt time.Time

	// stopped is set once the job was stopped, and wish is why. given is when
	// anything of its output last came.
	stopped *remote.Stopped
	wish    deployment.Reason
	given   time.Time
	// attachedAt is when the server told of the job in this session, or zero.
	attachedAt time.Time
	// ahead is how far the server's clock is ahead of ours, as of then.
	ahead time.Duration

	// fault names the containers that were not well at the end.
	fault string

	// log is the operator's, and warned what sayOnce has said.
	log    *slog.Logger
	warned map[string]bool
}

// attempt takes up the record where the log really ends: a chunk that an
// earlier runner wrote and could not record is counted in.
func (r *Runner) attempt(ctx context.Context, record deployment.Record) (*attempt, error) {
	a := &attempt{
		ports:    r.ports,
		opts:     r.opts,
		record:   record,
		progress: record.Progress,
		book:     record.ID.Book(),
		warned:   map[string]bool{},
		renewed:  r.now(),
		signals:  deployment.Signals{CancelRequested: !record.CancelRequestedAt.IsZero(), FollowedAt: record.FollowedAt},
	}
	a.log = slog.New(cleaner{r.opts.Log.Handler(), a.clean})
	a.signalled = a.renewed
	if deadline, ok := ctx.Deadline(); ok {
		a.deadline = deadline.Add(-HandOverTime)
	}
	mark, err := logbook.Recover(ctx, r.ports.Archive, a.book, a.progress.Log)
	if err != nil {
		return nil, err
	}
	a.progress.Log = mark
	a.conceal(nil, nil)
	return a, nil
}

// work brings the deployment to its outcome. The error is errHandOver, or
// whatever kept this runner from going on.
func (a *attempt) work(ctx context.Context) (deployment.Outcome, error) {
	prepare, perform := a.prepare, a.perform
	if a.record.Operation == catalog.Scrub {
		prepare, perform = a.prepareScrub, a.scrub
	}
	plan, err := prepare(ctx)
	if refused(err) {
		a.say(logbook.Stderr, fault.Public(err)+a.mayRunText())
		return failure(deployment.ReasonConfiguration), nil
	}
	if err != nil {
		return deployment.Outcome{}, err
	}
	a.plan = plan
	a.sayWeak()
	return perform(ctx)
}

// perform does the job on the server, in as many sessions as it takes.
func (a *attempt) perform(ctx context.Context) (deployment.Outcome, error) {
	for {
		result, err := a.session(ctx)
		if task, is := errors.AsType[*taskError](err); is {
			result, err = a.afterServerError(ctx, task.cause)
		}
		if err != nil {
			return deployment.Outcome{}, err
		}
		if result.ended() {
			return *result.outcome, nil
		}
	}
}

// session is one session with the server: it stops the job if that is due, or
// else starts or finds it, and follows it to its end.
func (a *attempt) session(ctx context.Context) (result, error) {
	if a.shell == nil {
		result, err := a.attach(ctx)
		if err != nil || result.ended() || a.shell == nil {
			return result, err
		}
	}
	// Check the lease before anything changes on the server: a runner that slept
	// for longer than its lease finds out here that another one took over.
	if err := a.routine(ctx); err != nil {
		return result{}, err
	}
	if a.stopped == nil && a.wanted() != "" {
		return result{}, a.stop(ctx)
	}
	end, err := a.follow(ctx)
	switch {
	case errors.Is(err, errStop):
		return result{}, a.startOver(ctx)
	case errors.Is(err, errDrained):
		return ended(a.verdict(remote.End{Lost: true})), nil
	case err != nil:
		return result{}, err
	}
	if end.Lost && !end.Rebooted && a.stopped == nil {
		return a.stopLost(ctx, end)
	}
	return ended(a.verdict(end)), nil
}

// attach connects, and reads the secrets that the job has declared if it may
// have begun.
func (a *attempt) attach(ctx context.Context) (result, error) {
	result, err := a.connect(ctx)
	if err != nil || result.ended() || !a.mayRun() {
		return result, err
	}
	return result, a.recall(ctx)
}

// follow follows the job to its end. A [taskError] is the server's.
func (a *attempt) follow(ctx context.Context) (remote.End, error) {
	s := &sink{a: a, due: func() error { return a.due(ctx) }, advance: func() error { return a.advance(ctx) }}
	a.given, a.attachedAt = a.now(), time.Time{}
	sentBefore := a.progress.Sent
	if err := a.sends(ctx); err != nil {
		return remote.End{}, err
	}
	end, err := remote.Follow(ctx, a.shell, a.plan.recipe.Job, offsets(a.progress.Log.At), s)
	if s.err != nil {
		return end, s.err
	}
	if errors.Is(err, remote.ErrNotStarted) {
		a.progress.Sent = sentBefore
	}
	if err != nil {
		return end, &taskError{err}
	}
	return end, nil
}

// sends stores that the job is about to be sent, before it is.
func (a *attempt) sends(ctx context.Context) error {
	if a.progress.Sent {
		return nil
	}
	a.progress.Sent = true
	return a.advance(ctx)
}

// afterServerError decides what an error of the server leads to: an outcome,
// another session, or the end of this run.
func (a *attempt) afterServerError(ctx context.Context, err error) (result, error) {
	held, isHeld := errors.AsType[*remote.HeldError](err)
	switch {
	case ctx.Err() != nil:
		return result{}, ctx.Err()
	case isHeld:
		// A later attempt of this deployment may hold it: then the lease is lost.
		if err := a.advance(ctx); err != nil {
			return result{}, err
		}
		a.say(logbook.Stderr, held.Error()+" Nothing was started.")
		return failed(deployment.ReasonHostLocked), nil
	case errors.Is(err, fault.Unavailable):
		return a.disconnected(ctx, fault.Public(err))
	case errors.Is(err, fault.Invalid):
		a.say(logbook.Stderr, fault.Public(err)+a.mayRunText())
		return failed(deployment.ReasonServer), nil
	}
	return result{}, err
}

// startOver commits all complete lines and records from there on, with filters
// that have not seen the bytes that were cut off.
func (a *attempt) startOver(ctx context.Context) error {
	if err := a.commit(ctx); err != nil {
		return err
	}
	a.startRecording()
	return nil
}

func (a *attempt) closeShell() {
	if a.shell != nil {
		_ = a.shell.Close()
		a.shell = nil
	}
}

// startRecording starts recording behind the committed log.
func (a *attempt) startRecording() {
	a.recorder = logbook.NewRecorder(a.book, a.ports.Archive, a.progress.Log, a.filter, logbook.RecorderOptions{Now: a.opts.Now, Since: a.record.StartedAt})
}

// say adds lines of Waybill's own to the log, without the secrets that may be in
// what they quote.
func (a *attempt) say(typ logbook.Type, text string) { a.recorder.Message(a.clean(text), typ) }

func offsets(at logbook.Position) remote.Offsets {
	return remote.Offsets{Out: at.Out, Err: at.Err}
}
