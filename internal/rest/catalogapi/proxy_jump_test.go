package catalogapi_test

import (
	"net/http"
	"strings"
	"testing"

	"waybill/internal/rest/resttest"
)

// newPrivate creates a server behind a jump host, and returns the uuids of both.
func newPrivate(t *testing.T, w *resttest.World) (server, jump string) {
	t.Helper()
	jump = w.Server(t)
	return w.Create(t, "createServer", resttest.Object{
		"name": "private", "ip": "10.0.0.9", "private_key_uuid": w.Key(t), "proxy_jump": jump,
	}), jump
}

func TestProxyJumpOfAServer(t *testing.T) {
	w := resttest.New(t)
	server, jump := newPrivate(t, w)
	other := w.Server(t)
	if got := w.Get(t, "getServer", server)["proxy_jump"]; got != jump {
		t.Errorf("proxy_jump = %v, want %s", got, jump)
	}
	for _, c := range []struct {
		name, server string
		jump         any
		says         string
	}{
		{"itself", server, server, "another server"},
		{"what is no server", server, "key" + strings.Repeat("0", 21), "another server"},
		{"a server that is not there", server, "srv" + strings.Repeat("0", 21), "no proxy_jump of its own"},
		{"a server with a jump host", other, server, "no proxy_jump of its own"},
		{"a jump host gets one", jump, other, "because other servers"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			body := resttest.Object{"proxy_jump": c.jump}
			w.Refused(t, "updateServer", c.server, body, "proxy_jump", c.says)
		})
	}
	resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{
		Operation: "deleteServer", PathUUID: jump,
	})
	for _, host := range []any{other, nil} {
		got := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "updateServer", PathUUID: server, Body: resttest.Object{"proxy_jump": host},
		})
		if got["proxy_jump"] != host {
			t.Errorf("proxy_jump = %v, want %v", got["proxy_jump"], host)
		}
	}
}

// TestAServerIsValidatedThroughItsJumpHost: each has its own key, and another jump host is a way
// that nobody has tried.
func TestAServerIsValidatedThroughItsJumpHost(t *testing.T) {
	w := resttest.New(t)
	server, jump := newPrivate(t, w)
	resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
		Operation: "validateServer", PathUUID: server, Body: resttest.Object{"pin": true},
	})
	if via := w.Inspector.Jump; via == nil || string(via.Server.ID) != jump || via.PrivateKey == "" {
		t.Errorf("validated through %+v, want %s with its key", via, jump)
	}
	if !w.Shown(t, server, "").IsReachable {
		t.Fatal("it is not reachable")
	}
	resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
		Operation: "updateServer", PathUUID: server, Body: resttest.Object{"proxy_jump": nil},
	})
	if w.Shown(t, server, "").IsReachable {
		t.Error("it is reachable on a way that nobody has tried")
	}
	resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
		Operation: "validateServer", PathUUID: server,
	})
	if w.Inspector.Jump != nil {
		t.Error("validated through a jump host that it has no more")
	}
}

// TestAKeyIsTriedThroughAJumpHost: a new private key is tried where the old one is used: at the
// server behind a jump host, and at the jump host on the way to it.
func TestAKeyIsTriedThroughAJumpHost(t *testing.T) {
	w := resttest.New(t)
	shared, own := w.Key(t), w.Key(t)
	pinned := func(name, key string, jump any) string {
		return w.Create(t, "createServer", resttest.Object{"name": name, "ip": "10.0.0.9",
			"private_key_uuid": key, "host_key": resttest.FirstKey.Line, "proxy_jump": jump})
	}
	jump := pinned("jump", shared, nil)
	server, other := pinned("private", shared, jump), pinned("other", own, jump)
	replace := func(key string) {
		t.Helper()
		resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "updateKey", PathUUID: key, Body: resttest.Object{"private_key": otherPEM},
		})
	}
	replace(own)
	login := w.Inspector.LoginOf(other)
	if via := login.Jump; login.PrivateKey != otherPEM || via == nil || string(via.Server.ID) != jump ||
		via.PrivateKey != resttest.ExamplePEM {
		t.Error("the key of one server was not tried, or its jump host was not opened with the present key")
	}
	replace(shared)
	login = w.Inspector.LoginOf(server)
	if via := login.Jump; login.PrivateKey != otherPEM || via == nil || via.PrivateKey != otherPEM {
		t.Error("the shared key was not tried on both hops")
	}
	if w.Inspector.LoginOf(jump).PrivateKey != otherPEM {
		t.Error("the jump host was not opened with the new key")
	}
}
