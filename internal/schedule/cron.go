package schedule

import (
	"fmt"
	"strings"
	"time"

	"github.com/winebarrel/cronplan/v2"
)

// cron is an expression with the times of day, days, months and years of its runs.
type cron struct {
	plan *cronplan.Expression
	zone *time.Location
}

// checkCron returns the fields of EventBridge's form in capitals, or the problem with them.
func checkCron(body string) (fields []string, problem string) {
	fields = strings.Fields(strings.ToUpper(body))
	if len(fields) == fiveFields {
		return nil, "has 5 fields in cron(); EventBridge's form has 6, with the year; the form with 5 " +
			"fields is written without cron()"
	}
	if len(fields) != len(cronFields) {
		return nil, fmt.Sprintf("has %d fields in cron(), want 6: minute, hour, day of the month, month, "+
			"day of the week, year", len(fields))
	}
	if any, anyWeek := fields[dayOfMonth] == "?", fields[dayOfWeek] == "?"; any == anyWeek {
		return nil, "must have ? as the day of the month or as the day of the week, and not as both: " +
			"EventBridge chooses days by one of them"
	}
	for i, f := range cronFields {
		if fields[i] == "?" && (i == dayOfMonth || i == dayOfWeek) {
			continue
		}
		if problem := f.check(fields[i]); problem != "" {
			return nil, problem
		}
	}
	return fields, ""
}

// batch is how many runs are computed at first. An hour of runs that the clocks skip has 60.
const (
	batch    = 4
	maxBatch = 256
)

// next returns the first run after the time, or zero without one.
//
// cronplan computes in clock readings, here as times of UTC, where each reading exists once. It never
// sees the zone, because it would take a skipped reading for another one.
func (c cron) next(after time.Time) time.Time {
	from := reading(after.In(c.zone))
	for n := batch; n <= maxBatch; n *= maxBatch / batch {
		readings := c.plan.NextN(from, n)
		for _, at := range readings {
			if run, exists := instant(at, c.zone); exists && run.After(after) {
				return run
			}
		}
		if len(readings) < n {
			return time.Time{}
		}
		from = readings[n-1].Add(time.Minute)
	}
	return time.Time{}
}

// last returns the last run after from and not after until, or zero without one.
func (c cron) last(from, until time.Time) time.Time {
	// When the clocks have gone back, they show less than at earlier runs.
	const back = 3 * time.Hour
	var found time.Time
	readings := c.plan.Between(reading(from.In(c.zone)), reading(until.In(c.zone)).Add(back))
	for _, at := range readings {
		if run, exists := instant(at, c.zone); exists && run.After(from) && !run.After(until) {
			found = run
		}
	}
	return found
}

// reading returns what the clock shows at the time, to the minute, as a time of UTC.
func reading(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), 0, 0, time.UTC)
}

// instant returns the first time at which a clock in the zone shows the reading. It does not exist if
// the clocks go forward past it. EventBridge Scheduler skips such a run, and runs once if the clocks
// go back and show a reading twice (User Guide, "Daylight savings time").
func instant(reading time.Time, zone *time.Location) (at time.Time, exists bool) {
	const day = 24 * time.Hour // no zone changes twice within it
	for _, near := range []time.Time{reading.Add(-day), reading.Add(day)} {
		_, offset := near.In(zone).Zone()
		candidate := reading.Add(-time.Duration(offset) * time.Second)
		_, real := candidate.In(zone).Zone()
		if real == offset && (!exists || candidate.Before(at)) {
			at, exists = candidate, true
		}
	}
	return at, exists
}
