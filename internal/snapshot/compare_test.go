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
	for name, c := range map[string]struct {
		change func(*catalog.Database)
		want   []snapshot.Change
		only   bool // the environment or limits
	}{
		"nothing": {nil, nil, true},
		"a name and a server": {func(db *catalog.Database) {
			db.Name, db.Description, db.ServerID = "x", "y",
				"z"
		}, nil, true},
		"a variable": {func(db *catalog.Database) { db.Environment[0].Value = "" },
			[]snapshot.Change{{Path: "environment.GREETING", Edit: "changed", Before: "hello"}}, true},
		"a variable more": {func(db *catalog.Database) {
			db.Environment = append(db.Environment, catalog.Variable{Name: "EMPTY"})
		}, []snapshot.Change{{Path: "environment.EMPTY", Edit: "added"}}, true},
		"a variable less": {func(db *catalog.Database) { db.Environment = db.Environment[1:] },
			[]snapshot.Change{{Path: "environment.GREETING", Edit: "removed", Before: "hello"}}, true},
		"a secret variable": {func(db *catalog.Database) { db.SecretDigests["TOKEN"] = "99" },
			[]snapshot.Change{{Path: "environment.TOKEN", Edit: "changed", Secret: true}}, true},
		"a secret variable less": {func(db *catalog.Database) { db.Environment = db.Environment[:1]; delete(db.SecretDigests, "TOKEN") },
			[]snapshot.Change{{Path: "environment.TOKEN", Edit: "removed", Secret: true}}, true},
		"a variable that became secret": {func(db *catalog.Database) {
			db.Environment[0] = catalog.Variable{Name: "GREETING", Secret: true}
			db.SecretDigests["GREETING"] = "04"
		}, []snapshot.Change{{Path: "environment.GREETING", Edit: "changed", Secret: true}}, true},
		"a password and a key": {func(db *catalog.Database) {
			db.SecretDigests["POSTGRES_PASSWORD"], db.SecretDigests["TLS_KEY"] = "98", "97"
		},
			[]snapshot.Change{{Path: "postgres_password", Edit: "changed", Secret: true},
				{Path: "ssl_key", Edit: "changed", Secret: true}}, false},
		"limits": {func(db *catalog.Database) { db.Limits = catalog.Limits{CPUShares: 512} },
			[]snapshot.Change{{Path: "limits_cpu_shares", Edit: "added", After: "512"},
				{Path: "limits_memory", Edit: "removed", Before: "512m"}}, true},
		"an image and a limit": {func(db *catalog.Database) {
			db.Image, db.Limits.Memory = "postgres:17",
				"1g"
		},
			[]snapshot.Change{{Path: "image", Edit: "changed", Before: "postgres:16-alpine",
				After: "postgres:17"},
				{Path: "limits_memory", Edit: "changed", Before: "512m", After: "1g"}}, false},
		"a long text": {func(db *catalog.Database) { db.Configuration = "a = 1\nb = \"3\"\n" },
			[]snapshot.Change{{Path: "postgres_conf", Edit: "changed", Before: "a = 1\nb = 2\n",
				After: "a = 1\nb = \"3\"\n"}}, false},
		"a setting": {func(db *catalog.Database) { db.Settings = map[string]string{"postgres_db": "orders"} },
			[]snapshot.Change{{Path: "postgres_db", Edit: "added", After: "orders"},
				{Path: "postgres_user", Edit: "removed", Before: "shop"}}, false},
		"scripts": {func(db *catalog.Database) {
			db.InitScripts = []catalog.InitScript{{Name: "1.sql", Text: "select 2"}, {Name: "2.sql"}}
		},
			[]snapshot.Change{{Path: "init_scripts.1.sql", Edit: "changed", Before: "select 1",
				After: "select 2"},
				{Path: "init_scripts.2.sql", Edit: "added"}}, false},
		"ports and the health check": {func(db *catalog.Database) {
			db.Mappings, db.Health.Disabled = []string{"5432:5432", "5433:5432"}, true
		}, []snapshot.Change{{Path: "health_check_enabled", Edit: "added", After: "false"},
			{Path: "ports_mappings", Edit: "changed", Before: "5432:5432", After: "5432:5432,5433:5432"}},
			false},
	} {
		t.Run(name, func(t *testing.T) {
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
		if form == "database" {
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
