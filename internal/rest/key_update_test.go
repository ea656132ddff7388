package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// otherPEM stands for another private key.
const otherPEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nanother\n-----END OPENSSH PRIVATE KEY-----\n"

// TestAKeyIsReplaced under its uuid, after it has opened every server of the old
// one: a leaked key must not cost new servers.
func TestAKeyIsReplaced(t *testing.T) {
	w := newWorld(t)
	key := w.key(t)
	server := w.create(t, "createServer", object{"name": "web", "ip": "10.0.0.1", "private_key_uuid": key, "host_key": firstKey.Line})
	kept := func() string {
		secrets, err := w.memory.Vault().Get(t.Context(), catalog.ID(key))
		if err != nil {
			t.Fatal(err)
		}
		return secrets[catalog.PrivateKeySecret]
	}
	t.Run("not while a server refuses it", func(t *testing.T) {
		w.inspector.shut = fault.New(fault.Unavailable, "The server refused the private key for the user root.")
		w.refused(t, "updateKey", key, object{"private_key": otherPEM}, "private_key", "does not open server web")
		if kept() != examplePEM {
			t.Error("the key in the vault has changed")
		}
		w.inspector.shut = nil
	})
	t.Run("when every server takes it", func(t *testing.T) {
		w.inspector.opened = ""
		got := want[object](t, w, http.StatusOK, request{id: "updateKey", uuid: key, body: object{"private_key": otherPEM, "name": "second"}})
		if w.inspector.opened != otherPEM || kept() != otherPEM || got["name"] != "second" {
			t.Error("it was not tried, not kept, or not renamed")
		}
	})
	t.Run("a name alone tries nothing", func(t *testing.T) {
		w.inspector.opened = ""
		want[object](t, w, http.StatusOK, request{id: "updateKey", uuid: key, body: object{"name": "third"}})
		if w.inspector.opened != "" || kept() != otherPEM {
			t.Error("a server was opened, or the key has changed")
		}
	})
	t.Run("a server can be given another key", func(t *testing.T) {
		spare := w.key(t)
		w.inspector.shut = fault.New(fault.Unavailable, "The server did not answer: connection refused.")
		w.refused(t, "updateServer", server, object{"private_key_uuid": spare}, "private_key_uuid", "connection refused")
		w.inspector.shut = nil
		got := want[object](t, w, http.StatusOK, request{id: "updateServer", uuid: server, body: object{"private_key_uuid": spare}})
		if got["private_key_uuid"] != spare || w.inspector.opened != examplePEM {
			t.Errorf("the server has the key %v, want %s, tried first", got["private_key_uuid"], spare)
		}
		want[object](t, w, http.StatusOK, request{id: "deleteKey", uuid: key})
		want[problem](t, w, http.StatusConflict, request{id: "deleteKey", uuid: spare})
	})
	t.Run("why a key is refused is said at its field", func(t *testing.T) {
		answer := w.ask(t, request{id: "updateKey", uuid: w.key(t), body: object{"private_key": "my-other-secret"}})
		if answer.status != http.StatusUnprocessableEntity || strings.Contains(string(answer.body), "my-other-secret") {
			t.Errorf("%d %s", answer.status, answer.body)
		}
	})
}
