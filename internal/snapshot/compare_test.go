package snapshot_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
)

// shop is a database with a few of everything.
func shop(change func(*catalog.Database)) *catalog.Database {
	db := &catalog.Database{Engine: "postgresql", Image: "postgres:16-alpine",
		Configuration: "a = 1\nb = 2\n"}
	db.Environment = []catalog.Variable{{Name: "GREETING", Value: "hello"}, {Name: "TOKEN", Secret: true}}
	db.Settings = map[string]string{"postgres_user": "shop"}
	db.SecretDigests = map[string]string{"TOKEN": "01", "POSTGRES_PASSWORD": "02", "TLS_KEY": "03"}
	db.InitScripts = []catalog.InitScript{{Name: "1.sql", Text: "select 1"}}
	db.Limits.Memory, db.Mappings = "512m", []string{"5432:5432"}
	db.TLS = "require"
	if change != nil {
		change(db)
	}
	return db
}

func TestCompare(t *testing.T) {
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			before, after := take(t, shop(nil)), take(t, shop(c.change))
			got, err := snapshot.Compare(before, after)
			if diff := cmp.Diff(got, c.want); err != nil || diff != "" {
				t.Errorf("%v (-got +want)\n%s", err, diff)
			}
			only := !slices.ContainsFunc(got, func(c snapshot.Change) bool { return !c.EnvironmentOrLimit() })
			if only != c.only {
				t.Errorf("only the environment or limits: %v, want %v", only, c.only)
			}
			if same := before.Hash() == after.Hash(); same != (len(got) == 0) {
				t.Errorf("the hashes are the same: %v, with %d changes", same, len(got))
			}
			back, err := snapshot.Compare(after, before)
			if err != nil || len(back) != len(got) {
				t.Errorf("the other way round: %d changes, err = %v, want %d", len(back), err, len(got))
			}
		})
	}
}

