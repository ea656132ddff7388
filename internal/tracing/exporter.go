package tracing

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fault"
	"waybill/internal/notify"
)

// Headers reads the header fields of requests to the collector, which are secrets.
type Headers interface {
	// Load returns them in the form of OpenTelemetry's OTEL_EXPORTER_OTLP_HEADERS, or "" if there
	// are none.
	Load(ctx context.Context) (string, error)
}

// Exporter sends traces to a collector.
type Exporter struct {
	poster   notify.Poster
	headers  Headers
	endpoint string
	log      *slog.Logger
}

// NewExporter returns an exporter to the endpoint, which is the whole URL.
func NewExporter(poster notify.Poster, headers Headers, endpoint string, log *slog.Logger) *Exporter {
	return &Exporter{poster, headers, endpoint, log}
}

// pauses are the times between the attempts of a trace, 21 minutes in all.
var pauses = [...]time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// Export sends the body of a request that was received so often. nil means that it is over: the
// collector has it, or it is given up, which is logged once. [notify.Again] means that it has to be
// sent again after a pause. After any other error the queue decides when.
func (e *Exporter) Export(ctx context.Context, body []byte, receives int) error {
	if e.endpoint == "" { // it was queued before tracing was switched off
		return nil
	}
	text, err := e.headers.Load(ctx)
	if err != nil {
		return err
	}
	header, err := ParseHeaders(text)
	if err != nil {
		e.giveUp(ctx, 0, err)
		return nil
	}
	answer, err := e.poster.Post(ctx, e.endpoint, header, body)
	switch {
	case err == nil && answer.Status >= 200 && answer.Status < 300:
		return nil
	case err != nil && errors.Is(err, fault.Denied), err == nil && !mayPass(answer.Status):
		e.giveUp(ctx, answer.Status, err)
		return nil
	case receives > len(pauses):
		e.giveUp(ctx, answer.Status, err)
		return nil
	}
	pause := max(pauses[max(receives-1, 0)], min(answer.RetryAfter, pauses[len(pauses)-1]))
	// A Conflict is no error of the function: no alarm goes off because a collector is down.
	return &notify.Again{After: pause, Cause: fault.New(fault.Conflict,
		"the collector did not take a trace: %d", answer.Status)}
}

// giveUp notes that a trace is lost. The answer of the collector is not logged: it may have anything.
func (e *Exporter) giveUp(ctx context.Context, status int, cause error) {
	attrs := []any{"response_code", status}
	if cause != nil {
		attrs = append(attrs, "cause", fault.Public(cause))
	}
	e.log.WarnContext(ctx, "trace given up", attrs...)
}

// mayPass reports whether a later attempt may succeed, by the specification of OTLP/HTTP.
func mayPass(status int) bool {
	return status == 429 || status == 502 || status == 503 || status == 504
}

// ParseHeaders reads "name=value,name=value", with values in the form of URLs. Invalid for
// anything else; the error does not quote the text.
func ParseHeaders(text string) (map[string]string, error) {
	header := map[string]string{}
	for i, part := range strings.Split(text, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		name = strings.TrimSpace(name)
		if err != nil || !found || !isToken(name) || strings.ContainsAny(value, "\r\n\x00") {
			return nil, fault.New(fault.Invalid, "header %s is not name=value", strconv.Itoa(i+1))
		}
		header[name] = value
	}
	return header, nil
}

// isToken reports whether the text is a name of a header field.
func isToken(text string) bool {
	return text != "" && strings.Trim(strings.ToLower(text), "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
