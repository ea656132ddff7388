package inspectapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// plan is the part of an answer that the tests look at.
type plan struct {
	LastDeploymentUUID *string `json:"last_deployment_uuid"`
	Changes            []struct {
		Path, Edit    string
		Secret        bool
		Before, After *string
	}
	Variables []struct {
		Key    string
		Secret bool `json:"is_secret"`
	}
	Steps []struct {
		Name    string
		Command *string
	}
	Compose            *string `json:"docker_compose"`
	Images             []struct{ Service, Image, Source string }
	ImagesComplete     bool `json:"images_complete"`
	Registries         []string
	Status             *string
	Problems, Warnings []string
}

func (p plan) steps() []string {
	var names []string
	for _, step := range p.Steps {
		names = append(names, step.Name)
	}
	return names
}

// known matches what differs from run to run.
var known = regexp.MustCompile(`(app|svc|dbs|srv)[a-z0-9]{21}([a-z0-9]{16})?|[0-9a-f]{64}`)

// wantGolden compares an answer with a file. Ids and hashes are replaced.
func wantGolden(t *testing.T, name string, body []byte) {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	got := known.ReplaceAllStringFunc(indented.String()+"\n", func(id string) string {
		if names[id] == "" {
			names[id] = fmt.Sprintf("ID-%d", len(names)+1)
		}
		return names[id]
	})
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("%s differs (-got +want):\n%s", file, diff)
	}
}

func TestPlanOfEveryKind(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	reader := w.Mint(t, access.Read)
	w.Registry(t, server)
	for kind, make := range w.Makers() {
		uuid := make(t, server)
		for name, token := range map[string]string{"sensitive": w.Root, "read": reader} {
			t.Run(kind+" with "+name, func(t *testing.T) {
				answer := w.Ask(t, resttest.Request{Operation: "plan" + kind, PathUUID: uuid, Token: token})
				if answer.Status != http.StatusOK {
					t.Fatalf("%d %s", answer.Status, answer.Body)
				}
				wantGolden(t, "plan-"+strings.ToLower(kind)+"-"+name, answer.Body)
			})
		}
	}
}

// TestPlanShowsWhatHasChanged compares with the last start that finished.
func TestPlanShowsWhatHasChanged(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Service(t, w.Server(t))
	first := resttest.Request{Operation: "planService", PathUUID: uuid}
	if got := resttest.Want[plan](t, w, http.StatusOK, first); got.LastDeploymentUUID != nil ||
		got.Changes != nil {
		t.Errorf("before the first start: %+v", got)
	}
	started := w.Run(t, "startService", uuid)
	got := resttest.Want[plan](t, w, http.StatusOK, first)
	if got.LastDeploymentUUID == nil || *got.LastDeploymentUUID != started || len(got.Changes) != 0 ||
		got.Changes == nil {
		t.Errorf("after the start: %+v", got)
	}
	w.Change(t, http.StatusOK, "updateService", uuid, resttest.Object{"environment": []resttest.Object{
		{"key": "TAG", "value": "7.4"}, {"key": "TOKEN", "value": resttest.SecretValue, "is_secret": true},
	}})
	got = resttest.Want[plan](t, w, http.StatusOK, first)
	paths := map[string]*string{}
	for _, change := range got.Changes {
		paths[change.Path] = change.After
	}
	if after := paths["environment.TAG"]; after == nil || *after != "7.4" ||
		paths["environment.TOKEN"] != nil {
		t.Errorf("after a change: %+v", got.Changes)
	}
	wantGolden(t, "plan-changed", w.Ask(t, first).Body)
	first.Token = w.Mint(t, access.Read)
	for _, change := range resttest.Want[plan](t, w, http.StatusOK, first).Changes {
		if change.Before != nil || change.After != nil {
			t.Errorf("a reader sees the values of %s", change.Path)
		}
	}
}

