package tracing

import (
	"strconv"
	"time"

	"waybill/internal/fault"
	"waybill/internal/plainjson"
)

// The forms of OTLP/HTTP in JSON, an ExportTraceServiceRequest. Ids are in hexadecimal form, and
// numbers of 64 bits are texts:
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
type (
	exportForm struct {
		ResourceSpans []resourceForm `json:"resourceSpans"`
	}
	resourceForm struct {
		Resource   attributesForm `json:"resource"`
		ScopeSpans []scopeForm    `json:"scopeSpans"`
	}
	attributesForm struct {
		Attributes []attributeForm `json:"attributes"`
	}
	scopeForm struct {
		Scope nameForm   `json:"scope"`
		Spans []spanForm `json:"spans"`
	}
	nameForm struct {
		Name string `json:"name"`
	}
	spanForm struct {
		TraceID    string          `json:"traceId"`
		SpanID     string          `json:"spanId"`
		Parent     string          `json:"parentSpanId,omitempty"`
		Name       string          `json:"name"`
		Kind       int             `json:"kind"`
		From       string          `json:"startTimeUnixNano"`
		To         string          `json:"endTimeUnixNano"`
		Attributes []attributeForm `json:"attributes"`
		Status     statusForm      `json:"status"`
	}
	statusForm struct {
		Code State `json:"code,omitempty"`
	}
	attributeForm struct {
		Key   string         `json:"key"`
		Value map[string]any `json:"value"`
	}
)

// internalSpan is the kind of a span that is neither a call nor its answer.
const internalSpan = 1

// Encode returns the body of a request of OTLP/HTTP in JSON, for the stack of the team.
func (t Trace) Encode(team string) ([]byte, error) {
	spans := make([]spanForm, len(t.Spans))
	for i, span := range t.Spans {
		spans[i] = spanForm{TraceID: t.ID, SpanID: span.ID, Parent: span.Parent, Name: span.Name,
			Kind: internalSpan, From: nanos(span.From), To: nanos(span.To),
			Attributes: attributes(span.Attributes), Status: statusForm{span.State}}
	}
	body, err := plainjson.Encode(exportForm{[]resourceForm{{
		Resource: attributesForm{attributes([]Attribute{{"service.name", "waybill"},
			{"service.namespace", team}})},
		ScopeSpans: []scopeForm{{nameForm{"waybill"}, spans}},
	}}})
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode a trace")
	}
	return body, nil
}

func nanos(at time.Time) string { return strconv.FormatInt(at.UnixNano(), 10) }

func attributes(all []Attribute) []attributeForm {
	forms := make([]attributeForm, len(all))
	for i, a := range all {
		value := map[string]any{"stringValue": a.Value}
		switch number := a.Value.(type) {
		case int:
			value = map[string]any{"intValue": strconv.Itoa(number)}
		case bool:
			value = map[string]any{"boolValue": number}
		}
		forms[i] = attributeForm{a.Name, value}
	}
	return forms
}
