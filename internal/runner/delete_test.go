package runner_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/runner"
)

// removable is an application that has run, and whose stop command notes in the
// file that it did.
func (w *world) removable(t *testing.T, effects string) catalog.ID {
	t.Helper()
	id := w.claimed(t, catalog.Shell{Start: "true", Stop: fmt.Sprintf("echo stopped >>'%s'", effects)}, nil)
	if record, log := w.run(t, id); record.Status != deployment.Finished {
		t.Fatalf("%s:\n%s", record.Status, log)
	}
	return id.Resource()
}

// wantOff checks that nothing of the resource is on the server, and that it was
// stopped once.
func (w *world) wantOff(t *testing.T, id deployment.ID, effects string) {
	t.Helper()
	for _, place := range []string{
		filepath.Join("applications", string(id.Resource())), filepath.Join("runs", string(id)),
	} {
		if _, err := os.Stat(filepath.Join(w.server.DataDir, place)); !errors.Is(err, os.ErrNotExist) {
			left, _ := filepath.Glob(filepath.Join(w.server.DataDir, place, "*"))
			hidden, _ := filepath.Glob(filepath.Join(w.server.DataDir, place, ".*"))
			t.Errorf("%s is still there: %v, with %v", place, err, append(left, hidden...))
		}
	}
	if text, err := os.ReadFile(effects); err != nil || string(text) != "stopped\n" {
		t.Errorf("the stop command: %q %v, want it once", text, err)
	}
}

func TestDeleteRemovesTheFilesOnTheServer(t *testing.T) {
	w := newWorld(t)
	effects := filepath.Join(t.TempDir(), "effects")
	id := w.asked(t, w.removable(t, effects), deployment.Delete)
	record, log := w.run(t, id)
	if record.Status != deployment.Finished || record.Outcome.ResourceStatus != "exited" {
		t.Errorf("%s, and the resource is %q, want finished and exited:\n%s",
			record.Status, record.Outcome.ResourceStatus, log)
	}
	w.wantOff(t, id, effects)
	// Whoever wants it back gets it.
	if record, log := w.run(t, w.again(t, id.Resource())); record.Status != deployment.Finished {
		t.Errorf("started again, it %s:\n%s", record.Status, log)
	}
}

// endless is a ledger that its runner never gets to say the end to.
type endless struct{ runner.Ledger }

func (endless) Finish(
	context.Context, deployment.ID, deployment.Lease, deployment.Progress, deployment.Outcome, time.Time,
) error {
	return errDied
}

// The folder with the notes is gone, so only the spool says that the job is done.
func TestARunnerDiesAfterADeletion(t *testing.T) {
	w := newWorld(t)
	clock := &skipping{}
	w.now = clock.now
	effects := filepath.Join(t.TempDir(), "effects")
	id := w.asked(t, w.removable(t, effects), deployment.Delete)
	ports, opts := w.ports(), w.opts
	ports.Ledger, opts.Now = endless{ports.Ledger}, w.now
	if err := runner.New(ports, opts).Run(t.Context(), id, "first"); !errors.Is(err, errDied) {
		t.Fatalf("error = %v, want %v", err, errDied)
	}
	clock.skip()
	record, log := w.run(t, id)
	if record.Status != deployment.Finished || record.Lease.Attempt != 2 {
		t.Errorf("%s in attempt %d, want finished in the second:\n%s",
			record.Status, record.Lease.Attempt, log)
	}
	w.wantOff(t, id, effects)
}
