package logbook

import (
	"context"
	"errors"
	"slices"
	"sort"
	"time"

	"waybill/internal/fault"
)

// The index of a log has the end of each chunk, so that a reader finds any entry without
// a search. A mark has only the ends of the newest chunks: it is in the record, which is
// written with every chunk. The older ends are in an [IndexStore].
const (
	// TailChunks is how many ends a mark has at most.
	TailChunks = 8
	// BlockChunks is how many ends the store keeps together. It is a multiple of
	// TailChunks.
	BlockChunks = 256
)

// End is the end of a chunk: the order and the time of its last entry. The time is cut
// to the second.
type End struct {
	Last  Order
	Until time.Time
}

// Section is a part of an index: the ends of consecutive chunks.
type Section struct {
	// First is the number of the first chunk. Before is the end of the chunk before
	// it, or zero.
	First  int
	Before End
	Ends   []End
}

// Index is the part of a log's index that its mark has: the ends of the newest chunks.
// The chunks before them are the stored ones.
type Index struct {
	// Block is the order of the first entry of the block that is being filled.
	Block Order
	// Before is the end of the last stored chunk, or zero.
	Before End
	Ends   []End
}

// IndexStore stores the older sections of indexes. All methods may be called
// concurrently.
type IndexStore interface {
	// Put stores a section of TailChunks ends in the block that begins with the
	// order. A section follows from the headers of its chunks, so storing it again
	// changes nothing.
	Put(ctx context.Context, book Book, block Order, section Section) error
	// Get returns the block with the order, or the part of it that is stored. The
	// order may be after its last entry. NotFound if no stored block begins at or
	// before the order.
	Get(ctx context.Context, book Book, order Order) (Section, error)
}

// Log is where a log is stored.
type Log struct {
	Book    Book
	Archive Archive
	Index   IndexStore
}

// last returns the number of the last chunk.
func (s Section) last() int { return s.First + len(s.Ends) - 1 }

// end returns the end of the last chunk.
func (s Section) end() End {
	if len(s.Ends) == 0 {
		return s.Before
	}
	return s.Ends[len(s.Ends)-1]
}

// has reports whether the entry with the order is in the section.
func (s Section) has(order Order) bool { return order > s.Before.Last && order <= s.end().Last }

// find returns the number of the chunk with the order, which the section has.
func (s Section) find(order Order) int {
	return s.First + sort.Search(len(s.Ends), func(i int) bool { return s.Ends[i].Last >= order })
}

// bounds returns the end of the chunk before the given one, and its own end.
func (s Section) bounds(number int) (before, end End) {
	before = s.Before
	if number > s.First {
		before = s.Ends[number-s.First-1]
	}
	return before, s.Ends[number-s.First]
}

// tail returns the section that the mark has.
func (m Mark) tail() Section {
	return Section{First: m.Chunks - len(m.Index.Ends) + 1, Before: m.Index.Before, Ends: m.Index.Ends}
}

// extended returns the mark after one more chunk. It stores a full tail before the mark
// drops it. A runner that dies in between has not recorded the new mark, so the next one
// stores the tail again.
func (m Mark) extended(ctx context.Context, log Log, h Header) (Mark, error) {
	if len(m.Index.Ends) == TailChunks {
		if err := log.Index.Put(ctx, log.Book, m.Index.Block, m.tail()); err != nil {
			return m, err
		}
	}
	return m.with(h), nil
}

// With returns the index with the end of the chunk with the number. It drops a full
// tail. It does not change x.
func (x Index) With(number int, end End) Index {
	end.Until = end.Until.Truncate(time.Second)
	if number%BlockChunks == 1 {
		x.Block = Section{Before: x.Before, Ends: x.Ends}.end().Last + 1
	}
	if len(x.Ends) == TailChunks {
		x.Before, x.Ends = x.Ends[TailChunks-1], nil
	}
	x.Ends = append(slices.Clip(x.Ends), end)
	return x
}

// errGap is that the index does not have a chunk of the log.
var errGap = errors.New("a part of the index is missing")

// finder finds chunks by the orders of their entries. It reads older sections as they
// are needed, and holds one. It is for use by one goroutine.
type finder struct {
	log     Log
	mark    Mark
	section Section
}

func newFinder(log Log, mark Mark) *finder {
	return &finder{log: log, mark: mark, section: mark.tail()}
}

// read makes the section with the order the present one. errGap if the index does not have
// the order.
func (f *finder) read(ctx context.Context, order Order) error {
	if f.section.has(order) {
		return nil
	}
	tail := f.mark.tail()
	if tail.has(order) {
		f.section = tail
		return nil
	}
	section, err := f.log.Index.Get(ctx, f.log.Book, order)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	// The log may have grown since the mark was read.
	section.Ends = section.Ends[:max(0, min(len(section.Ends), tail.First-section.First))]
	if !section.has(order) {
		return fault.Wrap(errGap, fault.Internal, "the index of the log has no entry %d", order)
	}
	if section.last() == tail.First-1 {
		section.Ends = slices.Concat(section.Ends, tail.Ends)
	}
	f.section = section
	return nil
}

// chunk returns the number of the chunk with the order.
func (f *finder) chunk(ctx context.Context, order Order) (int, error) {
	if err := f.read(ctx, order); err != nil {
		return 0, err
	}
	return f.section.find(order), nil
}

// bounds returns the end of the chunk before the given one, and its own end. Neighbours
// of the present section cost one read.
func (f *finder) bounds(ctx context.Context, number int) (before, end End, err error) {
	for range f.mark.Chunks {
		order := f.section.Before.Last
		switch {
		case number > f.section.last():
			order = f.section.end().Last + 1
		case number >= f.section.First:
			before, end = f.section.bounds(number)
			return before, end, nil
		}
		if err := f.read(ctx, order); err != nil {
			return End{}, End{}, err
		}
	}
	return End{}, End{}, fault.Wrap(errGap, fault.Internal, "the index of the log has no chunk %d", number)
}
