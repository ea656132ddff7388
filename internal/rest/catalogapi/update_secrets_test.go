package catalogapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
)

// TestSecretsOfAChange holds that a secret stays unless it is named with a
// value, and is gone with its name.
func TestSecretsOfAChange(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	variables := func(all ...resttest.Object) resttest.Object { return resttest.Object{"environment": all} }
	secret := func(key string, value ...string) resttest.Object {
		one := resttest.Object{"key": key, "is_secret": true}
		if len(value) > 0 {
			one["value"] = value[0]
		}
		return one
	}
	hash := func(t *testing.T, answered resttest.Object) any {
		return w.Show(t, answered["deployment_uuid"].(string))["configuration_hash"]
	}
	uuid := w.Application(t, server)
	t.Run("a variable without a value keeps its own next to a new one", func(t *testing.T) {
		w.Change(t, http.StatusOK, "updateApplication", uuid,
			variables(secret("PASSWORD"), secret("TOKEN", "a-new-secret")))
		got := w.Vault(t, uuid)
		if got["PASSWORD"] != resttest.SecretValue || got["TOKEN"] != "a-new-secret" || len(got) != 3 {
			t.Errorf("the vault has %v", got)
		}
	})
	t.Run("a changed value is another configuration, though it is not in it", func(t *testing.T) {
		first := w.Change(t, http.StatusOK, "updateApplication", uuid,
			variables(secret("PASSWORD"), secret("TOKEN", "another-secret")))
		second := w.Change(t, http.StatusOK, "updateApplication", uuid,
			variables(secret("PASSWORD"), secret("TOKEN", "a-third-secret")))
		if hash(t, first) == hash(t, second) {
			t.Error("both have one hash")
		}
		compared := resttest.Want[struct{ Changes []resttest.Object }](t, w, http.StatusOK,
			resttest.Request{Operation: "compareDeployments",
				PathUUID: first["deployment_uuid"].(string), OtherUUID: second["deployment_uuid"].(string)})
		wanted := []resttest.Object{
			{"path": "environment.TOKEN", "edit": "changed", "secret": true, "before": nil, "after": nil},
		}
		if diff := cmp.Diff(compared.Changes, wanted); diff != "" {
			t.Errorf("changes (-got +want)\n%s", diff)
		}
		if w.Vault(t, uuid)["TOKEN"] != "a-third-secret" {
			t.Error("the vault has another value")
		}
	})
	t.Run("a variable that is not named is gone", func(t *testing.T) {
		w.Change(t, http.StatusOK, "updateApplication", uuid, variables(secret("PASSWORD")))
		if got := w.Vault(t, uuid); len(got) != 2 || got["PASSWORD"] != resttest.SecretValue {
			t.Errorf("the vault has %v", got)
		}
	})
	t.Run("a secret that becomes plain needs its value, and leaves the vault", func(t *testing.T) {
		w.Refused(t, "updateApplication", uuid, variables(resttest.Object{"key": "PASSWORD"}),
			"environment.PASSWORD", "needs a value")
		w.Change(t, http.StatusOK, "updateApplication", uuid,
			variables(resttest.Object{"key": "PASSWORD", "value": "plain"}))
		if got := w.Vault(t, uuid); len(got) != 1 {
			t.Errorf("the vault has %v", got)
		}
	})
	t.Run("a new secret needs a value", func(t *testing.T) {
		w.Refused(t, "updateApplication", uuid, variables(secret("NEW")), "environment.NEW", "needs a value")
	})
	t.Run("a database's password can be set or generated", func(t *testing.T) {
		db := w.Database(t, server)
		w.Change(t, http.StatusOK, "updateDatabase", db, resttest.Object{
			"postgres_password": "another-password",
		})
		if got := w.Vault(t, db)["POSTGRES_PASSWORD"]; got != "another-password" {
			t.Errorf("the vault has %q", got)
		}
		w.Change(t, http.StatusOK, "updateDatabase", db, resttest.Object{"postgres_password": nil})
		if got := w.Vault(t, db)["POSTGRES_PASSWORD"]; len(got) != catalog.GeneratedLength {
			t.Errorf("the vault has %q", got)
		}
	})
	t.Run("a repository's password stays until it is removed", func(t *testing.T) {
		built := w.Built(t, server)
		w.Change(t, http.StatusOK, "updateApplication", built, resttest.Object{"git_branch": "main"})
		if got := w.Vault(t, built)[catalog.GitPasswordSecret]; got != resttest.GitPassword {
			t.Errorf("the vault has %q", got)
		}
		w.Refused(t, "updateApplication", built,
			resttest.Object{"git_repository": "https://elsewhere.example/api.git"}, "git_username",
			"go together")
		w.Refused(t,
			"updateApplication", built, resttest.Object{"git_password": nil}, "git_username", "go together")
		w.Change(t, http.StatusOK, "updateApplication", built, resttest.Object{"git_username": nil})
		if got, there := w.Vault(t, built)[catalog.GitPasswordSecret]; there {
			t.Errorf("the vault has %q", got)
		}
	})
}
