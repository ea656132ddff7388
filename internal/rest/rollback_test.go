package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/deployment"
	"waybill/internal/rest"
)

// twice is a service that ran, was changed, and ran again: the two deployments.
func twice(t *testing.T, w *world, service string) (first, second string) {
	t.Helper()
	first = w.run(t, "startService", service)
	w.change(t, http.StatusOK, "updateService", service, object{"docker_compose": "services:\n  db:\n    image: redis:8\n",
		"environment": []object{{"key": "GREETING", "value": "hello"}, {"key": "PASSWORD", "value": secretValue, "is_secret": true}}})
	return first, w.run(t, "restartService", service)
}

func TestConfigurations(t *testing.T) {
	w := newWorld(t)
	first, second := twice(t, w, w.service(t, w.server(t)))
	reader := w.mint(t, access.Read)
	type configuration struct {
		DeploymentUUID string `json:"deployment_uuid"`
		ResourceType   string `json:"resource_type"`
		Hash           string `json:"configuration_hash"`
		Configuration  object
	}
	t.Run("a deployment shows what it ran with", func(t *testing.T) {
		for uuid, image := range map[string]string{first: "redis:7.0", second: "redis:8"} {
			got := want[configuration](t, w, http.StatusOK, request{id: "getConfiguration", uuid: uuid})
			if got.DeploymentUUID != uuid || got.ResourceType != "service" || got.Hash != w.show(t, uuid)["configuration_hash"] ||
				!strings.Contains(got.Configuration["docker_compose"].(string), image) {
				t.Errorf("configuration = %+v", got)
			}
		}
	})
	t.Run("its values are for read:sensitive, and its secrets for nobody", func(t *testing.T) {
		got := want[configuration](t, w, http.StatusOK, request{id: "getConfiguration", uuid: second, token: reader}).Configuration
		wanted := []any{
			map[string]any{"key": "GREETING", "value": nil, "is_secret": false},
			map[string]any{"key": "PASSWORD", "value": nil, "is_secret": true},
		}
		if diff := cmp.Diff(got["environment"], any(wanted)); diff != "" || got["docker_compose"] != nil {
			t.Errorf("compose file %v; environment (-got +want)\n%s", got["docker_compose"], diff)
		}
	})
	type compared struct {
		Hash    string `json:"configuration_hash"`
		Other   string `json:"other_configuration_hash"`
		Changes []object
	}
	t.Run("two deployments show what differs", func(t *testing.T) {
		got := want[compared](t, w, http.StatusOK, request{id: "compareDeployments", uuid: first, other: second})
		wanted := []object{
			{"path": "docker_compose", "edit": "changed", "secret": false, "before": exampleCompose, "after": "services:\n  db:\n    image: redis:8\n"},
			{"path": "environment.GREETING", "edit": "added", "secret": false, "before": "", "after": "hello"},
			{"path": "environment.PASSWORD", "edit": "added", "secret": true, "before": nil, "after": nil},
		}
		if diff := cmp.Diff(got.Changes, wanted); diff != "" || got.Hash == got.Other {
			t.Errorf("changes (-got +want)\n%s", diff)
		}
		for _, change := range want[compared](t, w, http.StatusOK, request{id: "compareDeployments", uuid: first, other: second, token: reader}).Changes {
			if change["before"] != nil || change["after"] != nil {
				t.Errorf("without read:sensitive: %v", change)
			}
		}
		if same := want[compared](t, w, http.StatusOK, request{id: "compareDeployments", uuid: first, other: first}); len(same.Changes) != 0 || same.Changes == nil {
			t.Errorf("one deployment differs from itself in %v", same.Changes)
		}
	})
	t.Run("deployments of two resources are not compared", func(t *testing.T) {
		other := w.run(t, "startService", w.service(t, w.server(t)))
		got := want[problem](t, w, http.StatusUnprocessableEntity, request{id: "compareDeployments", uuid: first, other: other})
		if len(got.Errors["other"]) != 1 {
			t.Errorf("errors = %v", got.Errors)
		}
	})
	t.Run("what is no longer kept is gone, and what never was is not found", func(t *testing.T) {
		record := fullRecord("svc")
		lost := newWorld(t, func(_ *rest.CatalogPorts, show *rest.ShowPorts) { show.History = oneRecord{record} })
		want[problem](t, lost, http.StatusGone, request{id: "getConfiguration", uuid: string(record.ID)})
		want[problem](t, lost, http.StatusGone, request{id: "compareDeployments", uuid: string(record.ID), other: string(record.ID)})
		record.ConfigurationHash = ""
		never := newWorld(t, func(_ *rest.CatalogPorts, show *rest.ShowPorts) { show.History = oneRecord{record} })
		want[problem](t, never, http.StatusNotFound, request{id: "getConfiguration", uuid: string(record.ID)})
	})
}

