package e2e_test

import (
	"errors"
	"strings"
	"testing"

	"waybill/internal/remote/remotetest"
	"waybill/localstack/client"
)

// TestServersAreInspected has the questions that the catalog function asks the inspect function,
// with the roles of both.
func TestServersAreInspected(t *testing.T) {
	w := stack(t)
	ssh, other := remotetest.Best(t), remotetest.Best(t)
	key := w.create(t, "/security/keys", map[string]any{"name": "e2e", "private_key": ssh.ClientKeyPEM()})
	server := w.create(t, "/servers", map[string]any{"name": "loopback", "ip": "127.0.0.1",
		"port": ssh.Port(), "user": ssh.User(), "private_key_uuid": key, "data_dir": t.TempDir()})
	type verdict struct {
		Message     string
		Pinned      bool
		IsReachable bool   `json:"is_reachable"`
		IsUsable    bool   `json:"is_usable"`
		HostKey     string `json:"host_key"`
	}
	validate := func(t *testing.T, server string, body any) verdict {
		t.Helper()
		var got verdict
		if err := w.api.Post(t.Context(), "/servers/"+server+"/validate", body, &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	t.Run("a host key is seen and pinned", func(t *testing.T) {
		if got := validate(t, server, nil); !got.IsReachable || got.Pinned || got.HostKey != ssh.HostKey() {
			t.Errorf("without pin: %+v", got)
		}
		got := validate(t, server, map[string]any{"pin": true})
		if !got.Pinned || !strings.Contains(got.Message, "pinned. Logging in works") {
			t.Errorf("with pin: %+v", got)
		}
		if got := validate(t, server, nil); !got.Pinned {
			t.Errorf("after it was pinned: %+v", got)
		}
	})
	t.Run("a new server is validated at once and its key not pinned", func(t *testing.T) {
		own := w.create(t, "/security/keys", map[string]any{"name": "own", "private_key": ssh.ClientKeyPEM()})
		create := func(port int, hostKey string) (made struct {
			IsReachable bool    `json:"is_reachable"`
			HostKey     *string `json:"host_key"`
			Warnings    []string
		}) {
			given := map[string]any{"ip": "127.0.0.1", "port": port, "user": ssh.User(),
				"private_key_uuid": own, "data_dir": t.TempDir(), "instant_validate": true}
			if hostKey != "" {
				given["host_key"] = hostKey
			}
			if err := w.api.Post(t.Context(), "/servers", given, &made); err != nil {
				t.Fatal(err)
			}
			return made
		}
		if got := create(ssh.Port(), ssh.HostKey()); !got.IsReachable || len(got.Warnings) > 0 {
			t.Errorf("with its host key: %+v", got)
		}
		got := create(ssh.Port(), "")
		if said := strings.Join(got.Warnings, " "); got.IsReachable || got.HostKey != nil ||
			!strings.Contains(said, "The server shows the host key SHA256:") {
			t.Errorf("without a host key: %+v", got)
		}
		got = create(1, ssh.HostKey())
		if said := strings.Join(got.Warnings, " "); got.IsReachable ||
			!strings.Contains(said, "connection refused") {
			t.Errorf("on a port where nothing listens: %+v", got)
		}
	})
	t.Run("a server that is away is a finding", func(t *testing.T) {
		if got := validate(t, w.registerAt(t, ssh, 1), nil); got.IsReachable ||
			!strings.Contains(got.Message, "connection refused") {
			t.Errorf("found %+v", got)
		}
	})
	t.Run("a key that does not open the server changes nothing", func(t *testing.T) {
		change := func(private string) error {
			return w.api.Do(t.Context(), "PATCH", "/security/keys/"+key,
				map[string]any{"private_key": private}, nil)
		}
		refused, is := errors.AsType[*client.Error](change(other.ClientKeyPEM()))
		if !is || refused.Status != 422 ||
			!strings.Contains(refused.Error(), "does not open server loopback") {
			t.Errorf("another server's key: %v, want 422", refused)
		}
		if err := change(ssh.ClientKeyPEM()); err != nil {
			t.Errorf("the server's own key: %v", err)
		}
	})
	t.Run("a look finds the status", func(t *testing.T) {
		app := w.shell(t, server, "true")
		var found struct{ Status, Message string }
		if err := w.api.Post(t.Context(), at(app)+"/validate", nil, &found); err != nil {
			t.Fatal(err)
		}
		if found.Status != "exited" || found.Message != "Application is exited." {
			t.Errorf("found %+v", found)
		}
	})
}
