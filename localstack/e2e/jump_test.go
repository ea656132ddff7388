package e2e_test

import (
	"strings"
	"testing"

	"waybill/internal/remote/remotetest"
)

// TestAServerBehindAJumpHost has the whole way: validated, deployed to, and out of reach once the
// jump host is gone, although the server itself is there.
func TestAServerBehindAJumpHost(t *testing.T) {
	w := stack(t)
	ssh := remotetest.Best(t)
	bastion := remotetest.OpenSSH(t, remotetest.Setup{Lines: []string{"MaxSessions 0"}})
	jump := w.register(t, bastion)
	key := w.create(t, "/security/keys", map[string]any{"name": "inner", "private_key": ssh.ClientKeyPEM()})
	server := w.create(t, "/servers", map[string]any{"name": "inner", "ip": "127.0.0.1", "port": ssh.Port(),
		"user": ssh.User(), "private_key_uuid": key, "data_dir": t.TempDir(), "proxy_jump": jump})
	var found struct {
		Message string
		Usable  bool   `json:"is_usable"`
		HostKey string `json:"host_key"`
	}
	if err := w.api.Post(t.Context(), "/servers/"+server+"/validate", map[string]any{"pin": true},
		&found); err != nil {
		t.Fatal(err)
	}
	if !found.Usable || found.HostKey != ssh.HostKey() {
		t.Fatalf("validated as %+v, want usable with the key of the server behind the jump host", found)
	}
	record, entries := w.deploy(t, w.shell(t, server, "echo hello from inside"))
	wantStatus(t, record, entries, "finished", "")
	wantLog(t, entries, "hello from inside")
	wantLog(t, entries, " through ")

	bastion.Close()
	found.Message = ""
	if err := w.api.Post(t.Context(), "/servers/"+server+"/validate", nil, &found); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(found.Message, "The jump host did not answer") {
		t.Errorf("message %q, want that the jump host did not answer", found.Message)
	}
}
