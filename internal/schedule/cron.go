package schedule

import (
	"fmt"
	"strings"
	"time"
)

// cron is an expression with the times of day, days, months and years of its runs.
type cron struct {
	minutes, hours, months, years spans
	day                           func(date time.Time) bool
	zone                          *time.Location
}

// spans are the items of a field.
type spans []span

func (all spans) has(number int) bool {
	for _, s := range all {
		if number >= s.first && number <= s.last && (number-s.first)%s.step == 0 {
			return true
		}
	}
	return false
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
	if anyDay, anyWeekday := fields[dayOfMonth] == "?", fields[dayOfWeek] == "?"; anyDay == anyWeekday {
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

// newCron returns the expression of checked fields.
func newCron(fields []string, zone *time.Location) Expression {
	items := func(i int) spans { return cronFields[i].items(fields[i]) }
	runs := cron{minutes: items(minute), hours: items(hour), months: items(month), years: items(year),
		zone: zone}
	if text := fields[dayOfMonth]; text != "?" {
		runs.day = dayOfMonthRule(text)
	} else {
		runs.day = weekdayRule(fields[dayOfWeek])
	}
	return Expression{text: "cron(" + strings.Join(fields, " ") + ")", runs: runs}
}

// dayOfMonthRule returns which dates a checked field chooses.
func dayOfMonthRule(text string) func(time.Time) bool {
	f := cronFields[dayOfMonth]
	if text == "L" {
		return func(date time.Time) bool { return date.Day() == lastDay(date) }
	}
	if text == "LW" {
		return func(date time.Time) bool { return date.Day() == workingDay(date, lastDay(date)) }
	}
	if day, near := strings.CutSuffix(text, "W"); near {
		number, _ := f.number(day)
		return func(date time.Time) bool { return date.Day() == workingDay(date, number) }
	}
	chosen := f.items(text)
	return func(date time.Time) bool { return chosen.has(date.Day()) }
}

// weekdayRule returns which dates a checked field chooses. Days of the week count from 1, Sunday.
func weekdayRule(text string) func(time.Time) bool {
	f := cronFields[dayOfWeek]
	weekday := func(date time.Time) int { return int(date.Weekday()) + 1 }
	if text == "L" {
		return func(date time.Time) bool { return date.Weekday() == time.Saturday }
	}
	if day, last := strings.CutSuffix(text, "L"); last {
		number, _ := f.number(day)
		return func(date time.Time) bool {
			return weekday(date) == number && date.Day()+len(dayNames) > lastDay(date)
		}
	}
	if day, nth, is := strings.Cut(text, "#"); is {
		number, _ := f.number(day)
		return func(date time.Time) bool {
			return weekday(date) == number && (date.Day()-1)/len(dayNames) == int(nth[0]-'1')
		}
	}
	chosen := f.items(text)
	return func(date time.Time) bool { return chosen.has(weekday(date)) }
}

// lastDay returns the number of the last day of the date's month.
func lastDay(date time.Time) int {
	return time.Date(date.Year(), date.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// workingDay returns the day from Monday to Friday that is nearest to a day of the date's month, and in
// that month. It is 0 if the month has no such day.
func workingDay(date time.Time, day int) int {
	last := lastDay(date)
	if day > last {
		return 0
	}
	switch time.Date(date.Year(), date.Month(), day, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if day == 1 {
			return day + 2
		}
		return day - 1
	case time.Sunday:
		if day == last {
			return day - 2
		}
		return day + 1
	}
	return day
}

// each calls yield for each reading of the clock that the expression chooses, from one reading to
// another, until yield returns false.
func (c cron) each(from, until time.Time, yield func(time.Time) bool) {
	date := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, time.UTC)
	for !date.After(until) {
		switch {
		case !c.years.has(date.Year()):
			date = time.Date(date.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC)
			continue
		case !c.months.has(int(date.Month())):
			date = time.Date(date.Year(), date.Month()+1, 1, 0, 0, 0, 0, time.UTC)
			continue
		case c.day(date) && !c.eachOf(date, from, until, yield):
			return
		}
		date = date.AddDate(0, 0, 1)
	}
}

// eachOf is each for one date. It reports whether the next date is wanted.
func (c cron) eachOf(date, from, until time.Time, yield func(time.Time) bool) bool {
	for h := range cronFields[hour].max + 1 {
		if !c.hours.has(h) {
			continue
		}
		for m := range cronFields[minute].max + 1 {
			at := date.Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute)
			if !c.minutes.has(m) || at.Before(from) {
				continue
			}
			if at.After(until) || !yield(at) {
				return false
			}
		}
	}
	return true
}

// next returns the first run after the time, or zero without one.
func (c cron) next(after time.Time) (run time.Time) {
	end := time.Date(cronFields[year].max+1, 1, 1, 0, 0, 0, 0, time.UTC)
	c.each(reading(after.In(c.zone)), end, func(at time.Time) bool {
		found, exists := instant(at, c.zone)
		if exists && found.After(after) {
			run = found
		}
		return run.IsZero()
	})
	return run
}

// last returns the last run after from and not after until, or zero without one.
func (c cron) last(from, until time.Time) (run time.Time) {
	// When the clocks have gone back, they show less than at earlier runs.
	const back = 3 * time.Hour
	end := reading(until.In(c.zone)).Add(back)
	c.each(reading(from.In(c.zone)), end, func(at time.Time) bool {
		if found, exists := instant(at, c.zone); exists && found.After(from) && !found.After(until) {
			run = found
		}
		return true
	})
	return run
}

// reading returns what the clock shows at the time, to the minute, as a time of UTC. Each reading exists
// once there, so the calendar is computed in readings.
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
