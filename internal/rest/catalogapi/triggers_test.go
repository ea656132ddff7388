package catalogapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/rest/resttest"
)

type object = resttest.Object

// TestTheTriggersOfAResource creates and changes declarations, and reads them back.
func TestTheTriggersOfAResource(t *testing.T) {
	w := resttest.New(t)
	none := object{"pull_latest_images": false, "stop_before_start": false, "force": false, "after": []any{}}
	image := object{"kind": "image", "repository": "team/web", "tag": "^1.2"}
	other := w.Service(t, w.Server(t))
	moved := object{"kind": "object", "bucket": "deliveries", "prefix": "web/", "suffix": ".zip",
		"operation": "restart", "options": object{"pull_latest_images": true, "after": []any{other}}}
	app := w.Create(t, "createImageApplication", object{"name": "web", "server_uuid": w.Server(t),
		"docker_registry_image_name": "registry.example.org/team/web", "docker_registry_image_tag": "1.2.0",
		"triggers": []any{image}, "debounce": 30})
	want := func(debounce float64, rules ...any) {
		t.Helper()
		got := w.Get(t, "getApplication", app)
		if diff := cmp.Diff([]any{got["debounce"], got["triggers"]}, []any{debounce, rules}); diff != "" {
			t.Errorf("debounce and triggers (-got +want)\n%s", diff)
		}
	}
	shown := map[string]any{"kind": "image", "repository": "team/web", "tag": "^1.2", "operation": "deploy",
		"options": map[string]any(none)}
	want(30, shown)
	changed := w.Change(t, http.StatusOK, "updateApplication", app, object{"triggers": []any{image, moved}})
	if changed["deployment_uuid"] != nil {
		t.Errorf("a change of the triggers is recorded as the deployment %v", changed["deployment_uuid"])
	}
	want(30, shown, map[string]any{"kind": "object", "bucket": "deliveries", "prefix": "web/",
		"suffix": ".zip", "operation": "restart", "options": map[string]any{"pull_latest_images": true,
			"stop_before_start": false, "force": false, "after": []any{other}}})
	w.Change(t, http.StatusOK, "updateApplication", app, object{"triggers": nil, "debounce": nil})
	want(0, []any{}...)
}

func TestTriggersThatAreRefused(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	app := w.Create(t, "createImageApplication", object{"name": "web", "server_uuid": server,
		"docker_registry_image_name": "team/web", "docker_registry_image_tag": "1"})
	for field, c := range map[string]struct {
		rule object
		says string
	}{
		"triggers.0.kind": {object{"kind": "mail"}, "must be"},
		"triggers.0.tag": {object{"kind": "image", "repository": "team/web", "tag": "^1.2.3.4.5"},
			"range of semantic versions"},
		"triggers.0.repository": {object{"kind": "image", "repository": "team/other", "tag": "1"},
			"the repository of the application's image"},
		"triggers.0.bucket": {object{"kind": "object", "bucket": "another"}, "must be deliveries"},
		"triggers.0.prefix": {object{"kind": "hook", "prefix": "a"}, `not for a rule of kind "hook"`},
		"triggers.0.branches": {object{"kind": "image", "repository": "team/web", "tag": "1",
			"branches": []any{"a"}},
			"not for a rule"},
		"triggers.0.options.after.0": {object{"kind": "hook", "options": object{"after": []any{server}}},
			"must be the uuid of an application, a service or a database"},
		"triggers.0.operation": {object{"kind": "hook", "operation": "delete"}, "must be"},
	} {
		w.Refused(t, "updateApplication", app, object{"triggers": []any{c.rule}}, field, c.says)
	}
	git := object{"kind": "git", "branches": []any{"main"}}
	w.Refused(t, "updateApplication", app, object{"triggers": []any{git}}, "triggers.0.kind",
		"no git repository")
	w.Refused(t, "updateApplication", app, object{"debounce": 4000}, "debounce", "3600")
	long := object{"kind": "object", "bucket": "deliveries", "prefix": strings.Repeat("a", 500)}
	many := []any{long, long, long, long, long, long, long}
	w.Refused(t, "updateApplication", app, object{"triggers": many}, "triggers", "largest of the fields")
}
