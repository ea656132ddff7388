package catalogapi_test

import (
	"net/http"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
)

func TestServers(t *testing.T) {
	w := resttest.New(t)
	key := w.Key(t)

	t.Run("what is left out has its default", func(t *testing.T) {
		got := w.Shown(t,
			w.Create(t, "createServer", resttest.Object{
				"name": "web", "ip": "10.0.0.1", "private_key_uuid": key,
			}),
			"")
		if got.Port != 22 || got.User != "root" || got.DataDir != "/data/waybill" || got.HostKey != nil ||
			got.IsUsable {
			t.Errorf("server = %+v", got)
		}
	})
	t.Run("a host key loses its comment", func(t *testing.T) {
		uuid := w.Create(t, "createServer", resttest.Object{
			"name": "web", "ip": "10.0.0.1", "private_key_uuid": key,
			"host_key": resttest.FirstKey.Line + " root@web\n",
		})
		if got := w.Shown(t, uuid, ""); *got.HostKey != resttest.FirstKey.Line || !got.IsUsable ||
			got.IsReachable {
			t.Errorf("server = %+v", got)
		}
	})
	t.Run("a key that is used cannot be deleted", func(t *testing.T) {
		resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{
			Operation: "deleteKey", PathUUID: key,
		})
		if _, err := w.Memory.Secrets(t.Context(), catalog.ID(key)); err != nil {
			t.Errorf("its secret is gone: %v", err)
		}
	})
	t.Run("its resources are shown when asked for, and hold it in place", func(t *testing.T) {
		server := w.Server(t)
		application, service := w.Application(t, server), w.Service(t, server)
		w.Application(t, w.Server(t))
		if got := w.Shown(t, server, ""); got.Resources != nil {
			t.Errorf("resources = %v, want none", got.Resources)
		}
		got := w.Shown(t, server, "?resources=1").Resources
		if len(got) != 2 || got[0].UUID != application || got[1].UUID != service || got[1].Type != "service" {
			t.Errorf("resources = %v", got)
		}
		resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{
			Operation: "deleteServer", PathUUID: server,
		})
	})
	for _, c := range []struct {
		name   string
		change resttest.Object
		field  string
	}{
		{"a blank name", resttest.Object{"name": "  "}, "name"},
		{"a port out of range", resttest.Object{"port": 70000}, "port"},
		{"a port that is text", resttest.Object{"port": "22"}, "port"},
		{"an address with a scheme", resttest.Object{"ip": "ssh://web"}, "ip"},
		{"an address with two dots", resttest.Object{"ip": "a..b"}, "ip"},
		{"a key that is not there",
			resttest.Object{"private_key_uuid": "key" + strings.Repeat("0", 21)}, "private_key_uuid",
		},
		{"a key that is a server",
			resttest.Object{"private_key_uuid": "srv" + strings.Repeat("0", 21)}, "private_key_uuid",
		},
		{"a host key that is none", resttest.Object{"host_key": "nonsense"}, "host_key"},
		{"a folder that climbs", resttest.Object{"data_dir": "/data/../etc"}, "data_dir"},
		{"a domain with a scheme", resttest.Object{"service_domain": "https://a.example"}, "service_domain"},
		{"an address for a domain", resttest.Object{"service_domain": "10.0.0.1"}, "service_domain"},
		{"a relative folder", resttest.Object{"data_dir": "data"}, "data_dir"},
		{"more at a time than allowed", resttest.Object{"concurrency": 101}, "concurrency"},
		{"a field that nobody knows", resttest.Object{"passwort": "hunter22"}, "passwort"},
		{"a user that is an ssh option", resttest.Object{"user": "-oProxyCommand=x"}, "user"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			body := resttest.Object{"name": "web", "ip": "10.0.0.1", "private_key_uuid": key}
			for field, value := range c.change {
				body[field] = value
			}
			got := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
				Operation: "createServer", Body: body,
			})
			if !strings.HasPrefix(got.Message, "Validation failed. "+c.field+": ") ||
				len(got.Errors) != 1 || len(got.Errors[c.field]) == 0 {
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
	w := resttest.New(t)
	unpinned := func(t *testing.T) string {
		return w.Create(t, "createServer", resttest.Object{
			"name": "web", "ip": "10.0.0.1", "private_key_uuid": w.Key(t),
		})
	}
	validate := func(t *testing.T, status int, server string, body any) validated {
		t.Helper()
		return resttest.Want[validated](t, w, status, resttest.Request{
			Operation: "validateServer", PathUUID: server, Body: body,
		})
	}
	wantPinned := func(t *testing.T, server, line string) {
		t.Helper()
		if got := w.Shown(t, server, ""); line == "" && got.HostKey != nil || line != "" &&
			(got.HostKey == nil || *got.HostKey != line) {
			t.Errorf("the pinned key is %v, want %q", got.HostKey, line)
		}
	}

	t.Run("without pin the key is shown and not pinned, and nobody logs in", func(t *testing.T) {
		server := unpinned(t)
		w.Inspector.Opened = ""
		got := validate(t, 201, server, nil)
		if got.Pinned || got.IsUsable || !got.IsReachable ||
			*got.Fingerprint != resttest.FirstKey.Fingerprint ||
			!strings.Contains(got.Message, resttest.FirstKey.Fingerprint) {
			t.Errorf("found = %+v", got)
		}
		if wantPinned(t, server, ""); w.Inspector.Opened != "" {
			t.Error("somebody logged in without a pinned key")
		}
	})
	t.Run("with pin it is pinned, and the private key is tried", func(t *testing.T) {
		server := unpinned(t)
		got := validate(t, 201, server, resttest.Object{
			"pin": true, "fingerprint": resttest.FirstKey.Fingerprint,
		})
		if !got.Pinned || !got.IsUsable || w.Inspector.Opened != resttest.ExamplePEM {
			t.Errorf("found = %+v", got)
		}
		wantPinned(t, server, resttest.FirstKey.Line)
		if shown := w.Shown(t, server, ""); shown.ValidatedAt == nil || !shown.IsReachable {
			t.Errorf("server = %+v", shown)
		}
		if got := validate(t, 201, server, resttest.Object{"install": true}); !got.Pinned || !got.IsUsable {
			t.Errorf("again: found = %+v", got)
		}
	})
	t.Run("another fingerprint than the expected one pins nothing", func(t *testing.T) {
		server := unpinned(t)
		got := validate(t, 409, server, resttest.Object{
			"pin": true, "fingerprint": resttest.SecondKey.Fingerprint,
		})
		if !strings.Contains(got.Message, resttest.FirstKey.Fingerprint) ||
			!strings.Contains(got.Message, resttest.SecondKey.Fingerprint) {
			t.Errorf("message = %q, want both fingerprints", got.Message)
		}
		wantPinned(t, server, "")
	})
	t.Run("a changed key is told, and pinned only by its fingerprint", func(t *testing.T) {
		server := w.Server(t)
		w.Inspector.Shows = resttest.SecondKey
		defer func() { w.Inspector.Shows = resttest.FirstKey }()
		if got := validate(t, 201, server, nil); got.Pinned || got.IsUsable ||
			!strings.Contains(got.Message, "not the pinned one") {
			t.Errorf("found = %+v", got)
		}
		validate(t, 409, server, resttest.Object{"pin": true})
		wantPinned(t, server, resttest.FirstKey.Line)
		if got := validate(t, 201, server, resttest.Object{
			"pin": true, "fingerprint": resttest.SecondKey.Fingerprint,
		}); !got.Pinned || !got.IsUsable {
			t.Errorf("found = %+v", got)
		}
		wantPinned(t, server, resttest.SecondKey.Line)
	})
	t.Run("a server that does not answer is a finding that nobody retries", func(t *testing.T) {
		w.Inspector.Unseen = catalog.NewServerError("Nothing listens on 10.0.0.1:22.")
		defer func() { w.Inspector.Unseen = nil }()
		if got := validate(t, 201, w.Server(t), nil); got.IsReachable || got.Fingerprint != nil ||
			got.Message != "Nothing listens on 10.0.0.1:22." {
			t.Errorf("found = %+v", got)
		}
	})
	t.Run("a private key that the server refuses is a finding too", func(t *testing.T) {
		w.Inspector.Shut = catalog.NewServerError("The server refused the private key.")
		defer func() { w.Inspector.Shut = nil }()
		if got := validate(t, 201, w.Server(t), nil); !got.IsReachable || got.IsUsable ||
			!strings.Contains(got.Message, "refused the private key") {
			t.Errorf("found = %+v", got)
		}
	})
	t.Run("a fingerprint that is none is refused", func(t *testing.T) {
		validate(t, 422, w.Server(t), resttest.Object{"fingerprint": "SHA256:short"})
	})
}
