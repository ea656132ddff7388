package remote

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"waybill/internal/fault"
)

// Follow starts the job on the server, detached, or finds it there. It gives
// the sink the contents of the spool from the offsets on, until the job has
// ended and everything was given.
//
// A job that was started once is never started again. If it was started and its
// spool is gone, it is lost. Follow knows that it was started if from is not
// zero, because then its output was read before, or if a note in its Dir says
// so. Follow also does not start the job while another deployment's job holds
// Dir, after a later deployment's job was started there, or after a later
// attempt has tried: then the error is a *[HeldError].
//
// An error of the sink ends Follow at once and is returned unchanged. Otherwise
// the error is ctx's own; Unavailable if another try may succeed, because the
// connection was lost, the server did not answer, or its answer made no sense
// after the job was found; or Invalid if the server cannot run the job. An
// Invalid error has [ErrNotStarted] in its chain if this call certainly started
// nothing. Its text holds nothing that the server said. Whatever the error, a
// job that was started keeps running.
func Follow(ctx context.Context, shell Shell, job Job, from Offsets, sink Sink) (End, error) {
	if err := check(job); err != nil {
		return End{}, err
	}
	nonce := rand.Text()
	reader := newReader(len(job.Steps), from, sink)
	frames := newFrames(nonce, reader)
	session := session{shell: shell, script: followScript(job, from, nonce), feed: frames.feed,
		tick: sink.Tick}
	err := session.run(ctx)
	switch {
	case errors.Is(err, errEnded):
		return reader.end, nil
	case err == nil:
		err = silentEnd(session.exit, frames.synced, reader.attached)
	case errors.Is(err, errGarbled) && !reader.attached:
		err = refusal("what its shell prints makes no sense")
	}
	return End{}, err
}

// Remove removes the job's spool and ensures that the job is not started again.
// The error is Conflict if the job is still alive. It is not an error if there
// is no spool. The other errors are as [Follow]'s.
func Remove(ctx context.Context, shell Shell, job Job) error {
	if err := check(job); err != nil {
		return err
	}
	nonce := rand.Text()
	return runToLastFrame(ctx, shell, nonce, removeScript(job, nonce), remover{})
}

// silentEnd is the error for a script that ended without a last frame. If the
// job is known to run, or a signal ended the script, only this session was lost:
// Unavailable. Otherwise the server cannot run scripts: Invalid.
func silentEnd(exit int, synced, attached bool) error {
	switch {
	case attached || exit >= 128:
		return fault.New(fault.Unavailable, "The server ended the session.")
	case synced:
		return refusal("its shell stopped with exit code %d", exit)
	}
	return notStarted("its login shell runs no commands (exit code %d)", exit)
}

// ErrNotStarted is in the chain of an error if the call certainly started
// nothing, because the script said so or never ran.
var ErrNotStarted = errors.New("nothing was started")

// notStarted is a refusal after which it is certain that nothing was started.
func notStarted(format string, args ...any) error {
	return fault.Wrap(ErrNotStarted, fault.Invalid, "The server cannot run the job: %s.",
		fmt.Sprintf(format, args...))
}

// refusal is the error for a server that cannot run the job. The arguments must
// hold nothing that the server said, because that was not redacted.
func refusal(format string, args ...any) error {
	return fault.New(fault.Invalid, "The server cannot run the job: %s.", fmt.Sprintf(format, args...))
}
