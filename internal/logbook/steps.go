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
	offset  int64    // in the steps file, after the event
}

// timeline has all events of a job so far. They are few, and a recorder that continues
// a job is told all of them again.
type timeline struct{ events []event }

// add appends an event. Files only grow, so its offsets are not before the previous
// event's. A repeated event is dropped: a server that repeats events must not
// fill the memory.
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

// proceed passes all events that both streams have reached and feeds parked bytes to
// the filters. It passes every event if all is set, or while too many bytes are
// parked.
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

// gate is the offset up to which a stream may be fed: where the next event is.
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

// pass adds the next event to the log, unless the log has it already.
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
		r.firsts[e.number] = r.last
		before := len(r.chunk.block)
		r.chunk.block = Entry{Order: r.last, Command: e.command, Type: Stdout, Time: r.when(e.at),
			Batch: r.batch,
			Step:  e.name}.Append(r.chunk.block)
		r.chunk.added(len(r.chunk.block)-before, r.now)
	}
}

// stream is one of the two output files of a job, on its way to lines.
type stream struct {
	filter Filter
	lines  lines
	given  int64  // the offset after all bytes given
	fed    int64  // the offset after all bytes fed to the filter
	parked []byte // the bytes between the two
}

func newStream(l lines, filter NewFilter) *stream {
	s := &stream{lines: l, given: l.at, fed: l.at}
	s.filter = filter(s.lines.take)
	return s
}

// give feeds the bytes before the gate and parks the rest.
func (s *stream) give(p []byte, gate int64) {
	s.given += int64(len(p))
	if len(s.parked) == 0 {
		now := s.before(p, gate)
		s.feed(now)
		p = p[len(now):]
	}
	s.parked = append(s.parked, p...)
}

// unpark feeds the parked bytes before the gate.
func (s *stream) unpark(gate int64) {
	if now := s.before(s.parked, gate); len(now) > 0 {
		s.feed(now)
		s.parked = append(s.parked[:0], s.parked[len(now):]...)
	}
}

// before returns the part of p before the gate.
func (s *stream) before(p []byte, gate int64) []byte {
	return p[:max(0, min(int64(len(p)), gate-s.fed))]
}

func (s *stream) feed(p []byte) {
	if len(p) > 0 {
		s.fed += int64(len(p))
		s.filter.Write(p)
	}
}

// jump skips missing bytes.
func (s *stream) jump(to int64) {
	s.filter.Flush()
	s.lines.finish()
	s.given, s.fed, s.lines.at, s.lines.entryEnd = to, to, to, to
}
