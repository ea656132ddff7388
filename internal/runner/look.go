package runner

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/logbook"
	"waybill/internal/remote"
)

// lookFor is how long a look at the resource may take. It is a few commands, and
// a user waits for the end of the deployment meanwhile.
const lookFor = 15 * time.Second

// The states that need no look.
const (
	statusGone    = "exited"
	statusUnknown = "unknown"
)

// lookOrVacate adds the state of the resource to the outcome, as the server reports
// it. After a finished delete it does not look, but vacates the folder. It also adds
// the source, and notes the containers that are not healthy.
//
// If the server cannot tell, the state of a finished deployment stays as its recipe
// promises. The state of any other one is unknown if its job may have run, or else
// unchanged. An error is never the server's.
func (a *attempt) lookOrVacate(ctx context.Context, outcome deployment.Outcome) (deployment.Outcome, error) {
	if outcome.Status == deployment.Finished && a.record.Operation == deployment.Delete {
		outcome.ResourceStatus = statusGone
		return outcome, a.vacate(ctx)
	}
	found, err := a.look(ctx)
	switch {
	case err != nil && !isTaskError(err):
		return outcome, err
	case err == nil && found.Status != "":
		outcome.ResourceStatus = a.cleanLine(found.Status)
		a.unhealthy = found.Fault
		outcome.Source = a.source(found)
		return outcome, nil
	case outcome.Status != deployment.Finished && a.mayRun():
		outcome.ResourceStatus = statusUnknown
		a.say(logbook.Stderr, "What the resource is now could not be found out."+whyNoLook(err))
	}
	a.log.InfoContext(ctx, "status not found out", "cause", err)
	return outcome, nil
}

// whyNoLook returns a sentence, after a space, that says how the server failed to
// answer a look. It is "" for every other reason.
func whyNoLook(err error) string {
	if !errors.Is(err, fault.Unavailable) {
		return ""
	}
	return " " + strings.TrimSuffix(fault.Public(err), ".") + "."
}

// errNoLook means that there was no look.
var errNoLook = errors.New("there is no connection, or no time left")

// look asks the server for the state of the resource. A [taskError] says why it
// is not known.
func (a *attempt) look(ctx context.Context) (found inspect.Found, err error) {
	if a.shell == nil || a.nearlyOutOfTime() {
		return inspect.Found{}, &taskError{errNoLook}
	}
	shell, resource, dataDir := a.shell, a.plan.resource, a.plan.server.DataDir
	err = a.whileLeased(ctx, a.checkTime, func(ctx context.Context) error {
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

// checkTime is errHandOver once this runner's time is nearly up.
func (a *attempt) checkTime() error {
	if a.nearlyOutOfTime() {
		return errHandOver
	}
	return nil
}

// vacate removes Waybill's own files from the folders of a deleted resource, and each
// folder that is empty then. Failures of the server are only logged. It runs while
// this deployment still has the resource, so that a later start finds either the
// whole folder or nothing.
func (a *attempt) vacate(ctx context.Context) error {
	if a.shell == nil {
		return nil
	}
	shell, job := a.shell, a.plan.recipe.Job
	err := a.whileLeased(ctx, uninterrupted, func(ctx context.Context) error {
		return remote.Vacate(ctx, shell, job)
	})
	if isTaskError(err) {
		a.log.WarnContext(ctx, "folder not removed", "error", err)
		return nil
	}
	return err
}

// commits matches the hash of a commit: SHA-1 or SHA-256.
var commits = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// source returns the commit that was built, if one was. Its message may contain a
// secret, so it is redacted before it is cut.
func (a *attempt) source(found inspect.Found) deployment.Source {
	known := commits.MatchString(found.Commit) && a.clean(found.Commit) == found.Commit
	if a.record.Operation == deployment.Stop || !known {
		return deployment.Source{}
	}
	// The whole message is redacted first: a secret may have several lines.
	message, _, _ := strings.Cut(strings.TrimSpace(a.clean(found.Message)), "\n")
	message = a.cleanLine(message)
	if len(message) > deployment.MaxCommitMessage {
		message = strings.ToValidUTF8(message[:deployment.MaxCommitMessage], "")
	}
	return deployment.Source{Commit: found.Commit, Message: strings.TrimSpace(message)}
}
