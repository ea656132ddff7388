package logbook

import (
	"context"
	"fmt"
	"time"
)

// maxParked is how many bytes of one stream wait for the other; see [Recorder].
const maxParked = 256 << 10

// RecorderOptions adjust [NewRecorder]; the zero value works.
type RecorderOptions struct {
	// Now defaults to the clock. It gives the time of Waybill's own entries and the
	// age of a chunk. Lines have the time that came with their bytes.
	Now func() time.Time
	// Since is the earliest time that an entry may have.
	Since time.Time
}

// Recorder makes the log of a job: it redacts the output, splits it into entries and
// commits these as chunks. It is for use by one goroutine. Its memory does not grow
// with the log.
//
// The log has the same lines in each stream whenever a runner dies and however the
// next one splits its reads. Therefore a recorder tracks three offsets in each
// stream: the end of the bytes it was given; the end of the bytes that the filter has
// emitted, since a filter holds back a possible beginning of a secret; and the end of
// the last complete entry. A chunk states the last of these, and the next recorder
// starts there without any state.
//
// Steps start and end at offsets, too. There an incomplete line ends in both streams,
// and the step's entry comes after the output before the offsets and before the
// output after them. The streams arrive one after the other, so bytes of one stream
// after the offset are parked until the other stream has reached it. If more than
// maxParked bytes are parked, the order between the streams is given up.
//
// The filter is not flushed at the end of a step, because a process that the step
// left running may write one part of a secret before the end and the other part after
// it. So a line that ends there and might begin a secret completes late, and its entry
// may follow the entry of the next step.
type Recorder struct {
	log Log
	now func() time.Time

	mark  Mark
	last  Order // of the entries so far
	batch int   // of the last entry
	chunk chunkWriter
	stamp stamp
	until time.Time // of the last entry

	steps   timeline
	passed  int           // the number of events in the log
	firsts  map[int]Order // of the steps that this recorder has begun, by their numbers
	stepsAt int64         // the offset in the spool's steps file
	streams [2]*stream
	own     lines
	err     error
}

// NewRecorder returns a recorder that continues the log at the mark. It makes one
// filter for each stream.
func NewRecorder(log Log, mark Mark, filter NewFilter, opts RecorderOptions) *Recorder {
	r := &Recorder{log: log, now: opts.Now, mark: mark, last: mark.Last, firsts: map[int]Order{},
		batch: max(mark.Batch, 1), stepsAt: mark.At.Steps, until: opts.Since}
	if mark.Until.After(r.until) {
		r.until = mark.Until
	}
	if r.now == nil {
		r.now = time.Now
	}
	r.streams[0] = newStream(r.lines(Stdout, mark.At.Out), filter)
	r.streams[1] = newStream(r.lines(Stderr, mark.At.Err), filter)
	r.streams[1].lines.which = 1
	r.own = r.lines(Stdout, 0)
	r.own.steps = &timeline{}
	return r
}

func (r *Recorder) lines(typ Type, at int64) lines {
	return lines{typ: typ, steps: &r.steps, out: r.line, at: at, entryEnd: at}
}

// Message adds an entry of Waybill's own for each line of the text, which must not
// contain a secret. The entries follow the last complete entry immediately.
func (r *Recorder) Message(text string, typ Type) {
	r.own.typ, r.own.batch, r.own.stamp = typ, 0, r.now()
	r.own.take([]byte(text), 0)
	r.own.finish()
}

// StepStarted records that a step began when the spool's files had these sizes.
// offset is the offset in the steps file after the event. The command must not
// contain a secret. A step that the log has already gets no second entry.
func (r *Recorder) StepStarted(number int, name, command string, at time.Time, out, err, offset int64) {
	r.steps.add(event{start: true, number: number, name: name, command: command, at: at,
		sizes: [2]int64{out, err}, offset: offset})
	r.proceed(false)
}

// StepEnded records that a step ended when the spool's files had these sizes. Output
// between the end of a step and the start of the next one belongs to the former: it
// comes from processes that the step left running.
func (r *Recorder) StepEnded(number int, at time.Time, out, err, offset int64) {
	r.steps.add(event{number: number, at: at, sizes: [2]int64{out, err}, offset: offset})
	r.proceed(false)
}

