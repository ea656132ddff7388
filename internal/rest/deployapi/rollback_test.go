package deployapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/deployment"
	"waybill/internal/rest/resttest"
)

// twice is a service that ran, was changed, and ran again: the two deployments.
func twice(t *testing.T, w *resttest.World, service string) (first, second string) {
	t.Helper()
	first = w.Run(t, "startService", service)
	w.Change(t, http.StatusOK, "updateService", service, resttest.Object{
		"docker_compose": "services:\n  db:\n    image: redis:8\n",
		"environment": []resttest.Object{
			{"key": "GREETING", "value": "hello"},
			{"key": "PASSWORD", "value": resttest.SecretValue, "is_secret": true},
		}})
	return first, w.Run(t, "restartService", service)
}

func TestConfigurations(t *testing.T) {
	w := resttest.New(t)
	first, second := twice(t, w, w.Service(t, w.Server(t)))
	reader := w.Mint(t, access.Read)
	type configuration struct {
		DeploymentUUID string `json:"deployment_uuid"`
		ResourceType   string `json:"resource_type"`
		Hash           string `json:"configuration_hash"`
		Configuration  resttest.Object
	}
	t.Run("a deployment shows what it ran with", func(t *testing.T) {
		for uuid, image := range map[string]string{first: "redis:7.0", second: "redis:8"} {
			got := resttest.Want[configuration](t, w, http.StatusOK, resttest.Request{
				Operation: "getConfiguration", PathUUID: uuid,
			})
			if got.DeploymentUUID != uuid || got.ResourceType != "service" ||
				got.Hash != w.Show(t, uuid)["configuration_hash"] ||
				!strings.Contains(got.Configuration["docker_compose"].(string), image) {
				t.Errorf("configuration = %+v", got)
			}
		}
	})
	t.Run("its values are for read:sensitive, and its secrets for nobody", func(t *testing.T) {
		got := resttest.Want[configuration](t, w, http.StatusOK, resttest.Request{
			Operation: "getConfiguration", PathUUID: second, Token: reader,
		}).Configuration
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
		Changes []resttest.Object
	}
	t.Run("two deployments show what differs", func(t *testing.T) {
		got := resttest.Want[compared](t, w, http.StatusOK, resttest.Request{
			Operation: "compareDeployments", PathUUID: first, OtherUUID: second,
		})
		wanted := []resttest.Object{
			{
				"path": "docker_compose", "edit": "changed", "secret": false,
				"before": resttest.ExampleCompose, "after": "services:\n  db:\n    image: redis:8\n",
			},
			{
				"path": "environment.GREETING", "edit": "added", "secret": false, "before": "",
				"after": "hello",
			},
			{"path": "environment.PASSWORD", "edit": "added", "secret": true, "before": nil, "after": nil},
		}
		if diff := cmp.Diff(got.Changes, wanted); diff != "" || got.Hash == got.Other {
			t.Errorf("changes (-got +want)\n%s", diff)
		}
		for _, change := range resttest.Want[compared](t, w, http.StatusOK, resttest.Request{
			Operation: "compareDeployments", PathUUID: first, OtherUUID: second, Token: reader,
		}).Changes {
			if change["before"] != nil || change["after"] != nil {
				t.Errorf("without read:sensitive: %v", change)
			}
		}
		if same := resttest.Want[compared](t, w, http.StatusOK, resttest.Request{
			Operation: "compareDeployments", PathUUID: first, OtherUUID: first,
		}); len(same.Changes) != 0 || same.Changes == nil {
			t.Errorf("one deployment differs from itself in %v", same.Changes)
		}
	})
	t.Run("deployments of two resources are not compared", func(t *testing.T) {
		other := w.Run(t, "startService", w.Service(t, w.Server(t)))
		got := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
			Operation: "compareDeployments", PathUUID: first, OtherUUID: other,
		})
		if len(got.Errors["other"]) != 1 {
			t.Errorf("errors = %v", got.Errors)
		}
	})
	t.Run("what is no longer kept is gone, and what never was is not found", func(t *testing.T) {
		record := resttest.FullRecord("svc")
		lost := resttest.New(t, resttest.WithRecord(record))
		resttest.Want[resttest.Problem](t, lost, http.StatusGone, resttest.Request{
			Operation: "getConfiguration", PathUUID: string(record.ID),
		})
		resttest.Want[resttest.Problem](t, lost, http.StatusGone, resttest.Request{
			Operation: "compareDeployments", PathUUID: string(record.ID), OtherUUID: string(record.ID),
		})
		record.ConfigurationHash = ""
		never := resttest.New(t, resttest.WithRecord(record))
		resttest.Want[resttest.Problem](t, never, http.StatusNotFound, resttest.Request{
			Operation: "getConfiguration", PathUUID: string(record.ID),
		})
	})
}

