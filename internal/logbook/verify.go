package logbook

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/gzip"

	"waybill/internal/fault"
)

// Verification is the result of [Verify].
type Verification struct {
	// Checked is the number of the last correct chunk, 0 for none.
	Checked int
	// Bad is the number of the first incorrect chunk, 0 for none. Why is its error.
	Bad int
	Why string
	// Rewritten is the number of chunks that were rewritten to remove secrets; see
	// [Header.Original].
	Rewritten int
	// More says that the budget was used up: continue after Checked.
	More bool
}

// Verify checks the chunks of the log that ends at the mark, beginning after the given
// number. Each chunk must exist, match the index, match its digest, have entries with
// the orders and the size of its header, and follow the chunk before it. The last
// digest must be the mark's. Verify stops at the first incorrect chunk, or after
// budget bytes of stored chunks.
//
// A damaged log is a result. The error is only about reading.
func Verify(ctx context.Context, log Log, mark Mark, after int, budget int64) (Verification, error) {
	v := verifier{log: log, chunks: newFinder(log, mark), mark: mark, found: Verification{Checked: after}}
	first := Order(1)
	if after > 0 {
		header, err := log.Archive.Head(ctx, log.Book, after)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return Verification{}, err
		}
		v.previous, first = header.Digest, header.Last+1
	}
	// Without this, the finder would go there block by block, from the end.
	err := v.chunks.read(ctx, min(first, mark.Last))
	if err != nil && !errors.Is(err, errGap) {
		return Verification{}, err
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
		v.bad(max(mark.Chunks, 1), "its digest is not the one in the record")
	}
	return v.found, nil
}

// verifier checks chunk by chunk.
type verifier struct {
	log      Log
	chunks   *finder
	mark     Mark
	previous string
	read     int64
	found    Verification
}

func (v *verifier) bad(number int, why string) {
	v.found.Bad, v.found.Why = number, why
	v.found.Checked = min(v.found.Checked, number-1)
}

// chunk checks one chunk and makes it the previous one.
func (v *verifier) chunk(ctx context.Context, number int) error {
	before, end, err := v.chunks.bounds(ctx, number)
	if errors.Is(err, errGap) {
		v.bad(number, "its place is not in the index")
		return nil
	}
	if err != nil {
		return err
	}
	header, body, err := v.log.Archive.Open(ctx, v.log.Book, number)
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
		why = v.place(header, before, end, hex.EncodeToString(sum.Sum(nil)))
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

// place returns the error in the place of the chunk in its log, or "".
func (v *verifier) place(header Header, before, end End, digest string) string {
	switch {
	case header.Previous != v.previous:
		return "it does not follow the chunk before it"
	case digest != header.Digest:
		return "its content is not that of its digest"
	case header.First != before.Last+1 || header.Last != end.Last:
		return "its entries are not those that the record counts"
	case !header.Until.Truncate(time.Second).Equal(end.Until):
		return "its time is not the one in the index"
	}
	return ""
}

// content reads the whole object and returns the error in its entries, or "". err is
// an error of the archive.
func (v *verifier) content(header Header, stored *counter) (why string, err error) {
	why = entriesOf(header, stored)
	// The digest also covers bytes after the gzip member.
	if _, err := io.Copy(io.Discard, stored); err != nil {
		return "", err
	}
	return why, stored.err
}

// entriesOf returns the error in the entries of a chunk, or "".
func entriesOf(header Header, stored io.Reader) string {
	unzipped, err := gzip.NewReader(stored)
	if err != nil {
		return "it is not a gzip member"
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

// counter counts the bytes read, and remembers an error of the archive.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

// Read reads and counts.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		c.err = err
	}
	return n, err
}
