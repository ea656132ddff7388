package runner

import (
	"context"
	"fmt"
	"strings"

	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/remote"
)

// stop ends the job on the server, for a user or because of its timeout. The
// next session follows the rest of its output. A [taskError] is the server's.
//
// It may come before anything was started. Then it keeps a runner that sleeps
// from starting the job later.
func (a *attempt) stop(ctx context.Context) error {
	a.stopReason = a.stopDue()
	a.say(logbook.Stdout, fmt.Sprintf("%s Stopping the job: TERM now, KILL after %s.",
		a.stopText(ctx), a.opts.StopGrace))
	return a.endProcesses(ctx)
}

// stopLost ends the processes that a lost job left running, because the resource
// must not become free while a step may still work on it. The next session
// follows their last output, unless the spool was tampered with: then its content
// proves nothing.
func (a *attempt) stopLost(ctx context.Context, end remote.End) (result, error) {
	a.stopReason = deployment.ReasonLost
	if end.Tampered {
		a.stopReason = deployment.ReasonTampered
	}
	a.say(logbook.Stderr, lostText(end)+" Stopping what is left of it.")
	if err := a.endProcesses(ctx); err != nil {
		return result{}, err
	}
	if !end.Tampered && len(a.stopped.Killed) > 0 {
		return result{}, a.restartRecording(ctx)
	}
	return ended(a.conclude(end)), nil
}

// endProcesses ends the job's processes, sets a.stopped and logs which processes
// ended and which still run. It commits the log before and after. A [taskError] is
// the server's.
func (a *attempt) endProcesses(ctx context.Context) error {
	if err := a.commit(ctx); err != nil {
		return err
	}
	var stopped remote.Stopped
	err := a.whileLeased(ctx, uninterrupted, func(ctx context.Context) error {
		var err error
		stopped, err = remote.Stop(ctx, a.shell, a.plan.recipe.Job, a.opts.StopGrace)
		return err
	})
	if err != nil {
		return err
	}
	a.stopped = &stopped
	a.sayStopped(stopped)
	a.log.InfoContext(ctx, "stopped", "reason", a.stopReason, "running", stopped.Running,
		"killed", len(stopped.Killed), "survivors", len(stopped.Survivors))
	return a.commit(ctx)
}

// stopText says why the job is stopped. The record names the user who asked for
// it; if the record cannot be read now, the text leaves the name out.
func (a *attempt) stopText(ctx context.Context) string {
	if a.stopReason == deployment.ReasonTimeout {
		return fmt.Sprintf("The deployment has taken longer than the %s that its resource allows.",
			a.plan.timeout)
	}
	by := a.record.CancelRequestedBy
	if by == "" {
		if record, err := a.ports.History.Get(ctx, a.record.ID); err == nil {
			by = record.CancelRequestedBy
		}
	}
	if by == "" {
		return "Cancelled by a user."
	}
	return fmt.Sprintf("Cancelled by %s.", by)
}

func (a *attempt) sayStopped(stopped remote.Stopped) {
	switch {
	case len(stopped.Killed) > 0:
		a.say(logbook.Stdout, fmt.Sprintf("Stopped: %s.", processes(stopped.Killed)))
	case len(stopped.Survivors) == 0:
		a.say(logbook.Stdout, "No process of the job was left to stop.")
	}
	if len(stopped.Survivors) > 0 {
		a.say(logbook.Stderr, fmt.Sprintf("These processes would not end, and still run on the server: %s.",
			processes(stopped.Survivors)))
	}
	if stopped.Blind {
		a.say(logbook.Stdout, blindText)
	}
	a.sayContainers(stopped.Containers)
}

// sayContainers names what a job's docker clients left. Containers that may be
// another's are for a person to judge.
func (a *attempt) sayContainers(found remote.Containers) {
	if len(found.Ended) > 0 {
		a.say(logbook.Stdout, fmt.Sprintf("Ended the containers that the job had in the foreground: %s.",
			joinFirst(found.Ended, len(found.Ended))))
	}
	if len(found.Left) > 0 {
		a.say(logbook.Stderr, fmt.Sprintf(
			"These containers were created while the job ran, by the job or by something else, "+
				"and still run: %s. To end one that is the job's: docker rm --force NAME",
			joinFirst(found.Left, len(found.Left))))
	}
	if found.Unknown {
		a.say(logbook.Stderr, "Docker did not answer, so containers that the job started may still run.")
	}
}

// blindText names the processes that a stop cannot find. Most servers give a job
// of root a control group, or its login an audit session. Then all are found.
const blindText = "This server gives the job no control group and no audit session: " +
	"processes that left its session under another user, or without its environment, " +
	"are not found and may still run."

// maxNamed is how many processes, or containers, the log names.
const maxNamed = 50

// processes lists processes as "sleep (4711), sh (4712)". A program chooses its
// own name, so names must be redacted like output.
func processes(all []remote.Process) string {
	var words []string
	for _, p := range all[:min(len(all), maxNamed)] {
		words = append(words, fmt.Sprintf("%s (%d)", p.Name, p.PID))
	}
	return joinFirst(words, len(all))
}

// joinFirst joins the first maxNamed words and says how many more there are. of is the
// number of all words, also of the ones that the caller has already left out.
func joinFirst(words []string, of int) string {
	text := strings.Join(words[:min(len(words), maxNamed)], ", ")
	if more := of - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// stoppedOutcome is the outcome of a stopped job that has no process left.
func (a *attempt) stoppedOutcome() deployment.Outcome {
	if a.stopReason == deployment.ReasonCancelled {
		return deployment.Outcome{Status: deployment.Cancelled, Reason: deployment.ReasonCancelled}
	}
	return failure(a.stopReason)
}

// afterStop is the result of stopping the job. It is not ended if the job was
// not stopped, or had ended by itself: then its own end decides.
func (a *attempt) afterStop(end remote.End) result {
	switch {
	case a.stopped == nil:
		return result{}
	case len(a.stopped.Survivors) > 0:
		return failed(deployment.ReasonSurvivors)
	case a.stopped.Running, end.Lost:
		return ended(a.stoppedOutcome())
	}
	return result{}
}
