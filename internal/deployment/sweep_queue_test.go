package deployment_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// idle are claims that find nothing to claim, as if the tables were damaged.
type idle struct {
	deployment.Claims
	broken bool
}

func (c *idle) Claim(
	ctx context.Context, server catalog.ID, now time.Time,
) (deployment.Record, error) {
	if c.broken {
		return deployment.Record{}, deployment.NewNothingToClaimError(server)
	}
	return c.Claims.Claim(ctx, server, now)
}

// TestTheSweepTellsOfAQueueThatDoesNotMove: only of one whose server is idle, after five minutes.
func TestTheSweepTellsOfAQueueThatDoesNotMove(t *testing.T) {
	w := newWorld(t)
	claims := &idle{w.Ledger(), true}
	var log strings.Builder
	ports := w.ports()
	ports.Claims = claims
	dispatcher := deployment.NewDispatcher(ports, deployment.DispatcherOptions{Now: w.now,
		Log: slog.New(slog.NewJSONHandler(&log, nil))})
	sweep := func() string {
		t.Helper()
		log.Reset()
		if err := dispatcher.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		return log.String()
	}
	server := w.server(t, 1, 25)
	first := w.request(t, start(w.service(t, server))).Record.ID
	w.request(t, start(w.service(t, server)))
	if got := sweep(); got != "" {
		t.Errorf("at once: %s", got)
	}
	w.wait(5*time.Minute + time.Second)
	var line struct {
		Msg     string     `json:"msg"`
		Server  catalog.ID `json:"server_uuid"`
		First   string     `json:"deployment_uuid"`
		Queued  int        `json:"queued"`
		Seconds int        `json:"waits_seconds"`
	}
	got := sweep()
	if err := json.Unmarshal([]byte(got), &line); err != nil || line.Msg != "a queue does not move" ||
		line.Server != server || line.First != string(first) || line.Queued != 2 || line.Seconds != 301 {
		t.Errorf("after five minutes: %s (%v)", got, err)
	}
	claims.broken = false
	if got := sweep(); got != "" {
		t.Errorf("of a queue that moves now: %s", got)
	}
	claims.broken = true
	w.wait(time.Hour)
	if got := sweep(); got != "" {
		t.Errorf("of a queue behind a deployment that runs: %s", got)
	}
}
