package logbook

import (
	"context"
	"slices"
)

// Rewriter is an archive whose chunks can be rewritten, to take out of them
// what should never have been in a log. Nothing else may be changed so.
type Rewriter interface {
	Archive
	// Replace puts the chunk in the place of the one with its number. Conflict
	// unless the digest and the previous of what is there are those of was. The
	// body is the archive's only until Replace returns.
	Replace(ctx context.Context, book Book, chunk Chunk, was Header) error
	// Purge removes the older forms of the book's chunks, if the archive keeps
	// any. Purging nothing is no error.
	Purge(ctx context.Context, book Book) error
}

// ScrubResult is what [Scrub] did.
type ScrubResult struct {
	// Mark is where the log ends now. Only its Bytes and Digest may differ.
	Mark Mark
	// Entries and Chunks are how many were changed.
	Entries int
	Chunks  int
	// Total is how many entries were changed since the log was written, by this
	// call and all before it.
	Total int
}

// Scrub takes secrets out of a log that has ended: everything in it goes
// through filters once more, as the streams that it came in, so that a secret
// is found across entries and chunks, too. Entries keep their places; a chunk
// whose text changes says which digest it had before, and the chunks behind it
// are chained anew. Chunks in which nothing changes stay as they are.
//
// It may die at any instant and be called again, with the mark that the record
// has: what is done is then found done. Until the record has the new mark,
// [Verify] says that the log is damaged, which is right: it was changed. Older
// forms of the chunks are gone when it returns, also those that a call which
// died has left.
func Scrub(ctx context.Context, archive Rewriter, book Book, mark Mark, filter NewFilter) (ScrubResult, error) {
	s := scrubber{archive: archive, book: book, mark: mark, done: ScrubResult{Mark: mark}}
	s.done.Mark.Bytes = 0
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
	return s.done, archive.Purge(ctx, book)
}

// scrubber reads chunks, and writes each once all of its entries are decided:
// a filter may hold back the end of one until the next was read.
type scrubber struct {
	archive Rewriter
	book    Book
	mark    Mark
	streams [3]*scrubStream // of stdout, of stderr, of Waybill's own entries
	pending []*scrubChunk
	digest  string // of the chunk before the first pending one, as it is now
	done    ScrubResult
}

// scrubChunk is a chunk on its way. open counts what is not decided yet.
type scrubChunk struct {
	header  Header
	entries []Entry
	changed int
	open    int
}

// read puts a chunk's entries through the filters.
func (s *scrubber) read(ctx context.Context, number int) error {
	r, err := openChunk(ctx, s.archive, s.book, s.mark, number)
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

// write writes the pending chunks that are decided, in their order.
func (s *scrubber) write(ctx context.Context) error {
	for len(s.pending) > 0 && s.pending[0].open == 0 {
		if err := s.rewrite(ctx, s.pending[0]); err != nil {
			return err
		}
		s.pending = s.pending[1:]
	}
	return nil
}

// rewrite replaces a chunk if its text or its place in the chain changed.
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
	if err := s.archive.Replace(ctx, s.book, Chunk{Header: header, Body: body}, was); err != nil {
		return err
	}
	s.pass(header)
	return nil
}

// pass makes the chunk the one before the next.
func (s *scrubber) pass(header Header) {
	s.digest = header.Digest
	s.done.Mark.Bytes += header.Bytes
	s.done.Mark.Digest = header.Digest
	s.done.Total += header.Changed
}

// body writes the entries anew, and their size and digest into the header. One
// that only moved in the chain may be compressed otherwise than it was.
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
	header.Bytes, header.Digest = w.bytes, digest
	return slices.Clone(body), err
}

// scrubStream puts the texts of entries through one filter, and what comes out
// back into them.
type scrubStream struct {
	filter Filter
	// waiting are the entries of which the text is not decided; at is how many
	// bytes of the first one's are.
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

// entry puts an entry's text through the filter.
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
	s.pass(nil) // an entry without any text is decided at once
	s.filter.Write([]byte(text))
	if e.Step == "" || e.Command != "" {
		s.filter.Flush() // it stands alone
	}
}

// emit takes what the filter lets through. A mask goes where it begins, and
// takes its bytes from as many entries as it covers.
func (s *scrubStream) emit(p []byte, masked int) {
	if masked > 0 {
		s.text = append(s.text, p...)
		s.take(masked)
		return
	}
	s.pass(p)
}

// pass takes bytes that are as they were.
func (s *scrubStream) pass(p []byte) {
	for len(s.waiting) > 0 {
		piece := p[:min(len(p), s.waiting[0].size-s.at)]
		p = p[len(piece):]
		s.text = append(s.text, piece...)
		s.at += len(piece)
		if s.at < s.waiting[0].size {
			return
		}
		s.settle()
	}
}

// take goes over bytes that a mask stands for.
func (s *scrubStream) take(masked int) {
	for len(s.waiting) > 0 {
		size := min(masked, s.waiting[0].size-s.at)
		masked -= size
		s.at += size
		if s.at < s.waiting[0].size {
			return
		}
		s.settle()
	}
}

// settle ends the first entry that waits.
func (s *scrubStream) settle() {
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
