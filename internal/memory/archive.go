package memory

import (
	"bytes"
	"context"
	"io"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// archive is a [logbook.Rewriter]: like the bucket, it refuses to write a number
// twice, and keeps nothing that was replaced.
type archive struct{ *Memory }

func (a archive) Put(ctx context.Context, book logbook.Book, chunk logbook.Chunk) error {
	return a.locked(ctx, func() error {
		if _, taken := a.chunks[book][chunk.Number]; taken {
			return fault.New(fault.Conflict, "Chunk %d of log %s exists already.", chunk.Number, book)
		}
		if a.chunks[book] == nil {
			a.chunks[book] = map[int]logbook.Chunk{}
		}
		a.chunks[book][chunk.Number] = cloneChunk(chunk)
		return nil
	})
}

func (a archive) Open(ctx context.Context, book logbook.Book, number int) (logbook.Header, io.ReadCloser, error) {
	chunk, err := a.chunk(ctx, book, number)
	if err != nil {
		return logbook.Header{}, nil, err
	}
	return chunk.Header, io.NopCloser(bytes.NewReader(chunk.Body)), nil
}

func (a archive) Head(ctx context.Context, book logbook.Book, number int) (logbook.Header, error) {
	chunk, err := a.chunk(ctx, book, number)
	return chunk.Header, err
}

// chunk needs no copy: a chunk's bytes are never changed, and readers get no
// slice.
func (a archive) chunk(ctx context.Context, book logbook.Book, number int) (logbook.Chunk, error) {
	var found logbook.Chunk
	err := a.locked(ctx, func() error {
		chunk, there := a.chunks[book][number]
		if !there {
			return fault.New(fault.NotFound, "Chunk %d of log %s is not there.", number, book)
		}
		found = chunk
		return nil
	})
	return found, err
}

func (a archive) Replace(ctx context.Context, book logbook.Book, chunk logbook.Chunk, was logbook.Header) error {
	return a.locked(ctx, func() error {
		there, found := a.chunks[book][chunk.Number]
		if !found {
			return fault.New(fault.NotFound, "Chunk %d of log %s is not there.", chunk.Number, book)
		}
		if there.Digest != was.Digest || there.Previous != was.Previous {
			return fault.New(fault.Conflict, "Chunk %d of log %s is another by now.", chunk.Number, book)
		}
		a.chunks[book][chunk.Number] = cloneChunk(chunk)
		return nil
	})
}

func (a archive) Purge(ctx context.Context, _ logbook.Book) error {
	return a.locked(ctx, func() error { return nil })
}

func (a archive) Remove(ctx context.Context, book logbook.Book) error {
	return a.locked(ctx, func() error {
		delete(a.chunks, book)
		return nil
	})
}
