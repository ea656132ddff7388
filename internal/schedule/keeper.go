package schedule

import (
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
)

// Keeper keeps the copies of a [Clock] as the definitions say, and finds runs that did not come.
type Keeper struct {
	store    Lister
	clock    Clock
	arrivals Arrivals
	opts     Options
}

// Arrivals tells whether an event has come.
type Arrivals interface {
	// HasEvent reports whether an event with the id has come. Events are remembered for a day at
	// least.
	HasEvent(ctx context.Context, id string) (bool, error)
}

// NewKeeper returns the use case. With nil for arrivals, no run is missed.
func NewKeeper(store Lister, clock Clock, arrivals Arrivals, opts Options) *Keeper {
	return &Keeper{store, clock, arrivals, opts.withDefaults()}
}

// Grace is how old a copy without a definition is when it counts as left over. A younger one may be
// part of a request that has not ended.
const Grace = 5 * time.Minute

// Repair makes the copies of enabled schedules that the clock does not have, and removes the copies
// that no definition names: those of deleted resources, and leftovers of a crash. It does as much as it
// can and returns all errors.
//
// It lists the copies before it reads the definitions. A copy that is made between is set once more,
// which does nothing.
func (k *Keeper) Repair(ctx context.Context) error {
	copies, err := k.names(ctx)
	if err != nil {
		return err
	}
	sets, err := k.sets(ctx)
	if err != nil {
		return err
	}
	now := k.opts.Now()
	wanted := map[string]bool{}
	var failed []error
	for _, set := range sets {
		for _, s := range set.Schedules {
			name := s.CopyName()
			wanted[name] = true
			if _, there := copies[name]; name == "" || there {
				continue
			}
			failed = append(failed, k.set(ctx, set.Resource, s, now))
		}
	}
	for name, madeAt := range copies {
		if !wanted[name] && now.Sub(madeAt) > Grace {
			failed = append(failed, k.clock.Clear(ctx, name))
		}
	}
	return errors.Join(failed...)
}

// set makes the copy of a schedule that will run again.
func (k *Keeper) set(ctx context.Context, resource catalog.ID, s Schedule, now time.Time) error {
	expression, err := s.Parsed()
	if err != nil || expression.Next(now).IsZero() {
		return err
	}
	copied, err := s.copy(resource, now)
	if err != nil {
		return err
	}
	return k.clock.Set(ctx, copied)
}

func (k *Keeper) names(ctx context.Context) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	for after := ""; ; {
		names, next, err := k.clock.Names(ctx, after)
		if err != nil {
			return nil, err
		}
		for _, one := range names {
			all[one.Name] = one.MadeAt
		}
		if next == "" {
			return all, nil
		}
		after = next
	}
}

func (k *Keeper) sets(ctx context.Context) ([]Set, error) {
	var all []Set
	for after := catalog.ID(""); ; {
		sets, next, err := k.store.Sets(ctx, after)
		if err != nil {
			return nil, err
		}
		all = append(all, sets...)
		if next == "" {
			return all, nil
		}
		after = next
	}
}

// Missed is a run of which no event has come.
type Missed struct {
	Resource catalog.ID
	Schedule Schedule
	Due      time.Time
}

// ID returns the id of the miss. A miss that is found again has the same one.
func (m Missed) ID() string {
	return "schedule-missed/" + string(m.Schedule.ID) + "/" + m.Due.Format(time.RFC3339)
}

const (
	// MissedAfter is how long after the end of its time a run is missed.
	MissedAfter = 10 * time.Minute
	// MissedFor is for how long a missed run is found, by each search within it. A search that fails
	// is repeated by the next one.
	MissedFor = 30 * time.Minute
)

// Missed returns the runs that were missed a short time ago, one for each schedule at most.
func (k *Keeper) Missed(ctx context.Context) ([]Missed, error) {
	sets, err := k.sets(ctx)
	if err != nil || k.arrivals == nil {
		return nil, err
	}
	now := k.opts.Now()
	var found []Missed
	for _, set := range sets {
		for _, s := range set.Schedules {
			due := s.LastRun(now.Add(-MissedAfter - s.Flexible))
			if due.IsZero() || now.Sub(due) > MissedAfter+s.Flexible+MissedFor {
				continue
			}
			came, err := k.arrivals.HasEvent(ctx, EventID(s.ID, due))
			if err != nil {
				return found, err
			}
			if !came {
				found = append(found, Missed{set.Resource, s, due})
			}
		}
	}
	return found, nil
}
