package logbook

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"waybill/internal/fault"
)

// Verification is what a check of a log's chunks found.
type Verification struct {
	// Checked is the number of the last chunk that is as it must be, 0 for none.
	Checked int
	// Bad is the number of the first chunk that is not, 0 if there is none, and
	// Why says what is wrong with it.
	Bad int
	Why string
	// Rewritten counts the chunks that were rewritten to take secrets out of
	// them; see [Header.Original].
	Rewritten int
	// More says that the budget ended before the log did: go on after Checked.
	More bool
}

// Verify recomputes the chain of the log that ends at the mark, from the chunk
// after the given number on: that each chunk is there, is where the index says,
// has the content of its digest, entries of the sizes and orders of its header,
// and follows the one before, and that the last one is the mark's. It stops at
// the first chunk that is bad, or behind budget bytes of stored chunks.
//
// The error is only about reading; a log that is damaged is a result.
func Verify(ctx context.Context, archive Archive, book Book, mark Mark, after int, budget int64) (Verification, error) {
	v := verifier{archive: archive, book: book, mark: mark, found: Verification{Checked: after}}
	if after > 0 {
		header, err := archive.Head(ctx, book, after)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return Verification{}, err
		}
		v.previous = header.Digest
	}
	for number := after + 1; number <= mark.Chunks && v.found.Bad == 0; number++ {
		if v.read >= budget {
			v.found.More = true
			return v.found, nil
		}
		if err := v.chunk(ctx, number); err != nil {
			return Verification{}, err
		}
	}
	if v.found.Bad == 0 && v.previous != mark.Digest {
		v.bad(max(mark.Chunks, 1), "its digest is not the one that the record has")
	}
	return v.found, nil
}

// verifier checks chunk by chunk.
type verifier struct {
	archive  Archive
	book     Book
	mark     Mark
	previous string
	read     int64
	found    Verification
}

func (v *verifier) bad(number int, why string) {
	v.found.Bad, v.found.Why = number, why
	v.found.Checked = min(v.found.Checked, number-1)
}

// chunk checks one chunk, and makes it the one before.
func (v *verifier) chunk(ctx context.Context, number int) error {
	header, body, err := v.archive.Open(ctx, v.book, number)
	if errors.Is(err, fault.NotFound) {
		v.bad(number, "it is not there")
		return nil
	}
	if err != nil {
		return err
	}
	sum := newDigest(header.Previous)
	stored := &counter{r: io.TeeReader(body, sum)}
	why, err := v.content(header, stored)
	err = errors.Join(err, body.Close())
	v.read += stored.n
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "chunk %d of the log could not be read", number)
	}
	if why == "" {
		why = v.place(header, hex.EncodeToString(sum.Sum(nil)))
	}
	if why != "" {
		v.bad(number, why)
		return nil
	}
	v.previous, v.found.Checked = header.Digest, number
	if header.Original != "" {
		v.found.Rewritten++
	}
	return nil
}

// place says what is wrong with where the chunk stands, or "".
func (v *verifier) place(header Header, digest string) string {
	number := header.Number
	first := Order(1)
	if number > 1 {
		first = v.mark.Index[number-2] + 1
	}
	switch {
	case header.Previous != v.previous:
		return "it does not follow the chunk before it"
	case digest != header.Digest:
		return "its content is not that of its digest"
	case header.First != first || header.Last != v.mark.Index[number-1]:
		return "its entries are not those that the record counts"
	}
	return ""
}

// content reads all that is stored and says what is wrong with the entries, or
// "". The error is one of the archive, not of the content.
func (v *verifier) content(header Header, stored *counter) (why string, err error) {
	why = entriesOf(header, stored)
	// What stands behind the gzip member is part of the object, too.
	if _, err := io.Copy(io.Discard, stored); err != nil {
		return "", err
	}
	return why, stored.err
}

// entriesOf says what is wrong with a chunk's entries, or "".
func entriesOf(header Header, stored io.Reader) string {
	unzipped, err := gzip.NewReader(stored)
	if err != nil {
		return "it is no gzip member"
	}
	r := &chunkReader{header: header, lines: bufio.NewReaderSize(unzipped, 64<<10)}
	size := int64(0)
	for order := header.First; order <= header.Last; order++ {
		line, err := r.line()
		if err != nil {
			return fmt.Sprintf("it ends before entry %d", order)
		}
		entry, err := Decode(line)
		if err != nil || entry.Order != order {
			return fmt.Sprintf("entry %d is not in its place", order)
		}
		size += int64(len(line)) + 1
	}
	if _, err := r.lines.ReadByte(); !errors.Is(err, io.EOF) {
		return "it has more entries than its header says"
	}
	if size != header.Bytes {
		return "its entries are not of the size that its header says"
	}
	return ""
}

// counter counts what is read, and keeps an error that is not of the content.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

// Read reads on.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		c.err = err
	}
	return n, err
}
