package statistics

import (
	"context"
	"slices"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// Store has the records, and stores the rollups.
type Store interface {
	// Resources returns the resources with deployments that were requested on the day,
	// in the order of their ids.
	Resources(ctx context.Context, day Day) ([]catalog.ID, error)
	// Records returns the deployments of the resource that were requested on the day.
	Records(ctx context.Context, resource catalog.ID, day Day) ([]deployment.Record, error)
	// Save stores the rollup in place of an earlier one of the same resource and day. It
	// is removed after [RollupLifetime].
	Save(ctx context.Context, rollup Rollup) error
	// Progress returns the progress that was saved last, or the zero value.
	Progress(ctx context.Context) (Progress, error)
	// SaveProgress stores the progress.
	SaveProgress(ctx context.Context, progress Progress) error
}

// Progress is how far the rollups are.
type Progress struct {
	// Done is the last day with rollups of all its resources, or "".
	Done Day
	// Current is the day that was interrupted after the resource After, or "".
	Current Day
	After   catalog.ID
}

// Roller makes the rollups of each day after it has ended.
type Roller struct {
	store Store
	now   func() time.Time
}

// NewRoller returns a roller over the store.
func NewRoller(store Store, now func() time.Time) *Roller {
	return &Roller{store: store, now: now}
}

// maxDays is how many days are made up for after an outage.
const maxDays = 7

// reserve is how much time before its deadline a run ends and saves its progress.
const reserve = 10 * time.Second

// Roll makes the rollups that are missing, in as many calls as it takes. It is cheap if
// none is. The last day that was done is done once more: some of its deployments may have
// ended since. Two rolls at the same time are harmless, since both write the same.
func (r *Roller) Roll(ctx context.Context) error {
	progress, err := r.store.Progress(ctx)
	if err != nil {
		return err
	}
	now := r.now()
	yesterday := DayOf(now.AddDate(0, 0, -1))
	if progress.Done >= yesterday {
		return nil
	}
	day := max(progress.Done, progress.Current, DayOf(now.AddDate(0, 0, -maxDays)))
	for ; day <= yesterday; day = day.Next() {
		complete, err := r.roll(ctx, day, progress)
		if err != nil || !complete {
			return err
		}
	}
	return r.store.SaveProgress(ctx, Progress{Done: yesterday})
}

// roll makes the rollups of a day, from where it was interrupted. It reports whether the
// day is complete.
func (r *Roller) roll(ctx context.Context, day Day, progress Progress) (complete bool, err error) {
	resources, err := r.store.Resources(ctx, day)
	if err != nil {
		return false, err
	}
	if day == progress.Current {
		done := func(id catalog.ID) bool { return id <= progress.After }
		resources = slices.DeleteFunc(resources, done)
	}
	for _, resource := range resources {
		records, err := r.store.Records(ctx, resource, day)
		if err != nil {
			return false, err
		}
		if err := r.store.Save(ctx, NewRollup(resource, day, records)); err != nil {
			return false, err
		}
		if deadline, ok := ctx.Deadline(); ok && deadline.Sub(r.now()) < reserve {
			interrupted := Progress{Done: progress.Done, Current: day, After: resource}
			return false, r.store.SaveProgress(ctx, interrupted)
		}
	}
	return true, nil
}
