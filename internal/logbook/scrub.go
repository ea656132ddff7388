package logbook

import (
	"context"
	"slices"
)

// Rewriter is an archive whose chunks can be rewritten to remove secrets, and for no
// other purpose.
type Rewriter interface {
	Archive
	// Replace replaces the chunk with the same number. Conflict unless the stored
	// chunk has the Digest and the Previous of was. The archive does not use the body
	// after Replace returns.
	Replace(ctx context.Context, book Book, chunk Chunk, was Header) error
	// Purge deletes old versions of the book's chunks, if the archive keeps any.
	// Without old versions it does nothing.
	Purge(ctx context.Context, book Book) error
}

// ScrubResult is the result of [Scrub].
type ScrubResult struct {
	// Mark is the new mark. Only Bytes, Stored and Digest may differ from the old one.
	Mark Mark
	// Entries and Chunks are the numbers of changed entries and chunks.
	Entries int
	Chunks  int
	// Total is the number of entries changed by this call and all earlier ones.
	Total int
}

// Scrub removes secrets from a log that has ended, in the archive of the log. It passes
// the text of each stream through a filter again, so that it also finds secrets across
// entries and chunks. Entries keep their order numbers. A chunk whose text changes states
// its original digest, and all chunks after it get new digests. Chunks before it stay as
// they are.
//
// Scrub may die at any time and be called again with the mark of the record; it then
// skips the finished part. Until the record has the new mark, [Verify] reports the
// log as damaged. Scrub finally deletes all old versions of the chunks, even of an
// interrupted call.
func Scrub(ctx context.Context, log Log, archive Rewriter, mark Mark,
	filter NewFilter) (ScrubResult, error) {
	s := scrubber{archive: archive, chunks: newFinder(log, mark), done: ScrubResult{Mark: mark}}
	s.done.Mark.Bytes, s.done.Mark.Stored = 0, 0
	if mark.Chunks > 0 {
		if err := s.chunks.read(ctx, 1); err != nil {
			return ScrubResult{}, err
		}
	}
	for i := range s.streams {
		s.streams[i] = newScrubStream(filter)
	}
	for number := 1; number <= mark.Chunks; number++ {
		if err := s.read(ctx, number); err != nil {
			return ScrubResult{}, err
		}
		if err := s.write(ctx); err != nil {
			return ScrubResult{}, err
		}
	}
	for _, stream := range s.streams {
		stream.filter.Flush()
	}
	if err := s.write(ctx); err != nil || s.done.Total == 0 {
		return s.done, err
	}
	return s.done, archive.Purge(ctx, log.Book)
}

// scrubber reads chunks and writes each as soon as all of its entries have passed the
// filter. A filter may hold back the end of a chunk until the next one was read.
type scrubber struct {
	archive Rewriter
	chunks  *finder
	streams [3]*scrubStream // of stdout, of stderr, of Waybill's own entries
	pending []*scrubChunk
	digest  string // of the chunk before the first pending one, as it is now
	done    ScrubResult
}

// scrubChunk is a chunk in progress. open is the number of entries that have not
// passed the filter.
type scrubChunk struct {
	header  Header
	entries []Entry
	changed int
	open    int
}

// read writes the entries of a chunk to the filters.
func (s *scrubber) read(ctx context.Context, number int) error {
	r, err := openChunk(ctx, s.chunks, number)
	if err != nil {
		return err
	}
	defer r.close()
	chunk := &scrubChunk{header: r.header, entries: make([]Entry, int(r.header.Last-r.header.First)+1)}
	chunk.open = len(chunk.entries)
	s.pending = append(s.pending, chunk)
	for i := range chunk.entries {
		line, err := r.line()
		if err != nil {
			return err
		}
		if chunk.entries[i], err = Decode(line); err != nil {
			return err
		}
		s.stream(chunk.entries[i]).entry(chunk, i)
	}
	return nil
}

func (s *scrubber) stream(e Entry) *scrubStream {
	switch {
	case e.Step == "" || e.Command != "":
		return s.streams[2]
	case e.Type == Stderr:
		return s.streams[1]
	}
	return s.streams[0]
}

// write writes the pending chunks whose entries have all passed, in order.
func (s *scrubber) write(ctx context.Context) error {
	for len(s.pending) > 0 && s.pending[0].open == 0 {
		if err := s.rewrite(ctx, s.pending[0]); err != nil {
			return err
		}
		s.pending = s.pending[1:]
	}
	return nil
}

