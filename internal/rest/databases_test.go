package rest_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/engine"
)

func (w *world) vault(t *testing.T, uuid string) map[string]string {
	t.Helper()
	secrets, err := w.memory.Vault().Get(t.Context(), catalog.ID(uuid))
	if err != nil {
		t.Fatal(err)
	}
	return secrets
}

func database(engine string, body object) request {
	return request{id: "createDatabase", uuid: engine, body: body}
}

// TestADatabaseOfEveryEngine holds that the API knows every engine there is,
// by the engine's own names.
func TestADatabaseOfEveryEngine(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	for _, of := range engine.All() {
		t.Run(of.Name, func(t *testing.T) {
			body := object{"name": "orders", "server_uuid": server, "is_public": true, "public_port": 7000}
			made := want[object](t, w, http.StatusCreated, database(of.Name, body))
			uuid := made["uuid"].(string)
			if made["database_type"] != "standalone-"+of.Name || made["image"] != of.Image || made["status"] != "exited" {
				t.Errorf("it is %v, image %v, %v", made["database_type"], made["image"], made["status"])
			}
			inside, _ := made["internal_db_url"].(string)
			outside, _ := made["external_db_url"].(string)
			if !strings.Contains(inside, "@"+uuid+":") || !strings.Contains(outside, "@127.0.0.1:7000") {
				t.Errorf("its URLs are %q and %q", inside, outside)
			}
			secrets := w.vault(t, uuid)
			for _, setting := range of.Settings {
				value, shown := made[setting.Field].(string)
				switch {
				case setting.Secret && (len(value) != catalog.GeneratedLength || value != secrets[setting.VaultName()]):
					t.Errorf("%s is %q, want the generated one of the vault", setting.Field, value)
				case !setting.Secret && (value != setting.Default || shown != (setting.Default != "")):
					t.Errorf("%s is %q, want %q", setting.Field, value, setting.Default)
				}
			}
			got := want[object](t, w, http.StatusOK, request{id: "getDatabase", uuid: uuid})
			if diff := cmp.Diff(got, made); diff != "" {
				t.Errorf("GET and POST show it differently (-GET +POST)\n%s", diff)
			}
		})
	}
	t.Run("an unknown one is refused with those that there are", func(t *testing.T) {
		got := want[problem](t, w, http.StatusNotFound, database("oracle", object{"name": "a", "server_uuid": server}))
		for _, of := range engine.All() {
			if !strings.Contains(got.Message, of.Name) {
				t.Errorf("%q does not name %s", got.Message, of.Name)
			}
		}
	})
}

