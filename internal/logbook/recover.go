package logbook

import (
	"bytes"
	"context"
	"errors"
	"io"

	"waybill/internal/fault"
)

// Recovered is the result of [Recover].
type Recovered struct {
	// Mark is the mark after the last chunk.
	Mark Mark
	// Steps are the entries of the found chunks that begin a step. The batch of such an
	// entry is the number of its step.
	Steps []Entry
}

// Recover finds chunks that a runner wrote before it died without recording them.
// Internal if a chunk does not continue the log.
func Recover(ctx context.Context, log Log, mark Mark) (Recovered, error) {
	found := Recovered{Mark: mark}
	for {
		number := found.Mark.Chunks + 1
		header, body, err := log.Archive.Open(ctx, log.Book, number)
		if errors.Is(err, fault.NotFound) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		if !found.Mark.continuedBy(header) {
			_ = body.Close() // nothing was written, so nothing can be lost
			return found, newDamagedError(number, errors.New("its header does not continue the log"))
		}
		if err := found.steps(header, body); err != nil {
			return found, err
		}
		if found.Mark, err = found.Mark.extended(ctx, log, header); err != nil {
			return found, err
		}
	}
}

// steps finds the entries of a chunk that begin a step.
func (f *Recovered) steps(header Header, body io.ReadCloser) error {
	r, err := readChunk(header, body, header.Number, End{Last: header.First - 1}, End{Last: header.Last})
	if err != nil {
		return err
	}
	defer r.close()
	for range header.Last - header.First + 1 {
		line, err := r.line()
		if err != nil {
			return err
		}
		if !bytes.Contains(line, []byte(`,"command":"`)) { // a quote in a text follows a backslash
			continue
		}
		entry, err := Decode(line)
		if err != nil {
			return err
		}
		f.Steps = append(f.Steps, entry)
	}
	return nil
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
	m.Stored += h.Stored
	m.Digest = h.Digest
	m.Index = m.Index.With(h.Number, End{h.Last, h.Until})
	return m
}
