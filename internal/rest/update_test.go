package rest_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
)

// change is a PATCH of what the world has under the uuid.
func (w *world) change(t *testing.T, status int, id, uuid string, body object) object {
	t.Helper()
	return want[object](t, w, status, request{id: id, uuid: uuid, body: body})
}

func (w *world) refused(t *testing.T, id, uuid string, body object, field, says string) {
	t.Helper()
	got := want[problem](t, w, http.StatusUnprocessableEntity, request{id: id, uuid: uuid, body: body})
	if said := strings.Join(got.Errors[field], " "); len(got.Errors) != 1 || !strings.Contains(said, says) || said == "" {
		t.Errorf("errors = %v, want one of %s with %q", got.Errors, field, says)
	}
}

// TestAChangeNamesOnlyWhatIsDifferent holds for every form: what is not named
// stays, null sets the default, and the change is in the history.
func TestAChangeNamesOnlyWhatIsDifferent(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	image := w.create(t, "createImageApplication", object{"name": "web", "server_uuid": server, "docker_registry_image_name": "web",
		"docker_registry_image_tag": "1", "ports_mappings": "80:80", "limits_memory": "512m", "health_check_enabled": false, "timeout": 60,
		"environment": []object{{"key": "TOKEN", "value": secretValue, "is_secret": true}}})
	for name, c := range map[string]struct {
		id, uuid string
		body     object
		// differs is what is then shown differently.
		differs object
	}{
		"of a service":           {"updateService", w.service(t, server), object{"docker_compose_raw": "services: {}"}, object{"docker_compose": "services: {}", "docker_compose_raw": "services: {}"}},
		"of a shell application": {"updateApplication", w.application(t, server), object{"stop": "echo stop"}, object{"stop": "echo stop"}},
		"of an image":            {"updateApplication", image, object{"docker_registry_image_tag": nil, "limits_memory": nil, "health_check_enabled": nil, "timeout": nil}, object{"docker_registry_image_tag": "latest", "limits_memory": "0", "health_check_enabled": true, "timeout": 3600.0}},
		"of a repository":        {"updateApplication", w.built(t, server), object{"git_branch": "main", "build_pack": "dockerfile"}, object{"git_branch": "main"}},
		"of a compose file in it": {"updateApplication", w.create(t, "createComposeApplication", object{"name": "a", "server_uuid": server, "git_repository": "git@git.example:a.git",
			"private_key_uuid": w.key(t), "git_branch": "main", "docker_compose_location": "a.yaml"}),
			object{"docker_compose_location": nil, "private_key_uuid": nil, "git_commit_sha": "c0ffee0"},
			object{"docker_compose_location": "docker-compose.yaml", "private_key_uuid": nil, "git_commit_sha": "c0ffee0"}},
		"of a database":             {"updateDatabase", w.database(t, server), object{"image": "postgres:17", "postgres_conf": nil, "server_uuid": server}, object{"image": "postgres:17", "postgres_conf": nil}},
		"of a database's TLS":       {"updateDatabase", w.database(t, server), object{"enable_ssl": false}, object{"enable_ssl": false, "ssl_mode": nil, "ssl_certificate": nil}},
		"of a database's TLS mode":  {"updateDatabase", w.database(t, server), object{"ssl_mode": "prefer"}, object{"ssl_mode": "prefer"}},
		"of a database's scripts":   {"updateDatabase", w.database(t, server), object{"init_scripts": nil}, object{"init_scripts": []any{}}},
		"of a database's openness":  {"updateDatabase", w.database(t, server), object{"is_public": true, "public_port": 7000}, object{"is_public": true, "public_port": 7000.0}},
		"of a resource's variables": {"updateService", w.service(t, server), object{"environment": []object{{"key": "A", "value": "1"}}}, object{"environment": []any{map[string]any{"key": "A", "value": "1", "is_secret": false}}}},
	} {
		t.Run(name, func(t *testing.T) {
			get := "get" + strings.TrimPrefix(c.id, "update")
			before := want[object](t, w, http.StatusOK, request{id: get, uuid: c.uuid})
			secrets := w.vault(t, c.uuid)
			answered := w.change(t, http.StatusOK, c.id, c.uuid, c.body)
			after := want[object](t, w, http.StatusOK, request{id: get, uuid: c.uuid})
			wanted := merge(before, c.differs, object{"updated_at": after["updated_at"], "deployments_count": 1.0})
			for field, value := range c.differs {
				if _, shown := after[field]; !shown && value == nil {
					delete(wanted, field)
				}
			}
			for _, url := range []string{"internal_db_url", "external_db_url"} {
				if _, has := after[url]; has { // they follow from the rest
					wanted[url] = after[url]
				}
			}
			if diff := cmp.Diff(after, wanted); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			record := w.show(t, answered["deployment_uuid"].(string))
			if record["operation"] != "update" || record["status"] != "finished" || record["resource_uuid"] != c.uuid || record["finished_at"] == nil {
				t.Errorf("it is recorded as %v", record)
			}
			delete(answered, "deployment_uuid")
			if diff := cmp.Diff(answered, after); diff != "" {
				t.Errorf("PATCH and GET show it differently (-PATCH +GET)\n%s", diff)
			}
			if name != "of a database's TLS" {
				if diff := cmp.Diff(w.vault(t, c.uuid), secrets); diff != "" {
					t.Errorf("secrets changed (-got +want)\n%s", diff)
				}
			}
			t.Run("and changes nothing a second time", func(t *testing.T) {
				answered := w.change(t, http.StatusOK, c.id, c.uuid, c.body)
				if uuid, there := answered["deployment_uuid"]; uuid != nil || !there || answered["updated_at"] != after["updated_at"] || answered["deployments_count"] != 1.0 {
					t.Errorf("answer = %v", answered)
				}
			})
		})
	}
	t.Run("of a name is kept and not in the history", func(t *testing.T) {
		uuid := w.service(t, server)
		got := w.change(t, http.StatusOK, "updateService", uuid, object{"name": "renamed", "description": "for people"})
		if got["name"] != "renamed" || got["description"] != "for people" || got["deployment_uuid"] != nil || got["deployments_count"] != 0.0 {
			t.Errorf("answer = %v", got)
		}
	})
	t.Run("while a deployment runs is made, and the deployment goes on", func(t *testing.T) {
		own := w.server(t)
		uuid := w.application(t, own)
		w.start(t, uuid)
		running := w.begin(t, own)
		w.change(t, http.StatusOK, "updateApplication", uuid, object{"start": "echo other"})
		w.finish(t, running)
		if got := w.show(t, string(running.ID)); got["status"] != "finished" || got["configuration_hash"] != running.ConfigurationHash {
			t.Errorf("record = %v", got)
		}
	})
}

