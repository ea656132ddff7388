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
	// MaxPageBytes is the most bytes of a page. It has at least one line anyway.
	MaxPageBytes = 4 << 20

	// A page reads at most maxPageChunks chunks, and no more chunks after it has
	// read maxPageScan bytes. So a log with few lines of the requested step may
	// take several pages.
	maxPageChunks = 256
	maxPageScan   = 16 << 20

	// The beginning of a tail moves in steps of its size divided by tailSteps and
	// stays in place while the log grows by less. A client that reads the tail
	// repeatedly then finds the old tail at the beginning of the new one.
	maxTailChunks = 1024
	tailSteps     = 4
)

// Query says which lines of a log to read.
type Query struct {
	// After is the order of the last line already read, 0 for none.
	After Order
	// Limit is the most lines to return; 0 means as many as fit.
	Limit int
	// Step and Type, if set, select lines.
	Step string
	Type Type
	// Shown leaves out hidden lines.
	Shown bool
}

// Page has lines of a log as stored, each a JSON object.
type Page struct {
	// Lines may be fewer than the limit, or empty, although more follow; see Next.
	Lines [][]byte
	// Next is the After of the next page, which misses and repeats no line. The log
	// has no more lines for now if Next is the order of the mark's last entry.
	Next Order
}

// Read returns the lines that the query selects from the log that ends at the mark. It
// reads the index at most once, so a page ends at the latest where its block ends. Gone if
// a chunk of the mark has been deleted, Internal if one is damaged. Lines are not decoded.
func Read(ctx context.Context, log Log, mark Mark, q Query) (Page, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := newPager(q)
	if p.next >= mark.Last {
		return Page{Next: p.next}, nil
	}
	found := newFinder(log, mark)
	first, err := found.chunk(ctx, p.next+1)
	if err != nil {
		return Page{}, err
	}
	chunks := newAhead(ctx, found, first, min(p.last(found.section), first+maxPageChunks-1))
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

// last returns the last chunk of the section that the page may need. Without a filter
// that is the chunk of its last line.
func (p *pager) last(section Section) int {
	if last := p.next + Order(p.limit); !p.filter.selects() && p.limit > 0 && section.has(last) {
		return section.find(last)
	}
	return section.last()
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

// line adds the line if it matches, or finds the page full.
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

// Tail returns the newest stored lines, at most maxBytes with their newlines. Its
// beginning moves in steps of a quarter of maxBytes as the log grows.
func Tail(ctx context.Context, log Log, mark Mark, maxBytes int) ([][]byte, error) {
	room := mark.Bytes - beginning(mark.Bytes, int64(maxBytes))
	oldest := 1 + int(beginning(int64(mark.Chunks), maxTailChunks))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts [][][]byte
	for chunks := newAhead(ctx, newFinder(log, mark), mark.Chunks, oldest); room > 0 && mark.Chunks > 0 &&
		chunks.more(); {
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

// beginning returns how much of the total to skip so that at most most remains. It
// grows in steps.
func beginning(total, most int64) int64 {
	if total <= most {
		return 0
	}
	step := max(most/tailSteps, 1)
	return min((total-most+step-1)/step*step, total)
}

// tail returns the last lines of the chunk that fit into room.
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

// arena holds lines in one allocation.
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

// filter matches the bytes of a stored line without decoding it. That is safe because
// only [Entry.Append] writes lines: its fields have one encoding and one order, and a
// quote within a JSON string always follows a backslash.
type filter struct {
	typ, step []byte
	shown     bool
}

func newFilter(q Query) (f filter) {
	f.shown = q.Shown
	if q.Type != "" {
		f.typ = append(appendText([]byte(`,"type":"`), []byte(q.Type)), `",`...)
	}
	if q.Step != "" {
		f.step = append(appendText([]byte(`,"step":"`), []byte(q.Step)), `"`...)
	}
	return f
}

// selects reports whether the filter may leave out most of the lines. Few are hidden.
func (f filter) selects() bool { return f.typ != nil || f.step != nil }

func (f filter) matches(line []byte) bool {
	if !f.selects() && !f.shown {
		return true
	}
	head, rest, _ := bytes.Cut(line, []byte(`,"hidden":`))
	if f.shown && bytes.HasPrefix(rest, []byte("true")) {
		return false
	}
	return bytes.Contains(head, f.typ) && bytes.HasSuffix(head, f.step)
}

// newUnreadableError is Unavailable: the connection broke while a chunk was read.
func newUnreadableError(number int, cause error) error {
	return fault.Wrap(cause, fault.Unavailable, "Chunk %d of the log could not be read. Try again.", number)
}

// newDamagedError is Internal: a chunk does not match the mark.
func newDamagedError(number int, cause error) error {
	return fault.Wrap(cause, fault.Internal, "chunk %d of the log is damaged", number)
}

// goneIfNotFound makes NotFound of a chunk that the mark counts Gone.
func goneIfNotFound(err error) error {
	if errors.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.Gone, "The log is no longer kept.")
	}
	return err
}

// unexpectedEOF makes io.EOF, where more data must follow, io.ErrUnexpectedEOF.
func unexpectedEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
