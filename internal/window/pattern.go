package window

import "time"

// Seconds of a day and of a week.
const (
	day  = 24 * 60 * 60
	week = 7 * day
)

// pattern is a window that was parsed: the times of a week of one clock, in order and without
// touching each other. It has at least one.
type pattern struct {
	zone  *time.Location
	spans []span
}

// span goes from a second of the week up to another one and without it. A week begins on
// Monday at 00:00.
type span struct{ from, to int }

// next returns the first moment from the given one on at which the clock shows a time of the
// pattern. Between two changes of the clock, local time is universal time and an offset, so one
// step for each change is enough.
func (p pattern) next(at time.Time) time.Time {
	for {
		local := at.In(p.zone)
		_, offset := local.Zone()
		_, change := local.ZoneBounds()
		opening := at
		if wait := p.wait(secondOfWeek(at.Unix() + int64(offset))); wait > 0 {
			opening = time.Unix(at.Unix()+int64(wait), 0)
		}
		if change.IsZero() || opening.Before(change) {
			return opening
		}
		at = change
	}
}

// wait returns the seconds from the second of the week to the next one in a span, 0 if it is
// in one.
func (p pattern) wait(second int) int {
	for _, span := range p.spans {
		if second < span.to {
			return max(span.from-second, 0)
		}
	}
	return week - second + p.spans[0].from
}

// secondOfWeek returns the second of the week of a local time, in seconds since 1970, whose
// first day was a Thursday.
func secondOfWeek(local int64) int {
	return int(((local+3*day)%week + week) % week)
}

// clockMoments returns the first and the last moment at which the clock of the zone shows the
// wall time, which is given in UTC. Both are the moment of the change if the clock skips it.
func clockMoments(wall time.Time, zone *time.Location) (first, last time.Time) {
	const far = 26 * time.Hour // no clock is as far from UTC
	for at := wall.Add(-far); ; {
		local := at.In(zone)
		_, offset := local.Zone()
		start, change := local.ZoneBounds()
		moment := wall.Add(-time.Duration(offset) * time.Second)
		switch {
		case moment.Before(start):
			if first.IsZero() {
				first, last = start, start
			}
		case change.IsZero() || moment.Before(change):
			if first.IsZero() {
				first = moment
			}
			last = moment
		}
		if change.IsZero() || change.After(wall.Add(far)) {
			return first.UTC(), last.UTC()
		}
		at = change
	}
}
