package remote

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"waybill/internal/fault"
)

// Follow starts the job on the server, detached, or finds it there, and gives
// the sink what its spool holds from the offsets on, until the job has ended
// and everything was given.
//
// A job that was started once is never started again. If it was, and its spool
// is gone, it is lost: someone has already read of it (from is not zero), or a
// note in its Dir says so. Nor is it started while another deployment's job
// holds Dir, after a later deployment's was started there, or after a later
// attempt has tried: then the error is a *[HeldError].
//
// An error of the sink ends Follow at once and comes back as it is. Otherwise
// the error is ctx's own; Unavailable when the connection was lost; or Invalid
// when the server cannot run the job, in words that hold nothing the server
// said. Whatever the error, a job that was started goes on.
func Follow(ctx context.Context, shell Shell, job Job, from Offsets, sink Sink) (End, error) {
	if err := check(job); err != nil {
		return End{}, err
	}
	nonce := rand.Text()
	reader := newReader(len(job.Steps), from, sink)
	frames := newFrames(nonce, reader)
	session := session{shell: shell, script: followScript(job, from, nonce), feed: frames.feed, tick: sink.Tick}
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

// Remove removes the job's spool, and sees to it that the job is not started
// again. Conflict if it is still alive; removing nothing is not an error.
func Remove(ctx context.Context, shell Shell, job Job) error {
	if err := check(job); err != nil {
		return err
	}
	nonce := rand.Text()
	return answer(ctx, shell, nonce, removeScript(job, nonce), remover{})
}

// silentEnd says what it means that a script ended without a last frame. Once
// the job is known to run, that is only a reader less.
func silentEnd(exit int, synced, attached bool) error {
	switch {
	case attached || exit >= 128:
		return fault.New(fault.Unavailable, "The server ended the session.")
	case synced:
		return refusal("its shell stopped with exit code %d", exit)
	}
	return notStarted("its login shell runs no commands (exit code %d)", exit)
}

// ErrNotStarted is in the chain of an error after which it is certain that the
// call started nothing: the script said so, or never ran.
var ErrNotStarted = errors.New("nothing was started")

// notStarted is a refusal by a script that started nothing.
func notStarted(format string, args ...any) error {
	return fault.Wrap(ErrNotStarted, fault.Invalid, "The server cannot run the job: %s.", fmt.Sprintf(format, args...))
}

// refusal is the error for a server that cannot run the job. Nothing that the
// server said may be among the arguments: it was not redacted.
func refusal(format string, args ...any) error {
	return fault.New(fault.Invalid, "The server cannot run the job: %s.", fmt.Sprintf(format, args...))
}
