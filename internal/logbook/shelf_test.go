package logbook_test

import (
	"bytes"
	"context"
	"io"
	"sync"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/logbook/logbooktest"
)

// shelf is the smallest archive there is. It counts what is read and can be
// told to fail.
type shelf struct {
	mu     sync.Mutex
	chunks map[logbook.Book]map[int]logbook.Chunk
	opened int
	fail   error // of the next Put, after it has stored the chunk
	// replaced counts the calls of Replace; one may fail.
	replaced, dieAt int
	// older are the old versions that Purge has not removed.
	older []logbook.Chunk
}

func (s *shelf) Put(ctx context.Context, book logbook.Book, chunk logbook.Chunk) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, taken := s.chunks[book][chunk.Number]; taken {
		return fault.New(fault.Conflict, "chunk %d is there", chunk.Number)
	}
	if s.chunks == nil {
		s.chunks = map[logbook.Book]map[int]logbook.Chunk{}
	}
	if s.chunks[book] == nil {
		s.chunks[book] = map[int]logbook.Chunk{}
	}
	chunk.Body = bytes.Clone(chunk.Body)
	s.chunks[book][chunk.Number] = chunk
	err := s.fail
	s.fail = nil
	return err
}

func (s *shelf) Open(ctx context.Context, book logbook.Book,
	number int) (logbook.Header, io.ReadCloser, error) {
	header, err := s.Head(ctx, book, number)
	if err != nil {
		return header, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	return header, io.NopCloser(bytes.NewReader(s.chunks[book][number].Body)), nil
}

func (s *shelf) Head(ctx context.Context, book logbook.Book, number int) (logbook.Header, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return logbook.Header{}, ctx.Err()
	}
	chunk, found := s.chunks[book][number]
	if !found {
		return logbook.Header{}, fault.New(fault.NotFound, "no chunk %d", number)
	}
	return chunk.Header, nil
}

func (s *shelf) Remove(ctx context.Context, book logbook.Book) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	delete(s.chunks, book)
	return nil
}

func TestShelf(t *testing.T) {
	logbooktest.TestArchive(t, func(*testing.T) logbook.Archive { return &shelf{} })
	logbooktest.TestRewriter(t, func(*testing.T) logbook.Rewriter { return &shelf{} })
}
