package catalogapi_test

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
	"waybill/internal/rest/catalogapi"
	"waybill/internal/rest/resttest"
	"waybill/internal/rest/showapi"
)

// TestAChangeNamesOnlyWhatIsDifferent holds for every form: what is not named
// stays, null sets the default, and the change is in the history.
func TestAChangeNamesOnlyWhatIsDifferent(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	image := w.Create(t, "createImageApplication", resttest.Object{"name": "web", "server_uuid": server, "docker_registry_image_name": "web",
		"docker_registry_image_tag": "1", "ports_mappings": "80:80", "limits_memory": "512m", "health_check_enabled": false, "timeout": 60,
		"environment": []resttest.Object{{"key": "TOKEN", "value": resttest.SecretValue, "is_secret": true}}})
	for name, c := range map[string]struct {
		id, uuid string
		body     resttest.Object
		// differs is what is then shown differently.
		differs resttest.Object
	}{
		"of a service":           {"updateService", w.Service(t, server), resttest.Object{"docker_compose_raw": "services: {}"}, resttest.Object{"docker_compose": "services: {}", "docker_compose_raw": "services: {}"}},
		"of a shell application": {"updateApplication", w.Application(t, server), resttest.Object{"stop": "echo stop"}, resttest.Object{"stop": "echo stop"}},
		"of an image":            {"updateApplication", image, resttest.Object{"docker_registry_image_tag": nil, "limits_memory": nil, "health_check_enabled": nil, "timeout": nil}, resttest.Object{"docker_registry_image_tag": "latest", "limits_memory": "0", "health_check_enabled": true, "timeout": 3600.0}},
		"of a repository":        {"updateApplication", w.Built(t, server), resttest.Object{"git_branch": "main", "build_pack": "dockerfile"}, resttest.Object{"git_branch": "main"}},
		"of a compose file in it": {"updateApplication", w.Create(t, "createComposeApplication", resttest.Object{"name": "a", "server_uuid": server, "git_repository": "git@git.example:a.git",
			"private_key_uuid": w.Key(t), "git_branch": "main", "docker_compose_location": "a.yaml"}),
			resttest.Object{"docker_compose_location": nil, "private_key_uuid": nil, "git_commit_sha": "c0ffee0"},
			resttest.Object{"docker_compose_location": "docker-compose.yaml", "private_key_uuid": nil, "git_commit_sha": "c0ffee0"}},
		"of a database":             {"updateDatabase", w.Database(t, server), resttest.Object{"image": "postgres:17", "postgres_conf": nil, "server_uuid": server}, resttest.Object{"image": "postgres:17", "postgres_conf": nil}},
		"of a database's TLS":       {"updateDatabase", w.Database(t, server), resttest.Object{"enable_ssl": false}, resttest.Object{"enable_ssl": false, "ssl_mode": nil, "ssl_certificate": nil}},
		"of a database's TLS mode":  {"updateDatabase", w.Database(t, server), resttest.Object{"ssl_mode": "prefer"}, resttest.Object{"ssl_mode": "prefer"}},
		"of a database's scripts":   {"updateDatabase", w.Database(t, server), resttest.Object{"init_scripts": nil}, resttest.Object{"init_scripts": []any{}}},
		"of a database's openness":  {"updateDatabase", w.Database(t, server), resttest.Object{"is_public": true, "public_port": 7000}, resttest.Object{"is_public": true, "public_port": 7000.0}},
		"of a resource's variables": {"updateService", w.Service(t, server), resttest.Object{"environment": []resttest.Object{{"key": "A", "value": "1"}}}, resttest.Object{"environment": []any{map[string]any{"key": "A", "value": "1", "is_secret": false}}}},
	} {
		t.Run(name, func(t *testing.T) {
			get := "get" + strings.TrimPrefix(c.id, "update")
			before := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{ID: get, UUID: c.uuid})
			secrets := w.Vault(t, c.uuid)
			answered := w.Change(t, http.StatusOK, c.id, c.uuid, c.body)
			after := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{ID: get, UUID: c.uuid})
			wanted := merge(before, c.differs, resttest.Object{"updated_at": after["updated_at"], "deployments_count": 1.0})
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
			record := w.Show(t, answered["deployment_uuid"].(string))
			if record["operation"] != "update" || record["status"] != "finished" || record["resource_uuid"] != c.uuid || record["finished_at"] == nil {
				t.Errorf("it is recorded as %v", record)
			}
			delete(answered, "deployment_uuid")
			if diff := cmp.Diff(answered, after); diff != "" {
				t.Errorf("PATCH and GET show it differently (-PATCH +GET)\n%s", diff)
			}
			if name != "of a database's TLS" {
				if diff := cmp.Diff(w.Vault(t, c.uuid), secrets); diff != "" {
					t.Errorf("secrets changed (-got +want)\n%s", diff)
				}
			}
			t.Run("and changes nothing a second time", func(t *testing.T) {
				answered := w.Change(t, http.StatusOK, c.id, c.uuid, c.body)
				if uuid, there := answered["deployment_uuid"]; uuid != nil || !there || answered["updated_at"] != after["updated_at"] || answered["deployments_count"] != 1.0 {
					t.Errorf("answer = %v", answered)
				}
			})
		})
	}
	t.Run("of a name is kept and not in the history", func(t *testing.T) {
		uuid := w.Service(t, server)
		got := w.Change(t, http.StatusOK, "updateService", uuid, resttest.Object{"name": "renamed", "description": "for people"})
		if got["name"] != "renamed" || got["description"] != "for people" || got["deployment_uuid"] != nil || got["deployments_count"] != 0.0 {
			t.Errorf("answer = %v", got)
		}
	})
	t.Run("while a deployment runs is made, and the deployment goes on", func(t *testing.T) {
		own := w.Server(t)
		uuid := w.Application(t, own)
		w.Start(t, uuid)
		running := w.Begin(t, own)
		w.Change(t, http.StatusOK, "updateApplication", uuid, resttest.Object{"start": "echo other"})
		w.Finish(t, running)
		if got := w.Show(t, string(running.ID)); got["status"] != "finished" || got["configuration_hash"] != running.ConfigurationHash {
			t.Errorf("record = %v", got)
		}
	})
}

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
	t.Run("a variable without a value keeps its own, beside a new one", func(t *testing.T) {
		w.Change(t, http.StatusOK, "updateApplication", uuid, variables(secret("PASSWORD"), secret("TOKEN", "a-new-secret")))
		got := w.Vault(t, uuid)
		if got["PASSWORD"] != resttest.SecretValue || got["TOKEN"] != "a-new-secret" || len(got) != 3 {
			t.Errorf("the vault has %v", got)
		}
	})
	t.Run("a changed value is another configuration, though it is not in it", func(t *testing.T) {
		first := w.Change(t, http.StatusOK, "updateApplication", uuid, variables(secret("PASSWORD"), secret("TOKEN", "another-secret")))
		second := w.Change(t, http.StatusOK, "updateApplication", uuid, variables(secret("PASSWORD"), secret("TOKEN", "a-third-secret")))
		if hash(t, first) == hash(t, second) {
			t.Error("both have one hash")
		}
		compared := resttest.Want[struct{ Changes []resttest.Object }](t, w, http.StatusOK, resttest.Request{ID: "compareDeployments",
			UUID: first["deployment_uuid"].(string), Other: second["deployment_uuid"].(string)})
		wanted := []resttest.Object{{"path": "environment.TOKEN", "edit": "changed", "secret": true, "before": nil, "after": nil}}
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
		w.Refused(t, "updateApplication", uuid, variables(resttest.Object{"key": "PASSWORD"}), "environment.PASSWORD", "needs a value")
		w.Change(t, http.StatusOK, "updateApplication", uuid, variables(resttest.Object{"key": "PASSWORD", "value": "plain"}))
		if got := w.Vault(t, uuid); len(got) != 1 {
			t.Errorf("the vault has %v", got)
		}
	})
	t.Run("a new secret needs a value", func(t *testing.T) {
		w.Refused(t, "updateApplication", uuid, variables(secret("NEW")), "environment.NEW", "needs a value")
	})
	t.Run("a database's password can be set, or made anew, and null does not show it", func(t *testing.T) {
		db := w.Database(t, server)
		w.Change(t, http.StatusOK, "updateDatabase", db, resttest.Object{"postgres_password": "another-password"})
		if got := w.Vault(t, db)["POSTGRES_PASSWORD"]; got != "another-password" {
			t.Errorf("the vault has %q", got)
		}
		w.Change(t, http.StatusOK, "updateDatabase", db, resttest.Object{"postgres_password": nil})
		if got := w.Vault(t, db)["POSTGRES_PASSWORD"]; len(got) != catalog.GeneratedLength {
			t.Errorf("the vault has %q", got)
		}
	})
	t.Run("a repository's password stays until it is taken away", func(t *testing.T) {
		built := w.Built(t, server)
		w.Change(t, http.StatusOK, "updateApplication", built, resttest.Object{"git_branch": "main"})
		if got := w.Vault(t, built)[catalog.GitPasswordSecret]; got != resttest.GitPassword {
			t.Errorf("the vault has %q", got)
		}
		w.Refused(t, "updateApplication", built, resttest.Object{"git_repository": "https://elsewhere.example/api.git"}, "git_username", "go together")
		w.Refused(t, "updateApplication", built, resttest.Object{"git_password": nil}, "git_username", "go together")
		w.Change(t, http.StatusOK, "updateApplication", built, resttest.Object{"git_username": nil})
		if got, there := w.Vault(t, built)[catalog.GitPasswordSecret]; there {
			t.Errorf("the vault has %q", got)
		}
	})
}

