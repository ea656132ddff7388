package logbook

import (
	"context"
	"fmt"
	"time"
)

// maxParked is how much of one stream waits for the other; see [Recorder].
const maxParked = 256 << 10

// RecorderOptions adjust [NewRecorder]; the zero value works.
type RecorderOptions struct {
	// Now defaults to the clock. It stamps Waybill's own entries and tells the
	// age of a chunk; lines have the time that came with their bytes.
	Now func() time.Time
	// Since is the earliest time that an entry may have.
	Since time.Time
}

// Recorder makes a log of what a job writes: it redacts it, cuts it into
// entries and commits these as chunks. It is for one goroutine. Its memory
// does not grow with the log.
//
// Whatever instant a runner dies at, and whichever pieces the next one reads,
// the log has the same lines in each stream. For that, three places are kept
// apart in each stream: what was given; what the filter has decided (it may
// hold back the beginning of a secret); and what is settled, the end of the
// last whole entry. A chunk says the settled places, and the next recorder
// starts there with nothing in its hands.
//
// Steps are told by places too. Where a step starts or ends, a line without a
// newline ends, in either stream, and the step's entry stands between what
// both streams had before it and what they have after it. As the streams come
// one after the other, what one of them has behind that place is parked until
// the other is there; at most maxParked bytes, then the order between the two
// gives way.
//
// The filter is not flushed at a step's end, though no command writes one half
// of a secret and the next command the other: a process that a step leaves
// behind may write a secret in two pieces on both sides of it. So a line that
// ends there in what might become a secret, and only such a line, is settled
// late and may stand behind the next step's entry.
type Recorder struct {
	book    Book
	archive Archive
	now     func() time.Time

	mark  Mark
	last  Order // of the entries so far
	batch int   // of the last entry
	chunk chunkWriter
	stamp stamp
	until time.Time // of the last entry

	steps   timeline
	passed  int   // events that are in the log
	stepsAt int64 // place in the spool's steps
	streams [2]*stream
	own     lines
	err     error
}

// NewRecorder returns a recorder that goes on where mark ends. The filter is
// made once for each stream.
func NewRecorder(book Book, archive Archive, mark Mark, filter NewFilter, opts RecorderOptions) *Recorder {
	r := &Recorder{book: book, archive: archive, now: opts.Now, mark: mark, last: mark.Last,
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
	return lines{typ: typ, steps: &r.steps, out: r.line, at: at, settled: at}
}

// Message adds an entry of Waybill's own for each line of the text, which must
// hold no secret. It stands at once behind everything that is settled.
func (r *Recorder) Message(text string, typ Type) {
	r.own.typ, r.own.batch, r.own.stamp = typ, 0, r.now()
	r.own.take([]byte(text), 0)
	r.own.finish()
}

// StepStarted tells that a step began when the spool's files had these sizes;
// offset is where its steps file goes on. The command must hold no secret. A
// step that the log has already gets no second entry.
func (r *Recorder) StepStarted(number int, name, command string, at time.Time, out, err, offset int64) {
	r.steps.add(event{start: true, number: number, name: name, command: command, at: at,
		sizes: [2]int64{out, err}, offset: offset})
	r.proceed(false)
}

// StepEnded tells that a step ended when the spool's files had these sizes.
// What is written behind them before the next step starts still counts as the
// step's: it is of processes that it left behind.
func (r *Recorder) StepEnded(number int, at time.Time, out, err, offset int64) {
	r.steps.add(event{number: number, at: at, sizes: [2]int64{out, err}, offset: offset})
	r.proceed(false)
}

// Data takes bytes of a stream from an offset on, read at that time. The slice
// is the recorder's only until it returns. What it has already is left out;
// what is missing before the offset is said to be missing.
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

// End tells that nothing more comes: what is held back and lines without a
// newline are settled.
func (r *Recorder) End() {
	r.proceed(true)
	for _, s := range r.streams {
		s.filter.Flush()
		s.lines.finish()
	}
}

// Due reports whether it is time to commit: there are entries, and they are
// many or have waited long enough. followed is when a reader began to follow
// the log, zero if there is none.
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

// Commit writes what is settled as the next chunk and returns where the log
// now ends. With nothing settled it writes nothing and the mark stays.
//
// Conflict says that another recorder wrote that chunk. After any error it is
// not known what the archive has: this recorder returns the error for ever,
// and [Recover] tells where the next one starts.
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
		Digest:   digest,
		Previous: r.mark.Digest,
	}}
	if err := r.archive.Put(ctx, r.book, chunk); err != nil {
		return err
	}
	r.mark = r.mark.with(chunk.Header)
	r.chunk.reset()
	return nil
}

// Position is how far the log reaches, with what is settled and not committed.
func (r *Recorder) Position() Position {
	return Position{Out: r.streams[0].lines.settled, Err: r.streams[1].lines.settled, Steps: r.stepsAt}
}

// line adds a line of any stream to the chunk. A line that comes late, after
// the next step has begun, keeps its step's name but takes the present batch.
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

// when is the time of the next entry, for what is said to be written at a time: no
// earlier than the entry before it. Times come from a
// server, whose clock may be set or lie, and from two streams that are read one
// after the other; a log in which time goes back cannot be read.
func (r *Recorder) when(at time.Time) time.Time {
	if at.Before(r.until) {
		return r.until
	}
	r.until = at
	return at
}

// stamp writes times. Lines that were read together have the same.
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
