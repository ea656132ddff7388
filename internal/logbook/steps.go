package logbook

import (
	"math"
	"time"
)

// event is the start or the end of a step.
type event struct {
	start   bool
	number  int
	name    string
	command string
	at      time.Time
	sizes   [2]int64 // of stdout and stderr at that moment
	offset  int64    // in the steps file, behind the event
}

// timeline has all events of a job so far. They are few, and a recorder that
// takes a job up again is told all of them.
type timeline struct{ events []event }

// add appends an event. Files only grow, so an event lies nowhere before the
// one ahead of it. One that is told again is left out: a server that repeats the
// same events must not fill the memory.
func (t *timeline) add(e event) {
	if n := len(t.events); n > 0 {
		if e.offset <= t.events[n-1].offset {
			return
		}
		for i, size := range t.events[n-1].sizes {
			e.sizes[i] = max(e.sizes[i], size)
		}
	}
	t.events = append(t.events, e)
}

// proceed lets the streams go on over all events that both have reached; over
// all there are if so told, or if too much waits.
func (r *Recorder) proceed(all bool) {
	for {
		parked := 0
		for _, s := range r.streams {
			s.unpark(r.gate(s))
			parked = max(parked, len(s.parked))
		}
		if r.passed == len(r.steps.events) || !all && parked <= maxParked && !r.reached(r.passed) {
			return
		}
		r.pass()
	}
}

// gate is how far a stream may go: up to the first event that is not passed.
func (r *Recorder) gate(s *stream) int64 {
	if r.passed == len(r.steps.events) {
		return math.MaxInt64
	}
	return r.steps.events[r.passed].sizes[s.lines.which]
}

func (r *Recorder) reached(i int) bool {
	sizes := r.steps.events[i].sizes
	return r.streams[0].fed >= sizes[0] && r.streams[1].fed >= sizes[1]
}

// pass puts the next event into the log, if it is not there already.
func (r *Recorder) pass() {
	for _, s := range r.streams {
		s.lines.cross()
	}
	e := r.steps.events[r.passed]
	r.passed++
	if e.offset <= r.stepsAt {
		return
	}
	r.stepsAt = e.offset
	if e.start {
		r.last++
		r.batch = max(r.batch, e.number)
		before := len(r.chunk.block)
		r.chunk.block = Entry{Order: r.last, Command: e.command, Type: Stdout, Time: r.when(e.at), Batch: r.batch,
			Step: e.name}.Append(r.chunk.block)
		r.chunk.added(len(r.chunk.block)-before, r.now)
	}
}

// stream is one of the two files that a job writes, on its way to lines.
type stream struct {
	filter Filter
	lines  lines
	given  int64  // place in the spool behind all that was given
	fed    int64  // behind what went to the filter
	parked []byte // what lies between the two
}

func newStream(l lines, filter NewFilter) *stream {
	s := &stream{lines: l, given: l.at, fed: l.at}
	s.filter = filter(s.lines.take)
	return s
}

// give feeds what lies before the gate and parks the rest.
func (s *stream) give(p []byte, gate int64) {
	s.given += int64(len(p))
	if len(s.parked) == 0 {
		now := s.before(p, gate)
		s.feed(now)
		p = p[len(now):]
	}
	s.parked = append(s.parked, p...)
}

// unpark feeds what is parked before the gate.
func (s *stream) unpark(gate int64) {
	if now := s.before(s.parked, gate); len(now) > 0 {
		s.feed(now)
		s.parked = append(s.parked[:0], s.parked[len(now):]...)
	}
}

// before cuts off what lies behind the gate.
func (s *stream) before(p []byte, gate int64) []byte {
	return p[:max(0, min(int64(len(p)), gate-s.fed))]
}

func (s *stream) feed(p []byte) {
	if len(p) > 0 {
		s.fed += int64(len(p))
		s.filter.Write(p)
	}
}

// jump leaves out what nobody has.
func (s *stream) jump(to int64) {
	s.filter.Flush()
	s.lines.finish()
	s.given, s.fed, s.lines.at, s.lines.settled = to, to, to, to
}