// TestAPortThatStaysOpenIsSaid holds that closing a port is not silent while the
// container that publishes it still runs.
func TestAPortThatStaysOpenIsSaid(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for name, c := range map[string]struct {
		change resttest.Object
		says   string
	}{
		"is_public":      {resttest.Object{"is_public": false}, "public_port: 7000 stays open"},
		"public_port":    {resttest.Object{"public_port": 7001}, "public_port: 7000 stays open"},
		"ports_mappings": {resttest.Object{"ports_mappings": nil}, "ports_mappings: 7002:5432 stays open"},
	} {
		t.Run(name, func(t *testing.T) {
			made := resttest.Want[resttest.Object](t, w, http.StatusCreated, database("postgresql", resttest.Object{"name": "a", "server_uuid": server,
				"is_public": true, "public_port": 7000, "ports_mappings": "7002:5432"}))
			uuid := made["uuid"].(string)
			open := func(answer resttest.Object) bool {
				warnings, _ := answer["warnings"].([]any)
				return slices.ContainsFunc(warnings, func(one any) bool {
					return strings.Contains(one.(string), c.says) && strings.Contains(one.(string), "restart")
				})
			}
			if answer := w.Change(t, http.StatusOK, "updateDatabase", uuid, resttest.Object{"description": "never started"}); open(answer) {
				t.Errorf("nothing runs, and the warnings are %v", answer["warnings"])
			}
			w.Run(t, "startDatabase", uuid)
			if answer := w.Change(t, http.StatusOK, "updateDatabase", uuid, c.change); !open(answer) {
				t.Errorf("the warnings are %v, want one that says %q", answer["warnings"], c.says)
			}
		})
	}
}

