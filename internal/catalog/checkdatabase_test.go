package catalog_test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/certificate"
	"waybill/internal/engine"
	"waybill/internal/fault"
)

func goodDatabase(change func(*catalog.Database)) *catalog.Database {
	db := &catalog.Database{Resource: goodResource(), Engine: "postgresql"}
	if change != nil {
		change(db)
	}
	return db
}

func TestCheckDatabaseOfEveryEngine(t *testing.T) {
	for _, known := range engine.All() {
		t.Run(known.Name, func(t *testing.T) {
			db := goodDatabase(func(db *catalog.Database) { db.Engine = known.Name })
			if err := catalog.CompleteSecrets(db, nil, rand.Reader); err != nil {
				t.Fatal(err)
			}
			wantGood(t, known.Name, db)
			if db.Image != known.Image {
				t.Errorf("image = %q, want %q", db.Image, known.Image)
			}
			for _, setting := range known.Settings {
				got := db.Settings[setting.Field]
				if setting.Secret && len(got) != 64 || !setting.Secret && got != setting.Default {
					t.Errorf("%s has %d characters, default %q", setting.Field, len(got), setting.Default)
				}
			}
			db.Configuration = "x"
			if err := catalog.Check(db); (err == nil) != (known.Configuration != "") {
				t.Errorf("a configuration: %v, and the engine takes %q", fault.Fields(err),
					known.Configuration)
			}
			db.Configuration, db.InitScripts = "", []catalog.InitScript{{Name: "1.sh"}}
			if err := catalog.Check(db); (err == nil) != known.InitScripts {
				t.Errorf("a script: %v, and the engine runs them: %v", fault.Fields(err), known.InitScripts)
			}
			db.InitScripts, db.TLS = nil, "nonsense"
			wantProblem(t, "ssl_mode", "nonsense", catalog.Check(db))
			for _, mode := range known.TLSModes {
				db.TLS = mode
				wantGood(t, mode, db)
			}
		})
	}
}