// TestSecretsOfAChange holds that a secret stays unless it is named with a
// value, and is gone with its name.
func TestSecretsOfAChange(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	variables := func(all ...object) object { return object{"environment": all} }
	secret := func(key string, value ...string) object {
		one := object{"key": key, "is_secret": true}
		if len(value) > 0 {
			one["value"] = value[0]
		}
		return one
	}
	hash := func(t *testing.T, answered object) any {
		return w.show(t, answered["deployment_uuid"].(string))["configuration_hash"]
	}
	uuid := w.application(t, server)
	t.Run("a variable without a value keeps its own, beside a new one", func(t *testing.T) {
		w.change(t, http.StatusOK, "updateApplication", uuid, variables(secret("PASSWORD"), secret("TOKEN", "a-new-secret")))
		got := w.vault(t, uuid)
		if got["PASSWORD"] != secretValue || got["TOKEN"] != "a-new-secret" || len(got) != 3 {
			t.Errorf("the vault has %v", got)
		}
	})
	t.Run("a changed value is another configuration, though it is not in it", func(t *testing.T) {
		first := w.change(t, http.StatusOK, "updateApplication", uuid, variables(secret("PASSWORD"), secret("TOKEN", "another-secret")))
		second := w.change(t, http.StatusOK, "updateApplication", uuid, variables(secret("PASSWORD"), secret("TOKEN", "a-third-secret")))
		if hash(t, first) == hash(t, second) {
			t.Error("both have one hash")
		}
		compared := want[struct{ Changes []object }](t, w, http.StatusOK, request{id: "compareDeployments",
			uuid: first["deployment_uuid"].(string), other: second["deployment_uuid"].(string)})
		wanted := []object{{"path": "environment.TOKEN", "edit": "changed", "secret": true, "before": nil, "after": nil}}
		if diff := cmp.Diff(compared.Changes, wanted); diff != "" {
			t.Errorf("changes (-got +want)\n%s", diff)
		}
		if w.vault(t, uuid)["TOKEN"] != "a-third-secret" {
			t.Error("the vault has another value")
		}
	})
	t.Run("a variable that is not named is gone", func(t *testing.T) {
		w.change(t, http.StatusOK, "updateApplication", uuid, variables(secret("PASSWORD")))
		if got := w.vault(t, uuid); len(got) != 2 || got["PASSWORD"] != secretValue {
			t.Errorf("the vault has %v", got)
		}
	})
	t.Run("a secret that becomes plain needs its value, and leaves the vault", func(t *testing.T) {
		w.refused(t, "updateApplication", uuid, variables(object{"key": "PASSWORD"}), "environment.PASSWORD", "needs a value")
		w.change(t, http.StatusOK, "updateApplication", uuid, variables(object{"key": "PASSWORD", "value": "plain"}))
		if got := w.vault(t, uuid); len(got) != 1 {
			t.Errorf("the vault has %v", got)
		}
	})
	t.Run("a new secret needs a value", func(t *testing.T) {
		w.refused(t, "updateApplication", uuid, variables(secret("NEW")), "environment.NEW", "needs a value")
	})
	t.Run("a database's password can be set, or made anew, and null does not show it", func(t *testing.T) {
		db := w.database(t, server)
		w.change(t, http.StatusOK, "updateDatabase", db, object{"postgres_password": "another-password"})
		if got := w.vault(t, db)["POSTGRES_PASSWORD"]; got != "another-password" {
			t.Errorf("the vault has %q", got)
		}
		w.change(t, http.StatusOK, "updateDatabase", db, object{"postgres_password": nil})
		if got := w.vault(t, db)["POSTGRES_PASSWORD"]; len(got) != catalog.GeneratedLength {
			t.Errorf("the vault has %q", got)
		}
	})
	t.Run("a repository's password stays until it is taken away", func(t *testing.T) {
		built := w.built(t, server)
		w.change(t, http.StatusOK, "updateApplication", built, object{"git_branch": "main"})
		if got := w.vault(t, built)[catalog.GitPasswordSecret]; got != gitPassword {
			t.Errorf("the vault has %q", got)
		}
		w.refused(t, "updateApplication", built, object{"git_repository": "https://elsewhere.example/api.git"}, "git_username", "go together")
		w.refused(t, "updateApplication", built, object{"git_password": nil}, "git_username", "go together")
		w.change(t, http.StatusOK, "updateApplication", built, object{"git_username": nil})
		if got, there := w.vault(t, built)[catalog.GitPasswordSecret]; there {
			t.Errorf("the vault has %q", got)
		}
	})
}