// TestAChangeOfTheImageLeavesTheDataWhereItIs holds that the data never moves
// without a word: no version of the image looks for it in another place.
func TestAChangeOfTheImageLeavesTheDataWhereItIs(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for image, folder := range map[string]string{
		"postgres:16-alpine": "/var/lib/postgresql/data", "postgres:stable": "/var/lib/postgresql/data",
		"pgvector/pgvector:0.8.1-pg18": "/var/lib/postgresql/18/docker",
	} {
		made := resttest.Want[resttest.Object](t, w, http.StatusCreated, database("postgresql", resttest.Object{"name": "a", "server_uuid": server, "image": image}))
		if made["data_folder"] != folder {
			t.Errorf("%s has its data in %v, want %s", image, made["data_folder"], folder)
		}
		uuid := made["uuid"].(string)
		for _, next := range []any{"postgres:18", "postgres:17", "team/postgres:prod", nil} {
			changed := w.Change(t, http.StatusOK, "updateDatabase", uuid, resttest.Object{"image": next})
			if changed["data_folder"] != folder {
				t.Errorf("%s, changed to %v, has its data in %v, want %s", image, next, changed["data_folder"], folder)
			}
		}
		w.Refused(t, "updateDatabase", uuid, resttest.Object{"data_folder": "/elsewhere"}, "data_folder", "is not known here")
		w.Refused(t, "updateDatabase", uuid, resttest.Object{"environment": []resttest.Object{{"key": "PGDATA", "value": "/elsewhere"}}},
			"environment.PGDATA", "is set for the engine already")
	}
}