// changes are the cases of TestCompare.
var changes = []struct {
	name   string
	change func(*catalog.Database)
	want   []snapshot.Change
	only   bool // the environment or limits
}{
	{
		name: "nothing",
		only: true,
	},
	{
		name: "a name and a server",
		change: func(db *catalog.Database) {
			db.Name, db.Description, db.ServerID = "x", "y",
				"z"
		},
		only: true,
	},
	{
		name:   "a variable",
		change: func(db *catalog.Database) { db.Environment[0].Value = "" },
		want:   []snapshot.Change{{Path: "environment.GREETING", Edit: "changed", Before: "hello"}},
		only:   true,
	},
	{
		name: "a variable more",
		change: func(db *catalog.Database) {
			db.Environment = append(db.Environment, catalog.Variable{Name: "EMPTY"})
		},
		want: []snapshot.Change{{Path: "environment.EMPTY", Edit: "added"}},
		only: true,
	},
	{
		name:   "a variable less",
		change: func(db *catalog.Database) { db.Environment = db.Environment[1:] },
		want:   []snapshot.Change{{Path: "environment.GREETING", Edit: "removed", Before: "hello"}},
		only:   true,
	},
	{
		name:   "a secret variable",
		change: func(db *catalog.Database) { db.SecretDigests["TOKEN"] = "99" },
		want:   []snapshot.Change{{Path: "environment.TOKEN", Edit: "changed", Secret: true}},
		only:   true,
	},
	{
		name: "a secret variable less",
		change: func(db *catalog.Database) {
			db.Environment = db.Environment[:1]
			delete(db.SecretDigests, "TOKEN")
		},
		want: []snapshot.Change{{Path: "environment.TOKEN", Edit: "removed", Secret: true}},
		only: true,
	},
	{
		name: "a variable that became secret",
		change: func(db *catalog.Database) {
			db.Environment[0] = catalog.Variable{Name: "GREETING", Secret: true}
			db.SecretDigests["GREETING"] = "04"
		},
		want: []snapshot.Change{{Path: "environment.GREETING", Edit: "changed", Secret: true}},
		only: true,
	},
	{
		name: "a password and a key",
		change: func(db *catalog.Database) {
			db.SecretDigests["POSTGRES_PASSWORD"], db.SecretDigests["TLS_KEY"] = "98", "97"
		},
		want: []snapshot.Change{{Path: "postgres_password", Edit: "changed", Secret: true},
			{Path: "ssl_key", Edit: "changed", Secret: true}},
	},
	{
		name:   "limits",
		change: func(db *catalog.Database) { db.Limits = catalog.Limits{CPUShares: 512} },
		want: []snapshot.Change{{Path: "limits_cpu_shares", Edit: "added", After: "512"},
			{Path: "limits_memory", Edit: "removed", Before: "512m"}},
		only: true,
	},
	{
		name: "an image and a limit",
		change: func(db *catalog.Database) {
			db.Image, db.Limits.Memory = "postgres:17",
				"1g"
		},
		want: []snapshot.Change{{Path: "image", Edit: "changed", Before: "postgres:16-alpine",
			After: "postgres:17"},
			{Path: "limits_memory", Edit: "changed", Before: "512m", After: "1g"}},
	},
	{
		name:   "a long text",
		change: func(db *catalog.Database) { db.Configuration = "a = 1\nb = \"3\"\n" },
		want: []snapshot.Change{{Path: "postgres_conf", Edit: "changed", Before: "a = 1\nb = 2\n",
			After: "a = 1\nb = \"3\"\n"}},
	},
	{
		name:   "a setting",
		change: func(db *catalog.Database) { db.Settings = map[string]string{"postgres_db": "orders"} },
		want: []snapshot.Change{{Path: "postgres_db", Edit: "added", After: "orders"},
			{Path: "postgres_user", Edit: "removed", Before: "shop"}},
	},
	{
		name: "scripts",
		change: func(db *catalog.Database) {
			db.InitScripts = []catalog.InitScript{{Name: "1.sql", Text: "select 2"}, {Name: "2.sql"}}
		},
		want: []snapshot.Change{{Path: "init_scripts.1.sql", Edit: "changed", Before: "select 1",
			After: "select 2"},
			{Path: "init_scripts.2.sql", Edit: "added"}},
	},
	{
		name: "ports and the health check",
		change: func(db *catalog.Database) {
			db.Mappings, db.Health.Disabled = []string{"5432:5432", "5433:5432"}, true
		},
		want: []snapshot.Change{{Path: "health_check_enabled", Edit: "added", After: "false"},
			{Path: "ports_mappings", Edit: "changed", Before: "5432:5432", After: "5432:5432,5433:5432"}},
	},
}

// Whatever field differs, Compare tells of it.
func TestCompareForgetsNoField(t *testing.T) {
	for form, empty := range forms() {
		if db, ok := empty.(*catalog.Database); ok {
			db.Engine = "postgresql"
		}
		before, after := take(t, empty), take(t, full(t, form))
		changes, err := snapshot.Compare(before, after)
		if err != nil {
			t.Fatal(err)
		}
		var had, has map[string]json.RawMessage
		if err := errors.Join(json.Unmarshal(before, &had), json.Unmarshal(after, &has)); err != nil {
			t.Fatal(err)
		}
		// Two variables, two marks that no variable has, and two scripts are
		// told apart.
		want := len(has) - len(had) + 2
		switch form {
		case "database": // the init scripts
			want++
		case "inline": // the Dockerfile is in both
			want++
		}
		if len(changes) != want {
			t.Errorf("%s: %d changes, want %d: %v", form, len(changes), want, changes)
		}
	}
}

func TestCompareRefuses(t *testing.T) {
	whole := take(t, shop(nil))
	for name, other := range map[string]snapshot.Snapshot{
		"no JSON":             snapshot.Snapshot("{"),
		"what is withheld":    public(t, whole),
		"a withheld variable": snapshot.Snapshot(`{"environment":[{"key":"A","value":null}]}`),
		"a withheld script":   snapshot.Snapshot(`{"init_scripts":[{"name":"A","content":null}]}`),
		"a withheld file":     snapshot.Snapshot(`{"docker_compose":null}`),
	} {
		for _, pair := range [][2]snapshot.Snapshot{{whole, other}, {other, whole}} {
			if got, err := snapshot.Compare(pair[0], pair[1]); !errors.Is(err, fault.Internal) {
				t.Errorf("%s: %v, err = %v, want Internal", name, got, err)
			}
		}
	}
}
