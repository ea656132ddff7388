package recipe_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/engine"
	"waybill/internal/fault"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

const (
	databaseID = "dbs000000000000000000001"
	// awkward has every printable character of ASCII, a space at both ends, text that
	// compose, sh or ClickHouse's library would replace, and letters of other
	// alphabets.
	awkward = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`" +
		"abcdefghijklmnopqrstuvwxyz{|}~ ${user} $$ $(id) %{redis_password} é ü 漢字 "
)

// databaseOf is a database with the defaults that the catalog would have filled in.
func databaseOf(t testing.TB, name string, change func(*catalog.Database)) *catalog.Database {
	t.Helper()
	known, ok := engine.Find(name)
	if !ok {
		t.Fatalf("there is no engine %s", name)
	}
	db := &catalog.Database{Resource: resource(databaseID), Engine: name, Image: known.Image,
		Settings: map[string]string{}}
	db.Environment = nil
	for _, setting := range known.Settings {
		if !setting.Secret {
			db.Settings[setting.Field] = setting.Default
		}
	}
	if change != nil {
		change(db)
	}
	if db.DataFolder == "" {
		db.DataFolder = known.ChooseDataFolder(db.Image)
	}
	return db
}

// inputOf is the start of a database. Each of its secrets is made from the text.
func inputOf(t testing.TB, db *catalog.Database, secret string) recipe.Input {
	t.Helper()
	known, _ := engine.Find(db.Engine)
	secrets := map[string]string{"PASSWORD": password, catalog.TLSKeySecret: "-----KEY " + secret + "-----\n"}
	for _, setting := range known.Settings {
		if setting.Secret {
			secrets[setting.VaultName()] = secret
		}
	}
	return recipe.Input{Resource: db, DataDir: "/data/waybill",
		Deployment: "dbs00000000000000000000011a2b3c4d5e6f7g8", Operation: deployment.Start,
		Secrets: secrets}
}

// The options that the golden files show. Each is shown with one engine, or with every
// engine that has it.
func withTLS(mode string) func(*catalog.Database) {
	return func(db *catalog.Database) { db.TLS, db.Certificate = mode, "-----CERTIFICATE-----\n" }
}

func withLimits(db *catalog.Database) {
	db.Limits = catalog.Limits{Memory: "512m", MemorySwap: "1g", MemoryReservation: "256m", CPUs: "1.5",
		CPUSet: "0-1", CPUShares: 512}
}

func withPorts(db *catalog.Database) {
	db.PublicPort, db.Mappings = 15432, []string{"127.0.0.1:5433:5432", "[::1]:5434-5435:5432-5433/udp"}
}

func withScripts(db *catalog.Database) {
	db.InitScripts = []catalog.InitScript{{Name: "10-roles.sql", Text: "CREATE ROLE app;\n"},
		{Name: "20-more.sh", Text: "echo \"$POSTGRES_DB\"\n"}}
}

func withVariables(db *catalog.Database) {
	db.Environment = []catalog.Variable{{Name: "GREETING", Value: "it costs $5"},
		{Name: "PASSWORD", Secret: true}}
}

func withHealth(check catalog.HealthCheck) func(*catalog.Database) {
	return func(db *catalog.Database) { db.Health = check }
}

func configured(text string) func(*catalog.Database) {
	return func(db *catalog.Database) { db.Configuration = text }
}

// databaseCase is one golden file.
type databaseCase struct {
	name      string
	engine    string
	change    func(*catalog.Database)
	operation deployment.Operation
	options   deployment.Options
	secret    string
}

func databaseCases() []databaseCase {
	cases := []databaseCase{
		{name: "start-pull", engine: "postgresql", options: deployment.Options{PullLatestImages: true}},
		{name: "start-force", engine: "postgresql", options: deployment.Options{Force: true}},
		{name: "start-stop-before", engine: "postgresql", options: deployment.Options{StopBeforeStart: true}},
		{name: "restart", engine: "postgresql", operation: deployment.Restart},
		{name: "deploy", engine: "postgresql", operation: deployment.Deploy},
		{name: "stop", engine: "postgresql", operation: deployment.Stop},
		{name: "delete", engine: "postgresql", operation: deployment.Delete},
		{name: "delete-volumes", engine: "postgresql", operation: deployment.Delete,
			options: deployment.Options{DeleteVolumes: true}},
		{name: "limits", engine: "postgresql", change: withLimits},
		{name: "ports", engine: "postgresql", change: withPorts},
		{name: "init-scripts", engine: "postgresql", change: withScripts},
		{name: "environment", engine: "postgresql", change: withVariables},
		{name: "without-health", engine: "postgresql",
			change: withHealth(catalog.HealthCheck{Disabled: true})},
		{name: "health-times", engine: "mongodb",
			change: withHealth(catalog.HealthCheck{IntervalSeconds: 30, TimeoutSeconds: 7, Retries: 2,
				StartPeriodSeconds: 90})},
		{name: "postgresql-18", engine: "postgresql",
			change: func(db *catalog.Database) { db.Image = "postgres:18" }},
		{name: "mysql-tls-preferred", engine: "mysql", change: withTLS("PREFERRED")},
		{name: "mongodb-tls-allow", engine: "mongodb", change: withTLS("allow")},
		{name: "clickhouse-names", engine: "clickhouse", change: func(db *catalog.Database) {
			db.Settings["clickhouse_admin_user"], db.Settings["clickhouse_db"] = "app", "shop"
		}},
	}
	for _, known := range engine.All() {
		cases = append(cases, databaseCase{name: known.Name, engine: known.Name},
			databaseCase{name: known.Name + "-awkward-password", engine: known.Name, secret: awkward})
		if known.Configuration != "" {
			cases = append(cases,
				databaseCase{name: known.Name + "-conf", engine: known.Name,
					change: configured("# %{x} $x\nsetting = 1")})
		}
		if len(known.TLSModes) > 0 {
			cases = append(cases,
				databaseCase{name: known.Name + "-tls", engine: known.Name,
					change: withTLS(known.TLSModes[0])})
		}
	}
	return cases
}

// build makes the plan of the case. Without a secret in the case, it uses one that is
// easy to find.
func (c databaseCase) build(t testing.TB) (recipe.Input, recipe.Plan) {
	t.Helper()
	secret := c.secret
	if secret == "" {
		secret = "the-secret"
	}
	input := inputOf(t, databaseOf(t, c.engine, c.change), secret)
	input.Options = c.options
	if c.operation != "" {
		input.Operation = c.operation
	}
	plan, err := recipe.Build(input)
	if err != nil {
		t.Fatal(err, fault.Fields(err))
	}
	return input, plan
}

func TestBuildOfDatabases(t *testing.T) {
	for _, c := range databaseCases() {
		t.Run(c.name, func(t *testing.T) {
			input, plan := c.build(t)
			golden(t, "database-"+c.name, describe(plan))
			for name, secret := range input.Secrets {
				for _, step := range plan.Job.Steps {
					if strings.Contains(step.Script, secret) {
						t.Errorf("step %s holds %s: %s", step.Name, name, step.Script)
					}
				}
				if document, found := fileOf(plan, "docker-compose.yml"); found &&
					strings.Contains(document, secret) {
					t.Errorf("the compose file holds %s: %s", name, document)
				}
			}
		})
	}
}

// fileOf returns the content of a file of the plan.
func fileOf(plan recipe.Plan, path string) (string, bool) {
	for _, file := range plan.Job.Files {
		if file.Path == path {
			return string(file.Content), true
		}
	}
	return "", false
}

func TestFilesOfDatabases(t *testing.T) {
	for _, c := range databaseCases() {
		_, plan := c.build(t)
		for _, file := range plan.Job.Files {
			if file.Mode != 0 && file.Mode != 0o644 {
				t.Errorf("%s: %s has mode %o, want 0600 or 0644", c.name, file.Path, file.Mode)
			}
			if inside := strings.HasPrefix(file.Path, plan.Job.Dir+"/files/"); file.Mode != 0 && !inside {
				t.Errorf("%s: %s is readable and no file of the container", c.name, file.Path)
			}
		}
	}
	t.Run("the text of a user is never filled", func(t *testing.T) {
		_, plan := databaseCase{engine: "redis", change: configured("# %{redis_password}\n")}.build(t)
		text, _ := fileOf(plan, plan.Job.Dir+"/files/usr/local/etc/redis/redis.conf")
		if !strings.Contains(text, "# %{redis_password}\n") || strings.Count(text, "the-secret") != 1 {
			t.Errorf("the configuration is %q", text)
		}
	})
	t.Run("a PostgreSQL key is nobody's but the server's until it is handed over", func(t *testing.T) {
		_, plan := databaseCase{engine: "postgresql", change: withTLS("require")}.build(t)
		for _, file := range plan.Job.Files {
			if file.Path == plan.Job.Dir+"/files/waybill/tls.key" && file.Mode != 0 {
				t.Errorf("it has mode %o", file.Mode)
			}
		}
	})
}

func TestBuildOfDatabasesRefuses(t *testing.T) {
	t.Run("an engine that nobody knows", func(t *testing.T) {
		db := databaseOf(t, "redis", func(db *catalog.Database) { db.Engine = "oracle" })
		if _, err := recipe.Build(inputOf(t, db, "x")); err == nil || fault.KindOf(err) != fault.Internal {
			t.Errorf("error = %v, want Internal", err)
		}
	})
	for _, c := range []struct {
		lost, field, engine string
		change              func(*catalog.Database)
	}{
		{"POSTGRES_PASSWORD", "postgres_password", "postgresql", nil},
		{"MYSQL_ROOT_PASSWORD", "mysql_root_password", "mysql", nil},
		{"TLS_KEY", "ssl_key", "mongodb", withTLS("require")},
		{"PASSWORD", "PASSWORD", "mongodb", withVariables},
	} {
		t.Run("a start without the secret "+c.lost, func(t *testing.T) {
			input := inputOf(t, databaseOf(t, c.engine, c.change), "the-secret")
			delete(input.Secrets, c.lost)
			_, err := recipe.Build(input)
			if !errors.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), c.field) {
				t.Errorf("error = %v, want Invalid that names %s", err, c.field)
			}
		})
	}
	t.Run("no stop and no delete, whatever is lost", func(t *testing.T) {
		for _, operation := range []deployment.Operation{deployment.Stop, deployment.Delete} {
			input := inputOf(t, databaseOf(t, "mongodb", withTLS("require")), "the-secret")
			input.Operation, input.Secrets = operation, nil
			if plan, err := recipe.Build(input); err != nil || plan.Status != "exited" {
				t.Errorf("%s: %q, %v", operation, plan.Status, err)
			}
		}
	})
	t.Run("limits and ports that docker does not know", func(t *testing.T) {
		for field, change := range map[string]func(*catalog.Database){
			"limits_memory":  func(db *catalog.Database) { db.Limits.Memory = "much" },
			"limits_cpus":    func(db *catalog.Database) { db.Limits.CPUs = "two" },
			"ports_mappings": func(db *catalog.Database) { db.Mappings = []string{"a:b"} },
		} {
			_, err := recipe.Build(inputOf(t, databaseOf(t, "redis", change), "the-secret"))
			if !errors.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), field) {
				t.Errorf("error = %v, want Invalid that names %s", err, field)
			}
		}
	})
}

func TestStatusOfDatabases(t *testing.T) {
	for _, c := range []struct {
		operation deployment.Operation
		health    catalog.HealthCheck
		want      string
	}{
		{deployment.Start, catalog.HealthCheck{}, "running:healthy"},
		{deployment.Deploy, catalog.HealthCheck{}, "running:healthy"},
		{deployment.Restart, catalog.HealthCheck{Disabled: true}, "running:unknown"},
		{deployment.Stop, catalog.HealthCheck{}, "exited"},
		{deployment.Delete, catalog.HealthCheck{}, "exited"},
	} {
		_, plan := databaseCase{engine: "redis", operation: c.operation,
			change: withHealth(c.health)}.build(t)
		if plan.Status != c.want {
			t.Errorf("after %s: %q, want %q", c.operation, plan.Status, c.want)
		}
	}
}

func TestImagesArePulledBeforeTheStop(t *testing.T) {
	_, plan := databaseCase{engine: "postgresql", operation: deployment.Restart,
		change: withTLS("require")}.build(t)
	want := []string{"Create networks", "Pull images", "Hand over the TLS key", "Stop", "Start", "Health",
		"Report"}
	if diff := cmp.Diff(names(plan.Job.Steps), want); diff != "" {
		t.Error(diff)
	}
}

func names(steps []remote.Step) []string {
	var names []string
	for _, step := range steps {
		names = append(names, step.Name)
	}
	return names
}
