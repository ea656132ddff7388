package runner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// processesWith are the processes that have the word on their command line.
func processesWith(word string) []string {
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte(word)) {
			found = append(found, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return found
}

// await waits until the log has the text.
func (w *world) await(t *testing.T, id deployment.ID, text string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(w.log(t, id), text); time.Sleep(
		50 * time.Millisecond,
	) {
		if time.Now().After(deadline) {
			t.Fatalf("the log has no %q:\n%s", text, w.log(t, id))
		}
	}
}

// TestP7NothingIsLeftOfACancelledDeployment: whatever a job does to live on,
// and whatever it prints.
func TestP7NothingIsLeftOfACancelledDeployment(t *testing.T) {
	for i, c := range []struct{ name, script string }{
		{"a job that ends at once", "sleep NUMBER"},
		{"one that traps TERM", "trap '' TERM; while :; do sleep NUMBER; done"},
		{"a child in a session of its own", "setsid -f sleep NUMBER; sleep NUMBER"},
		{"a child of a child that is gone", "(sleep NUMBER & sleep NUMBER &) ; sleep NUMBER"},
		{"one that prints numbers of processes", "echo 'PID: 1'; echo 1 >&2; sleep NUMBER"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			word := fmt.Sprintf("%d.%d", 3000+i, time.Now().UnixNano())
			id := w.claimed(t,
				catalog.Shell{Start: "echo begun; " + strings.ReplaceAll(c.script, "NUMBER", word)}, nil)
			ended := make(chan error, 1)
			go func() { ended <- w.runner().Run(t.Context(), id, "runner") }()
			w.await(t, id, "begun")
			asked := time.Now()
			if _, err := w.Ledger().Cancel(t.Context(), id, "ci", asked.UTC()); err != nil {
				t.Fatal(err)
			}
			w.await(t, id, "Cancelled by ci. Stopping the job")
			if took := time.Since(asked); took > 5*time.Second {
				t.Errorf("the job was stopped %s after the request, want 5 s at most", took)
			}
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			record, log := w.record(t, id), w.log(t, id)
			if record.Status != deployment.Cancelled || record.Outcome.Reason != deployment.ReasonCancelled {
				t.Errorf("%s %q, want cancelled", record.Status, record.Outcome.Reason)
			}
			if left := processesWith(word); len(left) > 0 {
				t.Errorf("processes are left: %q\n%s", left, log)
			}
			if !strings.Contains(log, "Stopped: ") || !strings.Contains(log, "sleep (") {
				t.Errorf("the log does not say what was stopped:\n%s", log)
			}
			w.wantFree(t, record)
		})
	}
}

