package logbook

import (
	"context"
	"time"
)

// RecorderOptions adjust [NewRecorder]; the zero value works.
type RecorderOptions struct {
	// Now defaults to the clock. It stamps Waybill's own entries and tells the
	// age of a chunk; lines have the time that came with their bytes.
	Now func() time.Time
}

// Recorder makes a log of what a job writes: it redacts it, cuts it into
// entries and commits these as chunks. It is for one goroutine.
type Recorder struct {
	mark Mark
}

// NewRecorder returns a recorder that goes on where mark ends.
func NewRecorder(book Book, archive Archive, mark Mark, filter NewFilter, opts RecorderOptions) *Recorder {
	return &Recorder{mark: mark}
}

// Message adds an entry of Waybill's own.
func (r *Recorder) Message(text string, typ Type) {}

// StepStarted tells that a step began at these places of the spool.
func (r *Recorder) StepStarted(number int, name, command string, at time.Time, out, err, offset int64) {
}

// StepEnded tells that a step ended at these places of the spool.
func (r *Recorder) StepEnded(number int, at time.Time, out, err, offset int64) {}

// Data takes bytes that a command wrote.
func (r *Recorder) Data(typ Type, offset int64, p []byte, at time.Time) {}

// End tells that nothing more comes.
func (r *Recorder) End() {}

// Due reports whether it is time to commit.
func (r *Recorder) Due(now time.Time, followed bool) bool { return false }

// Commit writes what is settled as the next chunk.
func (r *Recorder) Commit(ctx context.Context) (Mark, error) { return r.mark, nil }

// Position is how far the log reaches.
func (r *Recorder) Position() Position { return r.mark.At }

// Recover counts in chunks that were written and not recorded.
func Recover(ctx context.Context, archive Archive, book Book, mark Mark) (Mark, error) {
	return mark, nil
}
