package catalogapi_test

import (
	"net/http"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
)

// otherPEM stands for another private key.
const otherPEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nanother\n-----END OPENSSH PRIVATE KEY-----\n"

// The vault has the inspector's form of a key, not the form in the request.
func TestAKeyIsStoredInOneForm(t *testing.T) {
	w := resttest.New(t)
	given := func(pem string) resttest.Object {
		return resttest.Object{"name": "key", "private_key": strings.ReplaceAll(pem, "\n", "\r\n")}
	}
	key := w.Create(t, "createKey", given(resttest.ExamplePEM))
	wantKept := func(want string) {
		t.Helper()
		if got := w.Vault(t, key)[catalog.PrivateKeySecret]; got != want {
			t.Errorf("the vault has %q, want %q", got, want)
		}
	}
	wantKept(resttest.ExamplePEM)
	resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
		Operation: "updateKey", PathUUID: key, Body: given(otherPEM),
	})
	wantKept(otherPEM)
}

// TestAKeyIsReplaced under its uuid, after it has opened every server of the old
// one: a leaked key must not cost new servers.
func TestAKeyIsReplaced(t *testing.T) {
	w := resttest.New(t)
	key := w.Key(t)
	server := w.Create(t, "createServer", resttest.Object{
		"name": "web", "ip": "10.0.0.1", "private_key_uuid": key, "host_key": resttest.FirstKey.Line,
	})
	kept := func() string {
		secrets, err := w.Memory.Secrets(t.Context(), catalog.ID(key))
		if err != nil {
			t.Fatal(err)
		}
		return secrets.Values[catalog.PrivateKeySecret]
	}
	t.Run("not while a server refuses it", func(t *testing.T) {
		w.Inspector.Shut = catalog.NewServerError(
			"The server refused the private key for the user root.")
		w.Refused(t, "updateKey", key, resttest.Object{"private_key": otherPEM}, "private_key",
			"does not open server web")
		if kept() != resttest.ExamplePEM {
			t.Error("the key in the vault has changed")
		}
		w.Inspector.Shut = nil
	})
	t.Run("when every server takes it", func(t *testing.T) {
		w.Inspector.Opened = ""
		got := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "updateKey", PathUUID: key,
			Body: resttest.Object{"private_key": otherPEM, "name": "second"},
		})
		if w.Inspector.Opened != otherPEM || kept() != otherPEM || got["name"] != "second" {
			t.Error("it was not tried, not kept, or not renamed")
		}
	})
	t.Run("a name alone tries nothing", func(t *testing.T) {
		w.Inspector.Opened = ""
		resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "updateKey", PathUUID: key, Body: resttest.Object{"name": "third"},
		})
		if w.Inspector.Opened != "" || kept() != otherPEM {
			t.Error("a server was opened, or the key has changed")
		}
	})
	t.Run("a server can be given another key", func(t *testing.T) {
		spare := w.Key(t)
		w.Inspector.Shut = catalog.NewServerError("The server did not answer: connection refused.")
		w.Refused(t, "updateServer", server, resttest.Object{"private_key_uuid": spare}, "private_key_uuid",
			"connection refused")
		w.Inspector.Shut = nil
		got := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "updateServer", PathUUID: server, Body: resttest.Object{"private_key_uuid": spare},
		})
		if got["private_key_uuid"] != spare || w.Inspector.Opened != resttest.ExamplePEM {
			t.Errorf("the server has the key %v, want %s, tried first", got["private_key_uuid"], spare)
		}
		resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
			Operation: "deleteKey", PathUUID: key,
		})
		resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{
			Operation: "deleteKey", PathUUID: spare,
		})
	})
	t.Run("why a key is refused is said at its field", func(t *testing.T) {
		answer := w.Ask(t, resttest.Request{
			Operation: "updateKey", PathUUID: w.Key(t),
			Body: resttest.Object{"private_key": "my-other-secret"},
		})
		if answer.Status != http.StatusUnprocessableEntity ||
			strings.Contains(string(answer.Body), "my-other-secret") {
			t.Errorf("%d %s", answer.Status, answer.Body)
		}
	})
}
