package schedule_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/schedule"
)

func parse(t *testing.T, text, zone string) schedule.Expression {
	t.Helper()
	e, err := schedule.Parse(text, zone, time.Time{})
	if err != nil {
		t.Fatalf("%s in %s: %v %v", text, zone, err, fault.Fields(err))
	}
	return e
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when.UTC()
}

func TestCrontabsFormIsTranslated(t *testing.T) {
	for given, want := range map[string]string{
		"0 3 * * *":               "cron(0 3 * * ? *)",
		"*/15 * * * *":            "cron(0/15 * * * ? *)",
		"5/15 * * * *":            "cron(5/15 * * * ? *)",
		"0-30/10,45 */2 * * *":    "cron(0-30/10,45 0/2 * * ? *)",
		"0 3 1 * *":               "cron(0 3 1 * ? *)",
		"0 3 */2 */3 *":           "cron(0 3 1/2 1/3 ? *)",
		"0 3 1,15 jan-MAR,7 *":    "cron(0 3 1,15 JAN-MAR,7 ? *)",
		"0 3 * * 0":               "cron(0 3 ? * SUN *)",
		"0 3 * * 7":               "cron(0 3 ? * SUN *)",
		"0 3 * * 0,7":             "cron(0 3 ? * SUN *)",
		"0 3 * * 1":               "cron(0 3 ? * MON *)",
		"0 3 * * 6":               "cron(0 3 ? * SAT *)",
		"0 3 * * 1-5":             "cron(0 3 ? * MON-FRI *)",
		"0 3 * * mon-fri":         "cron(0 3 ? * MON-FRI *)",
		"0 3 * * Wed":             "cron(0 3 ? * WED *)",
		"0 3 * JUL *":             "cron(0 3 * JUL ? *)",
		"0 3 * * 5-7":             "cron(0 3 ? * SUN,FRI,SAT *)",
		"0 3 * * 0-6":             "cron(0 3 * * ? *)",
		"0 3 * * 1-7":             "cron(0 3 * * ? *)",
		"0 3 * * */2":             "cron(0 3 ? * SUN,TUE,THU,SAT *)",
		"0 3 * * */1":             "cron(0 3 * * ? *)",
		"0 3 * * 1/2":             "cron(0 3 ? * SUN,MON,WED,FRI *)",
		"0 3 1 * 0-6":             "cron(0 3 1 * ? *)",
		"  0   3 * * MON ":        "cron(0 3 ? * MON *)",
		"@daily":                  "cron(0 0 * * ? *)",
		"@Weekly":                 "cron(0 0 ? * SUN *)",
		"@yearly":                 "cron(0 0 1 1 ? *)",
		"CRON( 0 3 l * ? 2030 )":  "cron(0 3 L * ? 2030)",
		"cron(0 3 ? * fri#2 *)":   "cron(0 3 ? * FRI#2 *)",
		"rate(1 minutes)":         "rate(1 minute)",
		"rate(2 hour)":            "rate(2 hours)",
		"Rate( 7  days )":         "rate(7 days)",
		"at(2030-01-31t12:00:00)": "at(2030-01-31T12:00:00)",
	} {
		t.Run(given, func(t *testing.T) {
			if got := parse(t, given, "UTC").String(); got != want {
				t.Errorf("= %s, want %s", got, want)
			}
		})
	}
}

