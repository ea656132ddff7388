package catalogapi_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/rest/resttest"
	"waybill/internal/rest/showapi"
)

// slowVault runs put between the two steps of a change.
type slowVault struct {
	catalog.Vault
	put func() error
}

func (v *slowVault) Put(ctx context.Context, id catalog.ID, generation catalog.Generation,
	secrets catalog.Secrets) error {
	if v.put != nil {
		if err := v.put(); err != nil {
			return err
		}
	}
	return v.Vault.Put(ctx, id, generation, secrets)
}

// TestConcurrentChangesLoseNothing makes changes that meet each other: each is made
// or refused, and no secret of one that was made is lost.
func TestConcurrentChangesLoseNothing(t *testing.T) {
	changes := []resttest.Object{
		{"postgres_password": "another-password"},
		{"limits_memory": "512m"},
		{"limits_cpus": "2"},
		{"environment": []resttest.Object{
			{"key": "PASSWORD", "is_secret": true},
			{"key": "TOKEN", "value": "a-new-secret", "is_secret": true},
		}},
	}
	vault := &slowVault{}
	w := resttest.New(t,
		func(ports *catalogapi.Ports, _ *showapi.Ports) { vault.Vault, ports.Vault = ports.Vault, vault })
	server := w.Server(t)
	made := make([]bool, len(changes))
	change := func(db string, i int) {
		answer := w.Ask(t, resttest.Request{Operation: "updateDatabase", PathUUID: db, Body: changes[i]})
		if made[i] = answer.Status == http.StatusOK; !made[i] && answer.Status != http.StatusConflict {
			t.Errorf("answer = %d %s", answer.Status, answer.Body)
		}
	}
	check := func(t *testing.T, db string) {
		got := w.Get(t, "getDatabase", db)
		secrets := w.Vault(t, db)
		for i, kept := range []bool{
			secrets["POSTGRES_PASSWORD"] == "another-password", got["limits_memory"] == "512m",
			got["limits_cpus"] == "2", secrets["TOKEN"] == "a-new-secret",
		} {
			if made[i] != kept {
				t.Errorf("%v: made %v, and kept %v", changes[i], made[i], kept)
			}
		}
		entity, err := w.Memory.Catalog().Get(t.Context(), catalog.ID(db))
		if err != nil {
			t.Fatal(err)
		}
		for name, mark := range entity.(*catalog.Database).SecretDigests {
			if catalog.SecretDigest(secrets[catalog.DigestKeySecret], name, secrets[name]) != mark {
				t.Errorf("%s in the vault is not what the catalog has the mark of", name)
			}
		}
	}
	t.Run("all together", func(t *testing.T) {
		db := w.Database(t, server)
		var wait sync.WaitGroup
		for i := range changes {
			wait.Go(func() { change(db, i) })
		}
		wait.Wait()
		check(t, db)
	})
	t.Run("one between the two steps of another", func(t *testing.T) {
		db := w.Database(t, server)
		clear(made)
		vault.put = func() error {
			vault.put = nil
			change(db, 3)
			return nil
		}
		change(db, 0)
		check(t, db)
		if !made[0] {
			t.Error("the one that came first was refused")
		}
	})
}

func TestAChangeThatIsInterruptedChangesNothing(t *testing.T) {
	vault := &slowVault{}
	var store *diesAfterUpdate
	w := resttest.New(t, func(ports *catalogapi.Ports, _ *showapi.Ports) {
		store = &diesAfterUpdate{ports.Store, -1}
		vault.Vault, ports.Vault, ports.Store = ports.Vault, vault, store
	})
	application := w.Application(t, w.Server(t))
	change := resttest.Request{
		Operation: "updateApplication", PathUUID: application,
		Body: resttest.Object{
			"environment": []resttest.Object{{"key": "PASSWORD", "value": "a-new-secret", "is_secret": true}},
		},
	}
	wantUnchanged := func(t *testing.T, before resttest.Object) {
		t.Helper()
		if diff := cmp.Diff(w.Get(t, "getApplication", application), before); diff != "" {
			t.Errorf("it changed (-got +want)\n%s", diff)
		}
		if got := w.Vault(t, application)["PASSWORD"]; got != resttest.SecretValue {
			t.Errorf("the vault has %q, want the old secret", got)
		}
	}
	before := w.Get(t, "getApplication", application)
	t.Run("by the vault", func(t *testing.T) {
		vault.put = func() error { return errors.New("the parameter store is away") }
		resttest.Want[resttest.Problem](t, w, http.StatusInternalServerError, change)
		vault.put = nil
		wantUnchanged(t, before)
	})
	t.Run("by the table", func(t *testing.T) {
		store.updates = 0
		resttest.Want[resttest.Problem](t, w, http.StatusServiceUnavailable, change)
		store.updates = -1
		wantUnchanged(t, before)
		w.WantDiscarded(t, application)
	})
	t.Run("and can be repeated", func(t *testing.T) {
		resttest.Want[resttest.Object](t, w, http.StatusOK, change)
		if got := w.Vault(t, application)["PASSWORD"]; got != "a-new-secret" {
			t.Errorf("the vault has %q", got)
		}
	})
}

