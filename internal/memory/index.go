package memory

import (
	"context"
	"slices"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// index is a [logbook.IndexStore].
type index struct{ *Memory }

// storedSection is a section and the block in which it is.
type storedSection struct {
	block   logbook.Order
	section logbook.Section
}

func (x index) Put(ctx context.Context, book logbook.Book, block logbook.Order,
	section logbook.Section) error {
	return x.locked(ctx, func() error {
		section.Ends = slices.Clone(section.Ends)
		stored := slices.DeleteFunc(slices.Clone(x.sections[book]),
			func(one storedSection) bool { return one.section.First == section.First })
		x.sections[book] = append(stored, storedSection{block, section})
		return nil
	})
}

func (x index) Get(ctx context.Context, book logbook.Book, order logbook.Order) (logbook.Section, error) {
	var found logbook.Section
	err := x.locked(ctx, func() error {
		var block logbook.Order
		for _, one := range x.sections[book] {
			if one.block <= order {
				block = max(block, one.block)
			}
		}
		parts := slices.DeleteFunc(slices.Clone(x.sections[book]),
			func(one storedSection) bool { return one.block != block })
		if len(parts) == 0 {
			return fault.New(fault.NotFound, "The index of %s has no block with entry %d.", book, order)
		}
		slices.SortFunc(parts, func(a, b storedSection) int { return a.section.First - b.section.First })
		found = parts[0].section
		found.Ends = nil
		for _, part := range parts {
			found.Ends = append(found.Ends, part.section.Ends...)
		}
		return nil
	})
	return found, err
}
