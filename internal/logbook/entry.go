// Package logbook is a deployment's output: the entries that a reader sees,
// the chunks that keep them, their order, and the pages read back. It is the
// deployer's log; the operator's is oplog, and they never mix.
//
// The way of a byte that a command wrote, each step in a file of its own:
//
//  1. recorder.go takes it, with its place in the job's spool. What was there
//     already is left out, what is missing is said to be missing.
//  2. steps.go lets it wait until the log is at its step.
//  3. A [Filter] for its stream decides whether it is part of a secret.
//  4. lines.go makes it part of a line, and knows where in the spool the line
//     ends.
//  5. wire.go writes the line as JSON, once and for ever: nothing decodes it
//     until it is shown.
//  6. chunk.go compresses it. A commit makes an object of what is settled.
//
// And back: page.go finds the chunk of a line by the index in the record,
// chunkreader.go reads it line by line.
//
// What makes the log whole is that nobody has to be trusted to live. A chunk
// can be written once only, and says which bytes of the spool it covers, so
// whoever writes chunk N first decides where N+1 begins. A runner that dies
// before its commit leaves nothing; one that dies behind it leaves a chunk that
// recover.go counts in. Either way the next one starts at a place where a fresh
// [Recorder] does what the dead one would have done.
package logbook

import (
	"context"
	"io"
	"time"
)

// Order is an entry's place in its log: 1 for the first, then growing by one.
type Order int64

// Type is the stream that an entry came from.
type Type string

// The types. Waybill's own messages are on stderr when they tell of a failure
// and on stdout otherwise, as upstream's clients expect.
const (
	Stdout Type = "stdout"
	Stderr Type = "stderr"
)

// MaxLineBytes is the longest output of one entry, before bytes that are no
// UTF-8 are replaced; a longer line goes on in the next entry, and all but its
// last piece are Continued.
const MaxLineBytes = 64 << 10

// Entry is one line of a log, redacted.
type Entry struct {
	Order Order
	// Command is set on the entry that opens a step, and is the step's command;
	// Output is empty then.
	Command string
	Output  string
	Type    Type
	// Time has microseconds and is UTC.
	Time time.Time
	// Hidden entries are for debugging; readers may leave them out.
	Hidden bool
	// Batch is the number of the last step that the log has begun, 1 before the
	// first. It never falls: clients sort by batch, then by order.
	Batch int
	// Step is the step's name, "" for messages of Waybill's own.
	Step string
	// Continued says that the line goes on in the next entry of its type.
	Continued bool
}

// Position is how far into a job's spool a log reaches, in bytes of each file.
// Everything before it is in the log; the next runner reads on from it.
type Position struct {
	Out   int64
	Err   int64
	Steps int64
}

// Mark is where a committed log ends: all that a runner needs to go on, and
// all that a reader needs to find a page.
type Mark struct {
	// At is the place in the spool.
	At Position
	// Chunks is how many chunks there are; their numbers are 1 to Chunks.
	Chunks int
	// Last is the order of the last entry, which is also their number.
	Last Order
	// Batch is the batch of the last entry, 0 in an empty log.
	Batch int
	// Until is the time of the last entry, to the microsecond; none is later.
	Until time.Time
	// Bytes is the size of all entries before compression.
	Bytes int64
	// Digest is that of the last chunk. The digest of each chunk covers that of
	// the one before it, so it seals the whole log.
	Digest string
	// Index has the last order of each chunk.
	Index Index
	// Complete says that the log has ended: nothing will be added.
	Complete bool
}

// Header is what is stored beside a chunk: where it stands in its log.
type Header struct {
	// Number is 1 for the first chunk.
	Number int
	// First and Last are the orders of its first and last entries.
	First Order
	Last  Order
	// Batch is the batch of its last entry, and Until that entry's time, to the
	// microsecond.
	Batch int
	Until time.Time
	// Before and After are the places in the spool at its two ends.
	Before Position
	After  Position
	// Bytes is the size of its entries before compression.
	Bytes int64
	// Digest is the SHA-256 of Previous and the stored bytes, one after the
	// other; Previous is that of the chunk before ("" for the first). Both are
	// hexadecimal.
	Digest   string
	Previous string
	// Original is the Digest that the chunk had when it was written, if it was
	// rewritten since to take secrets out of it; else "". Changed is how many
	// times an entry of it was changed so.
	Original string
	Changed  int
}

// Chunk is a gzip member of JSON lines, one entry a line. It is written once,
// and only ever rewritten to take secrets out of it.
type Chunk struct {
	Header
	Body []byte
}

// Book names a deployment's log: "KIND/RESOURCE/DEPLOYMENT".
type Book string

// Archive keeps chunks. All methods may be called at once.
type Archive interface {
	// Put stores the chunk under its number. Conflict if there is one already,
	// whatever its content: the chunk that is there is the truth. The body is
	// the archive's only until Put returns.
	Put(ctx context.Context, book Book, chunk Chunk) error
	// Open returns the chunk's header and stored bytes, to be closed by the
	// caller. NotFound if it is not there.
	Open(ctx context.Context, book Book, number int) (Header, io.ReadCloser, error)
	// Head returns the chunk's header alone. NotFound if it is not there.
	Head(ctx context.Context, book Book, number int) (Header, error)
	// Remove deletes all chunks of the book. Removing nothing is no error.
	Remove(ctx context.Context, book Book) error
}
