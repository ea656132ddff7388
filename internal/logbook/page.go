package logbook

import (
	"bytes"
	"context"
	"errors"
	"io"

	"waybill/internal/fault"
)

const (
	// MaxLimit is the most lines that one page has.
	MaxLimit = 1000
	// MaxPageBytes is where a page ends early; it has one line at least.
	MaxPageBytes = 4 << 20

	// A page looks into so many chunks and no further than the one in which it
	// has read so many bytes: a log of small chunks, or one in which hardly any
	// line is of the step that was asked for, takes several pages.
	maxPageChunks = 32
	maxPageScan   = 16 << 20
)

// Query says which lines of a log to read.
type Query struct {
	// After is the order of the last line already read, 0 for none.
	After Order
	// Limit is the most lines to return; 0 means MaxLimit, as does more.
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
	p := newPager(q)
	for number := mark.Index.Find(p.next); !p.full && p.more(mark, number); number++ {
		if err := p.chunk(ctx, archive, book, mark, number); err != nil {
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
	opened  int
	scanned int64
}

func newPager(q Query) *pager {
	p := &pager{filter: newFilter(q), limit: q.Limit, next: max(q.After, 0)}
	if p.limit <= 0 || p.limit > MaxLimit {
		p.limit = MaxLimit
	}
	return p
}

// more reports whether to look into the chunk too.
func (p *pager) more(mark Mark, number int) bool {
	return 0 < number && number <= len(mark.Index) && p.opened < maxPageChunks && p.scanned < maxPageScan
}

func (p *pager) chunk(ctx context.Context, archive Archive, book Book, mark Mark, number int) error {
	p.opened++
	r, err := openChunk(ctx, archive, book, mark, number)
	if err != nil {
		return err
	}
	defer r.close()
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
// together, newlines counted. It looks into as many chunks as a page does.
func Tail(ctx context.Context, archive Archive, book Book, mark Mark, maxBytes int) ([][]byte, error) {
	var parts [][][]byte
	room := int64(maxBytes)
	last := len(mark.Index)
	for number := last; number > 0 && number > last-maxPageChunks; number-- {
		lines, whole, err := chunkTail(ctx, archive, book, mark, number, &room)
		if err != nil {
			return nil, err
		}
		parts = append(parts, lines)
		if !whole {
			break
		}
	}
	var all [][]byte
	for i := len(parts) - 1; i >= 0; i-- {
		all = append(all, parts[i]...)
	}
	return all, nil
}

// chunkTail returns the last lines of a chunk that have room, which it takes,
// and whether these are all. The header says how much there is to leave out.
func chunkTail(ctx context.Context, archive Archive, book Book, mark Mark, number int, room *int64) ([][]byte, bool, error) {
	r, err := openChunk(ctx, archive, book, mark, number)
	if err != nil {
		return nil, false, err
	}
	defer r.close()
	var lines arena
	left, free := r.header.Bytes, *room
	for order := r.header.First; order <= r.header.Last; order++ {
		line, err := r.line()
		if err != nil {
			return nil, false, err
		}
		if left <= free {
			lines.add(line)
			*room -= int64(len(line)) + 1
		}
		left -= int64(len(line)) + 1
	}
	return lines.all(), r.header.Bytes <= free, nil
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

func (f filter) matches(line []byte) bool {
	if f.typ == nil && f.step == nil {
		return true
	}
	head, _, _ := bytes.Cut(line, []byte(`,"hidden":`))
	return bytes.Contains(head, f.typ) && bytes.HasSuffix(head, f.step)
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
