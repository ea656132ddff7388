package logbook_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/logbook/logbooktest"
)

// shelf is the smallest archive there is. It counts the reads and can be
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
	index sections
}

// on is the log on a shelf, or in another archive with an index of its own.
func on(archive logbook.Archive) logbook.Log {
	index := &sections{}
	switch archive := archive.(type) {
	case *shelf:
		index = &archive.index
	case *slow:
		index = &archive.index
	}
	return logbook.Log{Book: book, Archive: archive, Index: index}
}

// sections is the smallest store of an index. It counts the reads, and can be told to
// fail.
type sections struct {
	mu     sync.Mutex
	blocks map[logbook.Book]map[logbook.Order]map[int]logbook.Section
	gets   int
	puts   int
	fail   error // of the next Put, after it has stored the section
}

func (s *sections) Put(ctx context.Context, book logbook.Book, block logbook.Order,
	section logbook.Section) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if s.blocks == nil {
		s.blocks = map[logbook.Book]map[logbook.Order]map[int]logbook.Section{}
	}
	if s.blocks[book] == nil {
		s.blocks[book] = map[logbook.Order]map[int]logbook.Section{}
	}
	if s.blocks[book][block] == nil {
		s.blocks[book][block] = map[int]logbook.Section{}
	}
	s.blocks[book][block][section.First] = section
	s.puts++
	err := s.fail
	s.fail = nil
	return err
}

func (s *sections) Get(ctx context.Context, book logbook.Book, order logbook.Order) (logbook.Section, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return logbook.Section{}, ctx.Err()
	}
	s.gets++
	found := logbook.Order(0)
	for block := range s.blocks[book] {
		if block <= order {
			found = max(found, block)
		}
	}
	parts := s.blocks[book][found]
	if parts == nil {
		return logbook.Section{}, fault.New(fault.NotFound, "no block with entry %d", order)
	}
	numbers := slices.Sorted(maps.Keys(parts))
	whole := parts[numbers[0]]
	whole.Ends = nil
	for _, number := range numbers {
		whole.Ends = append(whole.Ends, parts[number].Ends...)
	}
	return whole, nil
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
	logbooktest.TestIndexStore(t, func(*testing.T) logbook.IndexStore { return &sections{} })
	logbooktest.TestRewriter(t, func(*testing.T) logbook.Rewriter { return &shelf{} })
}
