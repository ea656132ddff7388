package snapshot_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/memory"
	"waybill/internal/snapshot"
	"waybill/internal/snapshot/snapshottest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestArchive(t *testing.T) {
	snapshottest.TestArchive(t, func(*testing.T) snapshot.Archive {
		return memory.New(memory.Options{}).Snapshots()
	})
}

// A snapshot is compared with those of years ago: its text must not change.
func TestGolden(t *testing.T) {
	for form := range forms() {
		t.Run(form, func(t *testing.T) {
			var got bytes.Buffer
			if err := json.Indent(&got, take(t, full(t, form)), "", "  "); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", form+".json")
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got.String(), string(want)); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
		})
	}
}

func TestRestoreGivesEveryFieldBack(t *testing.T) {
	for form, blank := range forms() {
		t.Run(form, func(t *testing.T) {
			want := full(t, form)
			// Onto a resource that has only what is no configuration.
			*blank.Shared() = catalog.Resource{Meta: want.Shared().Meta, ServerID: want.Shared().ServerID,
				State: want.Shared().State, Labels: want.Shared().Labels,
				Retention: want.Shared().Retention, Windows: want.Shared().Windows,
				Previews: want.Shared().Previews, WebhookGeneration: want.Shared().WebhookGeneration,
				Triggers: want.Shared().Triggers, Debounce: want.Shared().Debounce}
			if db, ok := blank.(*catalog.Database); ok {
				db.Engine = "postgresql"
			}
			got := restore(t, take(t, want), blank)
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if again := take(t, got).Hash(); again != take(t, want).Hash() {
				t.Errorf("the hash of what was restored is %s, want %s", again, take(t, want).Hash())
			}
		})
	}
	t.Run("and takes what was not set away", func(t *testing.T) {
		for form, empty := range forms() {
			given := full(t, form)
			if db, ok := empty.(*catalog.Database); ok {
				db.Engine = "postgresql"
			}
			got := restore(t, take(t, empty), given)
			*empty.Shared() = catalog.Resource{Meta: given.Shared().Meta, ServerID: given.Shared().ServerID,
				State: given.Shared().State, Labels: given.Shared().Labels,
				Retention: given.Shared().Retention, Windows: given.Shared().Windows,
				Previews: given.Shared().Previews, WebhookGeneration: given.Shared().WebhookGeneration,
				Triggers: given.Shared().Triggers, Debounce: given.Shared().Debounce}
			if diff := cmp.Diff(got, empty); diff != "" {
				t.Errorf("%s (-got +want)\n%s", form, diff)
			}
			if diff := cmp.Diff(given, full(t, form)); diff != "" {
				t.Errorf("%s: the given resource was changed (-got +want)\n%s", form, diff)
			}
		}
	})
}

// Every field that a resource has either decides what runs, and then changes
// the hash, or is named here.
func TestEveryFieldChangesTheHash(t *testing.T) {
	notConfiguration := []string{".Meta.ID", ".Meta.Name", ".Meta.Description", ".Meta.CreatedAt",
		".Meta.UpdatedAt", ".Meta.Generation", ".ServerID",
		".Labels.Project", ".Labels.Environment", ".Labels.Tags", ".Previews",
		".Retention.Finished", ".Retention.Failed", ".Retention.Cancelled", ".Triggers", ".Debounce",
		".Windows.Allow", ".Windows.Freeze", ".Windows.Outside", ".WebhookGeneration",
		".State.Status", ".State.Queued", ".State.Running", ".State.Deployments",
		".State.LogObjects", ".State.LogBytes", ".State.LastStart", ".HeadOnly",
		".Password", ".TLSKey"}
	for form := range forms() {
		before := take(t, full(t, form)).Hash()
		eachField(reflect.ValueOf(full(t, form)).Elem(), "", func(path string, index []int) {
			changed := full(t, form)
			value := reflect.ValueOf(changed).Elem()
			for _, i := range index {
				if value.Kind() == reflect.Pointer {
					value = value.Elem()
				}
				value = value.Field(i)
			}
			value.SetZero()
			if path == ".Password" || path == ".TLSKey" {
				value.SetString("hunter22")
			}
			if db, ok := changed.(*catalog.Database); ok && path == ".Engine" {
				db.Engine = "mysql"
			}
			differs := take(t, changed).Hash() != before
			same := false
			for _, suffix := range notConfiguration {
				same = same || strings.HasSuffix(path, suffix)
			}
			if differs == same {
				t.Errorf("%s: a change of %s changes the hash: %v", form, path, differs)
			}
		})
	}
}

