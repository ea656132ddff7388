package runner

import (
	"cmp"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/remote"
)

// sink takes what a job's spool holds into the log and onto the record.
type sink struct {
	*attempt
	// due and advance are the attempt's, with the run's context.
	due, advance func() error
	// err is the last error of our own.
	err error
}

var _ remote.Sink = (*sink)(nil)

// Attached notes the job's process group, at once: until the record names it,
// nobody knows that the job runs.
func (s *sink) Attached(process string, started bool, now time.Time) error {
	s.ahead = now.Sub(s.now())
	if s.ahead.Abs() < clockTolerance {
		s.ahead = 0
	}
	if !started && s.record.Lease.Attempt > 1 {
		s.say(logbook.Stdout, "Found the job on the server; following its output.")
	}
	process = s.line(process)
	known := s.progress.Process == process
	s.progress.Process = process
	s.attachedAt = s.now()
	if known {
		return s.own(s.due())
	}
	return s.own(s.advance())
}

// own keeps an error of our own apart from the server's.
func (s *sink) own(err error) error {
	s.err = err
	return err
}

// came notes that the server gives something.
func (s *sink) came() error {
	s.given = s.now()
	s.sayInVain() // in the chunk that has the declaration, or before
	return s.own(s.due())
}

// StepStarted opens a step in the log and in the record's timings.
func (s *sink) StepStarted(event remote.StepEvent) error {
	step := s.plan.Job.Steps[event.Number-1]
	at := s.when(event.At)
	s.recorder.StepStarted(event.Number, step.Name, s.clean(cmp.Or(step.Command, step.Script)), at,
		event.Out, event.Err, event.Offset)
	s.steps(event.Number)[event.Number-1] = deployment.Step{Name: step.Name, StartedAt: at}
	return s.came()
}

// StepEnded closes a step.
func (s *sink) StepEnded(event remote.StepEvent) error {
	at := s.when(event.At)
	s.recorder.StepEnded(event.Number, at, event.Out, event.Err, event.Offset)
	step := &s.steps(event.Number)[event.Number-1]
	if at.Before(step.StartedAt) {
		at = step.StartedAt
	}
	step.FinishedAt, step.ExitCode = at, &event.ExitCode
	return s.came()
}

// Data takes bytes of a stream. They are new, so the server is within reach. The
// steps' events are not: a server that breaks each session gives them each time.
func (s *sink) Data(stream remote.Stream, offset int64, p []byte, at time.Time) error {
	s.recorder.Data(types[stream], offset, p, s.when(at))
	s.reach = reach{}
	return s.came()
}

// clockTolerance is how far a server's clock may seem to be off by the time that a
// session takes. Its times are then taken as they are.
const clockTolerance = 2 * time.Second

// when is a time of the server's by the clock of the runner, no earlier than the
// deployment's start and no later than now.
func (s *sink) when(at time.Time) time.Time {
	at = at.Add(-s.ahead)
	if now := s.now(); at.After(now) {
		return now
	}
	if at.Before(s.record.StartedAt) {
		return s.record.StartedAt
	}
	return at
}

// Tick lets time pass. A session in which the server told of the job, and that
// has lasted for a while since, is a connection; a login alone is none.
func (s *sink) Tick() error {
	if s.reach.tries > 0 && !s.attachedAt.IsZero() && s.now().Sub(s.attachedAt) > maxPause {
		s.reach = reach{}
	}
	return s.own(s.due())
}

var types = map[remote.Stream]logbook.Type{remote.Out: logbook.Stdout, remote.Err: logbook.Stderr}

// steps returns the record's steps, with places up to the number. A runner
// that re-attaches behind a step's start line finds the step there already.
func (s *sink) steps(number int) []deployment.Step {
	for len(s.progress.Steps) < number {
		s.progress.Steps = append(s.progress.Steps, deployment.Step{Name: s.plan.Job.Steps[len(s.progress.Steps)].Name})
	}
	return s.progress.Steps
}