func TestWhatCannotBeComputedIsRefused(t *testing.T) {
	for given, want := range map[string]string{
		"":                         "1 to 256 characters",
		strings.Repeat("1", 257):   "1 to 256 characters",
		"every day":                "must be cron(…) with 6 fields, rate(…), at(…), or cron's form with 5",
		"@reboot":                  "must be cron(…)",
		"0 0 3 * * *":              "must be cron(…)",
		"0 3 1 * 1":                "a day of the month and a day of the week",
		"0 3 */2 * 1":              "a day of the month and a day of the week",
		"0 3 ? * 1":                "which is EventBridge's form",
		"0 3 L * *":                "which is EventBridge's form",
		"60 3 * * *":               `the minute "60"`,
		"0 24 * * *":               `the hour "24"`,
		"0 3 0 * *":                `the day of the month "0"`,
		"0 3 * 13 *":               `the month "13" is not made of *, numbers from 1 to 12 or JAN to DEC`,
		"0 3 * FOO *":              `the month "FOO"`,
		"0 3 * * 8":                `the day of the week "8"`,
		"0 3 * * FRI-MON":          "goes backwards",
		"30-10 3 * * *":            "goes backwards",
		"*/0 3 * * *":              `the step "0" of the minute`,
		"*/x 3 * * *":              `the step "X" of the minute`,
		"+5 3 * * *":               `the minute "+5"`,
		"1,,2 3 * * *":             `the minute ""`,
		"cron(0 3 * * *)":          "has 5 fields in cron()",
		"cron(0 3 * *)":            "has 4 fields in cron()",
		"cron(0 3 * * * *)":        "must have ? as the day of the month or as the day of the week",
		"cron(0 3 ? * ? *)":        "must have ? as the day of the month or as the day of the week",
		"cron(? 3 * * ? *)":        `the minute "?"`,
		"cron(0 3 ? * 0 *)":        `the day of the week "0" is not made of *, numbers from 1 to 7`,
		"cron(0 3 ? * 2#6 *)":      `the day of the week "2#6"`,
		"cron(0 3 ? * 2#1,3#2 *)":  `the day of the week "2#1"`,
		"cron(0 3 32W * ? *)":      `the day of the month "32W"`,
		"cron(0 3 L-3 * ? *)":      `the day of the month "L-3"`,
		"cron(0 3 * * ? 1969)":     `the year "1969"`,
		"cron(0 3 ? * * 2200)":     `the year "2200"`,
		"rate(0 minutes)":          "must be rate(NUMBER UNIT)",
		"rate(5 seconds)":          "must be rate(NUMBER UNIT)",
		"rate(366 days)":           "must be rate(NUMBER UNIT)",
		"rate(5)":                  "must be rate(NUMBER UNIT)",
		"at(tomorrow)":             "must be at(DATE)",
		"at(2027-01-31T12:00:00Z)": "must be at(DATE)",
		"at(2027-02-30T12:00:00)":  "must be at(DATE)",
		"at(2027-03-28T02:30:00)":  "does not exist in Europe/Berlin",
	} {
		t.Run(given, func(t *testing.T) {
			_, err := schedule.Parse(given, "Europe/Berlin", time.Time{})
			said := strings.Join(fault.Fields(err)["expression"], " ")
			if !errors.Is(err, fault.Invalid) || !strings.Contains(said, want) {
				t.Errorf("error = %v, expression %q, want %q", err, said, want)
			}
		})
	}
	for _, zone := range []string{"", "Local", "local", "Berlin", "Europe/Bärlin", "../passwd", "+02:00"} {
		_, err := schedule.Parse("0 3 * * *", zone, time.Time{})
		if got := fault.Fields(err)["timezone"]; !errors.Is(err, fault.Invalid) || len(got) != 1 {
			t.Errorf("zone %q: %v %v", zone, err, got)
		}
	}
}

