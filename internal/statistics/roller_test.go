package statistics_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/statistics"
)

// store is a [statistics.Store] in memory. Each call takes a while.
type store struct {
	records  map[statistics.Day]map[catalog.ID][]deployment.Record
	rollups  map[statistics.Day]map[catalog.ID]statistics.Rollup
	saved    []string
	progress statistics.Progress
	slow     time.Duration
	broken   error
}

func (s *store) Resources(_ context.Context, day statistics.Day) ([]catalog.ID, error) {
	return slices.Sorted(maps.Keys(s.records[day])), s.broken
}

func (s *store) Records(_ context.Context, resource catalog.ID,
	day statistics.Day) ([]deployment.Record, error) {
	time.Sleep(s.slow)
	return s.records[day][resource], s.broken
}

func (s *store) Save(_ context.Context, rollup statistics.Rollup) error {
	if s.rollups[rollup.Day] == nil {
		s.rollups[rollup.Day] = map[catalog.ID]statistics.Rollup{}
	}
	s.rollups[rollup.Day][rollup.Resource] = rollup
	s.saved = append(s.saved, string(rollup.Day)+" "+string(rollup.Resource))
	return nil
}

func (s *store) Progress(context.Context) (statistics.Progress, error) { return s.progress, nil }

func (s *store) SaveProgress(_ context.Context, progress statistics.Progress) error {
	s.progress = progress
	return nil
}

// ended is a deployment that waited and ran for so many seconds.
func ended(status deployment.Status, reason deployment.Reason, waited, ran int) deployment.Record {
	queued := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	started := queued.Add(time.Duration(waited) * time.Second)
	return deployment.Record{Operation: deployment.Start, Status: status,
		Outcome:  deployment.Outcome{Status: status, Reason: reason},
		QueuedAt: queued, StartedAt: started, FinishedAt: started.Add(time.Duration(ran) * time.Second)}
}

func TestNewRollup(t *testing.T) {
	cancelled := ended(deployment.Cancelled, deployment.ReasonCancelled, 0, 0)
	cancelled.StartedAt = time.Time{} // it never ran
	rollup := statistics.NewRollup("app1", "2026-11-28", []deployment.Record{
		ended(deployment.Finished, "", 1, 40),
		ended(deployment.Finished, "", 2, 40),
		ended(deployment.Failed, deployment.ReasonExit, 1, 3),
		cancelled,
		{Status: deployment.InProgress, Operation: deployment.Start},
	})
	outcome := func(status deployment.Status, reason deployment.Reason) statistics.Outcome {
		return statistics.Outcome{Operation: deployment.Start, Status: status, Reason: reason}
	}
	want := map[statistics.Outcome]int{
		outcome(deployment.Finished, ""):                          2,
		outcome(deployment.Failed, deployment.ReasonExit):         1,
		outcome(deployment.Cancelled, deployment.ReasonCancelled): 1,
	}
	if diff := cmp.Diff(rollup.Counts, want); diff != "" {
		t.Errorf("counts (-got +want):\n%s", diff)
	}
	// 2^(62/4) ms is 46 s, 2^(47/4) is 3.4 s, 2^(40/4) is 1.02 s and 2^(44/4) is 2.05 s.
	if diff := cmp.Diff(rollup.Runs, statistics.Histogram{62: 2, 47: 1}); diff != "" {
		t.Errorf("runs (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(rollup.Waits, statistics.Histogram{40: 2, 44: 1}); diff != "" {
		t.Errorf("waits (-got +want):\n%s", diff)
	}
}

func newStore() *store {
	one := []deployment.Record{ended(deployment.Finished, "", 1, 1)}
	return &store{
		records: map[statistics.Day]map[catalog.ID][]deployment.Record{
			"2026-11-28": {"app1": one, "app2": one},
			"2026-11-29": {"app1": one, "svc1": one},
			"2026-11-30": {"app1": one},
		},
		rollups: map[statistics.Day]map[catalog.ID]statistics.Rollup{},
	}
}

func at(day, hour int) func() time.Time {
	return func() time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }
}

func TestRoll(t *testing.T) {
	s := newStore()
	s.progress = statistics.Progress{Done: "2026-11-28"}
	for range 3 { // only the first has something to do
		if err := statistics.NewRoller(s, at(30, 0)).Roll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"2026-11-28 app1", "2026-11-28 app2", // once more, for what has ended since
		"2026-11-29 app1", "2026-11-29 svc1",
	}
	if diff := cmp.Diff(s.saved, want); diff != "" {
		t.Errorf("rollups (-got +want):\n%s", diff)
	}
	if want := (statistics.Progress{Done: "2026-11-29"}); s.progress != want {
		t.Errorf("progress %+v, want %+v", s.progress, want)
	}
}

func TestTheFirstRollGoesBackAWeek(t *testing.T) {
	s := newStore()
	s.records["2026-11-01"] = map[catalog.ID][]deployment.Record{"app1": nil}
	if err := statistics.NewRoller(s, at(30, 1)).Roll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.rollups["2026-11-28"]) != 2 || len(s.rollups["2026-11-29"]) != 2 ||
		len(s.rollups["2026-11-01"]) != 0 {
		t.Errorf("rollups of %v, want those of the last week", slices.Sorted(maps.Keys(s.rollups)))
	}
}

// TestARollThatRunsOutOfTimeIsContinued has a store that takes 20 s for each resource, and
// a function that is ended after 30 s.
func TestARollThatRunsOutOfTimeIsContinued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.slow = 20 * time.Second
		s.progress = statistics.Progress{Done: "2026-11-28"}
		offset := time.Until(at(30, 0)())
		now := func() time.Time { return time.Now().Add(offset) }
		rolls := 0
		for s.progress.Done != "2026-11-29" && rolls < 10 {
			rolls++
			ctx, cancel := context.WithDeadline(t.Context(), now().Add(30*time.Second))
			if err := statistics.NewRoller(s, now).Roll(ctx); err != nil && !errors.Is(err, ctx.Err()) {
				t.Fatal(err)
			}
			cancel()
		}
		want := []string{"2026-11-28 app1", "2026-11-28 app2", "2026-11-29 app1", "2026-11-29 svc1"}
		if diff := cmp.Diff(s.saved, want); diff != "" {
			t.Errorf("rollups (-got +want):\n%s", diff)
		}
	})
}

func TestAFailedRollIsRepeated(t *testing.T) {
	s := newStore()
	s.broken = errors.New("the table is away")
	roller := statistics.NewRoller(s, at(30, 0))
	if err := roller.Roll(t.Context()); !errors.Is(err, s.broken) {
		t.Errorf("Roll: %v, want %v", err, s.broken)
	}
	s.broken = nil
	if err := roller.Roll(t.Context()); err != nil || len(s.rollups) != 2 {
		t.Errorf("Roll again: %v, %d days; want both", err, len(s.rollups))
	}
}