func TestCheckDatabase(t *testing.T) {
	err := catalog.Check(goodDatabase(func(db *catalog.Database) { db.Engine = "oracle" }))
	wantProblem(t, "engine", "oracle", err)
	if got := fault.Fields(err)["engine"][0]; !strings.Contains(got, "postgresql") ||
		!strings.Contains(got, "valkey") {
		t.Errorf("%q, want the engines that there are", got)
	}
	script := func(names ...string) func(*catalog.Database) {
		return func(db *catalog.Database) {
			for _, name := range names {
				db.InitScripts = append(db.InitScripts, catalog.InitScript{Name: name, Text: "select 1"})
			}
		}
	}
	set := func(field, value string) func(*catalog.Database) {
		return func(db *catalog.Database) { db.Settings = map[string]string{field: value} }
	}
	variable := func(name string) func(*catalog.Database) {
		return func(db *catalog.Database) { db.Environment = []catalog.Variable{{Name: name, Value: "x"}} }
	}
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprintf("%d.sql", i)
	}
	for name, change := range map[string]func(*catalog.Database){
		"an image of a registry": func(db *catalog.Database) {
			db.Image = "registry.example.org:5000/postgres:17@" + sha256Digest
		},
		"settings":               set("postgres_user", "shop"),
		"a password of anything": set("postgres_password", "p$ss'w\"örd\\ with spaces & <tags> %20 {{}}"),
		"a configuration": func(db *catalog.Database) {
			db.Configuration = strings.Repeat("#", 64<<10)
		},
		"scripts":      script("10-roles.sql", "20-data.sh", "x.js"),
		"many scripts": script(many[:50]...),
		"a public port": func(db *catalog.Database) {
			db.PublicPort, db.Mappings = 5432, []string{"5433:5432", "5432:5432/udp"}
		},
		"a variable":             variable("TZ"),
		"a health check's times": func(db *catalog.Database) { db.Health.IntervalSeconds = 5 },
	} {
		wantGood(t, name, goodDatabase(change))
	}
	for _, c := range []struct {
		name   string
		field  string
		change func(*catalog.Database)
	}{
		{"a malformed image", "image", func(db *catalog.Database) { db.Image = "Postgres 16" }},
		{"an option for an image", "image", func(db *catalog.Database) { db.Image = "--privileged" }},
		{"an unknown setting", "redis_password", set("redis_password", "hunter22")},
		{"a user with a quote", "postgres_user", set("postgres_user", "a'b")},
		{"a password of two lines", "postgres_password", set("postgres_password", "hunter22\nx")},
		{"a password that is short", "postgres_password", set("postgres_password", "x")},
		{"a long configuration", "postgres_conf",
			func(db *catalog.Database) { db.Configuration = strings.Repeat("#", 64<<10+1) }},
		{"a configuration with NUL", "postgres_conf",
			func(db *catalog.Database) { db.Configuration = "\x00" }},
		{"a script in a folder", "init_scripts.0", script("a/b.sql")},
		{"a script one level up", "init_scripts.0", script("../b.sql")},
		{"a hidden script", "init_scripts.0", script(".sql")},
		{"a script of another kind", "init_scripts.1", script("a.sql", "b.txt")},
		{"a script without a name", "init_scripts.0", script("")},
		{"a script with a space", "init_scripts.0", script("a b.sql")},
		{"a script that is an option", "init_scripts.0", script("-a.sql")},
		{"a script twice", "init_scripts.1", script("a.sql", "a.sql")},
		{"too many scripts", "init_scripts", script(many...)},
		{"a script with NUL", "init_scripts.0",
			func(db *catalog.Database) {
				db.InitScripts = []catalog.InitScript{{Name: "a.sql",
					Text: "\x00"}}
			}},
		{"long scripts", "init_scripts", func(db *catalog.Database) {
			db.InitScripts = []catalog.InitScript{{Name: "a.sql", Text: strings.Repeat("-", 40<<10)},
				{Name: "b.sql", Text: strings.Repeat("-", 40<<10)}}
		}},
		{"a public port out of range", "public_port", func(db *catalog.Database) { db.PublicPort = 65536 }},
		{"a public port that is mapped", "ports_mappings",
			func(db *catalog.Database) {
				db.PublicPort, db.Mappings = 5432,
					[]string{"127.0.0.1:5432:5432"}
			}},
		{"a malformed mapping", "ports_mappings",
			func(db *catalog.Database) { db.Mappings = []string{"x"} }},
		{"exposed ports", "ports_exposes",
			func(db *catalog.Database) { db.Exposes = []int{80} }},
		{"a malformed limit", "limits_memory",
			func(db *catalog.Database) { db.Limits.Memory = "x" }},
		{"a health command", "health_check_command",
			func(db *catalog.Database) { db.Health.Command = "true" }},
		{"a health path", "health_check_path",
			func(db *catalog.Database) { db.Health.Path = "/" }},
		{"a long interval", "health_check_interval",
			func(db *catalog.Database) { db.Health.IntervalSeconds = 86401 }},
		{"a variable of a password", "environment.POSTGRES_PASSWORD", variable("POSTGRES_PASSWORD")},
		{"a variable of a setting", "environment.POSTGRES_USER", variable("POSTGRES_USER")},
		{"a variable of the engine", "environment.PGUSER", variable("PGUSER")},
		{"a variable of a file", "environment.POSTGRES_PASSWORD_FILE",
			variable("POSTGRES_PASSWORD_FILE")},
		{"a variable of the TLS key", "environment.TLS_KEY", variable("TLS_KEY")},
		{"no server", "server_uuid", func(db *catalog.Database) { db.ServerID = "" }},
	} {
		err := catalog.Check(goodDatabase(c.change))
		wantProblem(t, c.field, c.name, err)
		if strings.Contains(fmt.Sprint(err, fault.Fields(err)), "hunter22") {
			t.Errorf("%s: the problem has the password", c.name)
		}
	}
	t.Run("a variable that no field sets is said to be the engine's", func(t *testing.T) {
		problem := fault.Fields(catalog.Check(goodDatabase(variable("PGUSER"))))["environment.PGUSER"]
		if diff := cmp.Diff(problem, []string{"is set for the engine already"}); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("scripts are put in order, in a list of their own", func(t *testing.T) {
		given := []catalog.InitScript{{Name: "2.sql"}, {Name: "1.sql"}}
		db := goodDatabase(func(db *catalog.Database) { db.InitScripts = given })
		wantGood(t, "scripts", db)
		if diff := cmp.Diff(db.InitScripts, []catalog.InitScript{{Name: "1.sql"},
			{Name: "2.sql"}}); diff != "" || given[0].Name != "2.sql" {
			t.Errorf("given %v (-got +want)\n%s", given, diff)
		}
	})
}

// The published image of MySQL creates its accounts by SQL in which only a backslash
// can escape a quote.
func TestCheckPasswordsThatAConfigurationFileCannotHave(t *testing.T) {
	const strict = "[mysqld]\nsql_mode = ANSI,no_backslash_escapes\n"
	for _, c := range []struct {
		name                    string
		engine, conf, root, own string
		ran                     bool
		wrong                   []string
	}{
		{"a quote", "mysql", strict, "root-password", "it's own", false,
			[]string{"mysql_password"}},
		{"double quotes", "mysql", strict, `the "root"`, "own-password", false,
			[]string{"mysql_root_password"}},
		{"backslashes in both", "mysql", strict, `root\password`, `own\password`, false,
			[]string{"mysql_password", "mysql_root_password"}},
		{"no such character", "mysql", strict, "root $`#%;", "own-password", false, nil},
		{"another mode", "mysql", "[mysqld]\nsql_mode = " +
			"ANSI\n", "root'password", "own-password", false, nil},
		{"a mode in a comment", "mysql", "# NO_BACKSLASH_ESCAPES\n ; " +
			"NO_BACKSLASH_ESCAPES\n", "root'password", "own-password", false, nil},
		{"accounts made long ago",
			"mysql", strict, "root'password", "own-password", true, nil},
		{"MariaDB, whose image turns the mode off meanwhile",
			"mariadb", strict, "root'password", "own'password", false, nil},
	} {
		db := goodDatabase(func(db *catalog.Database) {
			db.Engine, db.Image, db.DataFolder, db.Configuration = c.engine, "", "", c.conf
			db.Settings = map[string]string{
				c.engine + "_root_password": c.root,
				c.engine + "_password":      c.own,
			}
			if c.ran {
				db.State.Status = "exited"
			}
		})
		err := catalog.Check(db)
		wrong := fault.Fields(err)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(wrong)), c.wrong); diff != "" {
			t.Errorf("%s: refused (-got +want)\n%s", c.name, diff)
		}
		for _, field := range c.wrong {
			said := strings.Join(wrong[field], " ")
			shows := strings.Contains(said, c.root) || strings.Contains(said, c.own)
			if shows || !strings.Contains(said, "NO_BACKSLASH_ESCAPES") ||
				!strings.Contains(said, "mysql_conf") {
				t.Errorf("%s: %q", c.name, said)
			}
		}
	}
}

