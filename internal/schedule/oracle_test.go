package schedule_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/winebarrel/cronplan/v2"
)

// TestRunsAgainstCronplan compares the runs of expressions in EventBridge's form with another
// implementation, which its author has compared with EventBridge. In UTC, because cronplan takes a
// reading that the clocks skip for another one.
func TestRunsAgainstCronplan(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(all ...string) string { return all[random.IntN(len(all))] }
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for range 3000 {
		day := pick("*", "1", "31", "30", "1-7", "*/3", "10/5", "1,15,31", "L", "LW", "1W", "15W", "30W",
			"31W", "29")
		weekday := "?"
		if random.IntN(2) == 0 {
			day, weekday = "?", pick("*", "1", "7", "MON-FRI", "2,4,6", "SUN", "L", "1L", "6L", "SATL",
				"2#1", "WED#5", "7#3", "*/2", "2/2")
		}
		text := strings.Join([]string{
			pick("0", "*", "0/15", "*/7", "5,10", "50-59/3", "30"),
			pick("*", "0", "3", "*/6", "22-23", "9-17/4"),
			day, pick("*", "2", "JAN,JUN", "*/5", "4-6", "2/3"),
			weekday, pick("*", "*", "2028", "2027-2029", "2026/4"),
		}, " ")
		other, err := cronplan.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		after := start.Add(time.Duration(random.IntN(3*365*24*60)) * time.Minute)
		want := append([]time.Time(nil), other.NextN(after.Add(time.Minute), 5)...)
		got := parse(t, "cron("+text+")", "UTC").NextN(after, 5)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s after %s\n%s", text, after, diff)
		}
	}
}
