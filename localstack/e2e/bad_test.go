package e2e_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"waybill/internal/remote/remotetest"
	"waybill/localstack/client"
)

func TestBadInput(t *testing.T) {
	w := stack(t)
	server := w.server(t)

	service := func(compose string) map[string]any {
		return map[string]any{"name": "s", "server_uuid": server, "docker_compose": compose}
	}
	for _, c := range []struct {
		name, path string
		body       any
		status     int
		says       string // in the answer's text, field names included
	}{
		{
			name: "empty JSON",
			path: "/applications/shell", body: map[string]any{},
			status: 422, says: "server_uuid",
		},
		{
			name: "an empty body",
			path: "/applications/shell", body: strings.NewReader(""),
			status: 422,
		},
		{
			name: "malformed JSON",
			path: "/applications/shell", body: strings.NewReader(`{"name": `),
			status: 422,
		},
		{
			name: "a list instead of an object",
			path: "/services", body: strings.NewReader(`[]`),
			status: 422,
		},
		{
			name:   "a number for a name",
			path:   "/services",
			body:   map[string]any{"name": 7, "server_uuid": server, "docker_compose": "services: {}"},
			status: 422, says: "name",
		},
		{
			name: "an unknown server",
			path: "/applications/shell",
			body: map[string]any{"name": "a", "server_uuid": "srv" + strings.Repeat("0", 21),
				"start": "true"},
			status: 422, says: "server_uuid",
		},
		{
			name: "a port out of range",
			path: "/servers", body: map[string]any{"name": "s", "ip": "127.0.0.1", "port": 70000},
			status: 422, says: "port",
		},
		{
			name: "a compose file with a syntax error",
			path: "/services", body: service("services:\n  web: [\n"),
			status: 422, says: "line",
		},
		{
			name: "a compose file without an image",
			path: "/services", body: service("services: {web: {}}\n"),
			status: 422, says: "web",
		},
		{
			name:   "a compose file of 2 MB",
			path:   "/services",
			body:   service("services: {web: {image: a}}\n#" + strings.Repeat("x", 2<<20)),
			status: 422, says: "docker_compose",
		},
		{
			name: "a secret too short to be hidden",
			path: "/applications/shell",
			body: map[string]any{"name": "a", "server_uuid": server, "start": "true",
				"environment": []map[string]any{{"key": "PIN", "value": "42", "is_secret": true}}},
			status: 422, says: "PIN",
		},
		{
			name: "deploy of nothing",
			path: "/deploy", body: map[string]any{},
			status: 400, says: "uuid",
		},
		{
			name: "deploy of an unknown uuid",
			path: "/deploy", body: map[string]any{"uuid": "svc" + strings.Repeat("0", 21)},
			status: 404, says: "No resources found",
		},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			err := w.api.Post(t.Context(), c.path, c.body, nil)
			var answer *client.Error
			if !errors.As(err, &answer) || answer.Status != c.status ||
				!strings.Contains(answer.Body, c.says) {
				t.Errorf("%v, want %d with %q", err, c.status, c.says)
			}
			if answer != nil {
				t.Log(answer.Body)
			}
		})
	}
}

func TestDeletionDuringADeploymentIsQueued(t *testing.T) {
	w := stack(t)
	app := w.shell(t, w.server(t), "sleep 3")
	uuid := w.start(t, app)
	// The delete must find a running start: it would replace a queued one.
	eventually(t, "the start is queued", func() bool {
		var record struct{ Status string }
		w.get(t, "/deployments/"+uuid, &record)
		return record.Status != "queued"
	})
	var removed struct {
		DeploymentUUID string `json:"deployment_uuid"`
	}
	if err := w.api.Do(t.Context(), "DELETE", "/applications/"+app, nil, &removed); err != nil {
		t.Fatal(err)
	}
	for _, uuid := range []string{uuid, removed.DeploymentUUID} {
		if record := w.await(t, uuid); record.Status != "finished" {
			t.Errorf("%s is %s, want finished", uuid, record.Status)
		}
	}
}

