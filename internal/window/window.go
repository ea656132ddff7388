// Package window says when deployments may start: in the windows that a resource, its server
// and the team allow, and outside of their freezes. It reads neither a clock nor a store.
//
// A window is written with the days and the times of a clock, such as
// "Mo-Fr 07:00-17:00 Europe/Berlin", and is open while the clock of that zone shows a time in
// it. So daylight saving needs no rule of its own: a time that the clock skips opens nothing,
// and a time that it shows twice is open twice.
package window

import (
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the machine of a function may have no time zones

	"waybill/internal/fault"
)

// Set has the windows of one resource, one server or the team, as they were written. The zero
// Set is always open.
type Set struct {
	// Allow has windows; the set is open in each of them. Without any it is open at all times.
	Allow []string
	// Freeze has times in which the set is closed whatever Allow says.
	Freeze []Freeze
	// Outside says what becomes of an event that arrives while the set is closed.
	Outside Outside
}

// Freeze is a time without deployments.
type Freeze struct {
	// From and To are times in RFC 3339, or the date, with or without a time, and the zone of
	// a clock: "2026-12-23 18:00 Europe/Berlin". A To without a time includes the whole day.
	From, To string
	// Reason is one line for people of at most [MaxReason] characters, or "".
	Reason string
}

// Outside says what becomes of an event outside of the windows.
type Outside string

// The two ways. The zero Outside means [Wait].
const (
	// Wait lets an event wait for the next opening.
	Wait Outside = "wait"
	// Drop drops the event.
	Drop Outside = "drop"
)

// Bounds of a set, so that it is small and a check is fast.
const (
	MaxAllow       = 10
	MaxAllowBytes  = 120
	MaxFreezes     = 10
	MaxMomentBytes = 64
	MaxReason      = 100 // characters
)

// IsZero reports whether the set says nothing.
func (s Set) IsZero() bool { return len(s.Allow) == 0 && len(s.Freeze) == 0 && s.Outside == "" }

// Equal reports whether both sets have the same texts.
func (s Set) Equal(other Set) bool {
	return slices.Equal(s.Allow, other.Allow) && slices.Equal(s.Freeze, other.Freeze) &&
		s.Outside == other.Outside
}

// Clone returns a copy that shares nothing with the set.
func (s Set) Clone() Set {
	return Set{Allow: slices.Clone(s.Allow), Freeze: slices.Clone(s.Freeze), Outside: s.Outside}
}

// Bytes returns the number of bytes of all texts.
func (s Set) Bytes() int {
	n := len(s.Outside)
	for _, text := range s.Allow {
		n += len(text)
	}
	for _, freeze := range s.Freeze {
		n += len(freeze.From) + len(freeze.To) + len(freeze.Reason)
	}
	return n
}

// Owner has a set of windows.
type Owner struct {
	// Name is for the reason of a verdict, such as "the server web-1".
	Name string
	Set  Set
}

// Verdict says whether a deployment may start at a moment.
type Verdict struct {
	Open bool
	// Next is the next moment at which one may: the moment itself if Open, and the zero time
	// if that is after [Horizon].
	Next time.Time
	// Reason says who is closed and why, as the rest of a sentence. It is "" if Open.
	Reason string
	// Drops says that a closed owner has [Drop], or that there is no Next.
	Drops bool
}

// Horizon is how far a check looks for the next opening: a year.
const Horizon = 366 * 24 * time.Hour

// Never is the text in place of an opening that is beyond [Horizon].
const Never = "never within a year"

// Check says whether a deployment may start now. It may if each owner is open. Internal if a
// set is not valid; see [Set.Check].
func Check(now time.Time, owners ...Owner) (Verdict, error) {
	var calendars []calendar
	var closed []string
	verdict := Verdict{Open: true, Next: now}
	for _, owner := range owners {
		if owner.Set.IsZero() {
			continue
		}
		calendar, err := owner.Set.calendar()
		if err != nil {
			return Verdict{}, fault.Wrap(err, fault.Internal, "read the windows of %s", owner.Name)
		}
		calendars = append(calendars, calendar)
		if why := calendar.closedAt(now); why != "" {
			closed = append(closed, owner.Name+" "+why)
			verdict.Drops = verdict.Drops || owner.Set.Outside == Drop
		}
	}
	if len(closed) == 0 {
		return verdict, nil
	}
	verdict.Open, verdict.Reason = false, strings.Join(closed, ", and ")
	verdict.Next = nextOpening(now, calendars)
	verdict.Drops = verdict.Drops || verdict.Next.IsZero()
	return verdict, nil
}

// NextText returns the next opening for a sentence: a time in UTC, or [Never].
func (v Verdict) NextText() string {
	if v.Next.IsZero() {
		return Never
	}
	return v.Next.UTC().Format(time.RFC3339)
}

// nextOpening returns the first moment from now on at which all calendars are open, or the
// zero time. It goes from one opening of a calendar to the next one of another, so its work is
// bounded by the number of openings in a year.
func nextOpening(now time.Time, calendars []calendar) time.Time {
	end := now.Add(Horizon)
	at, agreed := now, 0
	for i := 0; agreed < len(calendars); i = (i + 1) % len(calendars) {
		next := calendars[i].next(at, end)
		switch {
		case next.IsZero():
			return time.Time{}
		case next.Equal(at):
			agreed++
		default:
			at, agreed = next, 1
		}
	}
	return at
}

// calendar is a set that was parsed.
type calendar struct {
	patterns []pattern
	freezes  []freeze
	// text has the windows, for reasons.
	text string
}

// freeze is closed from its begin up to its end and without it.
type freeze struct {
	from, to time.Time
	reason   string
}

func (f freeze) has(at time.Time) bool { return !at.Before(f.from) && at.Before(f.to) }

// closedAt says why the calendar is closed at the moment, or "".
func (c calendar) closedAt(at time.Time) string {
	for _, freeze := range c.freezes {
		if freeze.has(at) {
			why := "is frozen until " + freeze.to.UTC().Format(time.RFC3339)
			if freeze.reason != "" {
				why += " (" + freeze.reason + ")"
			}
			return why
		}
	}
	if !c.allows(at).Equal(at) {
		return "is outside of its windows (" + c.text + ")"
	}
	return ""
}

// next returns the first moment from the given one on at which the calendar is open, or the
// zero time if that is after the end.
func (c calendar) next(at, end time.Time) time.Time {
	for !at.After(end) {
		from := at
		at = c.allows(at)
		for _, freeze := range c.freezes {
			if freeze.has(at) {
				at = freeze.to
			}
		}
		if at.Equal(from) {
			return at
		}
	}
	return time.Time{}
}

// allows returns the first moment from the given one on in a window, whatever the freezes.
func (c calendar) allows(at time.Time) time.Time {
	var first time.Time
	for _, pattern := range c.patterns {
		if next := pattern.next(at); first.IsZero() || next.Before(first) {
			first = next
		}
	}
	if len(c.patterns) == 0 {
		return at
	}
	return first
}
