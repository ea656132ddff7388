package logbook

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

// maxStoredLine is longer than any stored line. A byte of output takes at most six
// bytes of JSON, and the size of a job bounds its commands.
const maxStoredLine = 8 << 20

// chunkReader reads the lines of one chunk, one at a time.
type chunkReader struct {
	header Header
	body   io.Closer
	lines  *bufio.Reader
	long   []byte // a line that is longer than the buffer
}

// openChunk opens a chunk of the log.
func openChunk(ctx context.Context, chunks *finder, number int) (*chunkReader, error) {
	before, end, err := chunks.bounds(ctx, number)
	if err != nil {
		return nil, err
	}
	header, body, err := chunks.log.Archive.Open(ctx, chunks.log.Book, number)
	if err != nil {
		return nil, goneIfNotFound(err)
	}
	return readChunk(header, body, number, before, end)
}

// readChunk starts to read an open chunk and checks that its header matches the index.
func readChunk(header Header, body io.ReadCloser, number int, before, end End) (*chunkReader, error) {
	if header.Number != number || header.First != before.Last+1 || header.Last != end.Last {
		_ = body.Close() // nothing was written, so nothing can be lost
		return nil, newDamagedError(number, errors.New("its header is of another place in the log"))
	}
	unzipped, err := gzip.NewReader(body)
	if err != nil {
		_ = body.Close()
		return nil, newDamagedError(number, unexpectedEOF(err))
	}
	return &chunkReader{header: header, body: body, lines: bufio.NewReaderSize(unzipped, 64<<10)}, nil
}

// line returns the next line without its newline. It is valid until the next call.
func (r *chunkReader) line() ([]byte, error) {
	line, err := r.lines.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		r.long = r.long[:0]
		for errors.Is(err, bufio.ErrBufferFull) && len(r.long) < maxStoredLine {
			r.long = append(r.long, line...)
			line, err = r.lines.ReadSlice('\n')
		}
		r.long = append(r.long, line...)
		line = r.long
	}
	if err != nil {
		return nil, newDamagedError(r.header.Number, unexpectedEOF(err))
	}
	return line[:len(line)-1], nil
}

func (r *chunkReader) close() { _ = r.body.Close() }