// Data takes bytes of a stream, their offset, and when they were read. The recorder
// does not use the slice after Data returns. It drops bytes that it has already and
// logs a message if bytes before the offset are missing.
func (r *Recorder) Data(typ Type, offset int64, p []byte, at time.Time) {
	s := r.streams[0]
	if typ == Stderr {
		s = r.streams[1]
	}
	if missing := offset - s.given; missing > 0 {
		r.proceed(true)
		s.jump(offset)
		r.Message(fmt.Sprintf("%d bytes of %s are missing here.", missing, s.lines.typ), Stderr)
	} else if p = p[min(-missing, int64(len(p))):]; len(p) == 0 {
		return
	}
	s.lines.stamp = at
	s.give(p, r.gate(s))
	r.proceed(false)
}

// End records that no more output follows. It completes the bytes that are held back
// and the incomplete lines.
func (r *Recorder) End() {
	r.proceed(true)
	for _, s := range r.streams {
		s.filter.Flush()
		s.lines.finish()
	}
}

// FirstOrder returns the order of the entry that begins the step with the number, or 0 if
// this recorder did not begin it or has not committed it.
func (r *Recorder) FirstOrder(number int) Order {
	if first := r.firsts[number]; first <= r.mark.Last {
		return first
	}
	return 0
}

// Due reports whether it is time to commit: there are entries, and they are many or
// have waited long enough. followed is when a reader began to follow the log, zero
// without a reader.
func (r *Recorder) Due(now, followed time.Time) bool {
	if r.chunk.bytes == 0 {
		return false
	}
	wait := chunkWait(r.mark.Chunks)
	if !followed.IsZero() {
		wait = followedWait(now.Sub(followed))
	}
	return r.chunk.bytes >= chunkLimit(r.mark.Bytes) || now.Sub(r.chunk.begun) >= wait
}

// Commit writes all complete entries as the next chunk and returns the new mark.
// Without complete entries it writes nothing and returns the old one.
//
// Conflict means that another recorder has written that chunk. After any error the
// content of the archive is unknown: this recorder returns the same error from then
// on, and [Recover] finds the mark for the next recorder.
func (r *Recorder) Commit(ctx context.Context) (Mark, error) {
	if r.err == nil && r.chunk.bytes > 0 {
		r.err = r.commit(ctx)
	}
	return r.mark, r.err
}

func (r *Recorder) commit(ctx context.Context) error {
	body, digest, err := r.chunk.seal(r.mark.Digest)
	if err != nil {
		return err
	}
	chunk := Chunk{Body: body, Header: Header{
		Number:   r.mark.Chunks + 1,
		First:    r.mark.Last + 1,
		Last:     r.last,
		Batch:    r.batch,
		Until:    r.until.Truncate(time.Microsecond),
		Before:   r.mark.At,
		After:    r.Position(),
		Bytes:    r.chunk.bytes,
		Stored:   int64(len(body)),
		Digest:   digest,
		Previous: r.mark.Digest,
	}}
	if err := r.log.Archive.Put(ctx, r.log.Book, chunk); err != nil {
		return err
	}
	mark, err := r.mark.extended(ctx, r.log, chunk.Header)
	if err != nil {
		return err
	}
	r.mark = mark
	r.chunk.reset()
	return nil
}

// Position is how far the log reaches, including complete entries that are not
// committed.
func (r *Recorder) Position() Position {
	return Position{Out: r.streams[0].lines.entryEnd, Err: r.streams[1].lines.entryEnd, Steps: r.stepsAt}
}

// line adds a line of either stream to the chunk. A line that completes late, after
// the next step has begun, has the name of its own step but the current batch.
func (r *Recorder) line(l *lines, text []byte, continued bool) {
	if l.batch < r.batch {
		l.batch = r.batch
		l.label = label(l.typ, l.batch, l.step, false)
	}
	r.last++
	before := len(r.chunk.block)
	r.chunk.block = appendLine(r.chunk.block, r.last, r.stamp.of(r.when(l.stamp)), l.label, text, continued)
	r.chunk.added(len(r.chunk.block)-before, r.now)
}

// when returns the time of the next entry, for output that was written at the given
// time. It is never earlier than the entry before. The given times may go back: the
// server's clock may change or be wrong, and the two streams are read one after the
// other.
func (r *Recorder) when(at time.Time) time.Time {
	if at.Before(r.until) {
		return r.until
	}
	r.until = at
	return at
}

// stamp formats times. It caches the text, since lines that were read together have
// the same time.
type stamp struct {
	at   time.Time
	text []byte
}

func (s *stamp) of(at time.Time) []byte {
	if s.text == nil || !at.Equal(s.at) {
		s.at, s.text = at, at.UTC().AppendFormat(s.text[:0], timeFormat)
	}
	return s.text
}