// TestAPortThatStaysOpenIsSaid holds that closing a port is not silent while the
// container that publishes it still runs.
func TestAPortThatStaysOpenIsSaid(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	for name, c := range map[string]struct {
		change object
		says   string
	}{
		"is_public":      {object{"is_public": false}, "public_port: 7000 stays open"},
		"public_port":    {object{"public_port": 7001}, "public_port: 7000 stays open"},
		"ports_mappings": {object{"ports_mappings": nil}, "ports_mappings: 7002:5432 stays open"},
	} {
		t.Run(name, func(t *testing.T) {
			made := want[object](t, w, http.StatusCreated, database("postgresql", object{"name": "a", "server_uuid": server,
				"is_public": true, "public_port": 7000, "ports_mappings": "7002:5432"}))
			uuid := made["uuid"].(string)
			open := func(answer object) bool {
				warnings, _ := answer["warnings"].([]any)
				return slices.ContainsFunc(warnings, func(one any) bool {
					return strings.Contains(one.(string), c.says) && strings.Contains(one.(string), "restart")
				})
			}
			if answer := w.change(t, http.StatusOK, "updateDatabase", uuid, object{"description": "never started"}); open(answer) {
				t.Errorf("nothing runs, and the warnings are %v", answer["warnings"])
			}
			w.run(t, "startDatabase", uuid)
			if answer := w.change(t, http.StatusOK, "updateDatabase", uuid, c.change); !open(answer) {
				t.Errorf("the warnings are %v, want one that says %q", answer["warnings"], c.says)
			}
		})
	}
}

