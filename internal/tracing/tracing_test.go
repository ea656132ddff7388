package tracing_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/notify"
	"waybill/internal/notify/outbound"
	"waybill/internal/tracing"
)

const id deployment.ID = "app0000000000000000000010123456789abcdef"

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func exit(code int) *int { return &code }

// ended is a deployment that was parked twice, taken over once, and failed in its health step.
func ended() deployment.Record {
	r := deployment.Record{ID: id, Status: deployment.Failed, Operation: deployment.Deploy,
		ResourceName: "web", ServerID: "srv000000000000000000001", CreatedAt: after(0), QueuedAt: after(0),
		ClaimedAt: after(10), StartedAt: after(12), FinishedAt: after(300)}
	r.Outcome = deployment.Outcome{Status: deployment.Failed, Reason: deployment.ReasonUnhealthy}
	r.Lease.Attempt, r.Progress.Parkings = 4, 2
	r.Progress.Steps = []deployment.Step{
		{Name: "Build", StartedAt: after(14), FinishedAt: after(200), ExitCode: exit(0)},
		{Name: "Health", StartedAt: after(200), FinishedAt: after(299), ExitCode: exit(1)}}
	return r
}

// shown returns the spans as lines with their seconds since the start.
func shown(trace tracing.Trace) []string {
	var lines []string
	for _, span := range trace.Spans {
		lines = append(lines, fmt.Sprintf("%s %g-%g %d", span.Name, span.From.Sub(start).Seconds(),
			span.To.Sub(start).Seconds(), span.State))
	}
	return lines
}

func TestOneTraceHasTheWholeDeployment(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *deployment.Record)
		want   []string
	}{
		"parked, taken over and unhealthy": {func(*deployment.Record) {}, []string{"deploy web 0-300 2",
			"queued 0-10 0", "claimed 10-12 0", "connected 12-14 0", "Build 14-200 1", "Health 200-299 2"}},
		"cancelled in the queue": {func(r *deployment.Record) {
			*r = deployment.Record{ID: id, Status: deployment.Cancelled, Operation: deployment.Start,
				ResourceName: "web", CreatedAt: after(0), QueuedAt: after(0), FinishedAt: after(5)}
		}, []string{"start web 0-5 0", "queued 0-5 0"}},
		"it waited for another one": {func(r *deployment.Record) {
			r.After, r.QueuedAt = []deployment.Dependency{{}}, after(4)
		}, []string{"deploy web 0-300 2", "waiting 0-4 0", "queued 4-10 0", "claimed 10-12 0",
			"connected 12-14 0", "Build 14-200 1", "Health 200-299 2"}},
		"the server was never reached": {func(r *deployment.Record) { r.Progress.Steps = nil },
			[]string{"deploy web 0-300 2", "queued 0-10 0", "claimed 10-12 0", "connected 12-300 0"}},
		"a step was ended, and the server's clock is behind": {func(r *deployment.Record) {
			r.Progress.Steps = []deployment.Step{{Name: "Build", StartedAt: after(-50)}}
		}, []string{"deploy web 0-300 2", "queued 0-10 0", "claimed 10-12 0", "connected 12-12 0",
			"Build 0-300 0"}},
	} {
		record := ended()
		c.change(&record)
		if diff := cmp.Diff(shown(tracing.Of(record)), c.want); diff != "" {
			t.Errorf("%s: spans (-got +want):\n%s", name, diff)
		}
	}
}

// TestARepeatIsTheSameTrace: a collector that gets a trace twice has the same spans twice, and not
// two deployments.
func TestARepeatIsTheSameTrace(t *testing.T) {
	if diff := cmp.Diff(tracing.Of(ended()), tracing.Of(ended())); diff != "" {
		t.Errorf("two traces of one deployment differ:\n%s", diff)
	}
	other := ended()
	other.ID = "app0000000000000000000010123456789abcdeg"
	ids := map[string]bool{}
	for _, trace := range []tracing.Trace{tracing.Of(ended()), tracing.Of(other)} {
		ids[trace.ID] = true
		for _, span := range trace.Spans {
			ids[span.ID] = true
		}
	}
	if len(ids) != 14 {
		t.Errorf("%d ids of two traces with six spans each, want 14", len(ids))
	}
}

// ids finds the ids in OTLP's JSON. They are in hexadecimal form there, unlike in the JSON of other
// protobufs.
var ids = regexp.MustCompile(`"(traceId|spanId|parentSpanId)":"([0-9a-f]*)"`)

// decode reads the body of a request by OpenTelemetry's own types. It refuses unknown fields.
func decode(t *testing.T, body []byte) *tracepb.TracesData {
	t.Helper()
	plain := ids.ReplaceAllFunc(body, func(match []byte) []byte {
		parts := ids.FindSubmatch(match)
		raw, err := hex.DecodeString(string(parts[2]))
		if err != nil {
			t.Error(err)
		}
		return fmt.Appendf(nil, `"%s":"%s"`, parts[1], base64.StdEncoding.EncodeToString(raw))
	})
	var data tracepb.TracesData
	if err := protojson.Unmarshal(plain, &data); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return &data
}

