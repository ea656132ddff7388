package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

type shownServer struct {
	UUID        string
	HostKey     *string `json:"host_key"`
	Port        int
	User        string
	DataDir     string  `json:"data_dir"`
	IsReachable bool    `json:"is_reachable"`
	IsUsable    bool    `json:"is_usable"`
	ValidatedAt *string `json:"validated_at"`
	Resources   []struct{ UUID, Type, Status string }
}

func (w *world) shown(t *testing.T, server, query string) shownServer {
	t.Helper()
	return want[shownServer](t, w, http.StatusOK, request{id: "getServer", uuid: server, query: query})
}

func TestServers(t *testing.T) {
	w := newWorld(t)
	key := w.key(t)

	t.Run("what is left out has its default", func(t *testing.T) {
		got := w.shown(t, w.create(t, "createServer", object{"name": "web", "ip": "10.0.0.1", "private_key_uuid": key}), "")
		if got.Port != 22 || got.User != "root" || got.DataDir != "/data/waybill" || got.HostKey != nil || got.IsUsable {
			t.Errorf("server = %+v", got)
		}
	})
	t.Run("a host key loses its comment", func(t *testing.T) {
		uuid := w.create(t, "createServer", object{"name": "web", "ip": "10.0.0.1", "private_key_uuid": key, "host_key": firstKey.Line + " root@web\n"})
		if got := w.shown(t, uuid, ""); *got.HostKey != firstKey.Line || !got.IsUsable || got.IsReachable {
			t.Errorf("server = %+v", got)
		}
	})
	t.Run("a key that is used cannot be deleted", func(t *testing.T) {
		want[problem](t, w, http.StatusConflict, request{id: "deleteKey", uuid: key})
		if _, err := w.memory.Vault().Get(t.Context(), catalog.ID(key)); err != nil {
			t.Errorf("its secret is gone: %v", err)
		}
	})
	t.Run("its resources are shown when asked for, and hold it in place", func(t *testing.T) {
		server := w.server(t)
		application, service := w.application(t, server), w.service(t, server)
		w.application(t, w.server(t))
		if got := w.shown(t, server, ""); got.Resources != nil {
			t.Errorf("resources = %v, want none", got.Resources)
		}
		got := w.shown(t, server, "?resources=1").Resources
		if len(got) != 2 || got[0].UUID != application || got[1].UUID != service || got[1].Type != "service" {
			t.Errorf("resources = %v", got)
		}
		want[problem](t, w, http.StatusConflict, request{id: "deleteServer", uuid: server})
	})
	for name, c := range map[string]struct {
		change object
		field  string
	}{
		"no name":                      {object{"name": nil}, "name"},
		"a blank name":                 {object{"name": "  "}, "name"},
		"a port out of range":          {object{"port": 70000}, "port"},
		"a port that is text":          {object{"port": "22"}, "port"},
		"an address with a scheme":     {object{"ip": "ssh://web"}, "ip"},
		"an address with two dots":     {object{"ip": "a..b"}, "ip"},
		"a key that is not there":      {object{"private_key_uuid": "key" + strings.Repeat("0", 21)}, "private_key_uuid"},
		"a key that is a server":       {object{"private_key_uuid": "srv" + strings.Repeat("0", 21)}, "private_key_uuid"},
		"a host key that is none":      {object{"host_key": "nonsense"}, "host_key"},
		"a folder that climbs":         {object{"data_dir": "/data/../etc"}, "data_dir"},
		"a relative folder":            {object{"data_dir": "data"}, "data_dir"},
		"more at a time than allowed":  {object{"concurrency": 101}, "concurrency"},
		"a field that nobody knows":    {object{"passwort": "hunter22"}, "passwort"},
		"a user that is an ssh option": {object{"user": "-oProxyCommand=x"}, "user"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			body := object{"name": "web", "ip": "10.0.0.1", "private_key_uuid": key}
			for field, value := range c.change {
				body[field] = value
			}
			got := want[problem](t, w, http.StatusUnprocessableEntity, request{id: "createServer", body: body})
			if got.Message != "Validation failed." || len(got.Errors) != 1 || len(got.Errors[c.field]) == 0 {
				t.Errorf("problem = %+v, want one of %s", got, c.field)
			}
		})
	}
}

type validated struct {
	Message     string
	IsReachable bool `json:"is_reachable"`
	IsUsable    bool `json:"is_usable"`
	Fingerprint *string
	HostKey     *string `json:"host_key"`
	Pinned      bool
}

