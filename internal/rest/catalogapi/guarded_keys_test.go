package catalogapi_test

import (
	"net/http"
	"strings"
	"testing"

	"waybill/internal/access"
	"waybill/internal/rest/resttest"
)

// guardedScene has a server with the policy and one without it.
type guardedScene struct {
	*resttest.World
	// key opens the server strict, and same is another record of that key. other opens
	// the server lax, and spare is another record of that.
	key, same, other, spare, strict, lax string
}

func newGuardedScene(t *testing.T) guardedScene {
	w := guardedScene{World: resttest.New(t)}
	key := func(pem string) string {
		return w.Create(t, "createKey", resttest.Object{"name": "key", "private_key": pem})
	}
	w.key, w.same = key(resttest.ExamplePEM), key(resttest.ExamplePEM)
	w.other, w.spare = key(otherPEM), key(otherPEM)
	w.strict = w.Create(t, "createServer", resttest.Object{"name": "strict", "ip": "10.0.0.1",
		"private_key_uuid": w.key, "forbid_host_access": true})
	w.lax = w.Create(t, "createServer", resttest.Object{"name": "lax", "ip": "10.0.0.2",
		"private_key_uuid": w.other})
	return w
}

// share gives the lax server the key of the strict one, as root may.
func (w guardedScene) share(t *testing.T) {
	request := w.server(w.lax, resttest.Object{"private_key_uuid": w.key})
	resttest.Want[resttest.Object](t, w.World, http.StatusCreated, request)
}

func (guardedScene) server(uuid string, body resttest.Object) resttest.Request {
	return resttest.Request{Operation: "updateServer", PathUUID: uuid, Body: body}
}

func (guardedScene) second(key string, forbids bool) resttest.Request {
	return resttest.Request{Operation: "createServer", Body: resttest.Object{"name": "second",
		"ip": "10.0.0.1", "private_key_uuid": key, "forbid_host_access": forbids}}
}

func (guardedScene) replace(key, pem string) resttest.Request {
	return resttest.Request{Operation: "updateKey", PathUUID: key, Body: resttest.Object{"private_key": pem}}
}

// The endings of the refusals.
const (
	alsoOpens = "may use it for the server"
	wouldFree = "would free its private key"
)

// TestOnlyRootSharesAGuardedKey covers every way by which a second entry for a machine
// could escape its policy.
func TestOnlyRootSharesAGuardedKey(t *testing.T) {
	for _, c := range []struct {
		name   string
		shared bool
		ask    func(guardedScene) resttest.Request
		says   string
	}{
		{
			name: "a second server",
			ask:  func(w guardedScene) resttest.Request { return w.second(w.key, false) },
			says: alsoOpens,
		},
		{
			name: "a second server by another record of the key",
			ask: func(w guardedScene) resttest.Request {
				return w.second(w.same, false)
			},
			says: alsoOpens,
		},
		{
			name: "another key for a server",
			ask: func(w guardedScene) resttest.Request {
				return w.server(w.lax, resttest.Object{"private_key_uuid": w.same})
			},
			says: alsoOpens,
		},
		{
			name:   "another address",
			shared: true,
			ask: func(w guardedScene) resttest.Request {
				return w.server(w.lax, resttest.Object{"ip": "10.0.0.1"})
			},
			says: alsoOpens,
		},
		{
			name:   "another port",
			shared: true,
			ask: func(w guardedScene) resttest.Request {
				return w.server(w.lax, resttest.Object{"port": 2222})
			},
			says: alsoOpens,
		},
		{
			name:   "another user",
			shared: true,
			ask: func(w guardedScene) resttest.Request {
				return w.server(w.lax, resttest.Object{"user": "admin"})
			},
			says: alsoOpens,
		},
		{
			name: "the guarded key in place of another",
			ask: func(w guardedScene) resttest.Request {
				return w.replace(w.other, resttest.ExamplePEM)
			},
			says: alsoOpens,
		},
		{
			name: "the key of another server for the strict one",
			ask: func(w guardedScene) resttest.Request {
				return w.server(w.strict, resttest.Object{"private_key_uuid": w.other})
			},
			says: alsoOpens,
		},
		{
			name: "that key in place of the guarded one",
			ask: func(w guardedScene) resttest.Request {
				return w.replace(w.key, otherPEM)
			},
			says: alsoOpens,
		},
		{
			name: "a removal that frees the key",
			ask: func(w guardedScene) resttest.Request {
				return resttest.Request{Operation: "deleteServer", PathUUID: w.strict}
			},
			says: wouldFree,
		},
		{
			name: "a deploy key on another server",
			ask: func(w guardedScene) resttest.Request {
				return resttest.Request{Operation: "createDockerfileApplication", Body: resttest.Object{
					"name": "api", "server_uuid": w.lax, "private_key_uuid": w.key,
					"git_repository": "git@git.example:acme/api.git", "git_host_keys": "git.example " +
						"" + firstKeyLine}}
			},
			says: alsoOpens,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newGuardedScene(t)
			if c.shared {
				w.share(t)
			}
			request := c.ask(w)
			request.Token = w.Mint(t, access.Write)
			got := resttest.Want[resttest.Problem](t, w.World, http.StatusForbidden, request)
			if !strings.Contains(got.Message, c.says) || !strings.Contains(got.Message, "ability root") {
				t.Errorf("says %q, want %q", got.Message, c.says)
			}
			request.Token = w.Mint(t, access.Root)
			if answer := w.Ask(t, request); answer.Status/100 != 2 {
				t.Errorf("root gets %d %s", answer.Status, answer.Body)
			}
		})
	}
}

// TestAGuardedKeyLeavesOtherWorkAlone has what a token with write may still do.
func TestAGuardedKeyLeavesOtherWorkAlone(t *testing.T) {
	for _, c := range []struct {
		name   string
		shared bool
		ask    func(guardedScene) resttest.Request
	}{
		{
			name:   "another name for a server that shares the key",
			shared: true,
			ask: func(w guardedScene) resttest.Request {
				return w.server(w.lax, resttest.Object{"name": "other", "concurrency": 3})
			},
		},
		{
			name:   "the policy for a server that shares the key",
			shared: true,
			ask: func(w guardedScene) resttest.Request {
				return w.server(w.lax, resttest.Object{"forbid_host_access": true})
			},
		},
		{
			name: "a second server with the policy",
			ask:  func(w guardedScene) resttest.Request { return w.second(w.key, true) },
		},
		{
			name: "a server with another key",
			ask:  func(w guardedScene) resttest.Request { return w.second(w.spare, false) },
		},
		{
			name: "another address of the strict server",
			ask: func(w guardedScene) resttest.Request {
				return w.server(w.strict, resttest.Object{"ip": "10.0.0.9"})
			},
		},
		{
			name: "a removal of another server",
			ask: func(w guardedScene) resttest.Request {
				return resttest.Request{Operation: "deleteServer", PathUUID: w.lax}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newGuardedScene(t)
			if c.shared {
				w.share(t)
			}
			request := c.ask(w)
			request.Token = w.Mint(t, access.Write)
			if answer := w.Ask(t, request); answer.Status/100 != 2 {
				t.Errorf("answers %d %s", answer.Status, answer.Body)
			}
		})
	}
}