// eachField visits every field that has no fields itself, by its path and its
// index.
func eachField(value reflect.Value, path string, visit func(path string, index []int), index ...int) {
	if value.Kind() == reflect.Pointer && !value.IsNil() {
		value = value.Elem()
	}
	if value.Kind() != reflect.Struct || value.Type().PkgPath() == "time" {
		if value.Kind() != reflect.Pointer {
			visit(path, index)
		}
		return
	}
	for i := range value.NumField() {
		eachField(value.Field(i), path+"."+value.Type().Field(i).Name, visit,
			append(slices.Clone(index), i)...)
	}
}

func TestSnapshotsAreCanonical(t *testing.T) {
	one := &catalog.Database{Engine: "redis", Settings: map[string]string{"a": "1", "b": "2"},
		InitScripts: []catalog.InitScript{{Name: "1.sh"}, {Name: "2.sh"}}}
	one.Environment = []catalog.Variable{{Name: "A"}, {Name: "B"}}
	two := &catalog.Database{Engine: "redis", Settings: map[string]string{"b": "2", "a": "1"},
		InitScripts: []catalog.InitScript{{Name: "2.sh"}, {Name: "1.sh"}}}
	two.Environment = []catalog.Variable{{Name: "B"}, {Name: "A"}}
	two.SecretDigests = map[string]string{}
	if got, want := take(t, two).Hash(), take(t, one).Hash(); got != want {
		t.Errorf("hash = %s, want %s: an order that says nothing is in it", got, want)
	}
	if diff := cmp.Diff(two.Environment[0].Name+two.InitScripts[0].Name, "B2.sh"); diff != "" {
		t.Errorf("taking the snapshot changed the resource (-got +want)\n%s", diff)
	}
	service := &catalog.Service{Compose: "services: {a: {image: 'x<y>&z'}}\n# \u2028 é \x01"}
	if got := take(t, service); !bytes.Contains(got, []byte("x<y>&z")) {
		t.Errorf("%s: a text is not readable in it", got)
	}
	if got, want := take(t, service).Hash(), "e29bc863adf5"; got[:12] != want {
		t.Errorf("hash = %.12s, want %s, as always", got, want)
	}
}