func TestValidateServer(t *testing.T) {
	w := newWorld(t)
	unpinned := func(t *testing.T) string {
		return w.create(t, "createServer", object{"name": "web", "ip": "10.0.0.1", "private_key_uuid": w.key(t)})
	}
	validate := func(t *testing.T, status int, server string, body any) validated {
		t.Helper()
		return want[validated](t, w, status, request{id: "validateServer", uuid: server, body: body})
	}
	wantPinned := func(t *testing.T, server, line string) {
		t.Helper()
		if got := w.shown(t, server, ""); line == "" && got.HostKey != nil || line != "" && (got.HostKey == nil || *got.HostKey != line) {
			t.Errorf("the pinned key is %v, want %q", got.HostKey, line)
		}
	}

	t.Run("without pin the key is shown and not pinned, and nobody logs in", func(t *testing.T) {
		server := unpinned(t)
		w.inspector.opened = ""
		got := validate(t, 201, server, nil)
		if got.Pinned || got.IsUsable || !got.IsReachable || *got.Fingerprint != firstKey.Fingerprint || !strings.Contains(got.Message, firstKey.Fingerprint) {
			t.Errorf("found = %+v", got)
		}
		if wantPinned(t, server, ""); w.inspector.opened != "" {
			t.Error("somebody logged in without a pinned key")
		}
	})
	t.Run("with pin it is pinned, and the private key is tried", func(t *testing.T) {
		server := unpinned(t)
		got := validate(t, 201, server, object{"pin": true, "fingerprint": firstKey.Fingerprint})
		if !got.Pinned || !got.IsUsable || w.inspector.opened != examplePEM {
			t.Errorf("found = %+v", got)
		}
		wantPinned(t, server, firstKey.Line)
		if shown := w.shown(t, server, ""); shown.ValidatedAt == nil || !shown.IsReachable {
			t.Errorf("server = %+v", shown)
		}
		if got := validate(t, 201, server, object{"install": true}); !got.Pinned || !got.IsUsable {
			t.Errorf("again: found = %+v", got)
		}
	})
	t.Run("another fingerprint than the expected one pins nothing", func(t *testing.T) {
		server := unpinned(t)
		got := validate(t, 409, server, object{"pin": true, "fingerprint": secondKey.Fingerprint})
		if !strings.Contains(got.Message, firstKey.Fingerprint) || !strings.Contains(got.Message, secondKey.Fingerprint) {
			t.Errorf("message = %q, want both fingerprints", got.Message)
		}
		wantPinned(t, server, "")
	})
	t.Run("a changed key is told, and pinned only by its fingerprint", func(t *testing.T) {
		server := w.server(t)
		w.inspector.shows = secondKey
		defer func() { w.inspector.shows = firstKey }()
		if got := validate(t, 201, server, nil); got.Pinned || got.IsUsable || !strings.Contains(got.Message, "not the pinned one") {
			t.Errorf("found = %+v", got)
		}
		validate(t, 409, server, object{"pin": true})
		wantPinned(t, server, firstKey.Line)
		if got := validate(t, 201, server, object{"pin": true, "fingerprint": secondKey.Fingerprint}); !got.Pinned || !got.IsUsable {
			t.Errorf("found = %+v", got)
		}
		wantPinned(t, server, secondKey.Line)
	})
	t.Run("a server that does not answer is a finding that nobody retries", func(t *testing.T) {
		w.inspector.unseen = fault.New(fault.Unavailable, "Nothing listens on 10.0.0.1:22.")
		defer func() { w.inspector.unseen = nil }()
		if got := validate(t, 201, w.server(t), nil); got.IsReachable || got.Fingerprint != nil || got.Message != "Nothing listens on 10.0.0.1:22." {
			t.Errorf("found = %+v", got)
		}
	})
	t.Run("a private key that the server refuses is a finding too", func(t *testing.T) {
		w.inspector.shut = fault.New(fault.Unavailable, "The server refused the private key.")
		defer func() { w.inspector.shut = nil }()
		if got := validate(t, 201, w.server(t), nil); !got.IsReachable || got.IsUsable || !strings.Contains(got.Message, "refused the private key") {
			t.Errorf("found = %+v", got)
		}
	})
	t.Run("a fingerprint that is none is refused", func(t *testing.T) {
		validate(t, 422, w.server(t), object{"fingerprint": "SHA256:short"})
	})
}
