package window_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"waybill/internal/window"
)

// clocks have changes at night, at midnight, of half an hour and none; some are odd minutes
// from UTC. changes are days near a change of most of them.
var (
	clocks = []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo",
		"Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca", "Pacific/Apia", "UTC"}
	changes = []string{"2026-03-27", "2026-10-23", "2026-03-06", "2026-10-30", "2026-10-02", "2026-04-23",
		"2026-02-13", "2026-07-01"}
	short = [7]string{"Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"}
)

// rule is a window of the brute force: days and minutes of a clock.
type rule struct {
	days     [7]bool // from Sunday on, as the standard library has them
	from, to int
	zone     *time.Location
}

// shows reports whether the clock shows a time of the rule. A rule over midnight has the
// mornings after its days.
func (r rule) shows(at time.Time) bool {
	local := at.In(r.zone)
	minute, today := local.Hour()*60+local.Minute(), int(local.Weekday())
	if r.from < r.to {
		return r.days[today] && minute >= r.from && minute < r.to
	}
	return r.days[today] && minute >= r.from || r.days[(today+6)%7] && minute < r.to
}

func (r rule) text() string {
	var days []string
	for number, is := range r.days {
		if is {
			days = append(days, short[number])
		}
	}
	return fmt.Sprintf("%s %02d:%02d-%02d:%02d %s", strings.Join(days, ","), r.from/60, r.from%60, r.to/60,
		r.to%60, r.zone)
}

// calendar is a set of the brute force.
type calendar struct {
	rules   []rule
	freezes [][2]time.Time
}

func (c calendar) open(at time.Time) bool {
	for _, freeze := range c.freezes {
		if !at.Before(freeze[0]) && at.Before(freeze[1]) {
			return false
		}
	}
	for _, rule := range c.rules {
		if rule.shows(at) {
			return true
		}
	}
	return len(c.rules) == 0
}

func (c calendar) set(random *rand.Rand) window.Set {
	var set window.Set
	for _, rule := range c.rules {
		set.Allow = append(set.Allow, rule.text())
	}
	for _, freeze := range c.freezes {
		zone := clock(random)
		set.Freeze = append(set.Freeze, window.Freeze{From: freeze[0].In(zone).Format(time.RFC3339),
			To: freeze[1].UTC().Format(time.RFC3339)})
	}
	return set
}

func clock(random *rand.Rand) *time.Location {
	zone, err := time.LoadLocation(clocks[random.IntN(len(clocks))])
	if err != nil {
		return time.UTC
	}
	return zone
}

func draw(random *rand.Rand, near time.Time) calendar {
	var c calendar
	for range random.IntN(3) {
		r := rule{zone: clock(random), from: 30 * random.IntN(48), to: 1 + random.IntN(1440)}
		if r.from == r.to {
			r.to++
		}
		for range 1 + random.IntN(4) {
			r.days[random.IntN(7)] = true
		}
		c.rules = append(c.rules, r)
	}
	for range random.IntN(3) {
		from := near.Add(time.Duration(random.IntN(6*1440)-1440) * time.Minute)
		c.freezes = append(c.freezes, [2]time.Time{from,
			from.Add(time.Duration(1+random.IntN(3*1440)) * time.Minute)})
	}
	return c
}

