package memory

import (
	"context"
	"maps"
	"slices"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/schedule"
)

// schedules is a [schedule.Store] and a [schedule.Lister].
type schedules struct{ *Memory }

func (s schedules) Of(ctx context.Context, resource catalog.ID) (schedule.Set, error) {
	set := schedule.Set{Resource: resource}
	err := s.locked(ctx, func() error {
		if stored, there := s.schedules[resource]; there {
			set = cloneSet(stored)
		}
		return nil
	})
	return set, err
}

func (s schedules) Replace(ctx context.Context, set schedule.Set, entry audit.Entry) error {
	return s.audited(ctx, entry, func() error {
		if _, there := s.entities[set.Resource]; !there {
			return catalog.NewNotFoundError(set.Resource)
		}
		if s.schedules[set.Resource].Revision != set.Revision {
			return schedule.ErrChanged
		}
		if len(set.Schedules) == 0 {
			delete(s.schedules, set.Resource)
			return nil
		}
		set.Revision++
		s.schedules[set.Resource] = cloneSet(set)
		return nil
	})
}

func (s schedules) Sets(ctx context.Context, after catalog.ID) (
	sets []schedule.Set, next catalog.ID, err error,
) {
	err = s.locked(ctx, func() error {
		for _, id := range slices.Sorted(maps.Keys(s.schedules)) {
			if id <= after {
				continue
			}
			if len(sets) == catalog.MaxPage {
				next = sets[len(sets)-1].Resource
				break
			}
			sets = append(sets, cloneSet(s.schedules[id]))
		}
		return nil
	})
	return sets, next, err
}

func cloneSet(set schedule.Set) schedule.Set {
	set.Schedules = slices.Clone(set.Schedules)
	return set
}

var (
	_ schedule.Store  = schedules{}
	_ schedule.Lister = schedules{}
)
