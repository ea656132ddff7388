package dynamostore_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/statistics"
)

// storedRollup is a rollup as a reader of the table finds it.
type storedRollup struct {
	UUID      string           `dynamodbav:"uuid"`
	Counts    []map[string]any `dynamodbav:"counts"`
	Runs      map[string]int   `dynamodbav:"runs"`
	Recovered map[string]int   `dynamodbav:"recoveries"`
	ExpiresAt int64            `dynamodbav:"expires_at"`
}

// rollups returns the rollups of a resource by one query, in the order of their days.
func (s *stand) rollups(t *testing.T, resource catalog.ID) []storedRollup {
	t.Helper()
	page, err := s.client.Query(t.Context(), &dynamodb.QueryInput{
		TableName:                aws.String(s.tables.Catalog),
		KeyConditionExpression:   aws.String("#kind = :kind"),
		ExpressionAttributeNames: map[string]string{"#kind": "kind"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":kind": &types.AttributeValueMemberS{Value: "rollup-" + string(resource)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []storedRollup
	if err := attributevalue.UnmarshalListOfMaps(page.Items, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestRollups makes the rollups of two days, twice.
func TestRollups(t *testing.T) {
	s := newStand(t)
	first := s.now
	for _, day := range []int{0, 0, 1, 2} { // the last one is today's
		s.now = first.AddDate(0, 0, day).Add(time.Duration(s.now.Second()) * time.Second)
		s.enqueue(t, serviceID)
		s.finished(t, deployment.Outcome{Status: deployment.Failed, Reason: deployment.ReasonExit})
	}
	today := statistics.DayOf(s.now)
	rollups := dynamostore.NewRollups(s.client, s.tables)
	roller := statistics.NewRoller(rollups, func() time.Time { return s.now })
	for range 2 {
		if err := roller.Roll(t.Context()); err != nil {
			t.Fatal(err)
		}
		progress, err := rollups.Progress(t.Context())
		if err != nil || progress.Done.Next() != today {
			t.Errorf("Progress = %+v, %v; want the day before %s", progress, err, today)
		}
		if err := rollups.SaveProgress(t.Context(), statistics.Progress{}); err != nil {
			t.Fatal(err)
		}
	}
	failed := func(count float64) []map[string]any {
		return []map[string]any{{"operation": "start", "status": "failed", "reason": "exit",
			"count": count}}
	}
	expires := func(day int) int64 {
		start := first.Truncate(24*time.Hour).AddDate(0, 0, day)
		return start.Add(statistics.RollupLifetime).Unix()
	}
	want := []storedRollup{
		{UUID: string(statistics.DayOf(first)), Counts: failed(2), Runs: map[string]int{"0": 2},
			ExpiresAt: expires(0)},
		{UUID: string(statistics.DayOf(first).Next()), Counts: failed(1), Runs: map[string]int{"0": 1},
			ExpiresAt: expires(1)},
	}
	if diff := cmp.Diff(s.rollups(t, serviceID), want); diff != "" {
		t.Errorf("rollups (-got +want):\n%s", diff)
	}
}

// TestRollupsAreReadAsTheyWereSaved also reads a rollup of version 0.9, which knows nothing
// of recoveries.
func TestRollupsAreReadAsTheyWereSaved(t *testing.T) {
	s := newStand(t)
	rollups := dynamostore.NewRollups(s.client, s.tables)
	outcome := statistics.Outcome{Operation: deployment.Start, Status: deployment.Failed,
		Reason: deployment.ReasonExit}
	var all []statistics.Rollup
	for _, day := range []statistics.Day{"2026-08-20", "2026-08-21", "2026-08-22"} {
		all = append(all, statistics.Rollup{Resource: serviceID, Day: day,
			Counts: map[statistics.Outcome]int{outcome: 2}, Runs: statistics.Histogram{3: 2},
			Waits: statistics.Histogram{0: 2}})
	}
	all[1].Recovery = statistics.Recovery{FirstFailure: s.now, FirstSuccess: s.now.Add(time.Second),
		OpenFailure: s.now.Add(time.Minute), Times: statistics.Histogram{40: 1}}
	for _, rollup := range all {
		do(t, "Save", rollups.Save(t.Context(), rollup))
	}
	for _, c := range []struct {
		first, last statistics.Day
		want        []statistics.Rollup
	}{
		{"2026-08-01", "2026-08-31", all},
		{"2026-08-21", "2026-08-21", all[1:2]},
		{"2026-08-23", "2026-08-31", nil},
		{"2026-08-22", "2026-08-21", nil},
		{"2026-08-01", "", nil},
	} {
		got, err := rollups.Rollups(t.Context(), serviceID, c.first, c.last)
		if diff := cmp.Diff(got, c.want, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("Rollups from %s to %s: %v (-got +want):\n%s", c.first, c.last, err, diff)
		}
	}
	old := s.rollups(t, serviceID)[0]
	if old.Recovered != nil {
		t.Errorf("a rollup without recoveries has %v", old.Recovered)
	}
	period := statistics.Period{First: "2026-08-01", Last: "2026-08-22", Rolled: "2026-08-22", Days: 22}
	cost := s.wire.count(func() {
		_, err := statistics.Summarise(t.Context(), dynamostore.NewRollups(s.wire.client(), s.tables),
			serviceID, period)
		do(t, "Summarise", err)
	})
	if diff := cmp.Diff(cost, map[string]int{"Query": 1}); diff != "" {
		t.Errorf("requests of a summary of days that have rollups (-got +want):\n%s", diff)
	}
}
