package e2e_test

import (
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waybill/internal/remote/remotetest"
	"waybill/localstack/client"
)

// TestP7CancelledMeansThatNothingIsLeft checks that a deployment becomes
// cancelled-by-user only when no process of its job is left, even if the
// processes resist.
func TestP7CancelledMeansThatNothingIsLeft(t *testing.T) {
	atOnce(t)
	w := stack(t)
	server := w.server(t)

	for _, c := range []struct{ name, script string }{
		{"a job that ignores TERM", `trap '' TERM; echo ready; while :; do sleep 0.5; done`},
		{"a child in a session of its own",
			`setsid sh -c 'trap "" TERM HUP; while :; do sleep 0.5; done' & echo ready; wait`},
		{"a grandchild whose parent has gone",
			`( ( exec sh -c 'trap "" TERM HUP; while :; do sleep 0.5; done' ) & ) ; echo ready; sleep 600`},
		{"a job that prints another process's number", `echo 'PID: 1'; echo ready; sleep 600`},
	} {
		t.Run(c.name+" is gone", func(t *testing.T) {
			atOnce(t)
			mark := filepath.Join(t.TempDir(), "mark")
			uuid := w.start(t,
				w.shell(t, server, "WAYBILL_TEST_MARK="+mark+"\nexport WAYBILL_TEST_MARK\n"+c.script))
			w.awaitLine(t, uuid, "ready")
			asked := time.Now()
			w.cancel(t, uuid)
			record, entries := w.follow(t, uuid)
			wantStatus(t, record, entries, "cancelled-by-user", "cancelled")
			t.Logf("it took %s from the request to the end", time.Since(asked).Round(time.Millisecond))
			if left := carriers(t, "WAYBILL_TEST_MARK="+mark); left != "" {
				t.Errorf("still there: %s", left)
			}
		})
	}

	t.Run("a pull that hangs is gone", func(t *testing.T) {
		atOnce(t)
		needDocker(t)
		// This registry accepts connections and never answers.
		registry, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = registry.Close() })
		service := w.service(t, server,
			"services:\n  web:\n    image: "+registry.Addr().String()+"/absent:1\n")
		cleanProject(t, service)
		uuid := w.start(t, service)
		w.awaitLine(t, uuid, "Pulling")
		w.cancel(t, uuid)
		record, entries := w.follow(t, uuid)
		wantStatus(t, record, entries, "cancelled-by-user", "cancelled")
		if left, _ := exec.Command("pgrep", "-f", "project-name "+service).Output(); len(left) > 0 {
			t.Errorf("still there: %s", left)
		}
	})
}

func TestCancel(t *testing.T) {
	w := stack(t)

	t.Run("a queued deployment ends at once and the queue goes on behind it", func(t *testing.T) {
		ssh := remotetest.Best(t)
		server := w.registerWithConcurrency(t, ssh, 1)
		first := w.start(t, w.shell(t, server, "sleep 3"))
		w.awaitStatus(t, first, "in_progress")
		second := w.start(t, w.shell(t, server, "echo never"))
		third := w.start(t, w.shell(t, server, "echo third"))
		w.cancel(t, second)
		record, entries := w.follow(t, second)
		wantStatus(t, record, entries, "cancelled-by-user", "cancelled")
		if record.StartedAt != nil {
			t.Errorf("it was started at %s", record.StartedAt)
		}
		record, entries = w.follow(t, third)
		wantStatus(t, record, entries, "finished", "")
	})
	t.Run("a stop or a delete supersedes a queued start", func(t *testing.T) {
		server := w.registerWithConcurrency(t, remotetest.Best(t), 1)
		first := w.start(t, w.shell(t, server, "sleep 5"))
		w.awaitStatus(t, first, "in_progress")
		app := w.shell(t, server, "echo never")
		queued := w.queue(t, "POST", "/applications/"+app+"/start")
		if again := w.queue(t, "POST", "/applications/"+app+"/start"); !again.Repeated ||
			again.UUID != queued.UUID {
			t.Errorf("the repeat is answered %+v, want %s again", again, queued.UUID)
		}
		stop := w.queue(t, "POST", "/applications/"+app+"/stop")
		remove := w.queue(t, "DELETE", "/applications/"+app)
		if stop.Superseded != queued.UUID || remove.Superseded != stop.UUID {
			t.Errorf("the stop is answered %+v and the delete %+v, want each in place of the one before",
				stop, remove)
		}
		record, entries := w.follow(t, queued.UUID)
		wantStatus(t, record, entries, "cancelled-by-user", "superseded")
		record, entries = w.follow(t, remove.UUID)
		wantStatus(t, record, entries, "finished", "")
	})
	t.Run("what has ended is refused with its status", func(t *testing.T) {
		record, _ := w.deploy(t, w.shell(t, w.server(t), "true"))
		err := w.api.Post(t.Context(), "/deployments/"+record.DeploymentUUID+"/cancel", nil, nil)
		wantAnswer(t, err, 400, "Deployment cannot be cancelled. Current status: finished")
	})
	t.Run("a job that runs longer than its resource allows is stopped", func(t *testing.T) {
		app := w.create(t, "/applications/shell", map[string]any{
			"name": "slow", "server_uuid": w.server(t), "start": "echo begun; sleep 600", "timeout": 3,
		})
		record, entries := w.deploy(t, app)
		wantStatus(t, record, entries, "failed", "timeout")
		wantLog(t, entries, "begun")
	})
}

// asked is the API's answer to a request that queues a deployment.
type asked struct {
	UUID       string `json:"deployment_uuid"`
	Repeated   bool   `json:"repeated"`
	Superseded string `json:"superseded_deployment_uuid"`
}

func (w *world) queue(t *testing.T, method, path string) asked {
	t.Helper()
	var answer asked
	if err := w.api.Do(t.Context(), method, path, nil, &answer); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer
}

func (w *world) cancel(t *testing.T, uuid string) {
	t.Helper()
	if err := w.api.Post(t.Context(), "/deployments/"+uuid+"/cancel", nil, nil); err != nil {
		t.Fatalf("cancel: %v", err)
	}
}

// awaitLine waits until the deployment's log has a line with the text.
func (w *world) awaitLine(t *testing.T, uuid, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := w.api.Follow(ctx, uuid, func(entry client.Entry) {
		if entry.Command == nil && strings.Contains(entry.Output, text) {
			cancel()
		}
	})
	if err == nil {
		t.Fatalf("deployment %s ended without a line %q", uuid, text)
	}
}

// awaitStatus waits until the record has the status.
func (w *world) awaitStatus(t *testing.T, uuid, status string) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(
		100 * time.Millisecond,
	) {
		var record client.Deployment
		w.get(t, "/deployments/"+uuid, &record)
		if record.Status == status {
			return
		}
	}
	t.Fatalf("deployment %s is not %s in time", uuid, status)
}

// carriers lists the processes that have the variable in their environment.
func carriers(t *testing.T, variable string) string {
	t.Helper()
	said, _ := exec.Command("sh", "-c", `for p in /proc/[0-9]*; do
  if tr '\0' '\n' <$p/environ 2>/dev/null | grep -qxF "$0"; then echo "${p#/proc/} $(cat $p/comm)"; fi
done`, variable).Output()
	return strings.TrimSpace(string(said))
}