func TestNoSecretIsInASnapshot(t *testing.T) {
	const value = "hunter22"
	for form, draft := range forms() {
		draft.Shared().Environment = []catalog.Variable{{Name: "TOKEN", Value: value, Secret: true}}
		switch draft := draft.(type) {
		case *catalog.Application:
			if source := draft.Source(); source != nil {
				source.UserName, source.Password = "deploy", value
			}
		case *catalog.Database:
			draft.Engine = "postgresql"
			draft.Settings = map[string]string{"postgres_password": value, "postgres_user": "shop"}
			draft.TLS, draft.TLSKey = "require", value
		}
		if taken := take(t, draft); bytes.Contains(taken, []byte(value)) {
			t.Errorf("the snapshot of an unsealed draft of %s has a secret: %s", form, taken)
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	service := take(t, &catalog.Service{Compose: "services: {}"})
	postgres := take(t, &catalog.Database{Engine: "postgresql"})
	mysql := func() *catalog.Database { return &catalog.Database{Engine: "mysql"} }
	for _, c := range []struct {
		name  string
		taken snapshot.Snapshot
		onto  catalog.Deployable
	}{
		{
			name:  "one of another kind",
			taken: service,
			onto:  &catalog.Database{},
		},
		{
			name:  "one of another engine",
			taken: postgres,
			onto:  mysql(),
		},
		{
			name:  "an unknown build pack",
			taken: snapshot.Snapshot(`{"kind":"application","build_pack":"nixpacks"}`),
			onto:  &catalog.Application{},
		},
		{
			name:  "an unknown field",
			taken: snapshot.Snapshot(`{"kind":"service","docker_compose":"x","swarm":true}`),
			onto:  &catalog.Service{},
		},
		{
			name:  "a setting that is no text",
			taken: snapshot.Snapshot(`{"kind":"database","engine":"mysql","n":1}`),
			onto:  mysql(),
		},
		{
			name:  "no JSON",
			taken: snapshot.Snapshot(`{`),
			onto:  &catalog.Service{},
		},
		{
			name: "no bytes",
			onto: &catalog.Service{},
		},
		{
			name:  "malformed ports",
			taken: snapshot.Snapshot(`{"kind":"database","engine":"mysql","ports_exposes":"a"}`),
			onto:  mysql(),
		},
		{
			name:  "a withheld file",
			taken: public(t, service),
			onto:  &catalog.Service{},
		},
		{
			name:  "a withheld variable",
			taken: snapshot.Snapshot(`{"kind":"service","environment":[{"key":"A","value":null}]}`),
			onto:  &catalog.Service{},
		},
		{
			name: "a withheld script",
			taken: snapshot.Snapshot(
				`{"kind":"database","engine":"mysql","init_scripts":[{"name":"A","content":null}]}`),
			onto: mysql(),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := c.taken.Restore(c.onto); fault.KindOf(err) != fault.Internal || err == nil {
				t.Errorf("%v, err = %v, want Internal", got, err)
			}
		})
	}
}

func public(t *testing.T, taken snapshot.Snapshot) snapshot.Snapshot {
	t.Helper()
	shown, err := taken.Public()
	if err != nil {
		t.Fatal(err)
	}
	return shown
}

func TestPublicWithholds(t *testing.T) {
	const value = "hunter22"
	for form, resource := range forms() {
		resource.Shared().Environment = []catalog.Variable{{Name: "A", Value: value},
			{Name: "B", Secret: true}}
		resource.Shared().SecretDigests = map[string]string{"B": "0123"}
		switch r := resource.(type) {
		case *catalog.Application:
			if r.Shell != nil {
				*r.Shell = catalog.Shell{Start: value, Stop: value, Health: value}
			}
			if r.Image != nil {
				r.Image.Name, r.Image.Health.Command = "nginx", value
			}
			if r.Dockerfile != nil {
				r.Dockerfile.Health.Command = value
			}
			if r.Inline != nil {
				r.Inline.Text, r.Inline.Health.Command = value, value
			}
		case *catalog.Service:
			r.Compose = value
		case *catalog.Database:
			r.Engine, r.Configuration, r.InitScripts = "postgresql", value,
				[]catalog.InitScript{{Name: "1.sql", Text: value}}
		}
		taken := take(t, resource)
		shown := public(t, taken)
		if !bytes.Contains(taken, []byte(value)) || bytes.Contains(shown, []byte(value)) {
			t.Errorf("%s: %s, want it without %q", form, shown, value)
		}
		if !bytes.Contains(shown, []byte(`{"key":"A","value":null,"is_secret":false}`)) {
			t.Errorf("%s: %s, want the name of A", form, shown)
		}
	}
	if got, want := string(public(t, take(t, &catalog.Service{}))), `{"kind":"service"}`; got != want {
		t.Errorf("of an empty service: %s, want %s", got, want)
	}
}

func TestMissing(t *testing.T) {
	db := &catalog.Database{Engine: "postgresql"}
	db.Environment = []catalog.Variable{{Name: "PLAIN", Value: "1"}, {Name: "TOKEN", Secret: true},
		{Name: "OLD", Secret: true}}
	db.SecretDigests = map[string]string{"TOKEN": "01", "POSTGRES_PASSWORD": "02"}
	for _, c := range []struct{ name, vault, want string }{
		{"nothing is in the vault", "", "OLD POSTGRES_PASSWORD TOKEN"},
		{"some are in the vault", "TOKEN mark.key MORE", "OLD POSTGRES_PASSWORD"},
		{"all are in the vault", "TOKEN OLD POSTGRES_PASSWORD", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			secrets := map[string]string{}
			for _, name := range strings.Fields(c.vault) {
				secrets[name] = ""
			}
			got, err := take(t, db).Missing(secrets)
			if got := strings.Join(got, " "); err != nil || got != c.want {
				t.Errorf("%q, err = %v, want %q", got, err, c.want)
			}
		})
	}
	t.Run("no JSON is Internal", func(t *testing.T) {
		if _, err := snapshot.Snapshot("{").Missing(nil); !errors.Is(err, fault.Internal) {
			t.Errorf("err = %v, want Internal", err)
		}
	})
}