func TestCheckTLS(t *testing.T) {
	newPair := func() (string, string) {
		made, key, err := certificate.New(rand.Reader, time.Unix(1_800_000_000, 0), "dbs0", "203.0.113.7")
		if err != nil {
			t.Fatal(err)
		}
		return made, key
	}
	certificate, key := newPair()
	_, otherKey := newPair()
	with := func(mode, certificate, key string) *catalog.Database {
		return goodDatabase(func(db *catalog.Database) {
			db.TLS, db.Certificate, db.TLSKey = mode, certificate, key
		})
	}
	wantGood(t, "a pair", with("require", certificate, key))
	wantGood(t, "a certificate whose key is in the vault", with("require", certificate, ""))
	wantGood(t, "neither yet", with("require", "", ""))
	off := with("", certificate, key)
	wantGood(t, "TLS that is off", off)
	if off.Certificate+off.TLSKey != "" {
		t.Error("what TLS needed is kept although it is off")
	}
	for name, draft := range map[string]*catalog.Database{
		"no PEM":             with("require", "x", key),
		"a key":              with("require", key, key),
		"a key with it":      with("require", certificate+key, key),
		"the key of another": with("require", certificate, otherKey),
		"a key and nothing":  with("require", "", key),
		"a long certificate": with("require", strings.Repeat(certificate, 40), key),
		"a certificate of air": with("require", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END "+
			"CERTIFICATE-----\n", key),
	} {
		wantProblem(t, "ssl_certificate", name, catalog.Check(draft))
	}
}
