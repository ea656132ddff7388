// Package tracing makes one OpenTelemetry trace of a deployment that has ended: its time in the
// queue, its way to the server, and each of its steps are spans.
//
// A trace is made of the record alone, and its ids are made of the deployment's. So it is the same
// whichever runners have worked on the deployment, and a trace that is sent twice is the same
// spans. See docs/decisions/0035-a-trace-is-made-at-the-end.md.
package tracing

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"waybill/internal/deployment"
)

// Trace is the trace of one deployment. The first span is the parent of all others.
type Trace struct {
	// ID has 16 bytes in hexadecimal form.
	ID    string
	Spans []Span
}

// Span is a part of the deployment's time.
type Span struct {
	// ID has 8 bytes in hexadecimal form. Parent is the ID of another span, or "".
	ID, Parent string
	Name       string
	From, To   time.Time
	State      State
	// Attributes have strings, ints and bools.
	Attributes []Attribute
}

// State says how a span ended.
type State int

// The states, with their numbers in OTLP.
const (
	Unset State = 0
	OK    State = 1
	Error State = 2
)

// Attribute is a fact about a span.
type Attribute struct {
	Name  string
	Value any
}

// Of returns the trace of a deployment that has ended.
func Of(r deployment.Record) Trace {
	b := builder{record: r, trace: Trace{ID: hash("trace", r.ID, 16)}}
	begin := r.CreatedAt
	if begin.IsZero() {
		begin = r.QueuedAt
	}
	b.trace.Spans = []Span{{ID: b.spanID(0), Name: string(r.Operation) + " " + r.ResourceName,
		From: begin, To: later(begin, r.FinishedAt), State: stateOf(r.Status), Attributes: facts(r)}}
	if len(r.After) > 0 {
		b.phase("waiting", begin, r.QueuedAt)
	}
	b.phase("queued", r.QueuedAt, r.ClaimedAt)
	b.phase("claimed", r.ClaimedAt, r.StartedAt)
	steps := r.Progress.Steps
	if len(steps) == 0 {
		b.phase("connected", r.StartedAt, time.Time{})
		return b.trace
	}
	b.phase("connected", r.StartedAt, steps[0].StartedAt)
	for i, step := range steps {
		b.step(i, step)
	}
	return b.trace
}

// builder adds the spans of a record.
type builder struct {
	record deployment.Record
	trace  Trace
}

// phase adds a span between two times of the record, unless the first one never came. Without the
// second one, it lasted until the end.
func (b *builder) phase(name string, from, to time.Time) {
	if from.IsZero() {
		return
	}
	b.add(Span{Name: name, From: from, To: to})
}

// step adds the span of a step. One that did not end was ended with the deployment.
func (b *builder) step(number int, step deployment.Step) {
	span := Span{Name: step.Name, From: step.StartedAt, To: step.FinishedAt,
		Attributes: []Attribute{{"waybill.step", number + 1}}}
	if step.ExitCode != nil {
		span.State = OK
		if *step.ExitCode != 0 {
			span.State = Error
		}
		span.Attributes = append(span.Attributes, Attribute{"process.exit.code", *step.ExitCode})
	}
	b.add(span)
}

// add adds the span within the time of the deployment: the times of steps are of the server's clock.
func (b *builder) add(span Span) {
	whole := b.trace.Spans[0]
	span.ID, span.Parent = b.spanID(len(b.trace.Spans)), whole.ID
	if span.To.IsZero() || span.To.After(whole.To) {
		span.To = whole.To
	}
	span.From = later(whole.From, span.From)
	span.To = later(span.From, span.To)
	b.trace.Spans = append(b.trace.Spans, span)
}

func (b *builder) spanID(number int) string {
	return hash("span "+strconv.Itoa(number), b.record.ID, 8)
}

// hash returns the first bytes of a hash of the deployment's id.
func hash(of string, id deployment.ID, length int) string {
	sum := sha256.Sum256([]byte("waybill " + of + " " + string(id)))
	return hex.EncodeToString(sum[:length])
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func stateOf(status deployment.Status) State {
	switch status {
	case deployment.Finished:
		return OK
	case deployment.Failed:
		return Error
	}
	return Unset
}

// facts are the attributes of the whole deployment. None of them is a secret, and none has text of
// a log.
func facts(r deployment.Record) []Attribute {
	all := []Attribute{
		{"waybill.deployment_uuid", string(r.ID)},
		{"waybill.kind", string(r.ID.Kind())},
		{"waybill.resource_uuid", string(r.ID.Resource())},
		{"waybill.resource_name", r.ResourceName},
		{"waybill.server_uuid", string(r.ServerID)},
		{"waybill.server_name", r.ServerName},
		{"waybill.operation", string(r.Operation)},
		{"waybill.trigger", r.Trigger.Kind},
		{"waybill.status", string(r.Status)},
		{"waybill.reason", string(r.Outcome.Reason)},
		{"waybill.attempts", r.Attempts()},
		{"waybill.parkings", r.Progress.Parkings},
		{"waybill.log_entries", int(r.Progress.Log.Last)},
	}
	kept := all[:0]
	for _, fact := range all {
		if fact.Value != "" {
			kept = append(kept, fact)
		}
	}
	return kept
}
