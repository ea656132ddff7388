package runner

import (
	"context"
	"fmt"

	"waybill/internal/logbook"
	"waybill/internal/redact"
	"waybill/internal/remote"
)

// recall has the matcher know every value that the job has declared to be a
// secret, before anything else is read of a job that may have been running: an
// earlier runner has read the declarations, or this one before it lost the
// connection, and they are not read again.
//
// What lies ahead counts as well. A value is then masked in lines that were
// written before it was declared, which a runner that was there then would have
// shown; the other way round, one would be shown that must not be.
func (a *attempt) recall(ctx context.Context) error {
	var found remote.Declarations
	shell, job := a.shell, a.plan.recipe.Job
	err := a.whileLeased(ctx, a.inTime, func(ctx context.Context) error {
		var err error
		found, err = remote.Declared(ctx, shell, job)
		return err
	})
	if err != nil {
		return err
	}
	for _, line := range found.Lines {
		if value, ok := redact.DeclaredMask(line); ok {
			a.matcher.Declare(value)
		}
	}
	// Whoever reads the lines in their turn says what was declared in vain.
	_ = a.matcher.Warnings()
	a.sayUnknown(found)
	return nil
}

// sayUnknown says what may be missing of the declarations to a runner that was
// not there when they were made.
func (a *attempt) sayUnknown(found remote.Declarations) {
	if a.record.Lease.Attempt == 1 {
		return
	}
	if found.Dropped {
		a.sayOnce("The server has dropped a part of the output: values that the job declared there as secrets are not masked from here on.")
	}
	if found.Cut {
		a.sayOnce(fmt.Sprintf("The job has declared more than %d KiB of secrets: those of them that come last are not masked from here on.",
			remote.MaxDeclaredBytes>>10))
	}
}

// sayInVain says what the job has declared and is not masked.
func (a *attempt) sayInVain() {
	for _, text := range a.matcher.Warnings() {
		a.sayOnce(text)
	}
}

// sayOnce warns, once in an attempt.
func (a *attempt) sayOnce(text string) {
	if a.warned[text] {
		return
	}
	a.warned[text] = true
	a.say(logbook.Stderr, text)
}

// sayWeak names the secrets that nobody looks for, once in a deployment: an
// earlier runner that has committed anything has committed this.
func (a *attempt) sayWeak() {
	if a.progress.Log.Last > 0 {
		return
	}
	for _, text := range a.weak {
		a.say(logbook.Stderr, text)
	}
}
