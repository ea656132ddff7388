package statistics_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/statistics"
)

// TestQuantile compares the quantiles of random durations with the exact ones, by nearest
// rank.
func TestQuantile(t *testing.T) {
	precision := math.Exp2(1.0/8) + 1e-6 // half a bucket
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 2))
		var all []time.Duration
		histogram := statistics.Histogram{}
		for range 1 + random.IntN(200) {
			// From a millisecond to a day, alike on every scale.
			d := time.Duration(math.Exp(random.Float64()*math.Log(86.4e6)) * float64(time.Millisecond))
			all = append(all, d)
			histogram.Add(d)
		}
		slices.Sort(all)
		for _, share := range []float64{0, 0.01, 0.5, 0.95, 1} {
			rank := max(1, int(math.Ceil(share*float64(len(all)))))
			exact, got := float64(all[rank-1]), float64(histogram.Quantile(share))
			if got > exact*precision || got < exact/precision {
				t.Errorf("seed %d: the %.2f quantile of %d is %s, want %s", seed, share, len(all),
					time.Duration(got), time.Duration(exact))
			}
		}
	}
	if got := (statistics.Histogram{}).Quantile(0.5); got != 0 {
		t.Errorf("the median of nothing is %s", got)
	}
	if got := (statistics.Histogram{0: 3}).Quantile(0.5); got != time.Millisecond {
		t.Errorf("the median of very short ones is %s", got)
	}
}

// days is a [statistics.Reader] over the records of one resource.
type days struct {
	records map[statistics.Day][]deployment.Record
	done    statistics.Day
}

func (d days) Rollups(_ context.Context, resource catalog.ID,
	first, last statistics.Day) ([]statistics.Rollup, error) {
	var rollups []statistics.Rollup
	for day := first; day <= last; day = day.Next() {
		if len(d.records[day]) > 0 {
			rollups = append(rollups, statistics.NewRollup(resource, day, d.records[day]))
		}
	}
	return rollups, nil
}

func (d days) Records(_ context.Context, _ catalog.ID, day statistics.Day) ([]deployment.Record, error) {
	return d.records[day], nil
}

func (d days) Progress(context.Context) (statistics.Progress, error) {
	return statistics.Progress{Done: d.done}, nil
}

// TestSummariesAreThoseOfTheRecords has random days and compares a summary of their rollups
// with one of all records at once, and with the recoveries counted by hand.
func TestSummariesAreThoseOfTheRecords(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 3))
		now := time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC)
		d := days{records: map[statistics.Day][]deployment.Record{},
			done: statistics.DayOf(now.AddDate(0, 0, -1))}
		var all []deployment.Record
		for at := now.AddDate(0, 0, -9); ; {
			at = at.Add(time.Duration(1+random.IntN(2000)) * time.Minute)
			if at.After(now) {
				break
			}
			record := randomRecord(random, at)
			all = append(all, record)
			d.records[statistics.DayOf(at)] = append(d.records[statistics.DayOf(at)], record)
		}
		period, err := statistics.NewPeriod(t.Context(), d, 10, now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := statistics.Summarise(t.Context(), d, "app1", period)
		if err != nil {
			t.Fatal(err)
		}
		want := statistics.NewSummary()
		whole := statistics.NewRollup("app1", "2026-11-20", all)
		want.Merge(statistics.Summary{Counts: whole.Counts, Runs: whole.Runs, Waits: whole.Waits,
			Recoveries: recoveries(all)})
		if diff := cmp.Diff(got, want); diff != "" {
			t.Fatalf("seed %d (-got +want)\n%s", seed, diff)
		}
	}
}

// randomRecord is a deployment that was requested at a time and ended some minutes later.
func randomRecord(random *rand.Rand, at time.Time) deployment.Record {
	status := []deployment.Status{deployment.Finished, deployment.Failed, deployment.Failed,
		deployment.Cancelled, deployment.InProgress}[random.IntN(5)]
	record := deployment.Record{Status: status, CreatedAt: at, QueuedAt: at,
		Operation: []deployment.Operation{
			deployment.Start, deployment.Deploy, deployment.Stop}[random.IntN(3)]}
	if status.Terminal() {
		record.StartedAt = at.Add(time.Second)
		record.FinishedAt = record.StartedAt.Add(time.Duration(random.IntN(50)) * time.Second)
		record.Outcome.Status = status
	}
	return record
}

// recoveries counts the times to recover as their definition says.
func recoveries(all []deployment.Record) statistics.Histogram {
	times := statistics.Histogram{}
	var failed time.Time
	for _, record := range all {
		switch {
		case !record.Operation.Starts():
		case record.Status == deployment.Failed && failed.IsZero():
			failed = record.FinishedAt
		case record.Status == deployment.Finished && !failed.IsZero():
			times.Add(record.FinishedAt.Sub(failed))
			failed = time.Time{}
		}
	}
	return times
}

// TestADayWithoutARollupIsRead holds after an outage of the schedule, and before the first
// rollup.
func TestADayWithoutARollupIsRead(t *testing.T) {
	now := time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC)
	for _, done := range []statistics.Day{"", "2026-11-13", "2026-11-17", "2026-11-19", "2026-11-20"} {
		d := days{records: map[statistics.Day][]deployment.Record{}, done: done}
		for _, day := range []statistics.Day{"2026-11-14", "2026-11-18", "2026-11-20"} {
			d.records[day] = []deployment.Record{ended(deployment.Finished, "", 1, 1)}
		}
		period, err := statistics.NewPeriod(t.Context(), d, 7, now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := statistics.Summarise(t.Context(), d, "app1", period)
		if err != nil || got.Runs.Count() != 3 {
			t.Errorf("rolled until %q: %d deployments, %v; want 3", done, got.Runs.Count(), err)
		}
	}
}
