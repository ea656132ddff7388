package catalogapi_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/engine"
	"waybill/internal/rest/resttest"
)

func database(engine string, body resttest.Object) resttest.Request {
	return resttest.Request{Operation: "createDatabase", PathUUID: engine, Body: body}
}

// TestADatabaseOfEveryEngine holds that the API knows every engine there is,
// by the engine's own names.
func TestADatabaseOfEveryEngine(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for _, of := range engine.All() {
		t.Run(of.Name, func(t *testing.T) {
			body := resttest.Object{
				"name": "orders", "server_uuid": server, "is_public": true, "public_port": 7000,
			}
			made := resttest.Want[resttest.Object](t, w, http.StatusCreated, database(of.Name, body))
			uuid := made["uuid"].(string)
			if made["database_type"] != "standalone-"+of.Name || made["image"] != of.Image ||
				made["status"] != "exited" {
				t.Errorf("it is %v, image %v, %v", made["database_type"], made["image"], made["status"])
			}
			inside, _ := made["internal_db_url"].(string)
			outside, _ := made["external_db_url"].(string)
			if !strings.Contains(inside, "@"+uuid+":") || !strings.Contains(outside, "@127.0.0.1:7000") {
				t.Errorf("its URLs are %q and %q", inside, outside)
			}
			secrets := w.Vault(t, uuid)
			for _, setting := range of.Settings {
				value, shown := made[setting.Field].(string)
				switch {
				case setting.Secret &&
					(len(value) != catalog.GeneratedLength || value != secrets[setting.VaultName()]):
					t.Errorf("%s is %q, want the generated one of the vault", setting.Field, value)
				case !setting.Secret && (value != setting.Default || shown != (setting.Default != "")):
					t.Errorf("%s is %q, want %q", setting.Field, value, setting.Default)
				}
			}
			got := w.Stored(t, "getDatabase", uuid)
			if diff := cmp.Diff(got, made); diff != "" {
				t.Errorf("GET and POST show it differently (-GET +POST)\n%s", diff)
			}
		})
	}
	t.Run("an unknown one is refused with those that there are", func(t *testing.T) {
		got := resttest.Want[resttest.Problem](t, w, http.StatusNotFound,
			database("oracle", resttest.Object{"name": "a", "server_uuid": server}))
		for _, of := range engine.All() {
			if !strings.Contains(got.Message, of.Name) {
				t.Errorf("%q does not name %s", got.Message, of.Name)
			}
		}
	})
}

