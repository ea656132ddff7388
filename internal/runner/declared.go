package runner

import (
	"context"
	"fmt"

	"waybill/internal/logbook"
	"waybill/internal/redact"
	"waybill/internal/remote"
)

// readDeclarations gives the matcher every value that the job has declared to be a
// secret, before anything else is read of a job that may have been running. The
// declarations were read by an earlier runner, or by this one before it lost the
// connection, and the log is not read again.
//
// It includes declarations that this runner has not reached yet. So a value may
// be masked in lines from before its declaration, which is harmless. Without
// them, a value could be shown that must not be.
//
// A [taskError] is the server's: then the job must not be followed on this
// connection.
func (a *attempt) readDeclarations(ctx context.Context) error {
	var found remote.Declarations
	shell, job := a.shell, a.plan.recipe.Job
	err := a.whileLeased(ctx, a.checkTime, func(ctx context.Context) error {
		var err error
		found, err = remote.Declared(ctx, shell, job)
		return err
	})
	if err != nil {
		return err
	}
	for _, line := range found.Lines {
		if value, ok := redact.DeclaredValue(line); ok {
			a.matcher.Declare(value)
		}
	}
	// The warnings appear in the log when these lines are read in their turn.
	_ = a.matcher.Warnings()
	a.sayUnknown(found)
	return nil
}

// sayUnknown warns of declarations that a runner which took over may not have
// found.
func (a *attempt) sayUnknown(found remote.Declarations) {
	if a.record.Lease.Attempt == 1 {
		return
	}
	if found.Dropped && !a.progress.SaidDropped {
		a.progress.SaidDropped = true
		a.sayOnce("The server has dropped a part of the output: values that the job declared there " +
			"as secrets are not masked from here on.")
	}
	if found.Cut && !a.progress.SaidCut {
		a.progress.SaidCut = true
		a.sayOnce(fmt.Sprintf(
			"The job has declared more than %d KiB of secrets: the last of them are not masked from here on.",
			remote.MaxDeclaredBytes>>10))
	}
}

// sayUnmaskable warns of values that the job has declared and that are not masked.
func (a *attempt) sayUnmaskable() {
	for _, text := range a.matcher.Warnings() {
		a.sayOnce(text)
	}
}

// sayOnce logs a warning once in an attempt.
func (a *attempt) sayOnce(text string) {
	if a.warned[text] {
		return
	}
	a.warned[text] = true
	a.say(logbook.Stderr, text)
}

// sayUnmasked names the secrets that are not masked, once in a deployment: an
// earlier runner that committed anything has committed this, too.
func (a *attempt) sayUnmasked() {
	if a.progress.Log.Last > 0 {
		return
	}
	for _, text := range a.unmasked {
		a.say(logbook.Stderr, text)
	}
}
