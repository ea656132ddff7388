package window_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/window"
)

func allow(texts ...string) window.Set { return window.Set{Allow: texts} }

func frozen(from, to string) window.Set {
	return window.Set{Freeze: []window.Freeze{{From: from, To: to}}}
}

// TestCheck gives moments in RFC 3339. 2026-11-30 is a Monday. next is "" where the set is open.
func TestCheck(t *testing.T) {
	const berlin = "Mo-Fr 07:00-17:00 Europe/Berlin"
	late := allow("Fr-Mo 22:00-06:00 Europe/Berlin")
	gap := allow("Su 02:00-03:00 Europe/Berlin")
	across := allow("Su 02:30-05:00 Europe/Berlin")
	twice := allow("Su 02:30-02:45 Europe/Berlin")
	for _, c := range []struct {
		name string
		sets []window.Set
		now  string
		next string
	}{
		{"no set", nil, "2026-11-30T03:00:00Z", ""},
		{"an empty set", []window.Set{{}}, "2026-11-30T03:00:00Z", ""},
		{"before the begin", []window.Set{allow(berlin)}, "2026-11-30T05:59:59Z", "2026-11-30T06:00:00Z"},
		{"within a second", []window.Set{allow(berlin)}, "2026-11-30T05:59:59.999Z", "2026-11-30T06:00:00Z"},
		{"at the begin", []window.Set{allow(berlin)}, "2026-11-30T06:00:00Z", ""},
		{"before the end", []window.Set{allow(berlin)}, "2026-11-30T15:59:59.999Z", ""},
		{"at the end", []window.Set{allow(berlin)}, "2026-11-30T16:00:00Z", "2026-12-01T06:00:00Z"},
		{"on Friday evening", []window.Set{allow(berlin)}, "2026-12-04T16:00:00Z", "2026-12-07T06:00:00Z"},
		{"in summer", []window.Set{allow(berlin)}, "2026-07-01T04:59:00Z", "2026-07-01T05:00:00Z"},
		{"over the end of summer", []window.Set{allow(berlin)}, "2026-10-23T15:00:00Z",
			"2026-10-26T06:00:00Z"},
		{"over midnight, before it", []window.Set{late}, "2026-12-04T21:00:00Z", ""},
		{"over midnight, after it", []window.Set{late}, "2026-12-05T04:59:00Z", ""},
		{"over midnight, at its end", []window.Set{late}, "2026-12-05T05:00:00Z", "2026-12-05T21:00:00Z"},
		{"over midnight, on the morning after the last day", []window.Set{late}, "2026-12-08T04:59:00Z", ""},
		{"over midnight, on the morning before the first day", []window.Set{late}, "2026-12-04T04:00:00Z",
			"2026-12-04T21:00:00Z"},
		{"a Sunday over midnight ends on Monday", []window.Set{allow("Su 23:00-01:00 UTC")},
			"2026-11-30T00:59:00Z", ""},
		{"whole days", []window.Set{allow("Sa-Su UTC")}, "2026-12-04T12:00:00Z", "2026-12-05T00:00:00Z"},
		{"times of every day", []window.Set{allow("22:00-24:00 UTC")}, "2026-12-01T00:00:00Z",
			"2026-12-01T22:00:00Z"},
		{"lists", []window.Set{allow("mo, wednesday,Fri 9:00-10:00,12:00-13:00; Sa UTC")},
			"2026-12-02T10:30:00Z", "2026-12-02T12:00:00Z"},
		{"the second of two rules", []window.Set{allow("Mo 09:00-10:00; Tu 08:00-09:00 UTC")},
			"2026-11-30T10:00:00Z", "2026-12-01T08:00:00Z"},
		{"the earlier of two windows", []window.Set{allow("Mo UTC", "Mo-Fr 12:00-13:00 America/New_York")},
			"2026-12-01T00:00:00Z", "2026-12-01T17:00:00Z"},
		{"a time that the clock skips opens nothing", []window.Set{gap}, "2026-03-29T00:30:00Z",
			"2026-04-05T00:00:00Z"},
		{"a window whose begin is skipped opens after it", []window.Set{across}, "2026-03-29T00:59:00Z",
			"2026-03-29T01:00:00Z"},
		{"a time that is shown twice opens twice", []window.Set{twice}, "2026-10-25T00:45:00Z",
			"2026-10-25T01:30:00Z"},
		{"half an hour of daylight saving", []window.Set{allow("Su 02:00-02:15 Australia/Lord_Howe")},
			"2026-10-03T15:29:00Z", "2026-10-10T15:00:00Z"},
		{"two sets", []window.Set{allow(berlin), allow("Sa 07:00-08:00; We 16:00-18:00 Europe/Berlin")},
			"2026-11-30T12:00:00Z", "2026-12-02T15:00:00Z"},
		{"two sets that never agree", []window.Set{allow("Mo UTC"), allow("Tu UTC")}, "2026-11-30T00:00:00Z",
			window.Never},
		{"two sets that never agree, minute by minute", []window.Set{alternating(0), alternating(1)},
			"2026-11-30T00:00:00Z", window.Never},
		{"a freeze", []window.Set{frozen("2026-11-30T12:00:00Z", "2026-12-01T12:00:00+02:00")},
			"2026-11-30T12:00:00Z", "2026-12-01T10:00:00Z"},
		{"before a freeze", []window.Set{frozen("2026-11-30T12:00:00Z", "2026-12-01T12:00:00Z")},
			"2026-11-30T11:59:59Z", ""},
		{"a freeze of days includes the last one",
			[]window.Set{frozen("2026-12-24 Europe/Berlin", "2027-01-02 Europe/Berlin")},
			"2026-12-31T00:00:00Z", "2027-01-02T23:00:00Z"},
		{"a freeze of one day", []window.Set{frozen("2026-12-24 UTC", "2026-12-24 UTC")},
			"2026-12-24T23:59:59Z", "2026-12-25T00:00:00Z"},
		{"a freeze with local times",
			[]window.Set{frozen("2026-12-24 18:00 Europe/Berlin", "2026-12-25T06:00 Europe/Berlin")},
			"2026-12-24T17:00:00Z", "2026-12-25T05:00:00Z"},
		{"a freeze that begins at the first of two", []window.Set{frozen("2026-10-25 02:30 Europe/Berlin",
			"2026-10-25 12:00 Europe/Berlin")}, "2026-10-25T00:30:00Z", "2026-10-25T11:00:00Z"},
		{"a freeze that ends at the last of two", []window.Set{frozen("2026-10-25 00:30 Europe/Berlin",
			"2026-10-25 02:30 Europe/Berlin")}, "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
		{"a freeze that ends at a skipped time", []window.Set{frozen("2026-03-28 UTC",
			"2026-03-29 02:30 Europe/Berlin")}, "2026-03-28T00:30:00Z", "2026-03-29T01:00:00Z"},
		{"freezes that overlap", []window.Set{{Freeze: []window.Freeze{
			{From: "2026-12-03 UTC", To: "2026-12-05 UTC"}, {From: "2026-12-01 UTC", To: "2026-12-03 UTC"},
		}}}, "2026-12-01T00:00:00Z", "2026-12-06T00:00:00Z"},
		{"a freeze that ends outside of the window", []window.Set{{Allow: []string{berlin},
			Freeze: []window.Freeze{{From: "2026-12-01 UTC", To: "2026-12-05T08:00:00Z"}}}},
			"2026-12-02T08:00:00Z", "2026-12-07T06:00:00Z"},
		{"a freeze for ever", []window.Set{frozen("2026-01-01 UTC", "2099-12-31 UTC")},
			"2026-11-30T00:00:00Z", window.Never},
		{"a year with one opening at its end", []window.Set{frozen("2026-11-30 UTC", "2027-11-29T23:59:00Z")},
			"2026-11-30T00:00:00Z", "2027-11-29T23:59:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339Nano, c.now)
			if err != nil {
				t.Fatal(err)
			}
			var owners []window.Owner
			for _, set := range c.sets {
				if err := set.Check("windows."); err != nil {
					t.Fatalf("Check: %v", fault.Fields(err))
				}
				owners = append(owners, window.Owner{Name: "it", Set: set})
			}
			got, err := window.Check(now, owners...)
			if err != nil {
				t.Fatal(err)
			}
			next := got.NextText()
			if got.Open {
				next = ""
			}
			if next != c.next || got.Open != (got.Reason == "") || got.Open && !got.Next.Equal(now) {
				t.Errorf("the verdict is %+v, want the next opening %q", got, c.next)
			}
		})
	}
}