func TestChangesThatAreRefused(t *testing.T) {
	w := resttest.New(t)
	server, other := w.Server(t), w.Server(t)
	service, shell, built, db := w.Service(t, server), w.Application(t, server), w.Built(t, server), w.Database(t, server)
	for name, c := range map[string]struct {
		id, uuid string
		body     resttest.Object
		field    string
		says     string
	}{
		"another server":                   {"updateService", service, resttest.Object{"server_uuid": other}, "server_uuid", "cannot be changed; it is " + server},
		"another build pack":               {"updateApplication", shell, resttest.Object{"build_pack": "dockerfile"}, "build_pack", "cannot be changed; it is shell"},
		"another engine":                   {"updateDatabase", db, resttest.Object{"database_type": "standalone-redis"}, "database_type", "cannot be changed; it is standalone-postgresql"},
		"a field of another form":          {"updateApplication", shell, resttest.Object{"git_branch": "main"}, "git_branch", "is not known here; shell takes description, environment"},
		"a setting of another engine":      {"updateDatabase", db, resttest.Object{"redis_password": "long-enough"}, "redis_password", "is not known here"},
		"a field that nobody knows":        {"updateService", service, resttest.Object{"passwort": "hunter22"}, "passwort", "is not known here"},
		"no name":                          {"updateService", service, resttest.Object{"name": nil}, "name", "must be text, not null"},
		"a blank name":                     {"updateService", service, resttest.Object{"name": " "}, "name", "must not be empty"},
		"no start":                         {"updateApplication", shell, resttest.Object{"start": ""}, "start", "must be"},
		"no repository":                    {"updateApplication", built, resttest.Object{"git_repository": nil}, "git_repository", "must be text"},
		"a timeout that is text":           {"updateService", service, resttest.Object{"timeout": "1"}, "timeout", "must be a whole number, not text"},
		"a timeout out of range":           {"updateService", service, resttest.Object{"timeout": 0}, "timeout", "must be a whole number from 1 to 86400"},
		"a weak secret":                    {"updateService", service, resttest.Object{"environment": []resttest.Object{{"key": "PIN", "value": "042", "is_secret": true}}}, "environment.PIN", "cannot be kept out of the logs"},
		"two compose files":                {"updateService", service, resttest.Object{"docker_compose": "a: 1", "docker_compose_raw": "a: 1"}, "docker_compose", "two ways"},
		"a public port that is not public": {"updateDatabase", db, resttest.Object{"public_port": 7000}, "is_public", "must be true"},
		"public without a port":            {"updateDatabase", db, resttest.Object{"is_public": true}, "public_port", "is required"},
		"another engine's TLS mode":        {"updateDatabase", db, resttest.Object{"ssl_mode": "REQUIRED"}, "ssl_mode", "must be one of require"},
	} {
		t.Run(name, func(t *testing.T) {
			get := resttest.Request{ID: "get" + strings.TrimPrefix(c.id, "update"), UUID: c.uuid}
			before := resttest.Want[resttest.Object](t, w, http.StatusOK, get)
			w.Refused(t, c.id, c.uuid, c.body, c.field, c.says)
			if diff := cmp.Diff(resttest.Want[resttest.Object](t, w, http.StatusOK, get), before); diff != "" {
				t.Errorf("it changed (-after +before)\n%s", diff)
			}
		})
	}
	t.Run("what the recipe refuses", func(t *testing.T) {
		w.Check = func(_ context.Context, r catalog.Deployable, s *catalog.Server) error {
			if string(s.ID) != server || r.(*catalog.Service).Compose != "services: {a: {}}" {
				t.Errorf("the recipe was shown %v on %s", r, s.ID)
			}
			return fault.New(fault.Invalid, "Validation failed.").WithField("docker_compose", "line 1: no image")
		}
		defer func() { w.Check = func(context.Context, catalog.Deployable, *catalog.Server) error { return nil } }()
		w.Refused(t, "updateService", service, resttest.Object{"docker_compose": "services: {a: {}}"}, "docker_compose", "line 1: no image")
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
	changes := []resttest.Object{{"postgres_password": "another-password"}, {"limits_memory": "512m"}, {"limits_cpus": "2"},
		{"environment": []resttest.Object{{"key": "PASSWORD", "is_secret": true}, {"key": "TOKEN", "value": "a-new-secret", "is_secret": true}}}}
	vault := &slowVault{}
	w := resttest.New(t, func(ports *catalogapi.Ports, _ *showapi.Ports) { vault.Vault, ports.Vault = ports.Vault, vault })
	server := w.Server(t)
	made := make([]bool, len(changes))
	change := func(db string, i int) {
		answer := w.Ask(t, resttest.Request{ID: "updateDatabase", UUID: db, Body: changes[i]})
		if made[i] = answer.Status == http.StatusOK; !made[i] && answer.Status != http.StatusConflict {
			t.Errorf("answer = %d %s", answer.Status, answer.Body)
		}
	}
	check := func(t *testing.T, db string) {
		got := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{ID: "getDatabase", UUID: db})
		secrets := w.Vault(t, db)
		for i, kept := range []bool{secrets["POSTGRES_PASSWORD"] == "another-password", got["limits_memory"] == "512m", got["limits_cpus"] == "2", secrets["TOKEN"] == "a-new-secret"} {
			if made[i] != kept {
				t.Errorf("%v: made %v, and kept %v", changes[i], made[i], kept)
			}
		}
		entity, err := w.Memory.Catalog().Get(t.Context(), catalog.ID(db))
		if err != nil {
			t.Fatal(err)
		}
		for name, digest := range entity.(*catalog.Database).SecretDigests {
			if catalog.SecretDigest(secrets[catalog.DigestKeySecret], name, secrets[name]) != digest {
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

func TestAChangeThatDiesHalfWay(t *testing.T) {
	vault := &slowVault{}
	var store *diesAfterUpdate
	w := resttest.New(t, func(ports *catalogapi.Ports, _ *showapi.Ports) {
		store = &diesAfterUpdate{ports.Store, -1}
		vault.Vault, ports.Vault, ports.Store = ports.Vault, vault, store
	})
	application := w.Application(t, w.Server(t))
	change := resttest.Request{ID: "updateApplication", UUID: application, Body: resttest.Object{"environment": []resttest.Object{{"key": "PASSWORD", "value": "a-new-secret", "is_secret": true}}}}
	away := errors.New("the parameter store is away")

	t.Run("is taken back if the vault does not take its part", func(t *testing.T) {
		before := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{ID: "getApplication", UUID: application})
		vault.put = func() error { return away }
		defer func() { vault.put = nil }()
		resttest.Want[resttest.Problem](t, w, http.StatusInternalServerError, change)
		after := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{ID: "getApplication", UUID: application})
		if diff := cmp.Diff(merge(after, resttest.Object{"updated_at": nil}), merge(before, resttest.Object{"updated_at": nil})); diff != "" || w.Vault(t, application)["PASSWORD"] != resttest.SecretValue {
			t.Errorf("it is not as it was (-after +before)\n%s", diff)
		}
	})
	t.Run("is seen by the next one, which does not build on it, and mended by its repetition", func(t *testing.T) {
		vault.put, store.updates = func() error { return away }, 1
		resttest.Want[resttest.Problem](t, w, http.StatusServiceUnavailable, change)
		vault.put, store.updates = nil, -1
		got := resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{ID: "updateApplication", UUID: application, Body: resttest.Object{"start": "echo other"}})
		if !strings.Contains(got.Message, "give their values again") {
			t.Errorf("message = %q", got.Message)
		}
		resttest.Want[resttest.Object](t, w, http.StatusOK, change)
		if got := w.Vault(t, application)["PASSWORD"]; got != "a-new-secret" {
			t.Errorf("the vault has %q", got)
		}
		resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{ID: "updateApplication", UUID: application, Body: resttest.Object{"start": "echo other"}})
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
		return resttest.ErrAway
	}
	d.updates--
	return d.Store.Update(ctx, entity, was)
}

// TestAChangeThatTheDataDoesNotTakeOver is made, with a warning that names the
// field: the connection string would open nothing any more.
func TestAChangeThatTheDataDoesNotTakeOver(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	const password = "another-password-of-it"
	for name, c := range map[string]struct {
		engine string
		ran    bool
		body   resttest.Object
		want   []string
	}{
		"a password":                         {"postgresql", true, resttest.Object{"postgres_password": password}, []string{"postgres_password"}},
		"a user, and a password made anew":   {"mysql", true, resttest.Object{"mysql_password": nil, "mysql_user": "shop"}, []string{"mysql_user", "mysql_password"}},
		"what is read at each start":         {"postgresql", true, resttest.Object{"postgres_conf": "max_connections = 9"}, nil},
		"a password before there is data":    {"postgresql", false, resttest.Object{"postgres_password": password}, nil},
		"a password that data does not have": {"redis", true, resttest.Object{"redis_password": password}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			uuid := resttest.Want[struct{ UUID string }](t, w, http.StatusCreated, resttest.Request{ID: "createDatabase", UUID: c.engine, Body: resttest.Object{"name": "orders", "server_uuid": server}}).UUID
			if c.ran {
				w.Run(t, "startDatabase", uuid)
			}
			got := resttest.Want[struct{ Warnings []string }](t, w, http.StatusOK, resttest.Request{ID: "updateDatabase", UUID: uuid, Body: c.body})
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
