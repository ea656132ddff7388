package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waybill/localstack/client"
)

// TestP14AnUnfollowedDeploymentIsParked starts two deployments that are not followed for more than
// a minute. A reader wakes one of them, and a cancel the other one, both long before their
// wake-ups are due.
func TestP14AnUnfollowedDeploymentIsParked(t *testing.T) {
	w := stack(t)
	server, end := w.server(t), filepath.Join(t.TempDir(), "end")
	counting := `i=0; until [ -e ` + end + ` ]; do i=$((i+1)); echo line $i; sleep 0.5; done`
	read, cancelled := w.start(t, w.shell(t, server, counting)), w.start(t, w.shell(t, server, counting))
	// The third time is for 20 s, and no earlier one is for more than 10 s.
	w.awaitParked(t, read, 3)

	t.Run("a reader wakes it at once", func(t *testing.T) {
		begun := time.Now()
		var page, more client.LogPage
		w.get(t, "/deployments/"+read+"/logs?limit=1000", &page)
		w.get(t, fmt.Sprintf("/deployments/%s/logs?after=%d&wait=20", read, page.Next), &more)
		if took := time.Since(begun); len(more.Entries) == 0 || took > soon {
			t.Errorf("%d new entries after %s, want some within %s", len(more.Entries), took, soon)
		}
	})
	t.Run("a cancel wakes it at once", func(t *testing.T) {
		w.awaitParked(t, cancelled, 1)
		begun := time.Now()
		w.cancel(t, cancelled)
		w.awaitStatus(t, cancelled, "cancelled-by-user")
		if took := time.Since(begun); took > soon {
			t.Errorf("it was cancelled after %s, want it within %s", took, soon)
		}
	})
	t.Run("its log has no gap, and the wake-ups are no attempts", func(t *testing.T) {
		if err := os.WriteFile(end, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		record, entries := w.follow(t, read)
		wantStatus(t, record, entries, "finished", "")
		for i, line := range outputs(entries, "Start") {
			if want := fmt.Sprint("line ", i+1); line != want {
				t.Fatalf("line %d of the log is %q, want %q", i+1, line, want)
			}
		}
		if record.Attempt != 1 || strings.Contains(text(entries), "Found the job") {
			t.Errorf("attempt %d, want 1 and no line of a parking in the log:\n%s",
				record.Attempt, text(entries))
		}
		if record.ParkedAt != nil {
			t.Errorf("it has ended and is parked since %s", record.ParkedAt)
		}
	})
}

// soon is less than a third parking lasts, and time enough for a slow machine.
const soon = 12 * time.Second

// awaitParked waits until the deployment was parked for the nth time from now on. What it asks for
// is no following.
func (w *world) awaitParked(t *testing.T, uuid string, times int) {
	t.Helper()
	var last time.Time
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(
		200 * time.Millisecond,
	) {
		var record client.Deployment
		w.get(t, "/deployments/"+uuid, &record)
		if record.Ended() {
			t.Fatalf("deployment %s has ended: %+v", uuid, record)
		}
		if record.ParkedAt != nil && record.ParkedAt.After(last) {
			if last, times = *record.ParkedAt, times-1; times == 0 {
				return
			}
		}
	}
	t.Fatalf("deployment %s is not parked in time", uuid)
}
