package logbook

import (
	"bytes"
	"context"
	"io"
)

const (
	// At most maxParallel chunks are fetched at once, and fewer if they are large:
	// about aheadBytes of entries. Compressed, they take a third of that in memory.
	maxParallel = 16
	aheadBytes  = 16 << 20
)

// ahead fetches the chunks of a page before they are read, several at once. A log
// that was followed has many small chunks, and S3 takes about 30 ms for each. ahead
// begins with two chunks and doubles, so that a page of one chunk does not pay for
// many. It is for use by one goroutine.
type ahead struct {
	bounds func(number int) (before, end End, err error)
	fetch  func(number int, before, end End) (*chunkReader, error)
	// next is the next chunk to fetch, last the last one; step is 1 or -1.
	next, last, step int
	width, most      int
	coming           []chan fetched
}

type fetched struct {
	chunk *chunkReader
	err   error
}

// newAhead fetches the chunks from first to last, downwards if last is lower.
// Cancelling ctx ends the fetches that the caller does not wait for.
func newAhead(ctx context.Context, chunks *finder, first, last int) *ahead {
	mark := chunks.mark
	average := max(mark.Bytes/int64(max(mark.Chunks, 1)), 1)
	most := int(min(max(aheadBytes/average, 2), maxParallel))
	a := &ahead{next: first, last: last, step: 1, width: 2, most: most}
	if last < first {
		a.step = -1
	}
	a.bounds = func(number int) (before, end End, err error) { return chunks.bounds(ctx, number) }
	a.fetch = func(number int, before, end End) (*chunkReader, error) {
		return fetchChunk(ctx, chunks.log, number, before, end)
	}
	return a
}

// more reports whether there is another chunk.
func (a *ahead) more() bool { return len(a.coming) > 0 || a.left() > 0 }

func (a *ahead) left() int { return (a.last-a.next)*a.step + 1 }

// chunk returns the next chunk.
func (a *ahead) chunk() (*chunkReader, error) {
	for len(a.coming) < min(a.width, a.most) && a.left() > 0 {
		number, done := a.next, make(chan fetched, 1)
		before, end, err := a.bounds(number)
		if err != nil {
			return nil, err
		}
		go func() {
			chunk, err := a.fetch(number, before, end)
			done <- fetched{chunk, err}
		}()
		a.coming = append(a.coming, done)
		a.next += a.step
	}
	a.width = min(2*a.width, a.most)
	got := <-a.coming[0]
	a.coming = a.coming[1:]
	return got.chunk, got.err
}

// fetchChunk reads a whole chunk into memory, so that it holds no connection.
func fetchChunk(ctx context.Context, log Log, number int, before, end End) (*chunkReader, error) {
	header, body, err := log.Archive.Open(ctx, log.Book, number)
	if err != nil {
		return nil, goneIfNotFound(err)
	}
	text, err := io.ReadAll(body)
	_ = body.Close() // nothing was written, so nothing can be lost
	if err != nil {
		return nil, newUnreadableError(number, err)
	}
	return readChunk(header, io.NopCloser(bytes.NewReader(text)), number, before, end)
}