// TestADatabaseOnTheWire is every field and its exact form.
func TestADatabaseOnTheWire(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	uuid := w.database(t, server)
	got := want[object](t, w, http.StatusOK, request{id: "getDatabase", uuid: uuid})
	certificate, _ := got["ssl_certificate"].(string)
	wanted := object{
		"uuid": uuid, "name": "orders", "description": nil, "database_type": "standalone-postgresql", "image": "postgres:16-alpine",
		"data_folder": "/var/lib/postgresql/data", "status": "exited", "server_uuid": server, "is_public": false, "public_port": nil, "ports_mappings": nil,
		"limits_memory": "0", "limits_memory_swap": "0", "limits_memory_reservation": "0", "limits_cpus": "0", "limits_cpuset": nil,
		"limits_cpu_shares": 0.0, "health_check_enabled": true, "health_check_interval": 0.0, "health_check_timeout": 0.0,
		"health_check_retries": 0.0, "health_check_start_period": 0.0, "enable_ssl": true, "ssl_mode": "require",
		"ssl_certificate": certificate, "timeout": 3600.0, "health_timeout": 120.0, "queued_deployment_uuid": nil,
		"running_deployment_uuid": nil, "deployments_count": 0.0, "created_at": got["created_at"], "updated_at": got["updated_at"],
		"postgres_user": "shop", "postgres_db": "postgres", "postgres_password": databasePassword, "postgres_conf": "max_connections = 7",
		"init_scripts":    []any{map[string]any{"name": "1.sql", "filename": "1.sql", "content": "SELECT 'init-script'"}},
		"internal_db_url": "postgres://shop:p%40ss%20w%C3%B6rd%2F4711@" + uuid + ":5432/postgres?sslmode=require", "external_db_url": nil,
		"environment": []any{
			map[string]any{"key": "PLAIN", "value": "plain-value", "is_secret": false},
			map[string]any{"key": "PASSWORD", "value": nil, "is_secret": true},
		},
	}
	if diff := cmp.Diff(got, wanted); diff != "" || !strings.HasPrefix(certificate, "-----BEGIN CERTIFICATE-----") {
		t.Errorf("(-got +want)\n%s", diff)
	}
	t.Run("without read:sensitive it has no password, no URL and no file", func(t *testing.T) {
		got := want[object](t, w, http.StatusOK, request{id: "getDatabase", uuid: uuid, token: w.mint(t, access.Read)})
		for _, field := range []string{"postgres_password", "postgres_conf", "init_scripts", "internal_db_url", "external_db_url"} {
			delete(wanted, field)
		}
		wanted["environment"].([]any)[0].(map[string]any)["value"] = nil
		if diff := cmp.Diff(got, wanted); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("and so it is when it is made", func(t *testing.T) {
		r := database("postgresql", object{"name": "a", "server_uuid": server})
		r.token = w.mint(t, access.Write)
		got := want[object](t, w, http.StatusCreated, r)
		if got["uuid"] == nil || got["postgres_user"] != "postgres" || got["internal_db_url"] != nil || got["postgres_password"] != nil {
			t.Errorf("answer = %v", got)
		}
	})
	t.Run("lists have neither, nor its certificate", func(t *testing.T) {
		for _, got := range want[[]object](t, w, http.StatusOK, request{id: "listDatabases"}) {
			if got["postgres_user"] == nil || got["postgres_password"] != nil || got["ssl_certificate"] != nil || got["environment"] != nil {
				t.Errorf("database = %v", got)
			}
		}
	})
	t.Run("its key is in the vault, and in the vault only", func(t *testing.T) {
		if !strings.HasPrefix(w.vault(t, uuid)[catalog.TLSKeySecret], "-----BEGIN PRIVATE KEY-----") {
			t.Error("the key of its TLS is not in the vault")
		}
		entity, err := w.memory.Catalog().Get(t.Context(), catalog.ID(uuid))
		if err != nil {
			t.Fatal(err)
		}
		if db := entity.(*catalog.Database); db.TLSKey != "" || db.Settings["postgres_password"] != "" || db.Marks["POSTGRES_PASSWORD"] == "" {
			t.Errorf("the catalog has %v and %v", db.Settings, db.Marks)
		}
	})
}

func TestDatabasesAreWithTheOthers(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	uuid := w.database(t, server)
	for name, list := range map[string][]struct{ UUID, Type string }{
		"resources": want[[]struct{ UUID, Type string }](t, w, http.StatusOK, request{id: "listResources"}),
		"a server":  want[struct{ Resources []struct{ UUID, Type string } }](t, w, http.StatusOK, request{id: "getServer", uuid: server, query: "?resources=true"}).Resources,
	} {
		if len(list) != 1 || list[0].UUID != uuid || list[0].Type != "standalone-postgresql" {
			t.Errorf("%s has %v", name, list)
		}
	}
	deployed := w.run(t, "startDatabase", uuid)
	for name, record := range map[string]object{
		"itself":       w.show(t, deployed),
		"its history":  want[struct{ Deployments []object }](t, w, http.StatusOK, request{id: "listDatabaseDeployments", uuid: uuid}).Deployments[0],
		"its latest":   want[object](t, w, http.StatusOK, request{id: "latestDatabaseDeployment", uuid: uuid}),
		"of databases": want[object](t, w, http.StatusOK, request{id: "getDatabaseDeployment", uuid: deployed}),
	} {
		if record["database_id"] != uuid || record["database_name"] != "orders" || record["database_type"] != "standalone-postgresql" || record["resource_type"] != "database" {
			t.Errorf("%s: record = %v", name, record)
		}
	}
	want[problem](t, w, http.StatusNotFound, request{id: "getServiceDeployment", uuid: deployed})
	want[problem](t, w, http.StatusNotFound, request{id: "latestDatabaseDeployment", uuid: w.database(t, server)})
}

func TestDatabaseConfigurationsMayBePacked(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	const text = "maxmemory 100mb\nappendonly yes\n"
	packed := base64.StdEncoding.EncodeToString([]byte(text))
	for name, given := range map[string]string{"plain": text, "base64": packed, "base64 in lines": packed[:16] + "\r\n" + packed[16:] + "\n"} {
		t.Run(name, func(t *testing.T) {
			got := want[object](t, w, http.StatusCreated, database("redis", object{"name": "a", "server_uuid": server, "redis_conf": given}))
			if got["redis_conf"] != text {
				t.Errorf("it is %q", got["redis_conf"])
			}
		})
	}
}

func TestDatabasesThatAreRefused(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	for name, c := range map[string]struct {
		engine string
		change object
		field  string
		says   string
	}{
		"a setting of another engine":         {"postgresql", object{"redis_password": "long-enough"}, "redis_password", "PostgreSQL takes postgres_user, postgres_password"},
		"a field in another case":             {"postgresql", object{"Postgres_User": "a"}, "Postgres_User", "is not known here"},
		"a field that is no name":             {"postgresql", object{"a b\n": "a"}, "body", "is not known here"},
		"an unknown field that is a number":   {"postgresql", object{"postgres_port": 7}, "postgres_port", "is not known here"},
		"an unknown field that is a list":     {"redis", object{"modules": []string{"a"}}, "modules", "is not known here"},
		"a user that an old version misreads": {"clickhouse", object{"clickhouse_admin_user": "a.b"}, "clickhouse_admin_user", "no dot"},
		"a setting that is a number":          {"postgresql", object{"postgres_user": 7}, "postgres_user", "must be text, not a number"},
		"no image reference":                  {"postgresql", object{"image": "not an image"}, "image", "must be an image"},
		"TLS of an engine without":            {"clickhouse", object{"enable_ssl": true}, "enable_ssl", "has no TLS"},
		"a TLS mode without TLS":              {"postgresql", object{"ssl_mode": "require"}, "enable_ssl", "must be true"},
		"another engine's TLS mode":           {"postgresql", object{"enable_ssl": true, "ssl_mode": "REQUIRED"}, "ssl_mode", "must be one of require"},
		"a public port that is not public":    {"postgresql", object{"public_port": 7000}, "is_public", "must be true"},
		"public without a port":               {"postgresql", object{"is_public": true}, "public_port", "is required"},
		"scripts that nobody runs":            {"redis", object{"init_scripts": []object{{"name": "1.sql", "content": "a"}}}, "init_scripts", "Redis"},
		"a script with two names":             {"postgresql", object{"init_scripts": []object{{"name": "1.sql", "filename": "2.sql", "content": "a"}}}, "init_scripts", "one name"},
		"a short password":                    {"postgresql", object{"postgres_password": "123"}, "postgres_password", "4 characters"},
		"a password that is a common word":    {"postgresql", object{"postgres_password": "password"}, "postgres_password", "common word"},
		"the password as a variable":          {"postgresql", object{"environment": []object{{"key": "POSTGRES_PASSWORD", "value": "long-enough"}}}, "environment.POSTGRES_PASSWORD", "is set by the field postgres_password"},
		"a server that is not there":          {"postgresql", object{"server_uuid": "srv" + strings.Repeat("0", 21)}, "server_uuid", "must be the uuid of a server that exists"},
		"a limit that is none":                {"postgresql", object{"limits_memory": "much"}, "limits_memory", "must be a size"},
		"a bad port mapping":                  {"postgresql", object{"ports_mappings": "99999:1"}, "ports_mappings", ""},
	} {
		t.Run(name, func(t *testing.T) {
			body := object{"name": "orders", "server_uuid": server}
			for field, value := range c.change {
				body[field] = value
			}
			got := want[problem](t, w, http.StatusUnprocessableEntity, database(c.engine, body))
			if said := strings.Join(got.Errors[c.field], " "); len(got.Errors) != 1 || said == "" || !strings.Contains(said, c.says) {
				t.Errorf("errors = %v, want one of %s with %q", got.Errors, c.field, c.says)
			}
		})
	}
	if n := w.count(t, catalog.KindDatabase); n != 0 {
		t.Errorf("%d databases were kept", n)
	}
}
