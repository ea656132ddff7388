package memory

import (
	"context"
	"slices"
	"time"

	"waybill/internal/catalog"
)

func (s store) Reserve(ctx context.Context, id catalog.ID, generation catalog.Generation) error {
	return s.locked(ctx, func() error {
		s.discard(id, generation, generation.Due())
		return nil
	})
}

func (s store) Discarded(ctx context.Context, now time.Time) ([]catalog.DiscardedSecrets, error) {
	var due []catalog.DiscardedSecrets
	err := s.locked(ctx, func() error {
		for _, set := range s.discards {
			if set.Due.Before(now) {
				due = append(due, set)
			}
		}
		slices.SortFunc(due, func(a, b catalog.DiscardedSecrets) int { return a.Due.Compare(b.Due) })
		due = due[:min(len(due), catalog.MaxPage)]
		return nil
	})
	return due, err
}

func (s store) Forget(ctx context.Context, set catalog.DiscardedSecrets) error {
	return s.locked(ctx, func() error {
		s.withdraw(set.ID, set.Generation)
		return nil
	})
}

// name makes the entity name another generation than before: it withdraws the reservation
// of the new one and discards the old one.
func (s store) name(id catalog.ID, before, after catalog.Generation, now time.Time) error {
	if before == after {
		return nil
	}
	if after != "" && !s.withdraw(id, after) {
		return catalog.NewUnreservedError(id)
	}
	if before != "" {
		s.discard(id, before, now.Add(catalog.GenerationGrace))
	}
	return nil
}

func (s store) discard(id catalog.ID, generation catalog.Generation, due time.Time) {
	s.discards = append(s.discards, catalog.DiscardedSecrets{ID: id, Generation: generation, Due: due})
}

// withdraw takes a set off the list and reports whether it was on it.
func (s store) withdraw(id catalog.ID, generation catalog.Generation) bool {
	before := len(s.discards)
	s.discards = slices.DeleteFunc(s.discards, func(set catalog.DiscardedSecrets) bool {
		return set.ID == id && set.Generation == generation
	})
	return len(s.discards) < before
}
