package catalogapi_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest/resttest"
)

//go:embed testdata/changes.yaml
var changesYAML string

//go:embed testdata/refused_changes.yaml
var refusedChangesYAML string

// changeCase is one case of a file of changes.
type changeCase struct {
	Name     string
	Resource string
	Change   resttest.Object
	// Shown are the fields that GET shows differently after the change.
	Shown         resttest.Object
	SecretsChange bool `json:"secrets_change"`
	// Field and Says are for a change that is refused.
	Field string
	Says  string
}

// changeCases decodes a file of changes. Numbers are float64, as in an answer.
func changeCases(t *testing.T, text, server string) []changeCase {
	t.Helper()
	var decoded any
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(text, "SERVER", server)), &decoded); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(decoded)
	if err != nil {
		t.Fatal(err)
	}
	var cases []changeCase
	if err := json.Unmarshal(encoded, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// newResource creates a resource of a file of changes. It returns the resource's uuid
// and the kind in the names of its operations.
func newResource(t *testing.T, w *resttest.World, server, resource string) (uuid, kind string) {
	t.Helper()
	switch resource {
	case "service":
		return w.Service(t, server), "Service"
	case "database":
		return w.Database(t, server), "Database"
	case "shell application":
		return w.Application(t, server), "Application"
	case "built application":
		return w.Built(t, server), "Application"
	case "inline application":
		return w.Create(t, "createDockerfileApplication", resttest.Object{
			"name": "web", "server_uuid": server, "dockerfile": dockerfile}), "Application"
	case "image application":
		return w.Create(t, "createImageApplication", resttest.Object{
			"name":                       "web",
			"server_uuid":                server,
			"docker_registry_image_name": "web",
			"docker_registry_image_tag":  "1",
			"ports_mappings":             "80:80",
			"limits_memory":              "512m",
			"health_check_enabled":       false,
			"timeout":                    60,
			"environment": []resttest.Object{
				{"key": "TOKEN", "value": resttest.SecretValue, "is_secret": true},
			},
		}), "Application"
	case "compose application":
		return w.Create(t, "createComposeApplication", resttest.Object{
			"name":                    "a",
			"server_uuid":             server,
			"git_repository":          "git@git.example:a.git",
			"private_key_uuid":        w.Key(t),
			"git_branch":              "main",
			"docker_compose_location": "a.yaml",
		}), "Application"
	}
	t.Fatalf("unknown resource %q", resource)
	return "", ""
}

// For every kind of resource: a field that the request does not have stays the same,
// null sets the default, and the change is in the history.
func TestAChangeLeavesTheOtherFieldsUnchanged(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for _, c := range changeCases(t, changesYAML, server) {
		t.Run(c.Name, func(t *testing.T) {
			uuid, kind := newResource(t, w, server, c.Resource)
			before := w.Stored(t, "get"+kind, uuid)
			secrets := w.Vault(t, uuid)

			answered := w.Change(t, http.StatusOK, "update"+kind, uuid, c.Change)
			after := w.Stored(t, "get"+kind, uuid)
			if diff := cmp.Diff(after, wantedAfter(c, before, after)); diff != "" {
				t.Errorf("GET (-got +want)\n%s", diff)
			}
			if diff := cmp.Diff(w.Vault(t, uuid), secrets); (diff != "") != c.SecretsChange {
				t.Errorf("secrets (-got +want)\n%s", diff)
			}
			record := w.Show(t, answered["deployment_uuid"].(string))
			if record["operation"] != "update" || record["status"] != "finished" ||
				record["resource_uuid"] != uuid || record["finished_at"] == nil {
				t.Errorf("record = %v, want a finished update of %s", record, uuid)
			}
			delete(answered, "deployment_uuid")
			if diff := cmp.Diff(answered, after); diff != "" {
				t.Errorf("PATCH and GET differ (-PATCH +GET)\n%s", diff)
			}

			again := w.Change(t, http.StatusOK, "update"+kind, uuid, c.Change)
			if record, has := again["deployment_uuid"]; record != nil || !has ||
				again["updated_at"] != after["updated_at"] || again["deployments_count"] != 1.0 {
				t.Errorf("the same change again answers %v, want no change", again)
			}
		})
	}
}

// wantedAfter returns the resource as it must be shown after the change of the case.
func wantedAfter(c changeCase, before, after resttest.Object) resttest.Object {
	wanted := merge(before, c.Shown, resttest.Object{
		"updated_at":        after["updated_at"],
		"deployments_count": 1.0,
	})
	for field, value := range c.Shown {
		if _, shown := after[field]; !shown && value == nil {
			delete(wanted, field)
		}
	}
	for _, field := range []string{"internal_db_url", "external_db_url", "applications", "databases"} {
		if _, shown := after[field]; shown { // these follow from the other fields
			wanted[field] = after[field]
		}
	}
	return wanted
}

func TestAChangeOfTheNameIsNotInTheHistory(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Service(t, w.Server(t))
	got := w.Change(t, http.StatusOK, "updateService", uuid, resttest.Object{
		"name": "renamed", "description": "for people",
	})
	if got["name"] != "renamed" || got["description"] != "for people" ||
		got["deployment_uuid"] != nil || got["deployments_count"] != 0.0 {
		t.Errorf("answer = %v, want the new name and no deployment", got)
	}
}

func TestAChangeDoesNotAffectARunningDeployment(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	uuid := w.Application(t, server)
	w.Start(t, uuid)
	running := w.Begin(t, server)
	w.Change(t, http.StatusOK, "updateApplication", uuid, resttest.Object{"start": "echo other"})
	w.Finish(t, running)
	got := w.Show(t, string(running.ID))
	if got["status"] != "finished" || got["configuration_hash"] != running.ConfigurationHash {
		t.Errorf("record = %v, want it finished with the configuration %s", got, running.ConfigurationHash)
	}
}

func TestChangesThatAreRefused(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for _, c := range changeCases(t, refusedChangesYAML, server) {
		t.Run(c.Name, func(t *testing.T) {
			uuid, kind := newResource(t, w, server, c.Resource)
			before := w.Get(t, "get"+kind, uuid)
			w.Refused(t, "update"+kind, uuid, c.Change, c.Field, c.Says)
			if diff := cmp.Diff(w.Get(t, "get"+kind, uuid), before); diff != "" {
				t.Errorf("it changed (-got +want)\n%s", diff)
			}
		})
	}
}

func TestAChangeThatTheRecipeRefuses(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	service := w.Service(t, server)
	const compose = "services: {a: {}}"
	w.Check = func(_ context.Context, r catalog.Deployable, s *catalog.Server) error {
		if string(s.ID) != server || r.(*catalog.Service).Compose != compose {
			t.Errorf("Check got %v on %s, want the changed service on its server", r, s.ID)
		}
		return fault.InvalidField("docker_compose", "line 1: no image")
	}
	change := resttest.Object{"docker_compose": compose}
	w.Refused(t, "updateService", service, change, "docker_compose", "line 1: no image")
}
