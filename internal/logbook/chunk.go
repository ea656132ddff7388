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
	// gzipLevel is 3.3 times as fast as the standard library's default at 1.08
	// times its size, on logs.
	gzipLevel = 2
	// blockBytes of entries are compressed at once.
	blockBytes = 32 << 10

	// A chunk is due at minChunkBytes of entries, later at a sixteenth of what
	// the log already has, at most at maxChunkBytes: a short log is soon there
	// to be read, and a long one has few chunks.
	minChunkBytes = 256 << 10
	maxChunkBytes = 8 << 20
	chunkShare    = 16
)

// chunkLimit is the size of entries at which a chunk is due, for a log that
// has so many bytes already.
func chunkLimit(log int64) int64 {
	return min(max(log/chunkShare, minChunkBytes), maxChunkBytes)
}

// chunkWait is how long the first entry of a chunk waits for company when
// nobody follows the log: 1, 2, 4, 8, then 10 seconds.
func chunkWait(chunks int) time.Duration {
	return min(time.Second<<min(chunks, 4), 10*time.Second)
}

// followedWait is how long it waits when the log has been followed for so long:
// 1 s for the first ten seconds, in which most deployments fail that fail, then
// growing to 5 s within the minute, so that an hour makes some 735 chunks and
// not 3,600.
func followedWait(followed time.Duration) time.Duration {
	const (
		shortest, until = time.Second, 10 * time.Second
		longest, from   = 5 * time.Second, time.Minute
	)
	share := float64(min(max(followed-until, 0), from-until)) / float64(from-until)
	return shortest + time.Duration(share*float64(longest-shortest))
}

// press compresses entries into the body of a chunk as they come, so that a
// chunk of 8 MiB takes the memory of its compressed form. Its buffers are used
// again for the next chunk.
type press struct {
	block []byte // entries that are not yet compressed
	body  bytes.Buffer
	gzip  *gzip.Writer
	bytes int64 // of all entries
	begun time.Time
	err   error
}

// added compresses the block if it is large enough. size is what was added.
func (p *press) added(size int, now func() time.Time) {
	if p.bytes == 0 {
		p.begun = now()
	}
	p.bytes += int64(size)
	if len(p.block) >= blockBytes {
		p.squeeze()
	}
}

func (p *press) squeeze() {
	if p.gzip == nil {
		p.gzip, p.err = gzip.NewWriterLevel(&p.body, gzipLevel)
	}
	if p.err == nil {
		_, p.err = p.gzip.Write(p.block)
	}
	p.block = p.block[:0]
}

// seal ends the chunk behind the one with the previous digest, and returns its
// body, good until reset, and its digest.
func (p *press) seal(previous string) (body []byte, digest string, err error) {
	p.squeeze()
	if p.err == nil {
		p.err = p.gzip.Close()
	}
	if p.err != nil {
		return nil, "", fault.Wrap(p.err, fault.Internal, "the log could not be compressed")
	}
	sum := newDigest(previous)
	_, _ = sum.Write(p.body.Bytes()) // a hash takes everything
	return p.body.Bytes(), hex.EncodeToString(sum.Sum(nil)), nil
}

// newDigest begins the digest of a chunk, whose body is to be written to it.
// That of the chunk before is part of it: else somebody who changes a chunk had
// only to change what the next one says of it.
func newDigest(previous string) hash.Hash {
	sum := sha256.New()
	_, _ = sum.Write([]byte(previous))
	return sum
}

func (p *press) reset() {
	p.body.Reset()
	p.gzip.Reset(&p.body)
	p.bytes = 0
}
