package runner_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/logbook"
)

// TestAServerWhoseClockIsOff tells of its steps and its output at times that never
// were: the log and the record have times of ours.
func TestAServerWhoseClockIsOff(t *testing.T) {
	for name, ahead := range map[string]time.Duration{
		"behind": -2 * time.Hour, "ahead": 2 * time.Hour, "right": 0,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := stillWorld(t, &puppet{prints: "one\ntwo\n", ahead: ahead})
				id := w.claimed(t, catalog.Shell{Start: "true"}, nil)
				record, _ := w.run(t, id)
				for _, step := range record.Progress.Steps {
					if step.StartedAt.Before(record.StartedAt) || step.StartedAt.After(record.FinishedAt) {
						t.Errorf("step %s began at %s, the deployment ran from %s to %s",
							step.Name, step.StartedAt, record.StartedAt, record.FinishedAt)
					}
				}
				query := logbook.Query{Limit: logbook.MaxLimit}
				page, err := logbook.Read(t.Context(), w.Log(id), record.Progress.Log, query)
				if err != nil {
					t.Fatal(err)
				}
				last := record.StartedAt
				for _, line := range page.Lines {
					var entry struct{ Timestamp time.Time }
					if err := json.Unmarshal(line, &entry); err != nil {
						t.Fatal(err)
					}
					if entry.Timestamp.Before(last.Truncate(time.Millisecond)) ||
						entry.Timestamp.After(record.FinishedAt) {
						t.Errorf("after %s and before %s: %s", last, record.FinishedAt, line)
					}
					last = entry.Timestamp
				}
			})
		})
	}
}
