package metrics_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/metrics"
	"waybill/internal/deployment"
)

// read does what CloudWatch does: it returns the value of each metric in a line of the log, under
// the names and the values of its dimensions.
func read(t *testing.T, text string) map[string]float64 {
	t.Helper()
	var line map[string]any
	var directive struct {
		AWS struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	for _, out := range []any{&line, &directive} {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	found := map[string]float64{}
	for _, group := range directive.AWS.CloudWatchMetrics {
		if group.Namespace != "Waybill/blue" || len(group.Dimensions) != 1 {
			t.Errorf("metrics in %s with the dimensions %v", group.Namespace, group.Dimensions)
		}
		for _, metric := range group.Metrics {
			name := []string{metric.Name, metric.Unit}
			for _, dimension := range group.Dimensions[0] {
				value, _ := line[dimension].(string)
				if value == "" {
					t.Errorf("dimension %s has no value: %s", dimension, text)
				}
				name = append(name, dimension+"="+value)
			}
			value, is := line[metric.Name].(float64)
			if !is {
				t.Errorf("%s has no value: %s", metric.Name, text)
			}
			found[strings.Join(name, " ")] = value
		}
	}
	return found
}

const id deployment.ID = "app0000000000000000000010123456789abcdef"

func TestEnded(t *testing.T) {
	end := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ran := deployment.Record{ID: id, Operation: deployment.Start, QueuedAt: end.Add(-90 * time.Second),
		StartedAt: end.Add(-60 * time.Second), FinishedAt: end}
	for name, c := range map[string]struct {
		change func(r *deployment.Record)
		want   map[string]float64
	}{
		"finished": {func(r *deployment.Record) { r.Status = deployment.Finished }, map[string]float64{
			"deployments Count kind=application outcome=finished reason=none": 1, "failures Count": 0,
			"queue-time Seconds kind=application":                30,
			"run-time Seconds kind=application outcome=finished": 60}},
		"failed": {func(r *deployment.Record) {
			r.Status, r.Outcome.Reason = deployment.Failed, deployment.ReasonUnhealthy
		}, map[string]float64{
			"deployments Count kind=application outcome=failed reason=unhealthy": 1, "failures Count": 1,
			"queue-time Seconds kind=application":              30,
			"run-time Seconds kind=application outcome=failed": 60}},
		"cancelled before it ran": {func(r *deployment.Record) {
			r.Status, r.Outcome.Reason = deployment.Cancelled, deployment.ReasonCancelled
			r.StartedAt = time.Time{}
		}, map[string]float64{
			"deployments Count kind=application outcome=cancelled-by-user reason=cancelled": 1}},
		"one clock is behind the other": {func(r *deployment.Record) {
			r.Status, r.QueuedAt = deployment.Finished, end
		}, map[string]float64{
			"deployments Count kind=application outcome=finished reason=none": 1, "failures Count": 0,
			"queue-time Seconds kind=application":                0,
			"run-time Seconds kind=application outcome=finished": 60}},
	} {
		t.Run(name, func(t *testing.T) {
			record := ran
			c.change(&record)
			var out bytes.Buffer
			metrics.New(&out, "blue", true).Ended(record)
			if strings.Count(out.String(), "\n") != 1 || !strings.HasSuffix(out.String(), "\n") {
				t.Fatalf("wrote %q, want one line", out.String())
			}
			if diff := cmp.Diff(read(t, out.String()), c.want); diff != "" {
				t.Errorf("metrics (-got +want):\n%s", diff)
			}
		})
	}
}

func TestWhatIsNoDeploymentOnAServerDoesNotCount(t *testing.T) {
	var out bytes.Buffer
	w := metrics.New(&out, "blue", true)
	w.Ended(deployment.Record{ID: id, Operation: deployment.Start, Status: deployment.InProgress})
	w.Ended(deployment.Record{ID: id, Operation: deployment.Update, Status: deployment.Finished})
	metrics.New(&out, "blue", false).Ended(deployment.Record{ID: id, Operation: deployment.Start,
		Status: deployment.Finished})
	if out.Len() > 0 {
		t.Errorf("wrote %q", out.String())
	}
}

// TestTheLineIsNoErrorOfTheFunction: alarms count the lines with the level ERROR.
func TestTheLineIsNoErrorOfTheFunction(t *testing.T) {
	var out bytes.Buffer
	metrics.New(&out, "blue", true).Ended(deployment.Record{ID: id, Operation: deployment.Start,
		Status: deployment.Failed})
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"level", "msg", "route", "status"} {
		if _, has := line[field]; has {
			t.Errorf("the line has %s, which a filter of the stack reads", field)
		}
	}
}