func TestRollback(t *testing.T) {
	w := newWorld(t)
	service := w.service(t, w.server(t))
	first, _ := twice(t, w, service)
	present := want[object](t, w, http.StatusOK, request{id: "getService", uuid: service})
	got := want[queued](t, w, http.StatusOK, request{id: "rollbackDeployment", uuid: first, token: w.mint(t, access.Deploy)})
	if got.ResourceUUID != service || got.Position != 1 || got.Message != "Rollback request queued. The configuration of the service itself stays as it is." {
		t.Errorf("answer = %+v", got)
	}
	record := w.show(t, got.DeploymentUUID)
	if record["rollback"] != true || record["operation"] != "start" || record["configuration_hash"] != w.show(t, first)["configuration_hash"] {
		t.Errorf("record = %v", record)
	}
	after := want[object](t, w, http.StatusOK, request{id: "getService", uuid: service})
	if diff := cmp.Diff(after["docker_compose"], present["docker_compose"]); diff != "" {
		t.Errorf("the service is another (-after +before)\n%s", diff)
	}
	t.Run("is one deployment however often it is asked for", func(t *testing.T) {
		again := want[queued](t, w, http.StatusOK, request{id: "rollbackDeployment", uuid: first})
		if again.DeploymentUUID != got.DeploymentUUID {
			t.Errorf("%s, was %s", again.DeploymentUUID, got.DeploymentUUID)
		}
	})
	t.Run("takes the commit and the tag along", func(t *testing.T) {
		image := w.create(t, "createImageApplication", object{"name": "web", "server_uuid": w.server(t), "docker_registry_image_name": "web"})
		old := want[queued](t, w, http.StatusOK, request{id: "startApplication", uuid: image, body: object{"docker_tag": "1.4"}}).DeploymentUUID
		running := w.begin(t, w.show(t, old)["server_uuid"].(string))
		running.Progress.Source = deployment.Source{Commit: "c0ffee0"}
		w.finish(t, running)
		uuid := want[queued](t, w, http.StatusOK, request{id: "rollbackDeployment", uuid: old}).DeploymentUUID
		if record := w.show(t, uuid); record["docker_registry_image_tag"] != "1.4" || record["commit"] != "c0ffee0" || record["operation"] != "deploy" {
			t.Errorf("record = %v", record)
		}
	})
	t.Run("of a database is refused with the reason", func(t *testing.T) {
		db := w.database(t, w.server(t))
		old := w.run(t, "startDatabase", db)
		w.change(t, http.StatusOK, "updateDatabase", db, object{"limits_memory": "512m"})
		want[queued](t, w, http.StatusOK, request{id: "rollbackDeployment", uuid: old})
		w.change(t, http.StatusOK, "updateDatabase", db, object{"image": "postgres:17"})
		if got := want[problem](t, w, http.StatusConflict, request{id: "rollbackDeployment", uuid: old}); !strings.HasSuffix(got.Message, "differ too: image.") {
			t.Errorf("message = %q", got.Message)
		}
	})
	t.Run("to a secret that is gone names it", func(t *testing.T) {
		application := w.application(t, w.server(t))
		old := w.run(t, "startApplication", application)
		w.change(t, http.StatusOK, "updateApplication", application, object{"environment": nil})
		if got := want[problem](t, w, http.StatusConflict, request{id: "rollbackDeployment", uuid: old}); !strings.Contains(got.Message, "PASSWORD") {
			t.Errorf("message = %q", got.Message)
		}
	})
}
