package runner_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// TestAStartMeasuresItsServer has a clock of ours that is two hours behind, so that there is a
// warning whatever the disk of this machine.
func TestAStartMeasuresItsServer(t *testing.T) {
	w := newWorld(t)
	w.health = w.Catalog()
	w.now = func() time.Time { return time.Now().Add(-2 * time.Hour) }
	record, log := w.run(t, w.claimed(t, catalog.Shell{Start: "true"}, nil))
	if record.Status != deployment.Finished ||
		!strings.Contains(log, "Warning: The server's clock is 2h0m0s ahead") {
		t.Errorf("%s, and the log has no warning of the clock:\n%s", record.Status, log)
	}
	server, err := catalog.Find[*catalog.Server](t.Context(), w.Catalog(), w.server.ID)
	if err != nil {
		t.Fatal(err)
	}
	health := server.Health
	if health.DataBytes == 0 || health.DataFreeBytes > health.DataBytes ||
		w.now().Before(health.MeasuredAt) ||
		(health.ClockOffset-2*time.Hour).Abs() > health.ClockError+time.Second {
		t.Errorf("stored is %+v", health)
	}
}

// TestAFailedStartMeasuresItsServer: a full disk is a frequent reason of a failure.
func TestAFailedStartMeasuresItsServer(t *testing.T) {
	w := newWorld(t)
	observed := &observer{}
	w.health = observed
	w.now = func() time.Time { return time.Now().Add(-time.Hour) }
	record, log := w.run(t, w.claimed(t, catalog.Shell{Start: "exit 1", Stop: "true"}, nil))
	if record.Status != deployment.Failed || !strings.Contains(log, "1h0m0s ahead") || observed.times != 1 {
		t.Errorf("%s, stored %d times, with the log\n%s", record.Status, observed.times, log)
	}
	t.Run("a stop does not", func(t *testing.T) {
		id := w.asked(t, "app000000000000000000001", deployment.Stop)
		_, log := w.run(t, id)
		if observed.times != 1 || strings.Contains(log, "Warning") {
			t.Errorf("stored %d times, with the log\n%s", observed.times, log)
		}
	})
}

type observer struct{ times int }

func (o *observer) ObserveServer(context.Context, catalog.ID, catalog.Health) error {
	o.times++
	return nil
}
