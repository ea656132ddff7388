package runner_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/remote/remotetest"
)

// worldBehind is one whose server is reached through a jump host. Both are real sshds.
func worldBehind(t *testing.T) (*world, *remotetest.Server, *catalog.Server) {
	t.Helper()
	w := worldOn(t, remotetest.OpenSSH(t, remotetest.Setup{}), t.TempDir())
	ssh := remotetest.OpenSSH(t, remotetest.Setup{Lines: []string{"MaxSessions 0"}})
	key := &catalog.PrivateKey{Meta: catalog.Meta{ID: "key000000000000000000002", Name: "of the jump host"}}
	w.create(t, key)
	if err := w.SetSecrets(t.Context(), key.ID, map[string]string{
		catalog.PrivateKeySecret: ssh.ClientKeyPEM(),
	}); err != nil {
		t.Fatal(err)
	}
	jump := &catalog.Server{
		Meta:    catalog.Meta{ID: "srv000000000000000000002", Name: "bastion"},
		Address: "127.0.0.1", Port: ssh.Port(), User: ssh.User(), KeyID: key.ID, HostKey: ssh.HostKey(),
		DataDir: "/data/waybill", Concurrency: 1, QueueLimit: 1,
	}
	w.create(t, jump)
	w.server.ProxyJump = jump.ID
	if err := w.Catalog().Update(t.Context(), w.server, w.server.UpdatedAt, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	return w, ssh, jump
}

// TestADeploymentGoesOnAfterACutOfEitherHop: the job runs on, and the log is whole.
func TestADeploymentGoesOnAfterACutOfEitherHop(t *testing.T) {
	w, jump, _ := worldBehind(t)
	w.opts.ReachFor = 20 * time.Second
	for i, cut := range []*remotetest.Server{jump, w.ssh} {
		id := w.claimedAs(t, catalog.ID("app00000000000000000000"+string(rune('1'+i))), catalog.Shell{
			Start: "for i in 1 2 3 4 5 6; do echo line $i; sleep 0.5; done",
		}, nil, time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- w.runner().Run(ctx, id, "runner") }()
		for w.record(t, id).Progress.Process == "" {
			select {
			case err := <-ended:
				t.Fatalf("it ended before its job: %v\n%s", err, w.log(t, id))
			case <-time.After(10 * time.Millisecond):
			}
		}
		cut.CutAll()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		log := w.log(t, id)
		if got := w.record(t, id); got.Status != deployment.Finished {
			t.Errorf("status %s\n%s", got.Status, log)
		}
		for _, text := range []string{" through bastion (", "Connecting again", "line 1\n", "line 6\n"} {
			if strings.Count(log, text) != 1 {
				t.Errorf("the log has %q %d times, want once\n%s", text, strings.Count(log, text), log)
			}
		}
	}
}

// TestAJumpHostWithAnotherHostKeyEndsTheDeployment: no command is sent.
func TestAJumpHostWithAnotherHostKeyEndsTheDeployment(t *testing.T) {
	w, _, jump := worldBehind(t)
	jump.HostKey = w.ssh.HostKey()
	if err := w.Catalog().Update(t.Context(), jump, jump.UpdatedAt, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	record, log := w.run(t, w.claimed(t, catalog.Shell{Start: "echo started"}, nil))
	if record.Outcome.Reason != deployment.ReasonHostKeyChanged ||
		!strings.Contains(log, "The jump host showed the host key SHA256:") ||
		strings.Contains(log, "started\n") {
		t.Errorf("reason %s\n%s", record.Outcome.Reason, log)
	}
}