// alternating is open in every second minute of a few hours, as far as the bounds let it.
func alternating(begin int) window.Set {
	var set window.Set
	for hour := range window.MaxAllow {
		var times []string
		for minute := begin; len(times) < 8; minute += 2 {
			from := time.Date(2026, 1, 1, hour, minute, 0, 0, time.UTC)
			times = append(times, from.Format("15:04-")+from.Add(time.Minute).Format("15:04"))
		}
		set.Allow = append(set.Allow, strings.Join(times, ",")+" Europe/Berlin")
	}
	return set
}

func TestAVerdictSaysWhoIsClosedAndWhy(t *testing.T) {
	now := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	got, err := window.Check(now,
		window.Owner{Name: "the service wiki", Set: allow("Mo-Su 00:00-24:00 UTC")},
		window.Owner{Name: "the server web-1", Set: window.Set{Freeze: []window.Freeze{
			{From: "2026-11-29 UTC", To: "2026-12-01 UTC", Reason: "migration"}}, Outside: window.Wait}},
		window.Owner{Name: "the team", Set: window.Set{Allow: []string{"Tu-We 09:00-10:00 UTC"},
			Outside: window.Drop}},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := window.Verdict{
		Next: time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC), Drops: true,
		Reason: "the server web-1 is frozen until 2026-12-02T00:00:00Z (migration), and " +
			"the team is outside of its windows (Tu-We 09:00-10:00 UTC)",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
}

func TestWhatBecomesOfAnEvent(t *testing.T) {
	now := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	closed := func(outside window.Outside) window.Set {
		return window.Set{Allow: []string{"Tu UTC"}, Outside: outside}
	}
	for _, c := range []struct {
		name string
		sets []window.Set
		want bool
	}{
		{"it waits by default", []window.Set{closed("")}, false},
		{"it waits", []window.Set{closed(window.Wait)}, false},
		{"it is dropped", []window.Set{closed(window.Wait), closed(window.Drop)}, true},
		{"an open set decides nothing", []window.Set{closed(window.Wait), {Outside: window.Drop}}, false},
		{"it is dropped if there is no opening", []window.Set{closed(""), allow("We UTC")}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var owners []window.Owner
			for _, set := range c.sets {
				owners = append(owners, window.Owner{Name: "it", Set: set})
			}
			got, err := window.Check(now, owners...)
			if err != nil || got.Drops != c.want || got.Open {
				t.Errorf("the verdict is %+v, %v; want drops %t", got, err, c.want)
			}
		})
	}
}