// TestAChangeOfTheImageLeavesTheDataWhereItIs holds that the data never moves
// without a word: no version of the image looks for it in another place.
func TestAChangeOfTheImageLeavesTheDataWhereItIs(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	for image, folder := range map[string]string{
		"postgres:16-alpine": "/var/lib/postgresql/data", "postgres:stable": "/var/lib/postgresql/data",
		"pgvector/pgvector:0.8.1-pg18": "/var/lib/postgresql/18/docker",
	} {
		made := want[object](t, w, http.StatusCreated, database("postgresql", object{"name": "a", "server_uuid": server, "image": image}))
		if made["data_folder"] != folder {
			t.Errorf("%s has its data in %v, want %s", image, made["data_folder"], folder)
		}
		uuid := made["uuid"].(string)
		for _, next := range []any{"postgres:18", "postgres:17", "team/postgres:prod", nil} {
			changed := w.change(t, http.StatusOK, "updateDatabase", uuid, object{"image": next})
			if changed["data_folder"] != folder {
				t.Errorf("%s, changed to %v, has its data in %v, want %s", image, next, changed["data_folder"], folder)
			}
		}
		w.refused(t, "updateDatabase", uuid, object{"data_folder": "/elsewhere"}, "data_folder", "is not known here")
		w.refused(t, "updateDatabase", uuid, object{"environment": []object{{"key": "PGDATA", "value": "/elsewhere"}}},
			"environment.PGDATA", "is set for the engine already")
	}
}

func TestChangesThatAreRefused(t *testing.T) {
	w := newWorld(t)
	server, other := w.server(t), w.server(t)
	service, shell, built, db := w.service(t, server), w.application(t, server), w.built(t, server), w.database(t, server)
	for name, c := range map[string]struct {
		id, uuid string
		body     object
		field    string
		says     string
	}{
		"another server":                   {"updateService", service, object{"server_uuid": other}, "server_uuid", "cannot be changed; it is " + server},
		"another build pack":               {"updateApplication", shell, object{"build_pack": "dockerfile"}, "build_pack", "cannot be changed; it is shell"},
		"another engine":                   {"updateDatabase", db, object{"database_type": "standalone-redis"}, "database_type", "cannot be changed; it is standalone-postgresql"},
		"a field of another form":          {"updateApplication", shell, object{"git_branch": "main"}, "git_branch", "is not known here; shell takes description, environment"},
		"a setting of another engine":      {"updateDatabase", db, object{"redis_password": "long-enough"}, "redis_password", "is not known here"},
		"a field that nobody knows":        {"updateService", service, object{"passwort": "hunter22"}, "passwort", "is not known here"},
		"no name":                          {"updateService", service, object{"name": nil}, "name", "must be text, not null"},
		"a blank name":                     {"updateService", service, object{"name": " "}, "name", "must not be empty"},
		"no start":                         {"updateApplication", shell, object{"start": ""}, "start", "must be"},
		"no repository":                    {"updateApplication", built, object{"git_repository": nil}, "git_repository", "must be text"},
		"a timeout that is text":           {"updateService", service, object{"timeout": "1"}, "timeout", "must be a whole number, not text"},
		"a timeout out of range":           {"updateService", service, object{"timeout": 0}, "timeout", "must be a whole number from 1 to 86400"},
		"a weak secret":                    {"updateService", service, object{"environment": []object{{"key": "PIN", "value": "042", "is_secret": true}}}, "environment.PIN", "cannot be kept out of the logs"},
		"two compose files":                {"updateService", service, object{"docker_compose": "a: 1", "docker_compose_raw": "a: 1"}, "docker_compose", "two ways"},
		"a public port that is not public": {"updateDatabase", db, object{"public_port": 7000}, "is_public", "must be true"},
		"public without a port":            {"updateDatabase", db, object{"is_public": true}, "public_port", "is required"},
		"another engine's TLS mode":        {"updateDatabase", db, object{"ssl_mode": "REQUIRED"}, "ssl_mode", "must be one of require"},
	} {
		t.Run(name, func(t *testing.T) {
			get := request{id: "get" + strings.TrimPrefix(c.id, "update"), uuid: c.uuid}
			before := want[object](t, w, http.StatusOK, get)
			w.refused(t, c.id, c.uuid, c.body, c.field, c.says)
			if diff := cmp.Diff(want[object](t, w, http.StatusOK, get), before); diff != "" {
				t.Errorf("it changed (-after +before)\n%s", diff)
			}
		})
	}
	t.Run("what the recipe refuses", func(t *testing.T) {
		w.check = func(_ context.Context, r catalog.Deployable, s *catalog.Server) error {
			if string(s.ID) != server || r.(*catalog.Service).Compose != "services: {a: {}}" {
				t.Errorf("the recipe was shown %v on %s", r, s.ID)
			}
			return fault.New(fault.Invalid, "Validation failed.").WithField("docker_compose", "line 1: no image")
		}
		defer func() { w.check = func(context.Context, catalog.Deployable, *catalog.Server) error { return nil } }()
		w.refused(t, "updateService", service, object{"docker_compose": "services: {a: {}}"}, "docker_compose", "line 1: no image")
	})
}

