package runner_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/memory"
	"waybill/internal/recipe"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
	"waybill/internal/runner"
	"waybill/internal/snapshot"
)

// world is a runner over ports in this process and a real SSH server.
type world struct {
	*memory.Memory
	ssh    *remotetest.Server
	dialer remote.Dialer
	server *catalog.Server
	now    func() time.Time
	opts   runner.Options
	// health is nil in worlds that do not measure their server.
	health catalog.HealthObserver
	// snapshots are the memory's when nil.
	snapshots snapshot.Archive
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldOn(t, remotetest.Best(t), t.TempDir())
}

// worldOn is one over a server and a data folder that others may know as well.
func worldOn(t *testing.T, ssh *remotetest.Server, dataDir string) *world {
	t.Helper()
	w := &world{Memory: memory.New(memory.Options{}), ssh: ssh,
		dialer: sshrun.New(sshrun.Options{}), now: time.Now,
		opts: runner.Options{ReachFor: time.Second, StopGrace: time.Second}}
	key := &catalog.PrivateKey{Meta: catalog.Meta{ID: "key000000000000000000001", Name: "key"}}
	w.create(t, key)
	if err := w.SetSecrets(t.Context(), key.ID, map[string]string{
		catalog.PrivateKeySecret: w.ssh.ClientKeyPEM(),
	}); err != nil {
		t.Fatal(err)
	}
	w.server = &catalog.Server{
		Meta:    catalog.Meta{ID: "srv000000000000000000001", Name: "loopback"},
		Address: "127.0.0.1", Port: w.ssh.Port(), User: w.ssh.User(), KeyID: key.ID, HostKey: w.ssh.HostKey(),
		DataDir: dataDir, Concurrency: 100, QueueLimit: 100,
	}
	w.create(t, w.server)
	return w
}

