package logbook

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

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
	// Since, if set, leaves out earlier lines. The query should begin after the order that
	// [Since] returns.
	Since time.Time
	// Match, if set, finds lines among those that are selected. Limit then counts the
	// matches, and Context is how many lines before and after each match are returned.
	Match   *Matcher
	Context int
	// Enough, if set, ends the page when it returns true. It is called often.
	Enough func() bool
}

// Page has lines of a log as stored, each a JSON object.
type Page struct {
	// Lines may be fewer than the limit, or empty, although more follow; see Next.
	Lines [][]byte
	// Next is the After of the next page, which misses and repeats no line. The log
	// has no more lines for now if Next is the order of the mark's last entry.
	Next Order
	// Matches are the orders of the lines that match, if the query looks for some. All
	// lines up to Next have been compared.
	Matches []Order
}

// Read returns the lines that the query selects from the log that ends at the mark. It
// reads one block of the index, so a page ends at the latest where this ends; the lines
// around a match may need the block before. Gone if
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
	last := min(p.last(found.section), first+maxPageChunks-1)
	if p.around.most > 0 { // the lines before decide which lines are near a match
		if first, err = found.chunk(ctx, max(p.next+1-Order(p.around.most), 1)); err != nil {
			return Page{}, err
		}
	}
	chunks := newAhead(ctx, found, first, last)
	for !p.full && p.scanned < p.most && chunks.more() {
		chunk, err := chunks.chunk()
		if err == nil {
			err = p.chunk(chunk)
		}
		if err != nil {
			return Page{}, err
		}
	}
	return Page{Lines: p.lines.all(), Next: p.next, Matches: p.matches}, nil
}

// pager fills one page.
type pager struct {
	filter  filter
	limit   int
	next    Order
	lines   arena
	full    bool
	scanned int64
	// most is how many bytes to scan, and enough ends the page earlier.
	most    int64
	enough  func() bool
	asked   int64 // scanned when enough was called
	match   *Matcher
	matches []Order
	around  around
}

func newPager(q Query) *pager {
	p := &pager{filter: newFilter(q), limit: q.Limit, next: max(q.After, 0), most: maxPageScan,
		enough: q.Enough, match: q.Match}
	if q.Match != nil {
		p.most, p.around.most = maxSearchScan, q.Context
	}
	return p
}

// last returns the last chunk of the section that the page may need. Without a filter
// that is the chunk of its last line.
func (p *pager) last(section Section) int {
	if last := p.next + Order(p.limit); !p.filter.selects() && p.match == nil && p.limit > 0 &&
		section.has(last) {
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
		switch {
		case order > p.next:
			p.line(order, line)
		case order+Order(p.around.most) > p.next && p.filter.matches(line):
			p.around.recall(line, p.match.matches(line))
		}
		if p.enough != nil && p.scanned-p.asked >= askEvery {
			p.asked, p.full = p.scanned, p.full || p.enough()
		}
	}
	return nil
}

// line adds the line if it matches, or finds the page full.
func (p *pager) line(order Order, line []byte) {
	if p.match != nil {
		p.search(order, line)
		return
	}
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