// TestPlanSaysWhyAStartWouldFail compares with the refusal of the start where there is one.
func TestPlanSaysWhyAStartWouldFail(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	wants := func(t *testing.T, kind, uuid, problem string) plan {
		t.Helper()
		got := resttest.Want[plan](t, w, http.StatusOK, resttest.Request{
			Operation: "plan" + kind, PathUUID: uuid})
		if !strings.Contains(strings.Join(got.Problems, "\n"), problem) {
			t.Errorf("problems %q, want %q", got.Problems, problem)
		}
		return got
	}
	t.Run("a service that runs already", func(t *testing.T) {
		uuid := w.Service(t, server)
		w.Run(t, "startService", uuid)
		refusal := w.Ask(t, resttest.Request{Operation: "startService", PathUUID: uuid}).Problem(t)
		if got := wants(t, "Service", uuid, refusal.Message); len(got.Steps) == 0 {
			t.Error("the plan has no steps")
		}
		w.Change(t, http.StatusOK, "updateService", uuid, resttest.Object{"environment": []resttest.Object{
			{"key": "TAG", "value": "7.4"}}})
		refusal = w.Ask(t, resttest.Request{Operation: "startService", PathUUID: uuid}).Problem(t)
		wants(t, "Service", uuid, refusal.Message)
		got := resttest.Want[plan](t, w, http.StatusOK, resttest.Request{
			Operation: "planService", PathUUID: uuid, Body: resttest.Object{"force": true}})
		if len(got.Problems) > 0 {
			t.Errorf("with an option: %q", got.Problems)
		}
	})
	t.Run("a server without a pinned host key", func(t *testing.T) {
		uuid := w.Application(t, w.UnpinnedServer(t))
		refusal := w.Ask(t, resttest.Request{Operation: "startApplication", PathUUID: uuid}).Problem(t)
		wants(t, "Application", uuid, refusal.Message)
	})
	t.Run("closed windows", func(t *testing.T) {
		uuid := w.Application(t, server)
		w.Change(t, http.StatusOK, "updateApplication", uuid, resttest.Object{"windows": resttest.Object{
			"freeze": []resttest.Object{{"from": "2020-01-01 UTC", "to": "2099-12-31 UTC"}}}})
		refusal := w.Ask(t, resttest.Request{Operation: "startApplication", PathUUID: uuid}).Problem(t)
		wants(t, "Application", uuid, refusal.Message)
	})
	t.Run("a broken compose file", func(t *testing.T) {
		uuid := w.Create(t, "createService", resttest.Object{"name": "broken", "server_uuid": server,
			"docker_compose_raw": "services:\n  web:\n    imagine: web\n"})
		got := wants(t, "Service", uuid, "line 3")
		answer := w.Ask(t, resttest.Request{Operation: "planService", PathUUID: uuid})
		wantGolden(t, "plan-broken", answer.Body)
		if len(got.Steps)+len(got.Images) > 0 || got.Status != nil {
			t.Errorf("a plan that cannot be: %+v", got)
		}
		got = resttest.Want[plan](t, w, http.StatusOK, resttest.Request{
			Operation: "planService", PathUUID: uuid, Token: w.Mint(t, access.Read)})
		if len(got.Problems) != 1 || strings.Contains(got.Problems[0], "imagine") {
			t.Errorf("a reader sees %q", got.Problems)
		}
	})
	t.Run("a secret without a value", func(t *testing.T) {
		uuid := w.Application(t, server)
		if err := w.Memory.SetSecrets(t.Context(), catalog.ID(uuid), map[string]string{}); err != nil {
			t.Fatal(err)
		}
		wants(t, "Application", uuid, "The secret variable PASSWORD has no value. Set it again.")
	})
	t.Run("options of another kind are refused as at a start", func(t *testing.T) {
		request := resttest.Request{PathUUID: w.Application(t, server),
			Body: resttest.Object{"docker_tag": "2"}}
		request.Operation = "startApplication"
		want := w.Ask(t, request)
		request.Operation = "planApplication"
		got := w.Ask(t, request)
		if got.Status != want.Status || got.Problem(t).Message != want.Problem(t).Message {
			t.Errorf("%d %s, want %d %s", got.Status, got.Body, want.Status, want.Body)
		}
	})
}