// rewrite replaces a chunk if its text or the digest of the previous chunk changed.
func (s *scrubber) rewrite(ctx context.Context, chunk *scrubChunk) error {
	was, header := chunk.header, chunk.header
	header.Previous = s.digest
	if chunk.changed == 0 && header == was {
		s.pass(header)
		return nil
	}
	body, err := chunk.body(&header)
	if err != nil {
		return err
	}
	if chunk.changed > 0 {
		s.done.Chunks++
		s.done.Entries += chunk.changed
		header.Changed += chunk.changed
		if header.Original == "" {
			header.Original = was.Digest
		}
	}
	if err := s.archive.Replace(ctx, s.chunks.log.Book, Chunk{Header: header, Body: body}, was); err != nil {
		return err
	}
	s.pass(header)
	return nil
}

// pass makes the chunk the previous one of the next chunk.
func (s *scrubber) pass(header Header) {
	s.digest = header.Digest
	s.done.Mark.Bytes += header.Bytes
	s.done.Mark.Stored += header.Stored
	s.done.Mark.Digest = header.Digest
	s.done.Total += header.Changed
}

// body compresses the entries again and sets their size and digest in the header. A
// chunk with unchanged entries may still get other bytes.
func (c *scrubChunk) body(header *Header) ([]byte, error) {
	var w chunkWriter
	for _, entry := range c.entries {
		before := len(w.block)
		w.block = entry.Append(w.block)
		w.bytes += int64(len(w.block) - before)
		if len(w.block) >= blockBytes {
			w.flush()
		}
	}
	body, digest, err := w.seal(header.Previous)
	header.Bytes, header.Stored, header.Digest = w.bytes, int64(len(body)), digest
	return slices.Clone(body), err
}

// scrubStream writes the texts of entries to one filter and puts its output back into
// the entries.
type scrubStream struct {
	filter Filter
	// waiting are the entries whose text has not passed the filter completely. at is
	// the number of bytes of the first one that have.
	waiting []scrubPlace
	at      int
	text    []byte
}

// scrubPlace is an entry in its chunk.
type scrubPlace struct {
	chunk *scrubChunk
	index int
	size  int // of its text, a newline included
}

func newScrubStream(filter NewFilter) *scrubStream {
	s := &scrubStream{}
	s.filter = filter(s.emit)
	return s
}

// entry writes the text of an entry to the filter.
func (s *scrubStream) entry(chunk *scrubChunk, index int) {
	e := &chunk.entries[index]
	text := e.Output
	if e.Command != "" {
		text = e.Command
	}
	if !e.Continued {
		text += "\n"
	}
	s.waiting = append(s.waiting, scrubPlace{chunk, index, len(text)})
	s.pass(nil) // an entry without text passes at once
	s.filter.Write([]byte(text))
	if e.Step == "" || e.Command != "" {
		s.filter.Flush() // no secret continues in the next one
	}
}

// emit takes the output of the filter; see [NewFilter]. A mask goes into the entry in
// which it begins and takes its bytes from all entries that it covers.
func (s *scrubStream) emit(p []byte, masked int) {
	if masked > 0 {
		s.text = append(s.text, p...)
		s.take(masked)
		return
	}
	s.pass(p)
}

// pass takes unmasked bytes.
func (s *scrubStream) pass(p []byte) {
	for len(s.waiting) > 0 {
		piece := p[:min(len(p), s.waiting[0].size-s.at)]
		p = p[len(piece):]
		s.text = append(s.text, piece...)
		s.at += len(piece)
		if s.at < s.waiting[0].size {
			return
		}
		s.finishEntry()
	}
}

// take skips the bytes that a mask stands for.
func (s *scrubStream) take(masked int) {
	for len(s.waiting) > 0 {
		size := min(masked, s.waiting[0].size-s.at)
		masked -= size
		s.at += size
		if s.at < s.waiting[0].size {
			return
		}
		s.finishEntry()
	}
}

// finishEntry stores the new text of the first waiting entry.
func (s *scrubStream) finishEntry() {
	place := s.waiting[0]
	e := &place.chunk.entries[place.index]
	text := string(s.text)
	if !e.Continued && len(text) > 0 && text[len(text)-1] == '\n' {
		text = text[:len(text)-1]
	}
	was := &e.Output
	if e.Command != "" {
		was = &e.Command
	}
	if *was != text {
		*was = text
		place.chunk.changed++
	}
	place.chunk.open--
	s.waiting, s.at, s.text = s.waiting[1:], 0, s.text[:0]
}
