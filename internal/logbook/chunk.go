package logbook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"time"

	"github.com/klauspost/compress/gzip"

	"waybill/internal/fault"
)

const (
	// On logs, gzipLevel is 3.3 times as fast as the standard library's default
	// and makes output 1.08 times as large.
	gzipLevel = 2
	// blockBytes is how much is compressed at once.
	blockBytes = 32 << 10

	// A chunk is due at minChunkBytes of entries, in a longer log at a sixteenth
	// of the log's size, and at maxChunkBytes at the latest. So a short log can be
	// read early, and a long one has few chunks.
	minChunkBytes = 256 << 10
	maxChunkBytes = 8 << 20
	chunkShare    = 16
)

// chunkLimit returns the size of entries at which a chunk is due. log is the size
// of the log so far.
func chunkLimit(log int64) int64 {
	return min(max(log/chunkShare, minChunkBytes), maxChunkBytes)
}

// chunkWait is how long the first entry of a chunk waits for more entries when no
// reader follows the log: 1, 2, 4, 8, then 10 seconds.
func chunkWait(chunks int) time.Duration {
	return min(time.Second<<min(chunks, 4), 10*time.Second)
}

// followedWait is how long the first entry waits when a reader has followed the
// log for the given time. It is 1 s for the first ten seconds, when most failures
// happen, and grows to 5 s within the first minute. An hour then makes about 735
// chunks instead of 3,600.
func followedWait(followed time.Duration) time.Duration {
	const (
		shortest, until = time.Second, 10 * time.Second
		longest, from   = 5 * time.Second, time.Minute
	)
	share := float64(min(max(followed-until, 0), from-until)) / float64(from-until)
	return shortest + time.Duration(share*float64(longest-shortest))
}

// chunkWriter compresses the entries of a chunk as they arrive, so that a chunk of
// 8 MiB needs only the memory of its compressed form. The next chunk reuses the
// buffers.
type chunkWriter struct {
	block []byte // entries not compressed yet
	body  bytes.Buffer
	gzip  *gzip.Writer
	bytes int64     // of all entries
	begun time.Time // when the first entry was added
	err   error
}

// added counts size bytes that the caller has appended to the block, and
// compresses the block once it is full.
func (w *chunkWriter) added(size int, now func() time.Time) {
	if w.bytes == 0 {
		w.begun = now()
	}
	w.bytes += int64(size)
	if len(w.block) >= blockBytes {
		w.flush()
	}
}

func (w *chunkWriter) flush() {
	if w.gzip == nil {
		w.gzip, w.err = gzip.NewWriterLevel(&w.body, gzipLevel)
	}
	if w.err == nil {
		_, w.err = w.gzip.Write(w.block)
	}
	w.block = w.block[:0]
}

// seal ends the chunk and returns its digest and its body, which is valid until
// reset. previous is the digest of the chunk before it.
func (w *chunkWriter) seal(previous string) (body []byte, digest string, err error) {
	w.flush()
	if w.err == nil {
		w.err = w.gzip.Close()
	}
	if w.err != nil {
		return nil, "", fault.Wrap(w.err, fault.Internal, "the log could not be compressed")
	}
	sum := newDigest(previous)
	_, _ = sum.Write(w.body.Bytes()) // a hash takes everything
	return w.body.Bytes(), hex.EncodeToString(sum.Sum(nil)), nil
}

// newDigest returns the hash to which the body of a chunk is written. It begins
// with the digest of the previous chunk, so that a changed chunk changes the
// digests of all chunks after it.
func newDigest(previous string) hash.Hash {
	sum := sha256.New()
	_, _ = sum.Write([]byte(previous))
	return sum
}

func (w *chunkWriter) reset() {
	w.body.Reset()
	w.gzip.Reset(&w.body)
	w.bytes = 0
}