// headers are header fields that a test gives.
type headers string

func (h headers) Load(context.Context) (string, error) { return string(h), nil }

func TestACollectorGetsTheTrace(t *testing.T) {
	var got []byte
	var asked *http.Request
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		asked = r
	}))
	defer collector.Close()
	body, err := tracing.Of(ended()).Encode("blue")
	if err != nil {
		t.Fatal(err)
	}
	exporter := tracing.NewExporter(outbound.New(outbound.Options{Loopback: true}),
		headers("authorization=Bearer%20secret, x-tenant=7"), collector.URL+"/v1/traces", slog.Default())
	if err := exporter.Export(t.Context(), body, 1); err != nil {
		t.Fatal(err)
	}
	if asked.URL.Path != "/v1/traces" || asked.Header.Get("Content-Type") != "application/json" ||
		asked.Header.Get("Authorization") != "Bearer secret" || asked.Header.Get("X-Tenant") != "7" {
		t.Errorf("request %s with %v", asked.URL, asked.Header)
	}
	resource := decode(t, got).ResourceSpans[0]
	if name := resource.Resource.Attributes[0]; name.Key != "service.name" ||
		name.Value.GetStringValue() != "waybill" {
		t.Errorf("the resource is %v", resource.Resource)
	}
	spans := resource.ScopeSpans[0].Spans
	whole, health := spans[0], spans[len(spans)-1]
	if len(whole.TraceId) != 16 || len(whole.SpanId) != 8 || len(whole.ParentSpanId) != 0 ||
		!bytes.Equal(health.TraceId, whole.TraceId) || !bytes.Equal(health.ParentSpanId, whole.SpanId) {
		t.Errorf("ids of %v and %v", whole, health)
	}
	if whole.Status.Code != tracepb.Status_STATUS_CODE_ERROR ||
		whole.Kind != tracepb.Span_SPAN_KIND_INTERNAL ||
		health.EndTimeUnixNano-health.StartTimeUnixNano != uint64(99*time.Second) {
		t.Errorf("the trace has %v and %v", whole, health)
	}
	facts := map[string]string{}
	for _, attribute := range whole.Attributes {
		facts[attribute.Key] = attribute.Value.String()
	}
	if !strings.Contains(facts["waybill.deployment_uuid"], string(id)) ||
		facts["waybill.attempts"] != "int_value:2" || facts["waybill.parkings"] != "int_value:2" {
		t.Errorf("attributes %v", facts)
	}
}

// answering is a poster with one answer.
type answering struct {
	status int
	err    error
	posted *int
}

func (a answering) Post(context.Context, string, map[string]string, []byte) (notify.Response, error) {
	*a.posted++
	return notify.Response{Status: a.status}, a.err
}

// TestACollectorThatIsDownIsGivenUp: it is asked five times in 21 minutes, and one line is logged.
func TestACollectorThatIsDownIsGivenUp(t *testing.T) {
	down := fault.New(fault.Unavailable, "The connection to the target failed.")
	for name, c := range map[string]struct {
		answer answering
		tries  int
		waits  time.Duration
	}{
		"no answer":           {answering{err: down}, 5, 21*time.Minute + 10*time.Second},
		"overloaded":          {answering{status: 503}, 5, 21*time.Minute + 10*time.Second},
		"a wrong token":       {answering{status: 401}, 1, 0},
		"a redirect":          {answering{status: 302}, 1, 0},
		"a private address":   {answering{err: fault.New(fault.Denied, "private")}, 1, 0},
		"it takes the traces": {answering{status: 200}, 1, 0},
	} {
		var log bytes.Buffer
		posted, waited := 0, time.Duration(0)
		c.answer.posted = &posted
		exporter := tracing.NewExporter(c.answer, headers(""), "https://otlp.example.org/v1/traces",
			slog.New(slog.NewTextHandler(&log, nil)))
		for receives := 1; ; receives++ {
			err := exporter.Export(t.Context(), []byte("{}"), receives)
			if err == nil {
				break
			}
			again, is := errors.AsType[*notify.Again](err)
			if !is || !errors.Is(err, fault.Conflict) {
				t.Fatalf("%s: %v, want it again", name, err)
			}
			waited += again.After
		}
		lines := strings.Count(log.String(), "trace given up")
		want := 1
		if name == "it takes the traces" {
			want = 0
		}
		if posted != c.tries || waited != c.waits || lines != want {
			t.Errorf("%s: %d tries in %s, want %d in %s; logged %q",
				name, posted, waited, c.tries, c.waits, &log)
		}
	}
}

func TestParseHeaders(t *testing.T) {
	got, err := tracing.ParseHeaders(" Authorization=Basic%20a%3Db ,x-scope=blue,")
	want := map[string]string{"Authorization": "Basic a=b", "x-scope": "blue"}
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("%v (-got +want):\n%s", err, diff)
	}
	for _, text := range []string{"secret", "=secret", "a b=secret", "a=%zzsecret", "a=secret%0d%0ab"} {
		if _, err := tracing.ParseHeaders(text); !errors.Is(err, fault.Invalid) ||
			strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("%q: %v, want Invalid without the text", text, err)
		}
	}
}
