package statistics

import (
	"context"
	"math"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// Reader has what summaries are made of.
type Reader interface {
	// Rollups returns the rollups of the resource from the first day to the last one, in the
	// order of their days.
	Rollups(ctx context.Context, resource catalog.ID, first, last Day) ([]Rollup, error)
	// Records returns the deployments of the resource that were requested on the day.
	Records(ctx context.Context, resource catalog.ID, day Day) ([]deployment.Record, error)
	// Progress returns how far the rollups are.
	Progress(ctx context.Context) (Progress, error)
}

// MaxDays is the longest period of a summary: as long as rollups are kept.
const MaxDays = 400

// Period is a number of days up to today.
type Period struct {
	First, Last Day
	Days        int
	// Rolled is the last day that has rollups.
	Rolled Day
}

// NewPeriod returns the period of so many days that ends today. It reads how far the rollups
// are.
func NewPeriod(ctx context.Context, reader Reader, days int, now time.Time) (Period, error) {
	progress, err := reader.Progress(ctx)
	return Period{First: DayOf(now.AddDate(0, 0, 1-days)), Last: DayOf(now), Days: days,
		Rolled: progress.Done}, err
}

// Summary sums up rollups.
type Summary struct {
	Counts     map[Outcome]int
	Runs       Histogram
	Waits      Histogram
	Recoveries Histogram
}

// NewSummary returns a summary of nothing.
func NewSummary() Summary {
	return Summary{Counts: map[Outcome]int{}, Runs: Histogram{}, Waits: Histogram{}, Recoveries: Histogram{}}
}

// Summarise sums up a resource. It takes the rollups, and the records of the days that have
// none yet: of today, and after an outage of up to a week.
func Summarise(ctx context.Context, reader Reader, resource catalog.ID, period Period) (Summary, error) {
	rollups, err := reader.Rollups(ctx, resource, period.First, min(period.Rolled, period.Last))
	if err != nil {
		return Summary{}, err
	}
	end, err := period.Last.Start()
	if err != nil {
		return Summary{}, err
	}
	day := max(period.First, period.Rolled.Next(), DayOf(end.AddDate(0, 0, -maxDays)))
	for ; day <= period.Last; day = day.Next() {
		records, err := reader.Records(ctx, resource, day)
		if err != nil {
			return Summary{}, err
		}
		rollups = append(rollups, NewRollup(resource, day, records))
	}
	summary := NewSummary()
	summary.add(rollups)
	return summary, nil
}

// add adds the rollups of one resource, in the order of their days.
func (s *Summary) add(rollups []Rollup) {
	var open time.Time
	for _, rollup := range rollups {
		for outcome, count := range rollup.Counts {
			s.Counts[outcome] += count
		}
		s.Runs.merge(rollup.Runs)
		s.Waits.merge(rollup.Waits)
		open = rollup.Recovery.join(s.Recoveries, open)
	}
}

// Merge adds the summary of other resources.
func (s *Summary) Merge(other Summary) {
	for outcome, count := range other.Counts {
		s.Counts[outcome] += count
	}
	s.Runs.merge(other.Runs)
	s.Waits.merge(other.Waits)
	s.Recoveries.merge(other.Recoveries)
}

// Count returns the number of deployments whose outcomes are chosen.
func (s *Summary) Count(chosen func(Outcome) bool) int {
	n := 0
	for outcome, count := range s.Counts {
		if chosen(outcome) {
			n += count
		}
	}
	return n
}

func (h Histogram) merge(other Histogram) {
	for bucket, count := range other {
		h[bucket] += count
	}
}

// Count returns the number of durations.
func (h Histogram) Count() int {
	n := 0
	for _, count := range h {
		n += count
	}
	return n
}

// Quantile returns the duration that the share of all durations does not exceed, or 0
// without any. It is the middle of a bucket, so it is at most 9.1 % above or below the
// duration of that rank; up to a millisecond it is one millisecond.
func (h Histogram) Quantile(share float64) time.Duration {
	rank := max(1, int(math.Ceil(share*float64(h.Count()))))
	highest := 0
	for bucket := range h {
		highest = max(highest, bucket)
	}
	for bucket := 0; bucket <= highest; bucket++ {
		if rank -= h[bucket]; rank <= 0 && h[bucket] > 0 {
			return middle(bucket)
		}
	}
	return 0
}

// middle is the geometric middle of a bucket.
func middle(bucket int) time.Duration {
	if bucket == 0 {
		return time.Millisecond
	}
	return time.Duration(math.Exp2((float64(bucket)-0.5)/bucketsPerDoubling) * float64(time.Millisecond))
}