func TestPlanTakesTheOptionsOfAStart(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	database, application := w.Database(t, server), w.Create(t, "createImageApplication", resttest.Object{
		"name": "web", "server_uuid": server, "docker_registry_image_name": "ghcr.io/acme/web"})
	ask := func(kind, uuid string, body resttest.Object) plan {
		return resttest.Want[plan](t, w, http.StatusOK, resttest.Request{
			Operation: "plan" + kind, PathUUID: uuid, Body: body})
	}
	if got := ask("Database", database, resttest.Object{}); got.Images[0].Source != "pull_missing" {
		t.Errorf("%+v", got.Images)
	}
	if got := ask("Database", database, resttest.Object{"pull_latest_images": true}); got.Images[0].Source !=
		"pull_newer" {
		t.Errorf("%+v", got.Images)
	}
	if got := ask("Database", database, resttest.Object{"stop_before_start": true}); !slices.Contains(
		got.steps(), "Stop") {
		t.Errorf("%q", got.steps())
	}
	if got := ask("Application", application, resttest.Object{"docker_tag": "2"}); got.Images[0].Image !=
		"ghcr.io/acme/web:2" {
		t.Errorf("%+v", got.Images)
	}
}

// TestPlanNamesRegistries: only those with an image that may be pulled, by their hosts.
func TestPlanNamesRegistries(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	w.Registry(t, server)
	image := func(name string) string {
		return w.Create(t, "createImageApplication", resttest.Object{
			"name": "web", "server_uuid": server, "docker_registry_image_name": name})
	}
	for uuid, want := range map[string][]string{
		image("registry.example:5000/web"): {"registry.example:5000"},
		image("ghcr.io/acme/web"):          {},
		w.Built(t, server):                 {"registry.example:5000"}, // its base image may be there
		w.Application(t, server):           {},
	} {
		got := resttest.Want[plan](t, w, http.StatusOK, resttest.Request{
			Operation: "planApplication", PathUUID: uuid})
		if diff := cmp.Diff(got.Registries, want); diff != "" {
			t.Errorf("of %+v (-got +want)\n%s", got.Images, diff)
		}
	}
}

// TestPlanChangesNothing compares everything that is stored before and after.
func TestPlanChangesNothing(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for kind, make := range w.Makers() {
		uuid := make(t, server)
		request := resttest.Request{Operation: "plan" + kind, PathUUID: uuid,
			Body: resttest.Object{"force": true}}
		resttest.Want[plan](t, w, http.StatusOK, request) // notes that the token is used
		before := stored(w)
		resttest.Want[plan](t, w, http.StatusOK, request)
		if diff := cmp.Diff(stored(w), before); diff != "" {
			t.Errorf("a plan of %s has changed something (-got +want):\n%s", kind, diff)
		}
		request.Operation = "start" + kind
		if resttest.Want[resttest.Queued](t, w, http.StatusOK, request); cmp.Equal(stored(w), before) {
			t.Errorf("the test does not see that a %s was started", kind)
		}
	}
}

// stored describes all that the world has stored, a line for each value.
func stored(w *resttest.World) []string {
	var lines []string
	var visit func(path string, value reflect.Value)
	visit = func(path string, value reflect.Value) {
		switch value.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !value.IsNil() {
				visit(path, value.Elem())
			}
		case reflect.Struct:
			for i := range value.NumField() {
				visit(path+"."+value.Type().Field(i).Name, value.Field(i))
			}
		case reflect.Map:
			for _, key := range value.MapKeys() {
				visit(fmt.Sprintf("%s[%v]", path, key), value.MapIndex(key))
			}
		case reflect.Slice, reflect.Array:
			for i := range value.Len() {
				visit(fmt.Sprintf("%s[%d]", path, i), value.Index(i))
			}
		case reflect.Func, reflect.Chan:
		default:
			lines = append(lines, fmt.Sprintf("%s = %v", path, value))
		}
	}
	visit("", reflect.ValueOf(w.Memory))
	slices.Sort(lines)
	return slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, ".mu.") })
}