func (w *world) create(t *testing.T, entity catalog.Entity) {
	t.Helper()
	if err := w.Catalog().Create(t.Context(), entity, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
}

// claimed registers an application with the commands and brings a start of it
// to where a runner takes it over.
func (w *world) claimed(t *testing.T, shell catalog.Shell, secrets map[string]string) deployment.ID {
	t.Helper()
	return w.claimedAs(t, "app000000000000000000001", shell, secrets, time.Hour)
}

func (w *world) claimedAs(
	t *testing.T, id catalog.ID, shell catalog.Shell, secrets map[string]string, timeout time.Duration,
) deployment.ID {
	t.Helper()
	app := &catalog.Application{Shell: &shell, Resource: catalog.Resource{
		Meta:     catalog.Meta{ID: id, Name: "demo"},
		ServerID: w.server.ID, Timeout: timeout, HealthTimeout: 2 * time.Second,
	}}
	for name := range secrets {
		app.Environment = append(app.Environment, catalog.Variable{Name: name, Secret: true})
	}
	w.create(t, app)
	if err := w.SetSecrets(t.Context(), app.ID, secrets); err != nil {
		t.Fatal(err)
	}
	return w.again(t, app.ID)
}

// again brings another start of the resource to where a runner takes it over.
func (w *world) again(t *testing.T, resource catalog.ID) deployment.ID {
	t.Helper()
	return w.asked(t, resource, deployment.Start)
}

// asked brings an operation on the resource to where a runner takes it over.
func (w *world) asked(t *testing.T, resource catalog.ID, operation deployment.Operation) deployment.ID {
	t.Helper()
	requests := deployment.NewRequests(w.Catalog(), w.Ledger(), deployment.RequestsOptions{
		Now: w.now, Snapshots: w.Snapshots(),
	})
	receipt, err := requests.Request(t.Context(), deployment.Request{
		Resource: resource, Operation: operation,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Ledger().Claim(t.Context(), w.server.ID, w.now().UTC()); err != nil {
		t.Fatal(err)
	}
	return receipt.Record.ID
}

func (w *world) ports() runner.Ports {
	ports := runner.Ports{Store: w.Catalog(), Health: w.health, Vault: w.Vault(), Ledger: w.Ledger(),
		History: w.History(), Archive: w.Archive(), Index: w.Index(),
		Snapshots: w.snapshots, Excerpts: w.Excerpts(), Dialer: w.dialer, Sender: w.Sender()}
	if ports.Snapshots == nil {
		ports.Snapshots = w.Snapshots()
	}
	return ports
}

func (w *world) runner() *runner.Runner {
	opts := w.opts
	opts.Now = w.now
	return runner.New(w.ports(), opts)
}

// run runs the deployment to its end and returns the record and its log.
func (w *world) run(t *testing.T, id deployment.ID) (deployment.Record, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	if err := w.runner().Run(ctx, id, "runner"); err != nil {
		t.Fatal(err)
	}
	return w.record(t, id), w.log(t, id)
}

func (w *world) record(t *testing.T, id deployment.ID) deployment.Record {
	t.Helper()
	record, err := w.History().Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// log is the committed log as a person reads it.
func (w *world) log(t *testing.T, id deployment.ID) string {
	t.Helper()
	var out strings.Builder
	mark := w.record(t, id).Progress.Log
	for q := (logbook.Query{Limit: logbook.MaxLimit}); ; {
		page, err := logbook.Read(t.Context(), w.Log(id), mark, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range page.Lines {
			entry, err := logbook.Decode(line)
			if err != nil {
				t.Fatal(err)
			}
			out.WriteString(entry.Text())
			out.WriteByte('\n')
		}
		if page.Next >= mark.Last {
			return out.String()
		}
		q.After = page.Next
	}
}

func TestRun(t *testing.T) {
	for _, c := range []struct {
		name   string
		shell  catalog.Shell
		status deployment.Status
		reason deployment.Reason
		code   int
		state  string
		logs   []string
	}{
		{"a start that succeeds is finished", catalog.Shell{Start: "echo hello; echo trouble >&2"},
			deployment.Finished, deployment.ReasonNone, 0, "running:unknown",
			[]string{"hello", "trouble", "Finished after"}},
		{"a healthy one is known to be healthy", catalog.Shell{Start: "echo up", Health: "true"},
			deployment.Finished, deployment.ReasonNone, 0, "running:healthy", []string{"up"}},
		{"a step that fails decides", catalog.Shell{Start: "echo before; exit 3", Health: "true"},
			deployment.Failed, deployment.ReasonExit, 3, "running:healthy",
			[]string{"before", `step "Start" exited with code 3`}},
		{"a health command that never succeeds is unhealthy",
			catalog.Shell{Start: "true", Health: "echo not yet; exit 9"},
			deployment.Failed, deployment.ReasonUnhealthy, 1, "running:unhealthy",
			[]string{"not yet", "did not succeed within 2 s"}},
		{"a step that a signal ended says which", catalog.Shell{Start: "kill -TERM $$"},
			deployment.Failed, deployment.ReasonSignal, 143, "unknown", []string{"reason signal"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			record, log := w.run(t, w.claimed(t, c.shell, nil))
			if record.Status != c.status || record.Outcome.Reason != c.reason ||
				record.Outcome.ResourceStatus != c.state {
				t.Errorf("outcome = %s %q %q, want %s %q %q", record.Status, record.Outcome.Reason,
					record.Outcome.ResourceStatus, c.status, c.reason, c.state)
			}
			if record.Outcome.ExitCode == nil || *record.Outcome.ExitCode != c.code {
				t.Errorf("exit code = %v, want %d", record.Outcome.ExitCode, c.code)
			}
			for _, want := range c.logs {
				if !strings.Contains(log, want) {
					t.Errorf("the log lacks %q:\n%s", want, log)
				}
			}
			if !record.Progress.Log.Complete {
				t.Error("the log is not complete")
			}
			w.wantFree(t, record)
		})
	}
}

// wantFree checks that nothing is held any more once a deployment ended.
func (w *world) wantFree(t *testing.T, record deployment.Record) {
	t.Helper()
	load, err := w.History().Load(t.Context(), record.ServerID)
	if err != nil || len(load.Running) != 0 || len(load.Queue) != 0 {
		t.Errorf("the server still has %d running and %d queued (%v)",
			len(load.Running), len(load.Queue), err)
	}
}

// TestP3 holds: known secrets are not in the log, in whatever form the job
// prints them, and neither is the key that opens the server.
func TestP3KnownSecretsAreNotInTheLog(t *testing.T) {
	w := newWorld(t)
	const secret = "Zq7-pa$$word'with\"marks"
	_, log := w.run(t, w.claimed(t, catalog.Shell{Start: `echo "plain $DB_PASSWORD"
printf %s "$DB_PASSWORD" | base64
printf %s "$DB_PASSWORD" | od -An -tx1 | tr -d ' \n'
echo`},
		map[string]string{"DB_PASSWORD": secret}))
	if strings.Contains(log, secret) || strings.Count(log, "<REDACTED:DB_PASSWORD>") != 3 {
		t.Errorf("want three masks and no secret:\n%s", strings.ReplaceAll(log, secret, "(the secret)"))
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*world, *catalog.Server)
		reason deployment.Reason
		says   string
	}{
		{"a server that refuses connections is unreachable",
			func(w *world, _ *catalog.Server) { w.ssh.Close() },
			deployment.ReasonUnreachable, "did not answer"},
		{"another host key ends it before any command",
			func(w *world, s *catalog.Server) { s.HostKey = otherHostKey },
			deployment.ReasonHostKeyChanged, "No command was sent"},
		{"a server without a pinned key gets no command",
			func(w *world, s *catalog.Server) { s.HostKey = "" },
			deployment.ReasonHostKeyMissing, "No command was sent"},
		{"a data folder that cannot be written is the server's refusal",
			func(w *world, s *catalog.Server) { s.DataDir = "/dev/null/waybill" },
			deployment.ReasonServer, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			id := w.claimed(t, catalog.Shell{Start: "echo ran"}, nil)
			changed := *w.server
			c.change(w, &changed)
			entity, err := w.Catalog().Get(t.Context(), w.server.ID)
			if err != nil {
				t.Fatal(err)
			}
			err = w.Catalog().Update(t.Context(), &changed, entity.Common().UpdatedAt, audit.Entry{})
			if err != nil {
				t.Fatal(err)
			}
			record, log := w.run(t, id)
			if record.Status != deployment.Failed || record.Outcome.Reason != c.reason {
				t.Errorf("outcome = %s %q, want failed %q\n%s",
					record.Status, record.Outcome.Reason, c.reason, log)
			}
			if !strings.Contains(log, c.says) || strings.Contains(log, "ran\n") {
				t.Errorf("log = %s, want %q and no command run", log, c.says)
			}
			w.wantFree(t, record)
		})
	}
}

// otherHostKey is a well-formed key that no server here has.
const otherHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u"

func TestLeases(t *testing.T) {
	t.Run("a second runner leaves a deployment alone that another works on", func(t *testing.T) {
		w := newWorld(t)
		id := w.claimed(t, catalog.Shell{Start: "true"}, nil)
		if _, err := w.Ledger().Begin(t.Context(), id, "first", time.Now().UTC(),
			deployment.LeaseLength); err != nil {
			t.Fatal(err)
		}
		if err := w.runner().Run(t.Context(), id, "second"); !errors.Is(err, fault.Conflict) {
			t.Errorf("error = %v, want Conflict", err)
		}
	})
	t.Run("a message for a deployment that has ended is forgotten", func(t *testing.T) {
		w := newWorld(t)
		id := w.claimed(t, catalog.Shell{Start: "true"}, nil)
		w.run(t, id)
		if err := w.runner().Run(t.Context(), id, "late"); err != nil {
			t.Errorf("error = %v, want none", err)
		}
	})
	t.Run("a runner whose time is nearly up hands over, and the next one goes on", func(t *testing.T) {
		w := newWorld(t)
		id := w.claimed(t, catalog.Shell{
			Start: "i=1; while [ $i -le 30 ]; do echo line $i; sleep 0.1; i=$((i+1)); done",
		}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), runner.HandOverTime+time.Second)
		defer cancel()
		if err := w.runner().Run(ctx, id, "first"); err != nil {
			t.Fatal(err)
		}
		if record := w.record(t, id); record.Status != deployment.InProgress {
			t.Fatalf("status = %s after the first runner, want in progress", record.Status)
		}
		record, log := w.run(t, id)
		if record.Status != deployment.Finished || record.Lease.Attempt != 2 ||
			strings.Count(log, "\nline ") != 30 {
			t.Errorf("%s in attempt %d with %d lines, want finished in attempt 2 with 30:\n%s",
				record.Status, record.Lease.Attempt, strings.Count(log, "\nline "), log)
		}
	})
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		end    remote.End
		step   string
		status deployment.Status
		reason deployment.Reason
		signal string
	}{
		{"exit 0", remote.End{}, "", deployment.Finished, deployment.ReasonNone, ""},
		{"exit 1", remote.End{ExitCode: 1}, "Start", deployment.Failed, deployment.ReasonExit, ""},
		{"found unwell, wherever", remote.End{ExitCode: recipe.UnhealthyExit}, "Start", deployment.Failed,
			deployment.ReasonUnhealthy, ""},
		{"without docker", remote.End{ExitCode: recipe.DockerExit}, recipe.HealthStep, deployment.Failed,
			deployment.ReasonDocker, ""},
		{"health", remote.End{ExitCode: 1}, recipe.HealthStep, deployment.Failed,
			deployment.ReasonUnhealthy, ""},
		{"killed", remote.End{ExitCode: 137}, "Start", deployment.Failed, deployment.ReasonSignal, "SIGKILL"},
		{"a signal without a name", remote.End{ExitCode: 128 + 40}, "Start", deployment.Failed,
			deployment.ReasonSignal, "signal 40"},
		{"a code above every signal", remote.End{ExitCode: 255}, "Start", deployment.Failed,
			deployment.ReasonExit, ""},
		{"a full disk", remote.End{DiskFull: true}, "", deployment.Failed, deployment.ReasonDiskFull, ""},
		{"lost", remote.End{Lost: true}, "", deployment.Failed, deployment.ReasonLost, ""},
	} {
		got := runner.Judge(c.end, c.step, recipe.Plan{Status: "running:healthy"})
		if got.Status != c.status || got.Reason != c.reason || got.Signal != c.signal {
			t.Errorf("%s: %s %q %q, want %s %q %q", c.name, got.Status, got.Reason, got.Signal, c.status,
				c.reason, c.signal)
		}
		if wantState := c.status == deployment.Finished; (got.ResourceStatus != "") != wantState {
			t.Errorf("%s: resource status %q", c.name, got.ResourceStatus)
		}
	}
}
