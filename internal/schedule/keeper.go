package schedule

import (
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
)

// Keeper keeps the copies of a [Clock] as the definitions say, and finds runs that did not come.
type Keeper struct {
	Catalog
	opts KeeperOptions
}

// KeeperOptions adjust [NewKeeper]; the zero value works.
type KeeperOptions struct {
	// Now defaults to the clock.
	Now func() time.Time
	// Arrivals has the events that have come. By default no run is missed.
	Arrivals Arrivals
	// Report tells of a run that was missed. The same one is reported by each sweep within
	// [MissedFor]. By default none is told.
	Report func(ctx context.Context, missed Missed) error
}

// Arrivals tells whether an event has come.
type Arrivals interface {
	// HasEvent reports whether an event with the id has come. Events are remembered for a day at
	// least.
	HasEvent(ctx context.Context, id string) (bool, error)
}

// NewKeeper returns the use case for the schedules of the catalog.
func NewKeeper(catalog Catalog, opts KeeperOptions) *Keeper {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Keeper{catalog, opts}
}

// Sweep repairs the copies and reports the runs that were missed. It does what it can and returns all
// errors.
func (k *Keeper) Sweep(ctx context.Context) error {
	failed := k.Repair(ctx)
	missed, err := k.Missed(ctx)
	failed = errors.Join(failed, err)
	for _, one := range missed {
		if k.opts.Report != nil {
			failed = errors.Join(failed, k.opts.Report(ctx, one))
		}
	}
	return failed
}

// Grace is how old a copy without a definition is when it counts as left over. A younger one may be
// part of a request that has not ended.
const Grace = 5 * time.Minute

// Repair makes the copies of enabled schedules that the clock does not have, and removes the copies
// that no definition names: copies of deleted resources, and leftovers of a crash. It does as much as it
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
			failed = append(failed, k.Clock.Clear(ctx, name))
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
	return k.Clock.Set(ctx, copied)
}

func (k *Keeper) names(ctx context.Context) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	for after := ""; ; {
		names, next, err := k.Clock.Names(ctx, after)
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
		sets, next, err := k.Schedules.Sets(ctx, after)
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
	if k.opts.Arrivals == nil {
		return nil, nil
	}
	sets, err := k.sets(ctx)
	if err != nil {
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
			came, err := k.opts.Arrivals.HasEvent(ctx, EventID(s.ID, due))
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
