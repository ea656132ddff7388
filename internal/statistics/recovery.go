package statistics

import (
	"slices"
	"time"

	"waybill/internal/deployment"
)

// Recovery is what a day of a resource tells of recoveries. A resource recovers when, after
// starts that failed, one finishes: it takes from the end of the first that failed to the
// end of the one that finished.
//
// A recovery may take days, and each day is summarised alone. So the recovery that the first
// finished start of the day ends is not counted here: it may have begun on an earlier day.
// [Summary] joins the days in their order.
type Recovery struct {
	// FirstFailure is the first failure before FirstSuccess, and FirstSuccess is the first
	// start that finished; each is the zero time without one.
	FirstFailure time.Time
	FirstSuccess time.Time
	// OpenFailure is the first failure after the last start that finished.
	OpenFailure time.Time
	// Times has the times to recover after FirstSuccess.
	Times Histogram
}

// newRecovery summarises the starts among the records.
func newRecovery(records []deployment.Record) Recovery {
	day := Recovery{Times: Histogram{}}
	byEnd := func(a, b deployment.Record) int { return a.FinishedAt.Compare(b.FinishedAt) }
	for _, record := range slices.SortedFunc(slices.Values(records), byEnd) {
		switch {
		case !record.Operation.Starts():
		case record.Status == deployment.Failed && day.FirstSuccess.IsZero():
			if day.FirstFailure.IsZero() {
				day.FirstFailure = record.FinishedAt
			}
		case record.Status == deployment.Failed:
			if day.OpenFailure.IsZero() {
				day.OpenFailure = record.FinishedAt
			}
		case record.Status == deployment.Finished && day.FirstSuccess.IsZero():
			day.FirstSuccess = record.FinishedAt
		case record.Status == deployment.Finished && !day.OpenFailure.IsZero():
			day.Times.Add(record.FinishedAt.Sub(day.OpenFailure))
			day.OpenFailure = time.Time{}
		}
	}
	return day
}

// join adds the recoveries of the day to all, and returns the failure that is open at its
// end. open is the one at its beginning.
func (r Recovery) join(all Histogram, open time.Time) time.Time {
	if open.IsZero() {
		open = r.FirstFailure
	}
	if r.FirstSuccess.IsZero() {
		return open
	}
	if !open.IsZero() {
		all.Add(r.FirstSuccess.Sub(open))
	}
	all.merge(r.Times)
	return r.OpenFailure
}
