package logbook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"waybill/internal/fault"
)

const (
	// MaxLimit is the most lines that a client may ask for at once.
	MaxLimit = 1000
	// MaxPageBytes is where a page ends early; it has one line at least.
	MaxPageBytes = 4 << 20

	// A page looks into so many chunks and no further than the one in which it
	// has read so many bytes: a log in which hardly any line is of the step that
	// was asked for takes several pages.
	maxPageChunks = 256
	maxPageScan   = 16 << 20

	// A tail begins so that its beginning stays where it is while the log grows
	// by a tailStep of its size: a client that follows by reading the tail again
	// and again finds the old one at the beginning of the new one.
	maxTailChunks = 1024
	tailSteps     = 4
)

// Query says which lines of a log to read.
type Query struct {
	// After is the order of the last line already read, 0 for none.
	After Order
	// Limit is the most lines to return; 0 means as many as fit.
	Limit int
	// Step and Type, if set, leave out the lines of others.
	Step string
	Type Type
}

// Page is some lines of a log as they are stored, each a JSON object.
type Page struct {
	// Lines may be fewer than asked for, even none, though the log goes on: see
	// Next.
	Lines [][]byte
	// Next is what to ask after for the page that follows; no line is missed
	// and none comes twice. The log has nothing more for now when it is the
	// order of the mark's last entry.
	Next Order
}

// Read returns the lines that the query asks for, of the log that ends at the
// mark. Gone if a chunk that the mark counts is no longer kept; Internal if it
// is damaged. Lines are passed through as they are stored.
func Read(ctx context.Context, archive Archive, book Book, mark Mark, q Query) (Page, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := newPager(q)
	first := mark.Index.Find(p.next)
	if first == 0 {
		return Page{Next: p.next}, nil
	}
	chunks := newAhead(ctx, archive, book, mark, first, min(p.last(mark), first+maxPageChunks-1))
	for !p.full && p.scanned < maxPageScan && chunks.more() {
		chunk, err := chunks.chunk()
		if err == nil {
			err = p.chunk(chunk)
		}
		if err != nil {
			return Page{}, err
		}
	}
	return Page{Lines: p.lines.all(), Next: p.next}, nil
}

// pager fills one page.
type pager struct {
	filter  filter
	limit   int
	next    Order
	lines   arena
	full    bool
	scanned int64
}

func newPager(q Query) *pager {
	p := &pager{filter: newFilter(q), limit: q.Limit, next: max(q.After, 0)}
	return p
}

// last returns the last chunk that the page may need. A page without a filter
// ends with the chunk that has its last line.
func (p *pager) last(mark Mark) int {
	if !p.filter.any() && p.limit > 0 {
		if last := mark.Index.Find(p.next + Order(p.limit) - 1); last > 0 {
			return last
		}
	}
	return len(mark.Index)
}

func (p *pager) chunk(r *chunkReader) error {
	for order := r.header.First; order <= r.header.Last && !p.full; order++ {
		line, err := r.line()
		if err != nil {
			return err
		}
		p.scanned += int64(len(line))
		if order > p.next {
			p.line(order, line)
		}
	}
	return nil
}

// line takes the line, or finds the page full.
func (p *pager) line(order Order, line []byte) {
	if p.filter.matches(line) {
		if len(p.lines.ends) > 0 && len(p.lines.bytes)+len(line) > MaxPageBytes {
			p.full = true
			return
		}
		p.lines.add(line)
		p.full = len(p.lines.ends) == p.limit
	}
	p.next = order
}

// Tail returns the newest stored lines that have no more than maxBytes
// together, newlines counted. Where it begins depends on the log's size in
// steps of a quarter of maxBytes.
func Tail(ctx context.Context, archive Archive, book Book, mark Mark, maxBytes int) ([][]byte, error) {
	room := mark.Bytes - beginning(mark.Bytes, int64(maxBytes))
	oldest := 1 + int(beginning(int64(mark.Chunks), maxTailChunks))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts [][][]byte
	for chunks := newAhead(ctx, archive, book, mark, mark.Chunks, oldest); room > 0 && mark.Chunks > 0 && chunks.more(); {
		chunk, err := chunks.chunk()
		if err != nil {
			return nil, err
		}
		lines, err := chunk.tail(room)
		if err != nil {
			return nil, err
		}
		parts = append(parts, lines)
		room -= chunk.header.Bytes
	}
	slices.Reverse(parts)
	return slices.Concat(parts...), nil
}

// beginning returns how much to leave out of a total so that no more than most
// is left. It moves in steps.
func beginning(total, most int64) int64 {
	if total <= most {
		return 0
	}
	step := max(most/tailSteps, 1)
	return min((total-most+step-1)/step*step, total)
}

// tail returns the last lines of the chunk that have room.
func (r *chunkReader) tail(room int64) ([][]byte, error) {
	var lines arena
	left := r.header.Bytes
	for order := r.header.First; order <= r.header.Last; order++ {
		line, err := r.line()
		if err != nil {
			return nil, err
		}
		if left <= room {
			lines.add(line)
		}
		left -= int64(len(line)) + 1
	}
	return lines.all(), nil
}

// arena keeps lines in one piece of memory.
type arena struct {
	bytes []byte
	ends  []int
}

func (a *arena) add(line []byte) {
	a.bytes = append(a.bytes, line...)
	a.ends = append(a.ends, len(a.bytes))
}

func (a *arena) all() [][]byte {
	lines := make([][]byte, len(a.ends))
	begin := 0
	for i, end := range a.ends {
		lines[i] = a.bytes[begin:end:end]
		begin = end
	}
	return lines
}

// filter tells by the bytes of a stored line whether it is asked for: a line
// is only ever written by [Entry.Append], so its fields have one form and one
// order, and within a JSON string no quote stands without a backslash.
type filter struct{ typ, step []byte }

func newFilter(q Query) (f filter) {
	if q.Type != "" {
		f.typ = append(appendText([]byte(`,"type":"`), []byte(q.Type)), `",`...)
	}
	if q.Step != "" {
		f.step = append(appendText([]byte(`,"step":"`), []byte(q.Step)), `"`...)
	}
	return f
}

// any reports whether there is anything to look for.
func (f filter) any() bool { return f.typ != nil || f.step != nil }

func (f filter) matches(line []byte) bool {
	if !f.any() {
		return true
	}
	head, _, _ := bytes.Cut(line, []byte(`,"hidden":`))
	return bytes.Contains(head, f.typ) && bytes.HasSuffix(head, f.step)
}

// lost is a chunk whose bytes stopped coming.
func lost(number int, cause error) error {
	return fault.Wrap(cause, fault.Unavailable, "Chunk %d of the log could not be read. Try again.", number)
}

// damaged is a chunk that is not what the mark says.
func damaged(number int, cause error) error {
	return fault.Wrap(cause, fault.Internal, "chunk %d of the log is damaged", number)
}

// unread words an error of the archive for a chunk that must be there.
func unread(err error) error {
	if errors.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.Gone, "The log is no longer kept.")
	}
	return err
}

// eof turns the end of a chunk, where there must be more, into what it is.
func eof(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
