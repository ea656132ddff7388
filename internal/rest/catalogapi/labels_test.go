package catalogapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/rest/resttest"
)

func TestLabels(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	blog := w.Create(t, "createService", resttest.Object{
		"name": "blog", "server_uuid": server, "docker_compose": resttest.ExampleCompose,
		"project_uuid": "site", "environment_uuid": "production", "tags": []string{"Web", "blue", "web"},
	})
	shop := w.Create(t, "createShellApplication", resttest.Object{
		"name": "shop", "server_uuid": server, "start": "true",
		"project_uuid": "shop", "environment_name": "production", "tags": []string{"web"},
	})
	plain := w.Database(t, server)
	uuids := func(operation, query string) []string {
		var got []string
		for _, one := range resttest.Want[[]struct{ UUID string }](t, w, http.StatusOK, resttest.Request{
			Operation: operation, Query: query,
		}) {
			got = append(got, one.UUID)
		}
		return got
	}
	t.Run("a resource shows its labels", func(t *testing.T) {
		got := w.Get(t, "getService", blog)
		want := resttest.Object{"project_uuid": "site", "environment_name": "production",
			"environment_uuid": "production", "tags": []any{"blue", "web"}}
		for name, value := range want {
			if diff := cmp.Diff(got[name], value); diff != "" {
				t.Errorf("%s (-got +want)\n%s", name, diff)
			}
		}
	})
	for _, c := range []struct {
		operation, query string
		want             []string
	}{
		{"listResources", "", []string{shop, blog, plain}},
		{"listResources", "?tag=web", []string{shop, blog}},
		{"listResources", "?tag=green,BLUE", []string{blog}},
		{"listResources", "?project_uuid=shop", []string{shop}},
		{"listResources", "?environment_name=production&tag=blue", []string{blog}},
		{"listResources", "?environment_name=staging", nil},
		{"listServices", "?tag=web", []string{blog}},
		{"listApplications", "?tag=web", []string{shop}},
		{"listApplications", "?tag=blue", nil},
		{"listDatabases", "?tag=web", nil},
	} {
		t.Run(c.operation+" with "+c.query, func(t *testing.T) {
			if diff := cmp.Diff(uuids(c.operation, c.query), c.want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
		})
	}
	t.Run("the tags are listed with their resources", func(t *testing.T) {
		got := resttest.Want[[]resttest.Object](t, w, http.StatusOK, resttest.Request{Operation: "listTags"})
		want := []resttest.Object{
			{"uuid": "blue", "name": "blue", "resources_count": 1.0, "created_at": nil, "updated_at": nil},
			{"uuid": "web", "name": "web", "resources_count": 2.0, "created_at": nil, "updated_at": nil},
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("a change of labels is no change of the configuration", func(t *testing.T) {
		got := w.Change(t, http.StatusOK, "updateService", blog, resttest.Object{
			"environment_uuid": "staging", "tags": []string{"green"}, "project_uuid": nil,
		})
		if got["deployment_uuid"] != nil || got["environment_name"] != "staging" ||
			got["project_uuid"] != nil {
			t.Errorf("answer = %v", got)
		}
		if diff := cmp.Diff(uuids("listServices", "?tag=green"), []string{blog}); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("another change leaves them", func(t *testing.T) {
		got := w.Change(t, http.StatusOK, "updateService", blog, resttest.Object{"description": "a blog"})
		if diff := cmp.Diff(got["tags"], any([]any{"green"})); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("bad tags are refused", func(t *testing.T) {
		w.Refused(t, "updateService", blog, resttest.Object{"tags": []string{"a,b"}}, "tags.0", "comma")
	})
}
