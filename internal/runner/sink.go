package runner

import (
	"cmp"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/remote"
)

// sink writes the content of a job's spool to the log and to the record.
type sink struct {
	a *attempt
	// checkSession and advance are the attempt's methods, with the run's context.
	checkSession func(next time.Duration) error
	advance      func() error
	// err is the last error of these two.
	err error
}

var _ remote.Sink = (*sink)(nil)

// Attached records the job's process group at once: until then the record cannot
// say that the job runs.
func (s *sink) Attached(process string, started bool, now time.Time) error {
	s.a.clockOffset = now.Sub(s.a.now())
	if s.a.clockOffset.Abs() < clockTolerance {
		s.a.clockOffset = 0
	}
	if !started && s.a.record.Lease.Attempt > 1 && !s.a.comesBack() {
		s.a.say(logbook.Stdout, "Found the job on the server; following its output.")
	}
	process = s.a.cleanLine(process)
	known := s.a.progress.Process == process
	s.a.progress.Process = process
	s.a.attachedAt = s.a.now()
	if known {
		return s.noteError(s.checkSession(0))
	}
	return s.noteError(s.advance())
}

// noteError notes an error of Waybill's own, which the caller must not take for the
// server's.
func (s *sink) noteError(err error) error {
	s.err = err
	return err
}

// afterInput notes the time of a step's event or a piece of output and calls
// checkSession, whose error ends the session.
func (s *sink) afterInput() error {
	s.a.lastData = s.a.now()
	s.a.sayUnmaskable() // not later than in the chunk that has the declaration
	return s.noteError(s.checkSession(0))
}

// StepStarted opens a step in the log and in the record's timings.
func (s *sink) StepStarted(event remote.StepEvent) error {
	step := s.a.plan.recipe.Job.Steps[event.Number-1]
	at := s.when(event.At)
	s.a.recorder.StepStarted(event.Number, step.Name, s.a.clean(cmp.Or(step.Command, step.Script)), at,
		event.Out, event.Err, event.Offset)
	begun := &s.steps(event.Number)[event.Number-1]
	*begun = deployment.Step{Name: step.Name, StartedAt: at, First: begun.First}
	return s.afterInput()
}

// StepEnded closes a step.
func (s *sink) StepEnded(event remote.StepEvent) error {
	at := s.when(event.At)
	s.a.recorder.StepEnded(event.Number, at, event.Out, event.Err, event.Offset)
	step := &s.steps(event.Number)[event.Number-1]
	if at.Before(step.StartedAt) {
		at = step.StartedAt
	}
	step.FinishedAt, step.ExitCode = at, &event.ExitCode
	return s.afterInput()
}

// Data takes bytes of a stream. They are new, so the connection works. The events
// of steps prove nothing: a server that breaks each session sends them each time.
func (s *sink) Data(stream remote.Stream, offset int64, p []byte, at time.Time) error {
	s.a.recorder.Data(types[stream], offset, p, s.when(at))
	s.a.retries = retries{}
	return s.afterInput()
}

// Idle notes that the session has caught up with the job. A runner that was woken, and has
// nothing more to do, leaves here.
func (s *sink) Idle() error {
	s.a.caughtUp = true
	return s.noteError(s.checkSession(remote.TickEvery))
}

// clockTolerance is an offset of a server's clock that is not corrected: the time
// that a session takes can make it up.
const clockTolerance = 2 * time.Second

// when converts a time of the server's clock to the runner's clock. The result is
// not before the deployment's start and not after now.
func (s *sink) when(at time.Time) time.Time {
	at = at.Add(-s.a.clockOffset)
	if now := s.a.now(); at.After(now) {
		return now
	}
	if at.Before(s.a.record.StartedAt) {
		return s.a.record.StartedAt
	}
	return at
}

// Tick does the periodic work. A connection counts as working once its session has
// told of the job and has lasted for a while since. A login alone does not count.
func (s *sink) Tick() error {
	if s.a.retries.tries > 0 && !s.a.attachedAt.IsZero() && s.a.now().Sub(s.a.attachedAt) > maxPause {
		s.a.retries = retries{}
	}
	return s.noteError(s.checkSession(remote.TickEvery))
}

var types = map[remote.Stream]logbook.Type{remote.Out: logbook.Stdout, remote.Err: logbook.Stderr}

// steps returns the steps of the record, up to the number at least. After a runner
// has re-attached, a step may be there already.
func (s *sink) steps(number int) []deployment.Step {
	for len(s.a.progress.Steps) < number {
		next := s.a.plan.recipe.Job.Steps[len(s.a.progress.Steps)]
		s.a.progress.Steps = append(s.a.progress.Steps, deployment.Step{Name: next.Name})
	}
	return s.a.progress.Steps
}
