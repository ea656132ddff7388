package catalogapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
)

func TestARegistry(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	service := w.Service(t, server)
	made := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
		Operation: "createRegistry", Body: resttest.Object{
			"url": "https://Registry.example:5000/", "user": "bot", "password": resttest.RegistryPassword,
			"server_uuids": []string{server}, "resource_uuids": []string{service},
		},
	})
	uuid := made["uuid"].(string)
	for field, want := range map[string]any{
		"url": "registry.example:5000", "name": "registry.example:5000", "user": "bot",
		"server_uuids": []any{server}, "resource_uuids": []any{service},
	} {
		if diff := cmp.Diff(made[field], want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", field, diff)
		}
	}
	if diff := cmp.Diff(w.Get(t, "getRegistry", uuid), made); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
	password := func() string { return w.Vault(t, uuid)[catalog.RegistryPasswordSecret] }
	if got := password(); got != resttest.RegistryPassword {
		t.Errorf("the vault has %q", got)
	}
	t.Run("needs its password again for another url or user", func(t *testing.T) {
		for _, change := range []resttest.Object{{"url": "ghcr.io"}, {"user": "eve"}} {
			w.Refused(t, "updateRegistry", uuid, change, "password", "another url or user")
		}
		same := resttest.Object{"url": "http://registry.example:5000"}
		w.Change(t, http.StatusOK, "updateRegistry", uuid, same)
		w.Change(t, http.StatusOK, "updateRegistry", uuid, resttest.Object{"name": "ours"})
		got := w.Get(t, "getRegistry", uuid)
		if got["url"] != "registry.example:5000" || got["name"] != "ours" {
			t.Errorf("got %v", got)
		}
	})
	t.Run("keeps a former password for the masks", func(t *testing.T) {
		w.Change(t, http.StatusOK, "updateRegistry", uuid,
			resttest.Object{"url": "ghcr.io", "password": "another-password"})
		secrets, err := w.Memory.Secrets(t.Context(), catalog.ID(uuid))
		if err != nil {
			t.Fatal(err)
		}
		if password() != "another-password" || len(secrets.Retired) != 1 ||
			secrets.Retired[0].Value != resttest.RegistryPassword {
			t.Errorf("the vault has %q and %d former ones", password(), len(secrets.Retired))
		}
	})
	t.Run("may list what was deleted in the meantime", func(t *testing.T) {
		resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
			Operation: "deleteService", PathUUID: service, Query: "?forget=true",
		})
		w.Change(t, http.StatusOK, "updateRegistry", uuid, resttest.Object{"description": "changed"})
	})
	t.Run("is deleted with its password", func(t *testing.T) {
		w.Get(t, "deleteRegistry", uuid)
		w.WantDiscarded(t, uuid)
	})
}

func TestARegistryIsRefused(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	good := resttest.Object{"url": "ghcr.io", "user": "bot", "password": resttest.RegistryPassword,
		"server_uuids": []string{server}}
	for _, c := range []struct {
		name, field, says string
		value             any
	}{
		{"a url with a path", "url", "without a path", "ghcr.io/acme"},
		{"a url with a password", "url", "without a path", "https://bot:pw@ghcr.io"},
		{"a weak password", "password", "common word", "changeme"},
		{"a server that is not there", "server_uuids", "exist", []string{"srv" + strings.Repeat("0", 21)}},
		{"a resource as a server", "server_uuids", "exist", []string{w.Service(t, server)}},
		{"nothing that may use it", "server_uuids", "1 to 100", []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := resttest.Object{}
			for field, value := range good {
				body[field] = value
			}
			body[c.field] = c.value
			w.Refused(t, "createRegistry", "", body, c.field, c.says)
		})
	}
}
