package memory

import (
	"bytes"
	"context"
	"io"
	"maps"
	"slices"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// archive is a [logbook.Rewriter]. Like the bucket, it refuses to write a number twice.
// It keeps no old versions.
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

func (a archive) Open(ctx context.Context, book logbook.Book,
	number int) (logbook.Header, io.ReadCloser, error) {
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

// chunk returns no copy: the bytes of a chunk never change, and readers do not get the
// slice.
func (a archive) chunk(ctx context.Context, book logbook.Book, number int) (logbook.Chunk, error) {
	var found logbook.Chunk
	err := a.locked(ctx, func() error {
		chunk, there := a.chunks[book][number]
		if !there {
			return newNoChunkError(number, book)
		}
		found = chunk
		return nil
	})
	return found, err
}

func (a archive) Replace(ctx context.Context, book logbook.Book, chunk logbook.Chunk,
	was logbook.Header) error {
	return a.locked(ctx, func() error {
		there, found := a.chunks[book][chunk.Number]
		if !found {
			return newNoChunkError(chunk.Number, book)
		}
		if there.Digest != was.Digest || there.Previous != was.Previous {
			return fault.New(fault.Conflict, "Chunk %d of log %s is another by now.", chunk.Number, book)
		}
		a.chunks[book][chunk.Number] = cloneChunk(chunk)
		return nil
	})
}

func newNoChunkError(number int, book logbook.Book) error {
	return fault.New(fault.NotFound, "Chunk %d of log %s is not there.", number, book)
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

// Books returns pages of two books. It knows no times, so each book is as old as can be.
func (a archive) Books(ctx context.Context, after logbook.Book) (books []logbook.Stored, next logbook.Book,
	err error) {
	const page = 2
	err = a.locked(ctx, func() error {
		for _, book := range slices.Sorted(maps.Keys(a.chunks)) {
			if book <= after || len(a.chunks[book]) == 0 {
				continue
			}
			if len(books) == page {
				next = books[page-1].Book
				return nil
			}
			stored := logbook.Stored{Book: book}
			for _, chunk := range a.chunks[book] {
				stored.Objects++
				stored.Bytes += chunk.Stored
			}
			books = append(books, stored)
		}
		return nil
	})
	return books, next, err
}