// TestFormerSecretsAreRetired: a container that was started before a change still prints
// the former value.
func TestFormerSecretsAreRetired(t *testing.T) {
	w := resttest.New(t)
	application := w.Application(t, w.Server(t))
	resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
		Operation: "updateApplication", PathUUID: application,
		Body: resttest.Object{
			"environment": []resttest.Object{{"key": "PASSWORD", "value": "a-new-secret", "is_secret": true}},
		},
	})
	secrets, err := w.Memory.Secrets(t.Context(), catalog.ID(application))
	if err != nil {
		t.Fatal(err)
	}
	if len(secrets.Retired) != 1 || secrets.Retired[0].Name != "PASSWORD" ||
		secrets.Retired[0].Value != resttest.SecretValue {
		t.Errorf("%d former values, want the one of PASSWORD", len(secrets.Retired))
	}
}

// diesAfterUpdate is a store that is away after a number of updates, -1 for
// never.
type diesAfterUpdate struct {
	catalog.Store
	updates int
}

func (d *diesAfterUpdate) Update(ctx context.Context, entity catalog.Entity, was time.Time,
	entry audit.Entry) error {
	if d.updates == 0 {
		return resttest.ErrAway
	}
	d.updates--
	return d.Store.Update(ctx, entity, was, entry)
}

// TestConcurrentVariablesLoseNothing lets each change of a variable come between the two
// steps of each other one. Both are made.
func TestConcurrentVariablesLoseNothing(t *testing.T) {
	vault := &slowVault{}
	w := resttest.New(t,
		func(ports *catalogapi.Ports, _ *showapi.Ports) { vault.Vault, ports.Vault = ports.Vault, vault })
	server := w.Server(t)
	set := func(key string) resttest.Object { return resttest.Object{"key": key, "value": "a-new-secret"} }
	changes := map[string]func(v variables, suffix string) resttest.Request{
		"a creation": func(v variables, suffix string) resttest.Request {
			return v.request("createVariable", set("NEW"+suffix))
		},
		"a change": func(v variables, suffix string) resttest.Request {
			return v.request("updateVariable", set("OLD"+suffix))
		},
		"a change of many": func(v variables, suffix string) resttest.Request {
			return v.request("updateVariables",
				resttest.Object{"data": []resttest.Object{set("NEW" + suffix), set("OLD" + suffix)}})
		},
		"a deletion": func(v variables, suffix string) resttest.Request {
			r := v.request("deleteVariable", nil)
			r.OtherUUID = catalog.VariableUUID(catalog.ID(v.uuid), "OLD"+suffix, false)
			return r
		},
	}
	present := func(t *testing.T, v variables) map[string]string {
		listed, secrets := map[string]string{}, w.Vault(t, v.uuid)
		for _, one := range v.list(t, "") {
			if listed[one.Key] = one.text(); one.IsSecret && secrets[one.Key] != one.text() {
				t.Errorf("%s is listed with another value than the vault's", one.Key)
			}
		}
		return listed
	}
	// make makes the changes, one after the other or the second within the first.
	make := func(t *testing.T, first, second string, within bool) map[string]string {
		v := variables{w, "Service", w.Service(t, server)}
		for _, key := range []string{"OLD1", "OLD2"} {
			v.create(t, resttest.Object{"key": key, "value": "a-former-secret"})
		}
		ask := func(r resttest.Request) {
			if answer := w.Ask(t, r); answer.Status != http.StatusCreated && answer.Status != http.StatusOK {
				t.Errorf("%s is answered %d %s", r.Operation, answer.Status, answer.Body)
			}
		}
		other := func() error { ask(changes[second](v, "2")); return nil }
		if within {
			vault.put = func() error { vault.put = nil; return other() }
		}
		ask(changes[first](v, "1"))
		if !within {
			other()
		}
		return present(t, v)
	}
	for first := range changes {
		for second := range changes {
			t.Run(second+" within "+first, func(t *testing.T) {
				if diff := cmp.Diff(make(t, first, second, true), make(t, first, second, false)); diff != "" {
					t.Errorf("(-within +one after the other)\n%s", diff)
				}
			})
		}
	}
}
