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

// attempt is the work of one runner on one deployment, while it has the lease. It
// is for one goroutine.
type attempt struct {
	ports    Ports
	opts     Options
	record   deployment.Record
	progress deployment.Progress
	plan     plan
	recorder *logbook.Recorder
	// matcher masks the secrets, and unmasked has a warning for each secret that
	// it does not mask. Only conceal sets them.
	matcher  *redact.Matcher
	unmasked []string
	shell    remote.Shell
	retries  retries

	// renewed is when the lease was renewed. signalled is when signals was read
	// from the record.
	renewed   time.Time
	signalled time.Time
	signals   deployment.Signals
	deadline  time.Time
	// followedAt is when a reader began to follow the log, or zero.
	followedAt time.Time

	// stopped is set once the job was stopped, for stopReason. lastData is when
	// the last output of the job arrived.
	stopped    *remote.Stopped
	stopReason deployment.Reason
	lastData   time.Time
	// attachedAt is when this session first heard of the job, or zero.
	attachedAt time.Time
	// caughtUp says that this session has read all that the job had written.
	caughtUp bool
	// clockOffset is how far the server's clock was ahead of ours at that time.
	clockOffset time.Duration

	// unhealthy names the containers that were not healthy at the end.
	unhealthy string

	// health is the measurement of the server at the end of a start, or zero.
	health catalog.Health

	// log is the operator's log. warned has the texts of sayOnce.
	log    *slog.Logger
	warned map[string]bool
}

// newAttempt returns an attempt that continues where the log really ends: it counts a
// chunk that an earlier runner wrote but could not record. Its recorder and matcher
// can be used at once; the matcher has no secrets yet. The error is the archive's.
func (r *Runner) newAttempt(ctx context.Context, record deployment.Record) (*attempt, error) {
	a := &attempt{
		ports:    r.ports,
		opts:     r.opts,
		record:   record,
		progress: record.Progress,
		warned:   map[string]bool{},
		renewed:  r.now(),
		signals: deployment.Signals{
			CancelRequested: !record.CancelRequestedAt.IsZero(),
			FollowedAt:      record.FollowedAt,
		},
	}
	a.log = slog.New(cleaner{r.opts.Log.Handler(), a.clean})
	a.signalled = a.renewed
	if deadline, ok := ctx.Deadline(); ok {
		a.deadline = deadline.Add(-HandOverTime)
	}
	found, err := logbook.Recover(ctx, r.ports.log(record.ID), a.progress.Log)
	if err != nil {
		return nil, err
	}
	a.progress.Log = found.Mark
	for _, begun := range found.Steps {
		for len(a.progress.Steps) < begun.Batch {
			a.progress.Steps = append(a.progress.Steps, deployment.Step{Name: begun.Step,
				StartedAt: begun.Time})
		}
		a.progress.Steps[begun.Batch-1].First = begun.Order
	}
	a.conceal(nil, nil)
	return a, nil
}

// work performs the deployment to its outcome. A deployment that can never run as
// it is configured, or whose server fails for good, has an outcome, too. An error
// other than errHandOver and errPark is the reason why this runner cannot continue.
func (a *attempt) work(ctx context.Context) (deployment.Outcome, error) {
	prepare, perform := a.prepare, a.perform
	if a.record.Operation == deployment.Scrub {
		prepare, perform = a.prepareScrub, a.scrub
	}
	plan, err := prepare(ctx)
	if isPermanent(err) {
		a.say(logbook.Stderr, fault.Public(err)+a.mayRunText())
		return failure(deployment.ReasonConfiguration), nil
	}
	if err != nil {
		return deployment.Outcome{}, err
	}
	a.plan = plan
	a.sayUnmasked()
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
// else starts or finds it, and follows it to its end. Without an outcome, another
// session must follow. A [taskError] is the server's.
func (a *attempt) session(ctx context.Context) (result, error) {
	if a.shell == nil {
		result, err := a.attach(ctx)
		if err != nil || result.ended() || a.shell == nil {
			return result, err
		}
	}
	// Check the lease before anything changes on the server: a runner that slept
	// for longer than its lease finds out here that another one took over.
	if err := a.heartbeat(ctx, remote.TickEvery); err != nil {
		return result{}, err
	}
	if a.stopped == nil && a.stopDue() != "" {
		return result{}, a.stop(ctx)
	}
	end, err := a.startAndFollow(ctx)
	switch {
	case errors.Is(err, errStop):
		return result{}, a.restartRecording(ctx)
	case errors.Is(err, errDrained):
		return ended(a.conclude(remote.End{Lost: true})), nil
	case err != nil:
		return result{}, err
	}
	if end.Lost && !end.Rebooted && a.stopped == nil {
		return a.stopLost(ctx, end)
	}
	return ended(a.conclude(end)), nil
}

// attach connects, and reads the secrets that the job has declared if it may
// have begun. Without an outcome and an error, a.shell is ready for use. A
// [taskError] is the server's.
func (a *attempt) attach(ctx context.Context) (result, error) {
	result, err := a.connect(ctx)
	if err != nil || result.ended() || !a.mayRun() {
		return result, err
	}
	return result, a.readDeclarations(ctx)
}

// startAndFollow starts the job or finds it, and follows it to its end. A [taskError] is
// the server's. errStop, errDrained, errHandOver and errPark end the session while the job
// continues. Any other error ends this runner's work.
func (a *attempt) startAndFollow(ctx context.Context) (remote.End, error) {
	s := &sink{
		a:            a,
		checkSession: func(next time.Duration) error { return a.checkSession(ctx, next) },
		advance:      func() error { return a.advance(ctx) },
	}
	a.lastData, a.attachedAt, a.caughtUp = a.now(), time.Time{}, false
	sentBefore := a.progress.Sent
	if err := a.recordSent(ctx); err != nil {
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

// recordSent records that the job is about to be sent, before it is sent.
func (a *attempt) recordSent(ctx context.Context) error {
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

// restartRecording prepares the log, not the job, for another session. It commits all
// complete lines and begins a new recording there. The next session reads the
// incomplete lines again, so its filters must not have seen their first bytes.
func (a *attempt) restartRecording(ctx context.Context) error {
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

// startRecording begins a recording at the end of the committed log. It discards
// every entry that is not committed yet.
func (a *attempt) startRecording() {
	a.recorder = logbook.NewRecorder(a.ports.log(a.record.ID), a.progress.Log, a.filter,
		logbook.RecorderOptions{Now: a.opts.Now, Since: a.record.StartedAt})
}

// say adds lines of Waybill's own to the log. It masks the secrets in them, which
// may come from a quoted text.
func (a *attempt) say(typ logbook.Type, text string) { a.recorder.Message(a.clean(text), typ) }

func offsets(at logbook.Position) remote.Offsets {
	return remote.Offsets{Out: at.Out, Err: at.Err}
}
