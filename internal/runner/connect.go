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

// retries counts the tries that failed, and the connections that broke, since a
// connection last proved to work; see [sink.Data] and [sink.Tick]. since is the time
// of the first one.
type retries struct {
	tries int
	since time.Time
}

// maxPause is the longest wait between two tries.
const maxPause = 15 * time.Second

// connect opens the connection and sets a.shell. It returns an outcome instead if
// the server refuses or does not answer in time, or if the deployment is to be
// stopped and nothing was started. errHandOver if this runner's time is nearly up.
func (a *attempt) connect(ctx context.Context) (result, error) {
	server := a.plan.server
	if a.retries.tries == 0 && !a.comesBack() {
		through := ""
		if jump := a.plan.jump; jump != nil {
			through = fmt.Sprintf(" through %s (%s@%s port %d)",
				jump.Name, jump.User, jump.Address, jump.Port)
		}
		a.say(logbook.Stdout, fmt.Sprintf("Connecting to %s (%s@%s port %d)%s.",
			server.Name, server.User, server.Address, server.Port, through))
	}
	for {
		switch {
		case a.endsUnstarted():
			a.stopReason = a.stopDue()
			a.say(logbook.Stdout, "The server was not reached, and nothing was started.")
			return ended(a.stoppedOutcome()), nil
		case a.nearlyOutOfTime():
			return result{}, errHandOver
		}
		result, err := a.dial(ctx)
		if err != nil || result.ended() || a.shell != nil {
			return result, err
		}
	}
}

// dial tries once to connect. If the server does not answer, dial waits until the
// next try is due, or gives up if the window is over. Any other refusal, such as a
// wrong host key, is an outcome at once. Without an outcome and an error, a.shell
// tells whether it has connected.
func (a *attempt) dial(ctx context.Context) (result, error) {
	var shell remote.Shell
	err := a.whileLeased(ctx, uninterrupted, func(ctx context.Context) error {
		var err error
		shell, err = a.ports.Dialer.Dial(ctx, a.plan.target)
		return err
	})
	if err == nil {
		a.shell = shell
		return result{}, nil
	}
	task, is := errors.AsType[*taskError](err)
	if !is {
		return result{}, errors.Join(err, closeLate(shell))
	}
	refused, is := errors.AsType[*remote.DialError](task.cause)
	switch {
	case !is || ctx.Err() != nil:
		return result{}, task.cause
	case refused.Cause != remote.CauseUnreachable:
		a.say(logbook.Stderr, dialText(refused)+a.mayRunText())
		return failed(deployment.Reason(refused.Cause)), nil
	}
	return a.retryLater(ctx, dialText(refused))
}

// closeLate closes a shell that was opened too late to be used.
func closeLate(shell remote.Shell) error {
	if shell == nil {
		return nil
	}
	return shell.Close()
}

// disconnected prepares the attempt for another connection, which is tried at
// once unless connections do not last. text says what happened.
func (a *attempt) disconnected(ctx context.Context, text string) (result, error) {
	a.closeShell()
	switch {
	case a.progress.Process != "":
		text += " What was started there goes on."
	case a.mayRun():
		text += " Whether the job was started there is not known yet."
	}
	if a.retries.tries > 0 {
		result, err := a.retryLater(ctx, text)
		if err != nil || result.ended() {
			return result, err
		}
		return result, a.restartRecording(ctx)
	}
	now := a.now()
	a.retries = retries{tries: 1, since: now}
	a.say(logbook.Stderr, fmt.Sprintf("%s Connecting again, until %s.", text, clock(now.Add(a.window()))))
	return result{}, a.restartRecording(ctx)
}

// retryLater logs the failure and waits for the next try, or gives up.
func (a *attempt) retryLater(ctx context.Context, text string) (result, error) {
	now := a.now()
	if a.retries.tries == 0 {
		a.retries.since = now
	}
	wait := min(time.Second<<min(a.retries.tries, 4), maxPause)
	a.retries.tries++
	until := a.retries.since.Add(a.window())
	// The last pause ends with the window, at the time that the log names.
	if wait = min(wait, until.Sub(now)); wait <= 0 {
		took := now.Sub(a.retries.since).Round(time.Second)
		a.say(logbook.Stderr, fmt.Sprintf("%s Given up after %s.%s", text, took, a.mayRunText()))
		return failed(deployment.ReasonUnreachable), nil
	}
	a.say(logbook.Stderr, fmt.Sprintf("%s Trying again in %s, until %s.",
		text, inSeconds(wait), clock(until)))
	if err := a.commit(ctx); err != nil {
		return result{}, err
	}
	return result{}, a.pause(ctx, wait)
}

// pause waits between two tries. It returns nil early if the deployment is to be
// stopped before anything was started, or if this runner's time is nearly up: the
// caller must check for both.
func (a *attempt) pause(ctx context.Context, wait time.Duration) error {
	enough := func() error {
		if a.endsUnstarted() || a.nearlyOutOfTime() {
			return errStop
		}
		return nil
	}
	err := a.whileLeased(ctx, enough, func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
			return nil
		}
	})
	if errors.Is(err, errStop) {
		return nil
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// window is how long a server that does not answer is tried.
func (a *attempt) window() time.Duration {
	if a.mayRun() {
		return a.opts.ReattachFor
	}
	return a.opts.ReachFor
}

// endsUnstarted reports whether the deployment is to be stopped and certainly has
// no job on the server, so that no connection is needed to end it.
func (a *attempt) endsUnstarted() bool { return a.stopDue() != "" && !a.mayRun() }

// mayRun reports whether the job may be on the server: this runner or an earlier
// one recorded that it was about to send it, and the session that followed did not
// report that it had certainly started nothing. It stays true after the job's end. A
// runner that lost its lease cannot record this, and so sends nothing.
func (a *attempt) mayRun() bool { return a.progress.Sent }

func (a *attempt) mayRunText() string {
	switch {
	case a.progress.Process != "":
		return " The job was started and may still be running on the server."
	case a.mayRun():
		return " The job may have been started, and may be running on the server."
	}
	return ""
}

// inSeconds rounds a pause to seconds, to 1 s at least.
func inSeconds(wait time.Duration) time.Duration {
	return max(wait.Round(time.Second), time.Second)
}

func clock(at time.Time) string { return at.Format("15:04:05 MST") }

func dialText(err *remote.DialError) string {
	switch err.Cause {
	case remote.CauseHostKeyChanged:
		return err.ChangedKey() + " No command was sent."
	case remote.CauseHostKeyMissing:
		return "No host key is pinned for the " + err.Host() + ". No command was sent."
	case remote.CauseAccess:
		return "The " + err.Host() + " refused the private key."
	}
	return "The " + err.Host() + " did not answer: " + err.Err.Error() + "."
}

// isPermanent reports whether an error of [attempt.prepare] is permanent: every further
// try would fail in the same way. Do not ask it about an error of the ledger: there,
// Conflict means that the lease is lost.
func isPermanent(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Conflict:
		return err != nil
	}
	return false
}