// TestRuns has the dates of a calendar, each read from one and not computed here.
func TestRuns(t *testing.T) {
	for _, c := range []struct{ text, zone, after, want string }{
		// The last Friday of months, the second Tuesday, the last day, the last weekday.
		{"cron(0 3 ? * 6L *)", "UTC", "2027-01-01T00:00:00Z",
			"2027-01-29T03:00:00Z 2027-02-26T03:00:00Z 2027-03-26T03:00:00Z"},
		{"cron(0 3 ? * TUE#2 *)", "UTC", "2027-01-01T00:00:00Z",
			"2027-01-12T03:00:00Z 2027-02-09T03:00:00Z 2027-03-09T03:00:00Z"},
		{"cron(0 3 ? * 3#5 *)", "UTC", "2027-01-01T00:00:00Z",
			"2027-03-30T03:00:00Z 2027-06-29T03:00:00Z 2027-08-31T03:00:00Z"},
		{"cron(0 3 ? * L *)", "UTC", "2027-01-01T00:00:00Z",
			"2027-01-02T03:00:00Z 2027-01-09T03:00:00Z 2027-01-16T03:00:00Z"},
		{"cron(0 3 L * ? *)", "UTC", "2028-01-31T12:00:00Z",
			"2028-02-29T03:00:00Z 2028-03-31T03:00:00Z 2028-04-30T03:00:00Z"},
		{"cron(0 3 LW * ? *)", "UTC", "2027-01-01T00:00:00Z",
			"2027-01-29T03:00:00Z 2027-02-26T03:00:00Z 2027-03-31T03:00:00Z"},
		// 2027-05-15 and 08-15 are a Saturday and a Sunday; 05-01 is a Saturday, and W stays in the month.
		{"cron(0 3 15W 5-8 ? *)", "UTC", "2027-01-01T00:00:00Z",
			"2027-05-14T03:00:00Z 2027-06-15T03:00:00Z 2027-07-15T03:00:00Z 2027-08-16T03:00:00Z"},
		{"cron(0 3 1W 5 ? *)", "UTC", "2027-01-01T00:00:00Z", "2027-05-03T03:00:00Z 2028-05-01T03:00:00Z"},
		{"cron(0 3 31 * ? 2027)", "UTC", "2027-09-01T00:00:00Z",
			"2027-10-31T03:00:00Z 2027-12-31T03:00:00Z none"},
		{"cron(0 3 30 2 ? *)", "UTC", "2027-01-01T00:00:00Z", "none"},
		{"0 0 29 2 *", "UTC", "2027-01-01T00:00:00Z", "2028-02-29T00:00:00Z 2032-02-29T00:00:00Z"},
		{"cron(0 3 ? * 1 *)", "UTC", "2027-01-01T00:00:00Z", "2027-01-03T03:00:00Z 2027-01-10T03:00:00Z"},
		{"0 3 * * 1", "UTC", "2027-01-01T00:00:00Z", "2027-01-04T03:00:00Z 2027-01-11T03:00:00Z"},
		{"30 8 * * *", "Asia/Kolkata", "2027-01-01T00:00:00Z", "2027-01-01T03:00:00Z 2027-01-02T03:00:00Z"},
		{"0 12 * * *", "Pacific/Auckland", "2027-01-01T00:00:00Z", "2027-01-01T23:00:00Z"},

		// On 2027-03-28, the clocks in Berlin go from 02:00 to 03:00.
		{"30 2 * * *", "Europe/Berlin", "2027-03-26T12:00:00Z",
			"2027-03-27T01:30:00Z 2027-03-29T00:30:00Z 2027-03-30T00:30:00Z"},
		{"30 * * * *", "Europe/Berlin", "2027-03-28T00:00:00Z",
			"2027-03-28T00:30:00Z 2027-03-28T01:30:00Z 2027-03-28T02:30:00Z"},
		{"* 2 * * *", "Europe/Berlin", "2027-03-28T00:00:00Z", "2027-03-29T00:00:00Z 2027-03-29T00:01:00Z"},
		// On 2027-10-31, they go from 03:00 to 02:00, and 02:30 comes twice.
		{"30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z",
			"2027-10-31T00:30:00Z 2027-11-01T01:30:00Z 2027-11-02T01:30:00Z"},
		{"30 * * * *", "Europe/Berlin", "2027-10-30T23:00:00Z",
			"2027-10-30T23:30:00Z 2027-10-31T00:30:00Z 2027-10-31T02:30:00Z"},
		{"30 2 * * *", "Europe/Berlin", "2027-10-31T01:00:00Z", "2027-11-01T01:30:00Z"},
		{"45 2 * * *", "Europe/Berlin", "2027-10-31T00:40:00Z", "2027-10-31T00:45:00Z 2027-11-01T01:45:00Z"},
		// In Lord Howe, they go by half an hour.
		{"15 2 * * *", "Australia/Lord_Howe", "2027-10-02T00:00:00Z",
			"2027-10-03T15:15:00Z 2027-10-04T15:15:00Z"},

		{"at(2027-10-31T02:30:00)", "Europe/Berlin", "2027-10-30T12:00:00Z", "2027-10-31T00:30:00Z none"},
		{"at(2027-01-31T12:00:00)", "America/New_York", "2027-01-01T00:00:00Z", "2027-01-31T17:00:00Z none"},
		{"at(2027-01-31T12:00:00)", "UTC", "2027-01-31T12:00:00Z", "none"},
	} {
		t.Run(c.text+" "+c.after, func(t *testing.T) {
			e := parse(t, c.text, c.zone)
			var got []string
			after := at(t, c.after)
			for range strings.Fields(c.want) {
				run := e.Next(after)
				if run.IsZero() {
					got = append(got, "none")
					break
				}
				got, after = append(got, run.Format(time.RFC3339)), run
				if last := e.Last(run); !last.Equal(run) {
					t.Errorf("the last run at the run itself is %s", last)
				}
			}
			if diff := cmp.Diff(strings.Fields(c.want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARateRunsFromItsStart(t *testing.T) {
	start := at(t, "2027-03-28T00:07:00Z")
	e, err := schedule.Parse("rate(1 day)", "Europe/Berlin", start)
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range map[string]string{
		"2027-03-01T00:00:00Z": "2027-03-28T00:07:00Z",
		"2027-03-28T00:06:59Z": "2027-03-28T00:07:00Z",
		"2027-03-28T00:07:00Z": "2027-03-29T00:07:00Z", // a day has 24 hours, whatever the clocks do
		"2027-03-29T12:00:00Z": "2027-03-30T00:07:00Z",
	} {
		if got := e.Next(at(t, after)).Format(time.RFC3339); got != want {
			t.Errorf("after %s: %s, want %s", after, got, want)
		}
	}
	for until, want := range map[string]time.Time{
		"2027-03-28T00:06:59Z": {},
		"2027-03-28T00:07:00Z": start,
		"2027-03-29T00:06:00Z": start,
		"2027-03-29T00:07:00Z": start.Add(24 * time.Hour),
	} {
		if got := e.Last(at(t, until)); !got.Equal(want) {
			t.Errorf("until %s: %s, want %s", until, got, want)
		}
	}
	if e.Rate() != 24*time.Hour || parse(t, "0 3 * * *", "UTC").Rate() != 0 {
		t.Errorf("the rate is %s", e.Rate())
	}
}

// matches is a second, slow reading of simple expressions.
func matches(text string, value, lowest int) bool {
	for item := range strings.SplitSeq(text, ",") {
		base, stepText, stepped := strings.Cut(item, "/")
		step, first, last := 1, lowest, 99
		if stepped {
			_, _ = fmt.Sscan(stepText, &step)
		}
		if from, to, ranged := strings.Cut(base, "-"); ranged {
			_, _ = fmt.Sscan(from, &first)
			_, _ = fmt.Sscan(to, &last)
		} else if base != "*" {
			_, _ = fmt.Sscan(base, &first)
			if !stepped {
				last = first
			}
		}
		if value >= first && value <= last && (value-first)%step == 0 {
			return true
		}
	}
	return false
}

// TestRunsAgainstEveryMinute compares the runs with a walk over the minutes of the weeks in which
// the clocks change. A minute is a run if the clock shows it for the first time.
func TestRunsAgainstEveryMinute(t *testing.T) {
	pick := func(r *rand.Rand, all ...string) string { return all[r.IntN(len(all))] }
	random := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		minute := pick(random, "0", "*", "*/7", "10-50/20", "5,30,59", "30/10")
		hour := pick(random, "*", "2", "1-3", "*/2", "0,2,3", "22-23")
		day := pick(random, "*", "*", "28", "31", "1-7", "*/3")
		month := pick(random, "*", "3,10", "*/2")
		weekday := "*"
		if day == "*" {
			weekday = pick(random, "*", "0", "6", "1-5", "0,3")
		}
		zone := pick(random, "Europe/Berlin", "UTC", "America/New_York", "Australia/Lord_Howe")
		first := at(t, pick(random, "2027-03-26T00:00:00Z", "2027-10-29T00:00:00Z", "2027-11-05T00:00:00Z",
			"2027-04-02T00:00:00Z", "2027-12-30T00:00:00Z"))
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join([]string{minute, hour, day, month, weekday}, " ")
		e, want := parse(t, text, zone), []string{}
		seen := map[string]bool{}
		for m := first.Add(-3 * time.Hour); m.Before(first.AddDate(0, 0, 4)); m = m.Add(time.Minute) {
			clock := m.In(location)
			shown := clock.Format("2006-01-02T15:04")
			if matches(minute, clock.Minute(), 0) && matches(hour, clock.Hour(), 0) &&
				matches(day, clock.Day(), 1) && matches(month, int(clock.Month()), 1) &&
				matches(weekday, int(clock.Weekday()), 0) && !seen[shown] && m.After(first) {
				want = append(want, m.Format(time.RFC3339))
			}
			seen[shown] = true
		}
		got := []string{}
		for run := e.Next(first); !run.IsZero() && run.Before(first.AddDate(0, 0, 4)); run = e.Next(run) {
			got = append(got, run.Format(time.RFC3339))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s in %s after %s\n%s", text, zone, first, diff)
		}
		for i := range want {
			until := at(t, want[i]).Add(30 * time.Second)
			if last := e.Last(until); last.Format(time.RFC3339) != want[i] {
				t.Fatalf("%s in %s: the last run until %s is %s", text, zone, until, last)
			}
		}
		// Between two runs, the last one is the earlier one, also while the clocks repeat an hour.
		for m, i := first, -1; i+1 < len(want) && i < 40; m = m.Add(7 * time.Minute) {
			for i+1 < len(want) && !at(t, want[i+1]).After(m) {
				i++
			}
			if i >= 0 && e.Last(m).Format(time.RFC3339) != want[i] {
				t.Fatalf("%s in %s: the last run until %s is %s, want %s", text, zone, m, e.Last(m), want[i])
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"0 3 * * *", "cron(0/5 3 ? * MON-FRI 2027-2030)", "rate(5 minutes)",
		"at(2027-01-31T12:00:00)", "@daily", "cron(0 3 LW * ? *)", "cron(0 3 31W * ? *)",
		"*/59 1-3/2 1 * 7"} {
		f.Add(text)
	}
	after := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := schedule.Parse(text, "Europe/Berlin", after)
		if err != nil {
			if len(fault.Fields(err)["expression"]) != 1 {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		again, err := schedule.Parse(e.String(), "Europe/Berlin", after)
		if err != nil || again.String() != e.String() {
			t.Errorf("%q becomes %q, and that %q: %v", text, e, again, err)
		}
		run := e.Next(after)
		if !run.IsZero() && (!run.After(after) || !e.Last(run).Equal(run)) {
			t.Errorf("%q runs at %s, and the last run is %s", text, run, e.Last(run))
		}
	})
}
