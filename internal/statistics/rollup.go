// Package statistics summarises the deployments of each day, so that statistics outlive
// the records: finished deployments expire earlier than failed ones, and without a summary
// old statistics would count failures only.
package statistics

import (
	"math"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// Day is a calendar day in UTC, "2026-11-30". Days compare as texts.
type Day string

// DayOf returns the day of a time.
func DayOf(t time.Time) Day { return Day(t.UTC().Format(time.DateOnly)) }

// Start returns the first instant of the day. Internal if it is not a day.
func (d Day) Start() (time.Time, error) {
	start, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}, fault.Wrap(err, fault.Internal, "%q is not a day", d)
	}
	return start, nil
}

// Next returns the day after.
func (d Day) Next() Day {
	start, err := d.Start()
	if err != nil { // days come from DayOf
		return ""
	}
	return DayOf(start.AddDate(0, 0, 1))
}

// Rollup summarises the deployments of a resource that were requested on one day and have
// ended.
type Rollup struct {
	Resource catalog.ID
	Day      Day
	// Counts has the number of deployments by their outcome.
	Counts map[Outcome]int
	// Runs has how long they ran, from the first runner to the end, and Waits how long
	// they waited before, from the request to the first runner. A deployment that never
	// ran is in neither.
	Runs  Histogram
	Waits Histogram
	// Recovery is zero in rollups of version 0.9.
	Recovery Recovery
}

// Outcome is the operation of a deployment and its end.
type Outcome struct {
	Operation deployment.Operation
	Status    deployment.Status
	Reason    deployment.Reason
}

// RollupLifetime is how long a rollup is kept.
const RollupLifetime = 400 * 24 * time.Hour

// NewRollup summarises the records.
func NewRollup(resource catalog.ID, day Day, records []deployment.Record) Rollup {
	rollup := Rollup{Resource: resource, Day: day, Counts: map[Outcome]int{}, Runs: Histogram{},
		Waits: Histogram{}, Recovery: newRecovery(records)}
	for _, record := range records {
		if !record.Status.Terminal() {
			continue
		}
		rollup.Counts[Outcome{record.Operation, record.Status, record.Outcome.Reason}]++
		if !record.StartedAt.IsZero() {
			rollup.Runs.Add(record.FinishedAt.Sub(record.StartedAt))
			rollup.Waits.Add(record.StartedAt.Sub(record.QueuedAt))
		}
	}
	return rollup
}

// Histogram counts durations by bucket. Bucket n has the durations up to 2^(n/4)
// milliseconds that are in no lower bucket. So the bound of a duration's bucket is at most
// 19 % above the duration, and a day has 106 buckets. Bucket 0 has all up to one
// millisecond.
type Histogram map[int]int

// bucketsPerDoubling is how many buckets a doubling of the duration passes.
const bucketsPerDoubling = 4

// Add counts a duration.
func (h Histogram) Add(d time.Duration) {
	milliseconds := float64(d) / float64(time.Millisecond)
	bucket := 0
	if milliseconds > 1 {
		bucket = int(math.Ceil(bucketsPerDoubling * math.Log2(milliseconds)))
	}
	h[bucket]++
}
