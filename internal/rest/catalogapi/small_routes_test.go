package catalogapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/rest/resttest"
)

func TestProjects(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	shop := w.Create(t, "createShellApplication", resttest.Object{
		"server_uuid": server, "start": "true", "project_uuid": "shop", "environment_name": "staging"})
	plain := w.Service(t, server)
	type environment struct{ Name, UUID string }
	type project struct {
		ID           int
		UUID, Name   string
		Environments []environment
	}
	t.Run("are the labels of resources, and the standard one", func(t *testing.T) {
		var got []string
		for _, one := range resttest.Want[[]project](t, w, http.StatusOK, resttest.Request{
			Operation: "listProjects",
		}) {
			if got = append(got, one.UUID); one.ID == 0 || one.Name != one.UUID {
				t.Errorf("project = %+v", one)
			}
		}
		if diff := cmp.Diff(got, []string{"default", "shop"}); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("have environments", func(t *testing.T) {
		got := resttest.Want[project](t, w, http.StatusOK, resttest.Request{
			Operation: "getProject", PathUUID: "shop"})
		want := []environment{{"staging", "staging"}}
		if diff := cmp.Diff(got.Environments, want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
		listed := resttest.Want[[]environment](t, w, http.StatusOK, resttest.Request{
			Operation: "listEnvironments", PathUUID: "shop"})
		if diff := cmp.Diff(listed, want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	for _, c := range []struct{ project, environment, kind, uuid string }{
		{"shop", "staging", "applications", shop},
		{"default", "production", "services", plain},
	} {
		t.Run(c.project+" has its resources in "+c.environment, func(t *testing.T) {
			got := resttest.Want[map[string]any](t, w, http.StatusOK, resttest.Request{
				Operation: "getEnvironment", PathUUID: c.project, OtherUUID: c.environment})
			for _, kind := range []string{"applications", "services", "databases"} {
				list, _ := got[kind].([]any)
				if kind != c.kind && len(list) == 0 && list != nil {
					continue
				}
				if len(list) != 1 || list[0].(map[string]any)["uuid"] != c.uuid {
					t.Errorf("%s = %v", kind, list)
				}
			}
		})
	}
	for operation, path := range map[string][2]string{
		"getProject": {"none", ""}, "listEnvironments": {"none", ""},
		"getEnvironment": {"shop", "production"},
	} {
		t.Run(operation+" of an unknown name is 404", func(t *testing.T) {
			resttest.Want[resttest.Problem](t, w, http.StatusNotFound, resttest.Request{
				Operation: operation, PathUUID: path[0], OtherUUID: path[1]})
		})
	}
	t.Run("a token with a scope sees its own", func(t *testing.T) {
		token := resttest.Want[struct{ Token string }](t, w, http.StatusCreated, resttest.Request{
			Operation: "createToken", Body: resttest.Object{"name": "narrow", "abilities": []string{"read"},
				"scope": resttest.Object{"resources": []string{plain}}}}).Token
		got := resttest.Want[[]project](t, w, http.StatusOK, resttest.Request{
			Operation: "listProjects", Token: token})
		if len(got) != 1 || got[0].UUID != "default" {
			t.Errorf("projects = %+v", got)
		}
	})
}

func TestTagsOfAResource(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for kind, create := range w.Makers() {
		t.Run(kind, func(t *testing.T) {
			uuid := create(t, server)
			names := func(status int, operation, tag string, body any) []string {
				t.Helper()
				var got []string
				request := resttest.Request{Operation: operation, PathUUID: uuid, OtherUUID: tag, Body: body}
				for _, one := range resttest.Want[[]struct{ UUID, Name string }](t, w, status, request) {
					got = append(got, one.Name)
				}
				return got
			}
			got := names(http.StatusCreated, "add"+kind+"Tags", "",
				resttest.Object{"tag_names": []string{"b", "A"}})
			if diff := cmp.Diff(got, []string{"a", "b"}); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			names(http.StatusCreated, "add"+kind+"Tags", "", resttest.Object{"tag_name": "c"})
			resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
				Operation: "delete" + kind + "Tag", PathUUID: uuid, OtherUUID: "a"})
			got = names(http.StatusOK, "list"+kind+"Tags", "", nil)
			if diff := cmp.Diff(got, []string{"b", "c"}); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			resttest.Want[resttest.Problem](t, w, http.StatusNotFound, resttest.Request{
				Operation: "delete" + kind + "Tag", PathUUID: uuid, OtherUUID: "a"})
			resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
				Operation: "add" + kind + "Tags", PathUUID: uuid, Body: resttest.Object{"tag_name": "a,b"}})
		})
	}
}

func TestTheOneTeam(t *testing.T) {
	w := resttest.New(t)
	for _, r := range []resttest.Request{
		{Operation: "getTeam"}, {Operation: "getCurrentTeam"}, {Operation: "getTeamByID", PathUUID: "1"},
	} {
		if got := resttest.Want[resttest.Object](t, w, http.StatusOK, r); got["id"] != 1.0 {
			t.Errorf("%s: team = %v", r.Operation, got)
		}
	}
	for _, operation := range []string{"getTeamByID", "listMembersByID"} {
		for _, id := range []string{"0", "2", "01", "x"} {
			resttest.Want[resttest.Problem](t, w, http.StatusNotFound, resttest.Request{
				Operation: operation, PathUUID: id})
		}
	}
}

func TestContainersOfAService(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	const digest = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	uuid := w.Create(t, "createService", resttest.Object{"server_uuid": server, "docker_compose": `
services:
  wiki: {image: "ghcr.io/acme/wiki:2"}
  db: {image: "docker.io/library/postgres:16@` + digest + `"}
`})
	type part struct{ UUID, Name, Status, Image, Type string }
	list := func(t *testing.T, operation, token string) []part {
		return resttest.Want[[]part](t, w, http.StatusOK, resttest.Request{
			Operation: operation, PathUUID: uuid, Token: token})
	}
	t.Run("applications", func(t *testing.T) {
		want := []part{{uuid + "-wiki", "wiki", "exited", "ghcr.io/acme/wiki:2", ""}}
		if diff := cmp.Diff(list(t, "listServiceApplications", ""), want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("both, in the service", func(t *testing.T) {
		for _, c := range []struct{ token, image, other string }{
			{"", "ghcr.io/acme/wiki:2", "docker.io/library/postgres:16@" + digest},
			{w.Mint(t, access.Read), "", ""},
		} {
			type service struct{ Applications, Databases []part }
			got := resttest.Want[service](t, w, http.StatusOK, resttest.Request{
				Operation: "getService", PathUUID: uuid, Token: c.token})
			want := service{
				[]part{{uuid + "-wiki", "wiki", "exited", c.image, ""}},
				[]part{{uuid + "-db", "db", "exited", c.other, "standalone-postgresql"}},
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
		}
	})
	t.Run("databases, without images for readers", func(t *testing.T) {
		want := []part{{uuid + "-db", "db", "exited", "", "standalone-postgresql"}}
		if diff := cmp.Diff(list(t, "listServiceDatabases", w.Mint(t, access.Read)), want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
}

func TestResourcesOfAServer(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	service := w.Service(t, server)
	w.Application(t, w.Server(t))
	got := resttest.Want[[]struct {
		ID   int
		UUID string
	}](t, w, http.StatusOK, resttest.Request{Operation: "listServerResources", PathUUID: server})
	if len(got) != 1 || got[0].UUID != service || got[0].ID == 0 {
		t.Errorf("resources = %+v", got)
	}
}