// TestTheNextOpeningIsTheOneOfABruteForce compares verdicts with a search minute by minute, over
// three weeks at most.
func TestTheNextOpeningIsTheOneOfABruteForce(t *testing.T) {
	rounds := 1500
	if testing.Short() {
		rounds = 200
	}
	var open, near, far, never int
	for round := range rounds {
		random := rand.New(rand.NewPCG(uint64(round), 7))
		now, err := time.Parse(time.DateOnly, changes[random.IntN(len(changes))])
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Duration(random.IntN(3*1440)) * time.Minute)
		var calendars []calendar
		var owners []window.Owner
		for range 1 + random.IntN(3) {
			one := draw(random, now)
			calendars = append(calendars, one)
			owners = append(owners, window.Owner{Name: "it", Set: one.set(random)})
		}
		all := func(at time.Time) bool {
			for _, one := range calendars {
				if !one.open(at) {
					return false
				}
			}
			return true
		}
		got, err := window.Check(now, owners...)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		want, found := search(now, all)
		switch {
		case got.Open != all(now), found && !got.Next.Equal(want):
			t.Fatalf("round %d: at %s the verdict is %+v, want %s; windows %+v", round, now, got, want,
				owners)
		case !found && !got.Next.IsZero() && (got.Next.Before(want) || !all(got.Next) ||
			all(got.Next.Add(-time.Minute))):
			t.Fatalf("round %d: at %s the verdict is %+v, which is no opening; windows %+v", round, now, got,
				owners)
		}
		switch {
		case got.Open:
			open++
		case found:
			near++
		case got.Next.IsZero():
			never++
		default:
			far++
		}
	}
	t.Logf("%d open, %d open soon, %d open later, %d never", open, near, far, never)
	if open == 0 || near < rounds/4 || never == 0 {
		t.Error("the cases do not vary")
	}
}

// search returns the first open minute, or where the search ended.
func search(now time.Time, open func(time.Time) bool) (at time.Time, found bool) {
	end := now.Add(21 * 24 * time.Hour)
	for at = now; at.Before(end); at = at.Add(time.Minute) {
		if open(at) {
			return at, true
		}
	}
	return end, false
}

// TestLocalMomentsAreTheOnesOfABruteForce compares freezes with local times with a search for
// the first and the last minute at which the clock shows them, or the change that skips them.
func TestLocalMomentsAreTheOnesOfABruteForce(t *testing.T) {
	for round := range 300 {
		random := rand.New(rand.NewPCG(uint64(round), 9))
		zone := clock(random)
		date, err := time.Parse(time.DateOnly, changes[random.IntN(len(changes))])
		if err != nil {
			t.Fatal(err)
		}
		wall := date.Add(time.Duration(random.IntN(3*1440)) * time.Minute)
		text := wall.Format("2006-01-02 15:04 ") + zone.String()
		var first, last time.Time
		for at := wall.Add(-30 * time.Hour); at.Before(wall.Add(30 * time.Hour)); at = at.Add(time.Minute) {
			_, offset := at.In(zone).Zone()
			shown := at.Add(time.Duration(offset) * time.Second)
			if first.IsZero() && !shown.Before(wall) {
				first = at
			}
			if shown.Equal(wall) || shown.After(wall) && last.IsZero() {
				last = at
			}
		}
		if got := edge(t, frozen(text, "2027-06-01T00:00:00Z"), first); got != "closes" {
			t.Fatalf("%s: a freeze from it does not begin at %s: it %s there", text, first, got)
		}
		if got := edge(t, frozen("2025-06-01T00:00:00Z", text), last); got != "opens" {
			t.Fatalf("%s: a freeze to it does not end at %s: it %s there", text, last, got)
		}
	}
}

// edge says what happens at the moment.
func edge(t *testing.T, set window.Set, at time.Time) string {
	t.Helper()
	var open [2]bool
	for i, moment := range []time.Time{at.Add(-time.Second), at} {
		verdict, err := window.Check(moment, window.Owner{Name: "it", Set: set})
		if err != nil {
			t.Fatal(err)
		}
		open[i] = verdict.Open
	}
	return map[[2]bool]string{{true, false}: "closes", {false, true}: "opens"}[open]
}

// BenchmarkCheck is the worst case that the bounds allow: two sets that alternate minute by
// minute through a year.
func BenchmarkCheck(b *testing.B) {
	now := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	owners := []window.Owner{{Name: "a", Set: alternating(0)}, {Name: "b", Set: alternating(1)}}
	for b.Loop() {
		if verdict, err := window.Check(now, owners...); err != nil || !verdict.Next.IsZero() {
			b.Fatal(verdict, err)
		}
	}
}
