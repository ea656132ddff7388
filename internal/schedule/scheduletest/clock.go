package scheduletest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/schedule"
)

// TestClock checks what every [schedule.Clock] promises. open returns an empty clock.
func TestClock(t *testing.T, open func(t *testing.T) schedule.Clock) {
	t.Helper()
	for name, test := range map[string]func(t *testing.T, clock schedule.Clock){
		"Set adds a copy of every form":             setAll,
		"Set of a name that is there does nothing":  setTwice,
		"Clear removes one copy, and nothing again": clear,
		"Names has every name once, in pages":       namePages,
		"a cancelled context is said as such":       cancelledClock,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// ExampleCopy returns a copy with a name of its own.
func ExampleCopy(t *testing.T) schedule.Copy {
	t.Helper()
	id, err := schedule.NewID(rand.Reader)
	check(t, err)
	resource, err := catalog.NewID(catalog.KindService, rand.Reader)
	check(t, err)
	return schedule.Copy{Name: string(id) + "-abcdefgh", Schedule: id, Resource: resource,
		Expression: "cron(0 3 * * ? *)", Timezone: "Europe/Berlin"}
}

func names(t *testing.T, clock schedule.Clock) map[string]time.Time {
	t.Helper()
	all := map[string]time.Time{}
	for after := ""; ; {
		page, next, err := clock.Names(t.Context(), after)
		check(t, err)
		for _, one := range page {
			if _, twice := all[one.Name]; twice {
				t.Errorf("%s is listed twice", one.Name)
			}
			all[one.Name] = one.MadeAt
		}
		if next == "" {
			return all
		}
		after = next
	}
}

func setAll(t *testing.T, clock schedule.Clock) {
	next := time.Now().UTC().Truncate(time.Minute).Add(time.Hour)
	want := map[string]bool{}
	for _, c := range []struct {
		expression string
		start      time.Time
		flexible   time.Duration
	}{
		{"cron(0 3 * * ? *)", time.Time{}, 0},
		{"cron(0/15 3 ? * MON-FRI 2027-2030)", time.Time{}, schedule.MaxFlexible},
		{"rate(1 minute)", next, 0},
		{"rate(2 days)", next, 5 * time.Minute},
		{"at(" + next.AddDate(1, 0, 0).Format("2006-01-02T15:04:05") + ")", time.Time{}, 0},
	} {
		one := ExampleCopy(t)
		one.Expression, one.Start, one.Flexible = c.expression, c.start, c.flexible
		if err := clock.Set(t.Context(), one); err != nil {
			t.Errorf("%s: %v", c.expression, err)
		}
		want[one.Name] = true
	}
	for name := range names(t, clock) {
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("%v are not there", want)
	}
}

func setTwice(t *testing.T, clock schedule.Clock) {
	one := ExampleCopy(t)
	for range 2 {
		check(t, clock.Set(t.Context(), one))
	}
	if all := names(t, clock); len(all) != 1 {
		t.Errorf("%v are there", all)
	}
}

func clear(t *testing.T, clock schedule.Clock) {
	one, other := ExampleCopy(t), ExampleCopy(t)
	check(t, clock.Set(t.Context(), one))
	check(t, clock.Set(t.Context(), other))
	for range 2 {
		check(t, clock.Clear(t.Context(), one.Name))
	}
	all := names(t, clock)
	if _, left := all[other.Name]; len(all) != 1 || !left {
		t.Errorf("%v are there, want %s", all, other.Name)
	}
}

func namePages(t *testing.T, clock schedule.Clock) {
	const copies = 7
	for i := range copies {
		one := ExampleCopy(t)
		one.Name = fmt.Sprintf("%s-%08d", one.Schedule, i)
		check(t, clock.Set(t.Context(), one))
	}
	if all := names(t, clock); len(all) != copies {
		t.Errorf("%d are there, want %d", len(all), copies)
	}
}

func cancelledClock(t *testing.T, clock schedule.Clock) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, errNames := clock.Names(ctx, "")
	for name, err := range map[string]error{"Set": clock.Set(ctx, ExampleCopy(t)),
		"Clear": clock.Clear(ctx, "sch"), "Names": errNames} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
