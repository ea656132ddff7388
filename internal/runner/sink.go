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
	a *attempt
	// due and advance are the attempt's, with the run's context.
	due, advance func() error
	// err is the last error of our own.
	err error
}

var _ remote.Sink = (*sink)(nil)

// Attached notes the job's process group, at once: until the record names it,
// nobody knows that the job runs.
func (s *sink) Attached(process string, started bool, now time.Time) error {
	s.a.ahead = now.Sub(s.a.now())
	if s.a.ahead.Abs() < clockTolerance {
		s.a.ahead = 0
	}
	if !started && s.a.record.Lease.Attempt > 1 {
		s.a.say(logbook.Stdout, "Found the job on the server; following its output.")
	}
	process = s.a.line(process)
	known := s.a.progress.Process == process
	s.a.progress.Process = process
	s.a.attachedAt = s.a.now()
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
	s.a.given = s.a.now()
	s.a.sayInVain() // in the chunk that has the declaration, or before
	return s.own(s.due())
}

// StepStarted opens a step in the log and in the record's timings.
func (s *sink) StepStarted(event remote.StepEvent) error {
	step := s.a.plan.recipe.Job.Steps[event.Number-1]
	at := s.when(event.At)
	s.a.recorder.StepStarted(event.Number, step.Name, s.a.clean(cmp.Or(step.Command, step.Script)), at,
		event.Out, event.Err, event.Offset)
	s.steps(event.Number)[event.Number-1] = deployment.Step{Name: step.Name, StartedAt: at}
	return s.came()
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
	return s.came()
}

// Data takes bytes of a stream. They are new, so the server is within reach. The
// steps' events are not: a server that breaks each session gives them each time.
func (s *sink) Data(stream remote.Stream, offset int64, p []byte, at time.Time) error {
	s.a.recorder.Data(types[stream], offset, p, s.when(at))
	s.a.reach = reach{}
	return s.came()
}

// clockTolerance is how far a server's clock may seem to be off by the time that a
// session takes. Its times are then taken as they are.
const clockTolerance = 2 * time.Second

// when is a time of the server's by the clock of the runner, no earlier than the
// deployment's start and no later than now.
func (s *sink) when(at time.Time) time.Time {
	at = at.Add(-s.a.ahead)
	if now := s.a.now(); at.After(now) {
		return now
	}
	if at.Before(s.a.record.StartedAt) {
		return s.a.record.StartedAt
	}
	return at
}

// Tick lets time pass. A session in which the server told of the job, and that
// has lasted for a while since, is a connection; a login alone is none.
func (s *sink) Tick() error {
	if s.a.reach.tries > 0 && !s.a.attachedAt.IsZero() && s.a.now().Sub(s.a.attachedAt) > maxPause {
		s.a.reach = reach{}
	}
	return s.own(s.due())
}

var types = map[remote.Stream]logbook.Type{remote.Out: logbook.Stdout, remote.Err: logbook.Stderr}

// steps returns the record's steps, with places up to the number. A runner
// that re-attaches behind a step's start line finds the step there already.
func (s *sink) steps(number int) []deployment.Step {
	for len(s.a.progress.Steps) < number {
		s.a.progress.Steps = append(s.a.progress.Steps, deployment.Step{Name: s.a.plan.recipe.Job.Steps[len(s.a.progress.Steps)].Name})
	}
	return s.a.progress.Steps
}
