package runner

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/logbook"
	"waybill/internal/remote"
)

// lookFor is how long a look at the resource may take. It is a few commands;
// the deployment has ended by then, and somebody waits for it.
const lookFor = 15 * time.Second

// The states that are known without a look.
const (
	statusGone    = "exited"
	statusUnknown = "unknown"
)

// settled is the outcome with what the resource is now, as the server says. If
// that cannot be found out, a deployment that succeeded has what its recipe
// promises, and one that did not has changed nobody knows what.
func (a *attempt) settled(ctx context.Context, outcome deployment.Outcome) (deployment.Outcome, error) {
	if outcome.Status == deployment.Finished && a.record.Operation == catalog.Delete {
		outcome.ResourceStatus = statusGone
		return outcome, a.vacate(ctx)
	}
	found, err := a.look(ctx)
	switch {
	case err != nil && !isTaskError(err):
		return outcome, err
	case err == nil && found.Status != "":
		outcome.ResourceStatus = a.line(found.Status)
		a.fault = found.Fault
		a.built(found)
		return outcome, nil
	case outcome.Status != deployment.Finished && a.mayRun():
		outcome.ResourceStatus = statusUnknown
		a.say(logbook.Stderr, "What the resource is now could not be found out."+whyUnseen(err))
	}
	a.log.InfoContext(ctx, "status not found out", "cause", err)
	return outcome, nil
}

// whyUnseen is what the server had to say about it, which say cleans.
func whyUnseen(err error) string {
	if !errors.Is(err, fault.Unavailable) {
		return ""
	}
	return " " + strings.TrimSuffix(fault.Public(err), ".") + "."
}

// errUnseen says that there was no look.
var errUnseen = errors.New("there is no connection, or no time left")

// look asks the server for the state of the resource. A [taskError] says why it
// is not known.
func (a *attempt) look(ctx context.Context) (found inspect.Found, err error) {
	if a.shell == nil || a.late() {
		return inspect.Found{}, &taskError{errUnseen}
	}
	shell, resource, dataDir := a.shell, a.plan.resource, a.plan.server.DataDir
	err = a.whileLeased(ctx, a.inTime, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, lookFor)
		defer cancel()
		var err error
		found, err = a.opts.Look(ctx, shell, resource, dataDir)
		return err
	})
	if errors.Is(err, errHandOver) {
		return inspect.Found{}, &taskError{err}
	}
	return found, err
}

// inTime is errHandOver once this runner's time is nearly up.
func (a *attempt) inTime() error {
	if a.late() {
		return errHandOver
	}
	return nil
}

// vacate leaves nothing in the folder of a resource that is off the server, if
// it can. That is done while the resource is still this deployment's: a start
// that comes later finds all of the folder or nothing.
func (a *attempt) vacate(ctx context.Context) error {
	if a.shell == nil {
		return nil
	}
	shell, job := a.shell, a.plan.recipe.Job
	err := a.whileLeased(ctx, uninterrupted, func(ctx context.Context) error { return remote.Vacate(ctx, shell, job) })
	if isTaskError(err) {
		a.log.WarnContext(ctx, "folder not removed", "error", err)
		return nil
	}
	return err
}

// commits are what a commit's hash looks like, of SHA-1 and of SHA-256.
var commits = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// built notes what was built. The message is whatever somebody wrote: it is
// redacted before anything is cut off, so that no part of a secret is left.
func (a *attempt) built(found inspect.Found) {
	if a.record.Operation == catalog.Stop || !commits.MatchString(found.Commit) || a.clean(found.Commit) != found.Commit {
		return
	}
	// The whole message is redacted first: a secret may have several lines.
	message, _, _ := strings.Cut(strings.TrimSpace(a.clean(found.Message)), "\n")
	message = a.line(message)
	if len(message) > deployment.MaxCommitMessage {
		message = strings.ToValidUTF8(message[:deployment.MaxCommitMessage], "")
	}
	a.progress.Source = deployment.Source{Commit: found.Commit, Message: strings.TrimSpace(message)}
}
