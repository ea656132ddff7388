package logbook

import (
	"context"
	"errors"

	"waybill/internal/fault"
)

// Recover finds chunks that a runner wrote before it died without recording them, and
// returns the mark after the last one. Internal if a chunk does not continue the log.
func Recover(ctx context.Context, archive Archive, book Book, mark Mark) (Mark, error) {
	for {
		header, err := archive.Head(ctx, book, mark.Chunks+1)
		if errors.Is(err, fault.NotFound) {
			return mark, nil
		}
		if err != nil {
			return mark, err
		}
		if !mark.continuedBy(header) {
			return mark, newDamagedError(mark.Chunks+1, errors.New("its header does not continue the log"))
		}
		mark = mark.with(header)
	}
}

// continuedBy reports whether the chunk is the next one of the log.
func (m Mark) continuedBy(h Header) bool {
	return h.Number == m.Chunks+1 && h.Previous == m.Digest && h.Before == m.At &&
		h.First == m.Last+1 && h.Last >= h.First && h.Batch >= m.Batch && h.Bytes > 0 && h.Digest != "" &&
		h.After.Out >= h.Before.Out && h.After.Err >= h.Before.Err && h.After.Steps >= h.Before.Steps
}

// with returns the mark after one more chunk.
func (m Mark) with(h Header) Mark {
	m.At = h.After
	m.Chunks = h.Number
	m.Last = h.Last
	m.Batch = h.Batch
	m.Until = h.Until
	m.Bytes += h.Bytes
	m.Digest = h.Digest
	m.Index = m.Index.With(h.Last)
	return m
}
