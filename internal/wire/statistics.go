package wire

import (
	"time"

	"waybill/internal/deployment"
	"waybill/internal/statistics"
)

// Statistics are what became of the deployments of some days. Rates are null without a
// deployment to count.
type Statistics struct {
	Since             string         `json:"since"`
	Until             string         `json:"until"`
	Days              int            `json:"days"`
	Deployments       int            `json:"deployments"`
	DeploymentsPerDay float64        `json:"deployments_per_day"`
	Outcomes          map[string]int `json:"outcomes"`
	Reasons           map[string]int `json:"reasons"`
	SuccessRate       *float64       `json:"success_rate"`
	ChangeFailureRate *float64       `json:"change_failure_rate"`
	Duration          Durations      `json:"duration"`
	Queueing          Durations      `json:"queueing"`
	TimeToRecover     Durations      `json:"time_to_recover"`
}

// Durations are the median and the 95th percentile of durations, in seconds; null without
// any.
type Durations struct {
	Count  int      `json:"count"`
	Median *float64 `json:"median_seconds"`
	P95    *float64 `json:"p95_seconds"`
}

// FromSummary returns the statistics of the period. It counts what did something on a
// server.
func FromSummary(summary statistics.Summary, period statistics.Period) Statistics {
	body := Statistics{
		Since: string(period.First), Until: string(period.Last), Days: period.Days,
		Outcomes: map[string]int{}, Reasons: map[string]int{},
		Duration: fromHistogram(summary.Runs), Queueing: fromHistogram(summary.Waits),
		TimeToRecover: fromHistogram(summary.Recoveries),
	}
	for _, status := range deployment.Statuses() {
		if status.Terminal() {
			body.Outcomes[string(status)] = 0
		}
	}
	for outcome, count := range summary.Counts {
		if !outcome.Operation.OnServer() {
			continue
		}
		body.Deployments += count
		body.Outcomes[string(outcome.Status)] += count
		if outcome.Reason != deployment.ReasonNone {
			body.Reasons[string(outcome.Reason)] += count
		}
	}
	body.DeploymentsPerDay = float64(body.Deployments) / float64(period.Days)
	count := func(status deployment.Status, starts bool) int {
		return summary.Count(func(o statistics.Outcome) bool {
			return o.Status == status && o.Operation.OnServer() && (!starts || o.Operation.Starts())
		})
	}
	finished, failed := count(deployment.Finished, false), count(deployment.Failed, false)
	body.SuccessRate = share(finished, finished+failed)
	finished, failed = count(deployment.Finished, true), count(deployment.Failed, true)
	body.ChangeFailureRate = share(failed, finished+failed)
	return body
}

func share(part, whole int) *float64 {
	if whole == 0 {
		return nil
	}
	return new(float64(part) / float64(whole))
}

func fromHistogram(durations statistics.Histogram) Durations {
	body := Durations{Count: durations.Count()}
	if body.Count > 0 {
		body.Median, body.P95 = seconds(durations.Quantile(0.5)), seconds(durations.Quantile(0.95))
	}
	return body
}

// seconds returns a duration in seconds, to the millisecond.
func seconds(d time.Duration) *float64 { return new(d.Round(time.Millisecond).Seconds()) }
