// Package metrics counts deployments for CloudWatch: it writes lines in CloudWatch's embedded metric
// format to the log of a function. CloudWatch makes metrics of them when it takes the log, so that
// a metric needs no request.
//
// CloudWatch charges for each combination of a metric with values of its dimensions, in each hour
// that has one. So dimensions are few. The other fields of a line are for searches in the log.
package metrics

import (
	"cmp"
	"encoding/json"
	"io"
	"sync"
	"time"

	"waybill/internal/deployment"
)

// Writer writes the lines. It is safe for use by several goroutines.
type Writer struct {
	mu        sync.Mutex
	out       io.Writer
	namespace string
	on        bool
}

var _ deployment.Meter = (*Writer)(nil)

// New returns a writer for the metrics of a team. out is the log of the function. A writer that is
// not on writes nothing.
func New(out io.Writer, team string, on bool) *Writer {
	return &Writer{out: out, namespace: "Waybill/" + team, on: on}
}

// line is one line of the log. A metric that is nil has no value in it.
type line struct {
	Directive struct {
		// Timestamp is in milliseconds. A repeat of a line has the same.
		Timestamp         int64   `json:"Timestamp"`
		CloudWatchMetrics []group `json:"CloudWatchMetrics"`
	} `json:"_aws"`
	// Metric has no level and no message, unlike the lines of the operator's log.
	Metric     string   `json:"metric"`
	Kind       string   `json:"kind"`
	Outcome    string   `json:"outcome"`
	Reason     string   `json:"reason"`
	Count      *float64 `json:"deployments,omitempty"`
	Failed     *float64 `json:"failures,omitempty"`
	QueueTime  *float64 `json:"queue-time,omitempty"`
	RunTime    *float64 `json:"run-time,omitempty"`
	Operation  string   `json:"operation"`
	Deployment string   `json:"deployment_uuid"`
	Resource   string   `json:"resource_uuid"`
	Server     string   `json:"server_uuid"`
	Attempts   int      `json:"attempts"`
	Parkings   int      `json:"parkings"`
	LogBytes   int64    `json:"log_bytes"`
}

// group is a metric with its dimensions.
type group struct {
	Namespace  string     `json:"Namespace"`
	Dimensions [][]string `json:"Dimensions"`
	Metrics    []unit     `json:"Metrics"`
}

type unit struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"`
}

// Ended counts a deployment that has ended. Operations that do nothing on the server do not count.
// The whole line is one write.
func (w *Writer) Ended(record deployment.Record) {
	if !w.on || !record.Operation.OnServer() || !record.Status.Terminal() {
		return
	}
	text, err := json.Marshal(w.line(record))
	if err != nil { // it has texts and finite numbers only
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	// The function has no better place to say that its log takes nothing.
	_, _ = w.out.Write(append(text, '\n'))
}

// none is the reason of a deployment without one: a dimension has a value.
const none = "none"

// line makes the line of an ended deployment.
func (w *Writer) line(r deployment.Record) line {
	l := line{Metric: "deployment ended", Kind: string(r.ID.Kind()), Outcome: string(r.Status),
		Reason:    cmp.Or(string(r.Outcome.Reason), none),
		Operation: string(r.Operation), Deployment: string(r.ID), Resource: string(r.ID.Resource()),
		Server: string(r.ServerID), Attempts: r.Attempts(), Parkings: r.Progress.Parkings,
		LogBytes: r.Progress.Log.Bytes}
	l.Directive.Timestamp = r.FinishedAt.UnixMilli()
	add := func(field **float64, value float64, metric unit, dimensions ...string) {
		*field = &value
		l.Directive.CloudWatchMetrics = append(l.Directive.CloudWatchMetrics, group{w.namespace,
			[][]string{append([]string{}, dimensions...)}, []unit{metric}})
	}
	add(&l.Count, 1, unit{"deployments", "Count"}, "kind", "outcome", "reason")
	switch r.Status {
	case deployment.Finished:
		add(&l.Failed, 0, unit{"failures", "Count"})
	case deployment.Failed:
		add(&l.Failed, 1, unit{"failures", "Count"})
	}
	if wait, waited := between(r.QueuedAt, r.StartedAt); waited {
		add(&l.QueueTime, wait, unit{"queue-time", "Seconds"}, "kind")
	}
	if run, ran := between(r.StartedAt, r.FinishedAt); ran {
		add(&l.RunTime, run, unit{"run-time", "Seconds"}, "kind", "outcome")
	}
	return l
}

// between returns the seconds between two times, if there are both. Clocks of two functions may
// differ, so it is at least 0.
func between(from, to time.Time) (seconds float64, both bool) {
	if from.IsZero() || to.IsZero() {
		return 0, false
	}
	return max(to.Sub(from), 0).Seconds(), true
}