// slowVault lets others in between the two steps of a change.
type slowVault struct {
	catalog.Vault
	put func() error
}

func (v *slowVault) Put(ctx context.Context, id catalog.ID, secrets map[string]string) error {
	if v.put != nil {
		if err := v.put(); err != nil {
			return err
		}
	}
	return v.Vault.Put(ctx, id, secrets)
}

// TestChangesAtOnceLoseNothing makes changes that meet each other: each is made
// or refused, and no secret of one that was made is lost.
func TestChangesAtOnceLoseNothing(t *testing.T) {
	changes := []object{{"postgres_password": "another-password"}, {"limits_memory": "512m"}, {"limits_cpus": "2"},
		{"environment": []object{{"key": "PASSWORD", "is_secret": true}, {"key": "TOKEN", "value": "a-new-secret", "is_secret": true}}}}
	vault := &slowVault{}
	w := newWorld(t, func(ports *rest.CatalogPorts, _ *rest.ShowPorts) { vault.Vault, ports.Vault = ports.Vault, vault })
	server := w.server(t)
	made := make([]bool, len(changes))
	change := func(db string, i int) {
		answer := w.ask(t, request{id: "updateDatabase", uuid: db, body: changes[i]})
		if made[i] = answer.status == http.StatusOK; !made[i] && answer.status != http.StatusConflict {
			t.Errorf("answer = %d %s", answer.status, answer.body)
		}
	}
	check := func(t *testing.T, db string) {
		got := want[object](t, w, http.StatusOK, request{id: "getDatabase", uuid: db})
		secrets := w.vault(t, db)
		for i, kept := range []bool{secrets["POSTGRES_PASSWORD"] == "another-password", got["limits_memory"] == "512m", got["limits_cpus"] == "2", secrets["TOKEN"] == "a-new-secret"} {
			if made[i] != kept {
				t.Errorf("%v: made %v, and kept %v", changes[i], made[i], kept)
			}
		}
		entity, err := w.memory.Catalog().Get(t.Context(), catalog.ID(db))
		if err != nil {
			t.Fatal(err)
		}
		for name, mark := range entity.(*catalog.Database).Marks {
			if catalog.Mark(secrets[catalog.MarkKeySecret], name, secrets[name]) != mark {
				t.Errorf("%s in the vault is not what the catalog has the mark of", name)
			}
		}
	}
	t.Run("all together", func(t *testing.T) {
		db := w.database(t, server)
		var wait sync.WaitGroup
		for i := range changes {
			wait.Go(func() { change(db, i) })
		}
		wait.Wait()
		check(t, db)
	})
	t.Run("one between the two steps of another", func(t *testing.T) {
		db := w.database(t, server)
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

func TestAChangeThatDiesHalfWay(t *testing.T) {
	vault := &slowVault{}
	var store *diesAfterUpdate
	w := newWorld(t, func(ports *rest.CatalogPorts, _ *rest.ShowPorts) {
		store = &diesAfterUpdate{ports.Store, -1}
		vault.Vault, ports.Vault, ports.Store = ports.Vault, vault, store
	})
	application := w.application(t, w.server(t))
	change := request{id: "updateApplication", uuid: application, body: object{"environment": []object{{"key": "PASSWORD", "value": "a-new-secret", "is_secret": true}}}}
	away := errors.New("the parameter store is away")

	t.Run("is taken back if the vault does not take its part", func(t *testing.T) {
		before := want[object](t, w, http.StatusOK, request{id: "getApplication", uuid: application})
		vault.put = func() error { return away }
		defer func() { vault.put = nil }()
		want[problem](t, w, http.StatusInternalServerError, change)
		after := want[object](t, w, http.StatusOK, request{id: "getApplication", uuid: application})
		if diff := cmp.Diff(merge(after, object{"updated_at": nil}), merge(before, object{"updated_at": nil})); diff != "" || w.vault(t, application)["PASSWORD"] != secretValue {
			t.Errorf("it is not as it was (-after +before)\n%s", diff)
		}
	})
	t.Run("is seen by the next one, which does not build on it, and mended by its repetition", func(t *testing.T) {
		vault.put, store.updates = func() error { return away }, 1
		want[problem](t, w, http.StatusServiceUnavailable, change)
		vault.put, store.updates = nil, -1
		got := want[problem](t, w, http.StatusConflict, request{id: "updateApplication", uuid: application, body: object{"start": "echo other"}})
		if !strings.Contains(got.Message, "give their values again") {
			t.Errorf("message = %q", got.Message)
		}
		want[object](t, w, http.StatusOK, change)
		if got := w.vault(t, application)["PASSWORD"]; got != "a-new-secret" {
			t.Errorf("the vault has %q", got)
		}
		want[object](t, w, http.StatusOK, request{id: "updateApplication", uuid: application, body: object{"start": "echo other"}})
	})
}

// diesAfterUpdate is a store that is away after a number of updates, -1 for
// never.
type diesAfterUpdate struct {
	catalog.Store
	updates int
}

func (d *diesAfterUpdate) Update(ctx context.Context, entity catalog.Entity, was time.Time) error {
	if d.updates == 0 {
		return errAway
	}
	d.updates--
	return d.Store.Update(ctx, entity, was)
}

// TestAChangeThatTheDataDoesNotTakeOver is made, with a warning that names the
// field: the connection string would open nothing any more.
func TestAChangeThatTheDataDoesNotTakeOver(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	const password = "another-password-of-it"
	for name, c := range map[string]struct {
		engine string
		ran    bool
		body   object
		want   []string
	}{
		"a password":                         {"postgresql", true, object{"postgres_password": password}, []string{"postgres_password"}},
		"a user, and a password made anew":   {"mysql", true, object{"mysql_password": nil, "mysql_user": "shop"}, []string{"mysql_user", "mysql_password"}},
		"what is read at each start":         {"postgresql", true, object{"postgres_conf": "max_connections = 9"}, nil},
		"a password before there is data":    {"postgresql", false, object{"postgres_password": password}, nil},
		"a password that data does not have": {"redis", true, object{"redis_password": password}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			uuid := want[struct{ UUID string }](t, w, http.StatusCreated, request{id: "createDatabase", uuid: c.engine, body: object{"name": "orders", "server_uuid": server}}).UUID
			if c.ran {
				w.run(t, "startDatabase", uuid)
			}
			got := want[struct{ Warnings []string }](t, w, http.StatusOK, request{id: "updateDatabase", uuid: uuid, body: c.body})
			var fields []string
			for _, warning := range got.Warnings {
				field, _, _ := strings.Cut(warning, ": ")
				fields = append(fields, field)
				if strings.Contains(warning, password) {
					t.Error("the warning has the password in it")
				}
			}
			if diff := cmp.Diff(fields, c.want); diff != "" {
				t.Errorf("warned of (-got +want)\n%s", diff)
			}
		})
	}
}