// A shell application runs two containers, of which one must outlive its step. The
// engine continues to run both after their clients have ended.
func TestACancelEndsContainersOfTheJob(t *testing.T) {
	const image = "waybill-test/busybox:1" // an image that the suite prepares
	if said, err := exec.Command("docker", "image", "inspect", image).CombinedOutput(); err != nil {
		if os.Getenv("WAYBILL_CI") != "" {
			t.Fatalf("no Docker engine with the image %s: %s", image, said)
		}
		t.Skipf("no Docker engine with the image %s; localstack/docker/images builds it", image)
	}
	w := newWorld(t)
	own := fmt.Sprintf("waybill-cancel-%d", time.Now().UnixNano())
	detached := own + "-detached"
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", own, detached).Run() })
	start := fmt.Sprintf("docker run --detach --name %s %s sleep 600; "+
		"docker run --rm --name %s %s sh -c 'echo begun; sleep 600'", detached, image, own, image)
	id := w.claimed(t, catalog.Shell{Start: start}, nil)
	ended := make(chan error, 1)
	go func() { ended <- w.runner().Run(t.Context(), id, "runner") }()
	w.await(t, id, "begun")
	if _, err := w.Ledger().Cancel(t.Context(), id, "ci", time.Now().UTC()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	record, log := w.record(t, id), w.log(t, id)
	if record.Status != deployment.Cancelled {
		t.Errorf("%s, want cancelled", record.Status)
	}
	for _, says := range []string{
		"that the job had in the foreground: " + own + ".", "and still run: ", detached,
	} {
		if !strings.Contains(log, says) {
			t.Errorf("the log has no %q:\n%s", says, log)
		}
	}
	running, err := exec.Command("docker", "ps", "--format", "{{.Names}}").Output()
	if all := strings.Fields(string(running)); err != nil || slices.Contains(all, own) ||
		!slices.Contains(all, detached) {
		t.Errorf("%q run, %v; want %s alone", all, err, detached)
	}
}

func TestCancel(t *testing.T) {
	t.Run("a job whose runner died is stopped by the next one", func(t *testing.T) {
		w := newWorld(t)
		clock := &skipping{}
		w.now = clock.now
		word := fmt.Sprintf("3600.%d", time.Now().UnixNano())
		id := w.claimed(t, catalog.Shell{Start: "echo begun; sleep " + word}, nil)
		ctx, die := context.WithCancel(t.Context())
		dead := make(chan error, 1)
		go func() { dead <- w.runner().Run(ctx, id, "first") }()
		w.await(t, id, "begun")
		die()
		<-dead
		if _, err := w.Ledger().Cancel(t.Context(), id, "ci", time.Now().UTC()); err != nil {
			t.Fatal(err)
		}
		clock.skip()
		record, log := w.run(t, id)
		if record.Status != deployment.Cancelled || len(processesWith(word)) > 0 ||
			strings.Count(log, "begun\n") != 1 {
			t.Errorf("%s, want cancelled with nothing left:\n%s", record.Status, log)
		}
	})
	t.Run("one that has not started never does", func(t *testing.T) {
		w := newWorld(t)
		id := w.claimed(t, catalog.Shell{Start: "echo ran >>effects"}, nil)
		if _, err := w.Ledger().Cancel(t.Context(), id, "ci", time.Now().UTC()); err != nil {
			t.Fatal(err)
		}
		record, log := w.run(t, id)
		if _, err := os.Stat(
			filepath.Join(w.server.DataDir, "applications", string(id.Resource()), "effects"),
		); record.Status != deployment.Cancelled || err == nil {
			t.Errorf("%s, effect there: %t, want cancelled without any:\n%s", record.Status, err == nil, log)
		}
	})
	t.Run("one whose server was never reached ends at once", func(t *testing.T) {
		w := newWorld(t)
		w.opts.ReachFor = time.Hour
		w.ssh.Close()
		id := w.claimed(t, catalog.Shell{Start: "true"}, nil)
		ended := make(chan error, 1)
		go func() { ended <- w.runner().Run(t.Context(), id, "runner") }()
		w.await(t, id, "Trying again in")
		if _, err := w.Ledger().Cancel(t.Context(), id, "ci", time.Now().UTC()); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if record := w.record(t, id); record.Status != deployment.Cancelled {
			t.Errorf("%s %q, want cancelled", record.Status, record.Outcome.Reason)
		}
	})
	t.Run("one that takes longer than its resource allows fails", func(t *testing.T) {
		w := newWorld(t)
		word := fmt.Sprintf("3700.%d", time.Now().UnixNano())
		id := w.claimedAs(t, "app000000000000000000002", catalog.Shell{Start: "echo begun; sleep " + word},
			nil, 2*time.Second)
		record, log := w.run(t, id)
		if record.Status != deployment.Failed || record.Outcome.Reason != deployment.ReasonTimeout ||
			len(processesWith(word)) > 0 {
			t.Errorf("%s %q, want failed %q with nothing left:\n%s",
				record.Status, record.Outcome.Reason, deployment.ReasonTimeout, log)
		}
		if !strings.Contains(log, "longer than the 2s") {
			t.Errorf("the log does not say how long it may take:\n%s", log)
		}
	})
}

// TestTwoStacksOnOneServer: the folder of a resource has one job at a time,
// whoever starts it, and the one that is refused says who has it.
func TestTwoStacksOnOneServer(t *testing.T) {
	first := newWorld(t)
	second := worldOn(t, first.ssh, first.server.DataDir)
	script := catalog.Shell{Start: "echo begun; sleep 60"}
	holder := first.claimed(t, script, nil)
	ended := make(chan error, 1)
	go func() { ended <- first.runner().Run(t.Context(), holder, "first") }()
	first.await(t, holder, "begun")
	record, log := second.run(t, second.claimed(t, script, nil))
	if record.Outcome.Reason != deployment.ReasonHostLocked || !strings.Contains(log, string(holder)) ||
		strings.Contains(log, "begun") {
		t.Errorf("%s %q, want %q and the holder's name:\n%s",
			record.Status, record.Outcome.Reason, deployment.ReasonHostLocked, log)
	}
	if _, err := first.Ledger().Cancel(t.Context(), holder, "ci", time.Now().UTC()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// TestLeftoverSpools: a spool whose runner died behind the record's end is
// removed by the next one; what the records do not know is not ours.
func TestLeftoverSpools(t *testing.T) {
	w := newWorld(t)
	id := w.claimed(t, catalog.Shell{Start: "true"}, nil)
	w.run(t, id)
	runs := filepath.Join(w.server.DataDir, "runs")
	foreign := strings.Replace(string(id), "app", "svc", 1)
	for _, name := range []string{string(id), foreign, "something"} {
		if err := os.MkdirAll(filepath.Join(runs, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.run(t, w.again(t, id.Resource()))
	left, err := exec.Command("ls", runs).Output()
	if want := "something\n" + foreign + "\n"; err != nil || string(left) != want {
		t.Errorf("left are %q (%v), want %q", left, err, want)
	}
}

// Spools of another stack stay for ever. They must not keep a runner from finding its own.
func TestLeftoverSpoolsAreFoundAmongManyOfAnotherStack(t *testing.T) {
	w := newWorld(t)
	id := w.claimed(t, catalog.Shell{Start: "true"}, nil)
	w.run(t, id)
	runs := filepath.Join(w.server.DataDir, "runs")
	own := filepath.Join(runs, string(id))
	for i := range 40 {
		foreign := fmt.Sprintf("app%021d%016d", 0, i) // sorts before the id of every deployment here
		if _, err := deployment.ParseID(foreign); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(runs, foreign), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(own, 0o700); err != nil {
		t.Fatal(err)
	}
	w.run(t, w.again(t, id.Resource()))
	if _, err := os.Stat(own); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the leftover spool is still there (%v)", err)
	}
	if left, err := os.ReadDir(runs); err != nil || len(left) != 40 {
		t.Errorf("%d spools are left (%v), want the 40 of another stack", len(left), err)
	}
}
