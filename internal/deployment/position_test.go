package deployment_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// TestEveryReaderOfTheFeedSeesEachChangeOnce has functions whose clocks differ, so that
// changes get places before others that are already there, and a reader that comes at
// random.
func TestEveryReaderOfTheFeedSeesEachChangeOnce(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		now := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
		position, start := deployment.NewPosition(now), now
		var feed []deployment.Listed
		var got, want []string
		read := func() {
			since := slices.Clone(feed)
			since = slices.DeleteFunc(since, func(one deployment.Listed) bool {
				return one.At.Before(position.From)
			})
			slices.SortFunc(since, func(a, b deployment.Listed) int { return a.At.Compare(b.At) })
			since = since[:min(len(since), deployment.MaxChanges)]
			fresh, next := position.Advance(since, len(since) == deployment.MaxChanges, now)
			for _, one := range fresh {
				got = append(got, one.ID)
			}
			parsed, err := deployment.ParsePosition(next.Text(), now)
			if diff := cmp.Diff(parsed, next); err != nil || diff != "" {
				t.Fatalf("seed %d: %v (-got +want)\n%s", seed, err, diff)
			}
			position = parsed
		}
		pause := time.Duration(1 + random.IntN(1000)) // of some milliseconds
		for n := range 400 {
			now = now.Add(time.Duration(random.IntN(60)) * pause * time.Millisecond / 20)
			skew := time.Duration(random.Int64N(int64(deployment.FeedOverlap) * 9 / 10))
			if pause < 100 { // a busy feed, whose overlap is shorter
				skew = 0
			}
			one := deployment.Listed{At: now.Add(-skew).Truncate(time.Microsecond), ID: fmt.Sprint(n)}
			if one.At.Before(start) { // the reader finds it in the history
				one.At = start.Add(time.Duration(n) * time.Microsecond)
			}
			feed, want = append(feed, one), append(want, one.ID)
			if random.IntN(4) == 0 {
				read()
			}
		}
		for range 10 {
			now = now.Add(time.Second)
			read()
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(got, want); diff != "" {
			t.Fatalf("seed %d, pause %d (-got +want)\n%s", seed, pause, diff)
		}
	}
}

func TestParsePosition(t *testing.T) {
	now := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
	good := deployment.NewPosition(now).Text()
	for text, want := range map[string]fault.Kind{
		"": fault.Invalid, "nonsense": fault.Invalid, good[1:]: fault.Invalid, good + "0": fault.Invalid,
		good + "~~~~~~~~":                                         fault.Invalid,
		good + strings.Repeat("0", 8*121):                         fault.Invalid,
		deployment.NewPosition(now.Add(time.Minute)).Text():       fault.Invalid,
		deployment.NewPosition(now.Add(-61 * time.Minute)).Text(): fault.Gone,
	} {
		if _, err := deployment.ParsePosition(text, now); !errors.Is(err, want) {
			t.Errorf("ParsePosition(%q): %v, want %s", text, err, want)
		}
	}
	if _, err := deployment.ParsePosition(good+strings.Repeat("0", 8*120), now); err != nil {
		t.Errorf("ParsePosition with all marks: %v", err)
	}
}