func TestRollback(t *testing.T) {
	w := resttest.New(t)
	service := w.Service(t, w.Server(t))
	first, _ := twice(t, w, service)
	present := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
		Operation: "getService", PathUUID: service,
	})
	got := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
		Operation: "rollbackDeployment", PathUUID: first, Token: w.Mint(t, access.Deploy),
	})
	if got.ResourceUUID != service || got.Position != 1 ||
		got.Message != "Rollback request queued. The configuration of the service itself stays as it is." {
		t.Errorf("answer = %+v", got)
	}
	record := w.Show(t, got.DeploymentUUID)
	if record["rollback"] != true || record["operation"] != "start" ||
		record["configuration_hash"] != w.Show(t, first)["configuration_hash"] {
		t.Errorf("record = %v", record)
	}
	after := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
		Operation: "getService", PathUUID: service,
	})
	if diff := cmp.Diff(after["docker_compose"], present["docker_compose"]); diff != "" {
		t.Errorf("the service is another (-after +before)\n%s", diff)
	}
	t.Run("is one deployment however often it is asked for", func(t *testing.T) {
		again := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "rollbackDeployment", PathUUID: first,
		})
		if again.DeploymentUUID != got.DeploymentUUID {
			t.Errorf("%s, was %s", again.DeploymentUUID, got.DeploymentUUID)
		}
	})
	t.Run("takes the commit and the tag along", func(t *testing.T) {
		image := w.Create(t, "createImageApplication", resttest.Object{
			"name": "web", "server_uuid": w.Server(t), "docker_registry_image_name": "web",
		})
		old := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "startApplication", PathUUID: image, Body: resttest.Object{"docker_tag": "1.4"},
		}).DeploymentUUID
		running := w.Begin(t, w.Show(t, old)["server_uuid"].(string))
		outcome := deployment.Outcome{Status: deployment.Finished, ResourceStatus: "running:healthy",
			Source: deployment.Source{Commit: "c0ffee0"}}
		if err := w.Memory.Ledger().Finish(t.Context(), running.ID, running.Lease, running.Progress, outcome,
			time.Now()); err != nil {
			t.Fatal(err)
		}
		uuid := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "rollbackDeployment", PathUUID: old,
		}).DeploymentUUID
		if record := w.Show(t, uuid); record["docker_registry_image_tag"] != "1.4" ||
			record["commit"] != "c0ffee0" || record["operation"] != "deploy" {
			t.Errorf("record = %v", record)
		}
	})
	t.Run("of a database is refused with the reason", func(t *testing.T) {
		db := w.Database(t, w.Server(t))
		old := w.Run(t, "startDatabase", db)
		w.Change(t, http.StatusOK, "updateDatabase", db, resttest.Object{"limits_memory": "512m"})
		resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "rollbackDeployment", PathUUID: old,
		})
		w.Change(t, http.StatusOK, "updateDatabase", db, resttest.Object{"image": "postgres:17"})
		if got := resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{
			Operation: "rollbackDeployment", PathUUID: old,
		}); !strings.HasSuffix(got.Message, "differ too: image.") {
			t.Errorf("message = %q", got.Message)
		}
	})
	t.Run("to a secret that is gone names it", func(t *testing.T) {
		application := w.Application(t, w.Server(t))
		old := w.Run(t, "startApplication", application)
		w.Change(t, http.StatusOK, "updateApplication", application, resttest.Object{"environment": nil})
		if got := resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{
			Operation: "rollbackDeployment", PathUUID: old,
		}); !strings.Contains(got.Message, "PASSWORD") {
			t.Errorf("message = %q", got.Message)
		}
	})
}

func TestRollbackOfAnApplicationToACommit(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	const commit = "c0ffee0c0ffee0"
	application := w.BuiltOnce(t, server, commit)
	t.Run("takes a shortened commit", func(t *testing.T) {
		queued := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "rollbackApplication", PathUUID: application,
			Body: resttest.Object{"commit": commit[:7]}})
		record := w.Show(t, queued.DeploymentUUID)
		if record["commit"] != commit || record["rollback"] != true || record["operation"] != "deploy" {
			t.Errorf("record = %v", record)
		}
	})
	t.Run("refuses a commit that was never deployed", func(t *testing.T) {
		w.Refused(t, "rollbackApplication", application, resttest.Object{"commit": "badc0ff"}, "commit",
			"of a deployment of this application that finished")
	})
}