func TestWrongTextsAreNamed(t *testing.T) {
	set := window.Set{
		Allow: []string{
			"", "Mo-Fr 07:00-17:00", "Europe/Berlin", "Mo-Fr 07:00-17:00 Berlin", "Mo-Fr 07:00-17:00 Local",
			"Mo-Xx 07:00-17:00 UTC", "Mo 7-17 UTC", "Mo 07:00-25:00 UTC", "Mo 24:00-25:00 UTC",
			"Mo 07:00-07:00 UTC",
		},
		Freeze: []window.Freeze{
			{From: "tomorrow", To: "2026-12-24T00:00:00Z"}, {From: "2026-12-24", To: "2026-12-25 UTC"},
			{From: "2026-12-24 UTC", To: "2026-02-31 UTC"}, {From: "2026-12-24 UTC", To: "2026-12-23 UTC"},
			{From: "2026-12-24 Mars/Base", To: "2026-12-25 UTC"},
		},
		Outside: "later",
	}
	wanted := map[string]string{
		"windows.allow.0":       "days, times and a time zone, such as Mo-Fr 07:00-17:00 Europe/Berlin",
		"windows.allow.1":       `must end with a time zone of the IANA list, such as Europe/Berlin or UTC,`,
		"windows.allow.2":       "must be days, times and a time zone",
		"windows.allow.3":       `not "Berlin"`,
		"windows.allow.4":       `not "Local"`,
		"windows.allow.5":       `must name days as Mo, Tu, We, Th, Fr, Sa or Su, not "Xx"`,
		"windows.allow.6":       `must have times from 00:00 to 24:00, such as 07:00-17:00, not "7-17"`,
		"windows.allow.7":       `not "07:00-25:00"`,
		"windows.allow.8":       `not "24:00-25:00"`,
		"windows.allow.9":       "the whole day is 00:00-24:00",
		"windows.freeze.0.from": "must be a time such as 2026-12-23T18:00:00Z, or a date and a time zone",
		"windows.freeze.1.from": `not "2026-12-24"`,
		"windows.freeze.2.to":   `not "2026-02-31 UTC"`,
		"windows.freeze.3.to":   "must be later than from",
		"windows.freeze.4.from": `not "Mars/Base"`,
		"windows.outside":       `must be "wait" or "drop"`,
	}
	err := set.Check("windows.")
	if !errors.Is(err, fault.Invalid) {
		t.Fatalf("Check: %v, want Invalid", err)
	}
	fields := fault.Fields(err)
	for field, text := range wanted {
		if got := fields[field]; len(got) != 1 || !strings.Contains(got[0], text) {
			t.Errorf("%s: %q, want %q", field, got, text)
		}
		delete(fields, field)
	}
	if len(fields) > 0 {
		t.Errorf("further fields: %v", fields)
	}
	for _, text := range []string{"Mo 07:00-08:00 Tu UTC", "Mo; ; Tu UTC", "Mo; UTC",
		"Mo " + strings.Repeat("07:00-08:00,", 10) + "09:00-10:00 UTC"} {
		if allow(text).Check("windows.") == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	many := window.Set{Allow: make([]string, window.MaxAllow+1),
		Freeze: make([]window.Freeze, window.MaxFreezes+1)}
	fields = fault.Fields(many.Check("windows."))
	if len(fields["windows.allow"]) != 1 || len(fields["windows.freeze"]) != 1 {
		t.Errorf("too many: %v", fields)
	}
}

func TestADamagedSetIsNotOpen(t *testing.T) {
	for _, set := range []window.Set{allow("Mo Mars/Base"), frozen("x", "y")} {
		verdict, err := window.Check(time.Now(), window.Owner{Name: "the team", Set: set})
		if !errors.Is(err, fault.Internal) || verdict.Open {
			t.Errorf("%+v, %v; want Internal", verdict, err)
		}
	}
}
