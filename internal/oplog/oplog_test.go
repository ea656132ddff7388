package oplog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/oplog"
)

// lines returns the lines that write logs, without their times.
func lines(t *testing.T, level slog.Level, write func(*slog.Logger)) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	write(oplog.New(&out, level))
	var all []map[string]any
	for line := range strings.Lines(out.String()) {
		var decoded map[string]any
		if err := json.Unmarshal([]byte(line), &decoded); err != nil {
			t.Fatalf("%q is not a JSON object: %v", line, err)
		}
		checkTime(t, decoded["time"])
		delete(decoded, "time")
		all = append(all, decoded)
	}
	return all
}

func checkTime(t *testing.T, stamp any) {
	t.Helper()
	text, _ := stamp.(string)
	if _, err := time.Parse(time.RFC3339Nano, text); err != nil || !strings.HasSuffix(text, "Z") {
		t.Errorf("time %v, want one in UTC", stamp)
	}
}

func TestLinesHaveTheAttributesOfTheirContext(t *testing.T) {
	ctx := oplog.With(t.Context(), oplog.RequestID, "r-1")
	inner := oplog.With(ctx, oplog.Deployment, "svc1")
	got := lines(t, slog.LevelInfo, func(log *slog.Logger) {
		log.InfoContext(inner, "begun", "attempt", 2)
		log.InfoContext(ctx, "outside")
		log.With("function", "runner").WarnContext(inner, "derived", "error", errors.New("no route"))
		log.Error("no context")
	})
	want := []map[string]any{
		{
			"level": "INFO", "msg": "begun", "attempt": 2.0,
			"request_id": "r-1", "deployment_uuid": "svc1",
		},
		{"level": "INFO", "msg": "outside", "request_id": "r-1"},
		{
			"level": "WARN", "msg": "derived", "function": "runner", "error": "no route",
			"request_id": "r-1", "deployment_uuid": "svc1",
		},
		{"level": "ERROR", "msg": "no context"},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
}

func TestANameIsOnALineOnce(t *testing.T) {
	var out bytes.Buffer
	log := oplog.New(&out, slog.LevelInfo)
	first := oplog.With(t.Context(), oplog.RequestID, "lambda's")
	second := oplog.With(first, oplog.RequestID, "the gateway's")
	for name, ctx := range map[string]context.Context{"the gateway's": second, "lambda's": first} {
		out.Reset()
		log.InfoContext(ctx, "at work")
		if got := out.String(); strings.Count(got, oplog.RequestID) != 1 || !strings.Contains(got, name) {
			t.Errorf("line %s, want it to have %s once, as %s", got, oplog.RequestID, name)
		}
	}
}

func TestLinesBelowTheLevelAreLeftOut(t *testing.T) {
	got := lines(t, slog.LevelWarn, func(log *slog.Logger) {
		log.InfoContext(oplog.With(context.Background(), oplog.RequestID, "r"), "quiet")
		log.Warn("loud")
	})
	if diff := cmp.Diff(got, []map[string]any{{"level": "WARN", "msg": "loud"}}); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
}

func TestAGroupKeepsItsAttributes(t *testing.T) {
	got := lines(t, slog.LevelInfo, func(log *slog.Logger) {
		log.WithGroup("job").Info("step", "time", "noon")
	})
	want := []map[string]any{{"level": "INFO", "msg": "step", "job": map[string]any{"time": "noon"}}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
}
