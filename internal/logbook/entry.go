// Package logbook is a deployment's output: the entries that a reader sees,
// the chunks that keep them, their order, and the pages read back. It is the
// deployer's log; the operator's is oplog, and they never mix.
//
// The way of a byte that a command wrote, each step in its own file:
//
//  1. recorder.go takes it, with its offset in the job's spool. It drops bytes that
//     it has already and logs a message for bytes that are missing.
//  2. steps.go holds it back until the log has reached its step.
//  3. A [Filter] for its stream decides whether it is part of a secret.
//  4. lines.go makes it part of a line, and knows where in the spool the line
//     ends.
//  5. wire.go encodes the line as JSON. It is decoded only when it is shown.
//  6. chunk.go compresses it. A commit writes all complete entries as one object.
//
// And back: page.go finds the chunk of a line by the index,
// chunkreader.go reads it line by line.
//
// The log is complete even if runners crash. A chunk can be written only once and
// states which bytes of the spool it covers, so the first writer of chunk N decides
// where chunk N+1 begins. A runner that dies before its commit leaves nothing. A
// runner that dies after it leaves a chunk that recover.go finds. In both cases the
// next runner starts at an offset where a fresh [Recorder] continues exactly as the
// dead one would have.
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

// MaxLineBytes is the longest output of one entry, before invalid UTF-8 is replaced.
// A longer line is split into several entries; all but the last are Continued.
const MaxLineBytes = 64 << 10

// Entry is one line of a log, redacted.
type Entry struct {
	Order Order
	// Command is the command of a step, on the entry that begins the step. Output is
	// empty then.
	Command string
	Output  string
	Type    Type
	// Time is in UTC, to the microsecond.
	Time time.Time
	// Hidden marks an entry for debugging; readers may leave it out.
	Hidden bool
	// Batch is the number of the last step that the log has begun, 1 before the
	// first. It never falls: clients sort by batch, then by order.
	Batch int
	// Step is the step's name, "" for Waybill's own messages.
	Step string
	// Continued says that the next entry of its type continues the line.
	Continued bool
}

// Position is how far into a job's spool a log reaches, in bytes of each file. All
// bytes before it are in the log; the next runner reads on from there.
type Position struct {
	Out   int64
	Err   int64
	Steps int64
}

// Mark is the end of a committed log. It is sufficient for a runner to continue the
// log. A reader finds a page with it and with one read of an [IndexStore] at most.
type Mark struct {
	// At is the end in the spool.
	At Position
	// Chunks is the number of chunks, which are numbered from 1.
	Chunks int
	// Last is the order of the last entry, which is also the number of entries.
	Last Order
	// Batch is the batch of the last entry, 0 in an empty log.
	Batch int
	// Until is the time of the last entry, to the microsecond. No entry is later.
	Until time.Time
	// Bytes is the size of all entries before compression.
	Bytes int64
	// Stored is the size of all chunks as they are stored, compressed.
	Stored int64
	// Digest is the digest of the last chunk. The digest of each chunk covers the
	// digest of the chunk before it, so this one covers the whole log.
	Digest string
	// Index has the ends of the newest chunks.
	Index Index
	// Complete says that the log has ended: nothing will be added.
	Complete bool
}

// Header is the metadata of a chunk: its place in its log.
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
	// Before and After are the positions in the spool at its beginning and its end.
	Before Position
	After  Position
	// Bytes is the size of its entries before compression.
	Bytes int64
	// Stored is the size of the stored bytes. The archive counts them, whatever the
	// header says that it is given.
	Stored int64
	// Digest is the SHA-256 of Previous followed by the stored bytes. Previous is the
	// digest of the previous chunk, "" for the first. Both are hexadecimal.
	Digest   string
	Previous string
	// Original is the first Digest of a chunk that was rewritten to remove secrets,
	// else "". Changed counts the changes of its entries.
	Original string
	Changed  int
}

// Chunk is a gzip member of JSON lines, one entry a line. It is written once and
// rewritten only to remove secrets.
type Chunk struct {
	Header
	Body []byte
}

// Book names a deployment's log: "KIND/RESOURCE/DEPLOYMENT".
type Book string

// Archive stores chunks. All methods may be called concurrently.
type Archive interface {
	// Put stores the chunk under its number. Conflict if there is one already,
	// whatever its content: the stored chunk counts. The archive does not use the
	// body after Put returns.
	Put(ctx context.Context, book Book, chunk Chunk) error
	// Open returns the chunk's header and its stored bytes, which the caller closes.
	// NotFound if there is no such chunk.
	Open(ctx context.Context, book Book, number int) (Header, io.ReadCloser, error)
	// Head returns the chunk's header only. NotFound if there is no such chunk.
	Head(ctx context.Context, book Book, number int) (Header, error)
	// Remove deletes all chunks of the book. Without chunks it does nothing.
	Remove(ctx context.Context, book Book) error
}