func TestBadServers(t *testing.T) {
	atOnce(t) // most of it waits for servers that do not answer
	w := stack(t)

	t.Run("one that refuses connections is unreachable", func(t *testing.T) {
		atOnce(t)
		ssh := remotetest.Start(t, remotetest.Options{})
		server := w.register(t, ssh)
		ssh.Close()
		record, entries := w.deploy(t, w.shell(t, server, "echo never"))
		wantStatus(t, record, entries, "failed", "unreachable")
	})
	t.Run("what is on one that is gone for good can be forgotten", func(t *testing.T) {
		atOnce(t)
		ssh := remotetest.Start(t, remotetest.Options{})
		server := w.register(t, ssh)
		app := w.shell(t, server, "echo hello")
		record, entries := w.deploy(t, app)
		wantStatus(t, record, entries, "finished", "")
		ssh.Close()
		var removed struct {
			DeploymentUUID string `json:"deployment_uuid"`
		}
		if err := w.api.Do(t.Context(), "DELETE", "/applications/"+app, nil, &removed); err != nil {
			t.Fatal(err)
		}
		record, entries = w.follow(t, removed.DeploymentUUID)
		wantStatus(t, record, entries, "failed", "unreachable")
		if err := w.api.Do(t.Context(), "DELETE", "/applications/"+app+"?forget=true", nil,
			&removed); err != nil {
			t.Fatal(err)
		}
		if record := w.await(t, removed.DeploymentUUID); record.Operation != "forget" ||
			record.Status != "finished" {
			t.Errorf("it is recorded as %s %s, want forget finished", record.Operation, record.Status)
		}
		wantAnswer(t, w.api.Get(t.Context(), "/applications/"+app, nil), 404, "Application not found.")
		if err := w.api.Do(t.Context(), "DELETE", "/servers/"+server, nil, nil); err != nil {
			t.Errorf("the server cannot be deleted: %v", err)
		}
	})
	t.Run("one that shows another host key gets no command", func(t *testing.T) {
		atOnce(t)
		ssh, other := remotetest.Start(t, remotetest.Options{}), remotetest.Start(t, remotetest.Options{})
		server := w.registerWith(t, ssh, other.HostKey())
		record, entries := w.deploy(t, w.shell(t, server, "echo never"))
		wantStatus(t, record, entries, "failed", "host-key-changed")
		wantLog(t, entries, "SHA256:")
	})
	t.Run("one that accepts and hangs is unreachable", func(t *testing.T) {
		atOnce(t)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		ssh := remotetest.Start(t, remotetest.Options{})
		server := w.registerAt(t, ssh, listener.Addr().(*net.TCPAddr).Port)
		record, entries := w.deploy(t, w.shell(t, server, "echo never"))
		wantStatus(t, record, entries, "failed", "unreachable")
	})
	t.Run("one whose connections die in the middle loses no line", func(t *testing.T) {
		atOnce(t)
		ssh := remotetest.Start(t, remotetest.Options{})
		app := w.shell(t, w.register(t, ssh),
			"i=1; while [ $i -le 40 ]; do echo line $i; sleep 0.1; i=$((i+1)); done")
		uuid := w.start(t, app)
		var entries []client.Entry
		cut := false
		err := w.api.Follow(t.Context(), uuid, func(entry client.Entry) {
			entries = append(entries, entry)
			if entry.Output == "line 5" && !cut {
				cut = true
				ssh.CutAll()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		wantStatus(t, w.await(t, uuid), entries, "finished", "")
		if got := outputs(entries, "Start"); len(got) != 40 || got[39] != "line 40" {
			t.Errorf("%d lines, want 40:\n%s", len(got), text(entries))
		}
		wantLog(t, entries, "connection to the server was lost")
	})
}