// TestADatabaseOnTheWire is every field and its exact form.
func TestADatabaseOnTheWire(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	uuid := w.Database(t, server)
	got := w.Stored(t, "getDatabase", uuid)
	certificate, _ := got["ssl_certificate"].(string)
	wanted := resttest.Object{
		"uuid": uuid, "name": "orders", "description": nil, "database_type": "standalone-postgresql",
		"image":       "postgres:16-alpine",
		"data_folder": "/var/lib/postgresql/data", "status": "exited", "server_uuid": server,
		"is_public": false, "public_port": nil, "ports_mappings": nil,
		"limits_memory": "0", "limits_memory_swap": "0", "limits_memory_reservation": "0", "limits_cpus": "0",
		"limits_cpuset":     nil,
		"limits_cpu_shares": 0.0, "health_check_enabled": true, "health_check_interval": 0.0,
		"health_check_timeout": 0.0,
		"health_check_retries": 0.0, "health_check_start_period": 0.0, "enable_ssl": true,
		"ssl_mode":        "require",
		"ssl_certificate": certificate, "timeout": 3600.0, "health_timeout": 120.0,
		"retention": noRetention(), "triggers": []any{}, "debounce": 0.0,
		"windows":      noWindows(),
		"project_uuid": nil, "environment_name": nil, "environment_uuid": nil, "tags": []any{},
		"queued_deployment_uuid":  nil,
		"running_deployment_uuid": nil, "deployments_count": 0.0, "created_at": got["created_at"],
		"updated_at":    got["updated_at"],
		"postgres_user": "shop", "postgres_db": "postgres", "postgres_password": resttest.DatabasePassword,
		"postgres_conf": "max_connections = 7",
		"init_scripts": []any{
			map[string]any{"name": "1.sql", "filename": "1.sql", "content": "SELECT 'init-script'"},
		},
		"internal_db_url": "postgres://shop:p%40ss%20w%C3%B6rd%2F4711@" + uuid +
			":5432/postgres?sslmode=require",
		"external_db_url": nil,
		"environment": []any{
			map[string]any{"key": "PLAIN", "value": "plain-value", "is_secret": false},
			map[string]any{"key": "PASSWORD", "value": nil, "is_secret": true},
		},
	}
	if diff := cmp.Diff(got, wanted); diff != "" ||
		!strings.HasPrefix(certificate, "-----BEGIN CERTIFICATE-----") {
		t.Errorf("(-got +want)\n%s", diff)
	}
	t.Run("without read:sensitive it has no password, no URL and no file", func(t *testing.T) {
		got := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
			Operation: "getDatabase", PathUUID: uuid, Token: w.Mint(t, access.Read),
		})
		for _, field := range []string{
			"postgres_password", "postgres_conf", "init_scripts", "internal_db_url", "external_db_url",
		} {
			delete(wanted, field)
		}
		wanted["environment"].([]any)[0].(map[string]any)["value"] = nil
		wanted["window_open"], wanted["next_opening"] = true, nil
		if diff := cmp.Diff(got, wanted); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("and so it is when it is made", func(t *testing.T) {
		r := database("postgresql", resttest.Object{"name": "a", "server_uuid": server})
		r.Token = w.Mint(t, access.Write)
		got := resttest.Want[resttest.Object](t, w, http.StatusCreated, r)
		if got["uuid"] == nil || got["postgres_user"] != "postgres" || got["internal_db_url"] != nil ||
			got["postgres_password"] != nil {
			t.Errorf("answer = %v", got)
		}
	})
	t.Run("lists have neither, nor its certificate", func(t *testing.T) {
		for _, got := range resttest.Want[[]resttest.Object](t, w, http.StatusOK, resttest.Request{
			Operation: "listDatabases",
		}) {
			if got["postgres_user"] == nil || got["postgres_password"] != nil ||
				got["ssl_certificate"] != nil || got["environment"] != nil {
				t.Errorf("database = %v", got)
			}
		}
	})
	t.Run("its key is in the vault, and in the vault only", func(t *testing.T) {
		if !strings.HasPrefix(w.Vault(t, uuid)[catalog.TLSKeySecret], "-----BEGIN PRIVATE KEY-----") {
			t.Error("the key of its TLS is not in the vault")
		}
		entity, err := w.Memory.Catalog().Get(t.Context(), catalog.ID(uuid))
		if err != nil {
			t.Fatal(err)
		}
		if db := entity.(*catalog.Database); db.TLSKey != "" || db.Settings["postgres_password"] != "" ||
			db.SecretDigests["POSTGRES_PASSWORD"] == "" {
			t.Errorf("the catalog has %v and %v", db.Settings, db.SecretDigests)
		}
	})
}

func TestDatabasesAreListedAmongTheResources(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	uuid := w.Database(t, server)
	for name, list := range map[string][]struct{ UUID, Type string }{
		"resources": resttest.Want[[]struct{ UUID, Type string }](t, w, http.StatusOK, resttest.Request{
			Operation: "listResources",
		}),
		"a server": resttest.Want[struct{ Resources []struct{ UUID, Type string } }](t, w, http.StatusOK,
			resttest.Request{Operation: "getServer", PathUUID: server, Query: "?resources=true"}).Resources,
	} {
		if len(list) != 1 || list[0].UUID != uuid || list[0].Type != "standalone-postgresql" {
			t.Errorf("%s has %v", name, list)
		}
	}
	deployed := w.Run(t, "startDatabase", uuid)
	for name, record := range map[string]resttest.Object{
		"itself": w.Show(t, deployed),
		"its history": resttest.Want[struct{ Deployments []resttest.Object }](t, w, http.StatusOK,
			resttest.Request{Operation: "listDatabaseDeployments", PathUUID: uuid}).Deployments[0],
		"its latest": resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
			Operation: "latestDatabaseDeployment", PathUUID: uuid,
		}),
		"of databases": w.Get(t, "getDatabaseDeployment", deployed),
	} {
		if record["database_id"] != uuid || record["database_name"] != "orders" ||
			record["database_type"] != "standalone-postgresql" || record["resource_type"] != "database" {
			t.Errorf("%s: record = %v", name, record)
		}
	}
	resttest.Want[resttest.Problem](t, w, http.StatusNotFound, resttest.Request{
		Operation: "getServiceDeployment", PathUUID: deployed,
	})
	resttest.Want[resttest.Problem](t, w, http.StatusNotFound, resttest.Request{
		Operation: "latestDatabaseDeployment", PathUUID: w.Database(t, server),
	})
}

func TestDatabaseConfigurationsMayBeBase64(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	const text = "maxmemory 100mb\nappendonly yes\n"
	packed := base64.StdEncoding.EncodeToString([]byte(text))
	for name, given := range map[string]string{
		"plain": text, "base64": packed, "base64 in lines": packed[:16] + "\r\n" + packed[16:] + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := resttest.Want[resttest.Object](t, w, http.StatusCreated,
				database("redis", resttest.Object{"name": "a", "server_uuid": server, "redis_conf": given}))
			if got["redis_conf"] != text {
				t.Errorf("it is %q", got["redis_conf"])
			}
		})
	}
}

func TestDatabasesThatAreRefused(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for _, c := range []struct {
		name   string
		engine string
		change resttest.Object
		field  string
		says   string
	}{
		{"a setting of another engine",
			"postgresql", resttest.Object{"redis_password": "long-enough"}, "redis_password",
			"PostgreSQL takes postgres_user, postgres_password",
		},
		{"a field in another case",
			"postgresql", resttest.Object{"Postgres_User": "a"}, "Postgres_User", "is not known here",
		},
		{"a field that is no name",
			"postgresql", resttest.Object{"a b\n": "a"}, "body", "is not known here",
		},
		{"an unknown field that is a number",
			"postgresql", resttest.Object{"postgres_port": 7}, "postgres_port", "is not known here",
		},
		{"an unknown field that is a list",
			"redis", resttest.Object{"modules": []string{"a"}}, "modules", "is not known here",
		},
		{"a user that an old version misreads",
			"clickhouse", resttest.Object{"clickhouse_admin_user": "a.b"}, "clickhouse_admin_user", "no dot",
		},
		{"a setting that is a number",
			"postgresql", resttest.Object{"postgres_user": 7}, "postgres_user", "must be text, not a number",
		},
		{"no image reference",
			"postgresql", resttest.Object{"image": "not an image"}, "image", "must be an image",
		},
		{"TLS of an engine without",
			"clickhouse", resttest.Object{"enable_ssl": true}, "enable_ssl", "has no TLS",
		},
		{"a TLS mode without TLS",
			"postgresql", resttest.Object{"ssl_mode": "require"}, "enable_ssl", "must be true",
		},
		{"another engine's TLS mode",
			"postgresql", resttest.Object{"enable_ssl": true, "ssl_mode": "REQUIRED"}, "ssl_mode",
			"must be one of require",
		},
		{"a public port that is not public",
			"postgresql", resttest.Object{"public_port": 7000}, "is_public", "must be true",
		},
		{"public without a port",
			"postgresql", resttest.Object{"is_public": true}, "public_port", "is required",
		},
		{"scripts that nobody runs",
			"redis", resttest.Object{"init_scripts": []resttest.Object{{"name": "1.sql", "content": "a"}}},
			"init_scripts", "Redis",
		},
		{"a script with two names",
			"postgresql",
			resttest.Object{
				"init_scripts": []resttest.Object{{"name": "1.sql", "filename": "2.sql", "content": "a"}},
			},
			"init_scripts", "one name",
		},
		{"a short password",
			"postgresql", resttest.Object{"postgres_password": "123"}, "postgres_password", "4 characters",
		},
		{"a password that is a common word",
			"postgresql", resttest.Object{"postgres_password": "password"}, "postgres_password",
			"common word",
		},
		{"the password as a variable",
			"postgresql",
			resttest.Object{
				"environment": []resttest.Object{{"key": "POSTGRES_PASSWORD", "value": "long-enough"}},
			},
			"environment.POSTGRES_PASSWORD", "is set by the field postgres_password",
		},
		{"a server that is not there",
			"postgresql", resttest.Object{"server_uuid": "srv" + strings.Repeat("0", 21)}, "server_uuid",
			"must be the uuid of a server that exists",
		},
		{"a limit that is none",
			"postgresql", resttest.Object{"limits_memory": "much"}, "limits_memory", "must be a size",
		},
		{"a bad port mapping",
			"postgresql", resttest.Object{"ports_mappings": "99999:1"}, "ports_mappings", "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := resttest.Object{"name": "orders", "server_uuid": server}
			for field, value := range c.change {
				body[field] = value
			}
			got := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity,
				database(c.engine, body))
			if said := strings.Join(got.Errors[c.field], " "); len(got.Errors) != 1 || said == "" ||
				!strings.Contains(said, c.says) {
				t.Errorf("errors = %v, want one of %s with %q", got.Errors, c.field, c.says)
			}
		})
	}
	if n := w.Count(t, catalog.KindDatabase); n != 0 {
		t.Errorf("%d databases were kept", n)
	}
}
