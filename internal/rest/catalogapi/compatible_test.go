package catalogapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/rest/resttest"
)

func TestACreationWithoutAName(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for operation, given := range map[string]resttest.Object{
		"createService":          {"server_uuid": server, "docker_compose": resttest.ExampleCompose},
		"createShellApplication": {"server_uuid": server, "start": "true", "name": ""},
		"createDatabase":         {"server_uuid": server, "name": nil, "description": nil},
		"createServer":           {"ip": "::1", "private_key_uuid": w.Key(t)},
		"createKey":              {"private_key": resttest.ExamplePEM, "name": ""},
	} {
		t.Run(operation, func(t *testing.T) {
			request := resttest.Request{Operation: operation, Body: given}
			if operation == "createDatabase" {
				request.PathUUID = "redis"
			}
			got := resttest.Want[resttest.Object](t, w, http.StatusCreated, request)
			uuid, _ := got["uuid"].(string)
			if name, _ := got["name"].(string); !strings.HasSuffix(name, "-"+uuid[3:9]) {
				t.Errorf("name = %q of %s", name, uuid)
			}
		})
	}
}

func TestIgnoredFieldsAreWarnings(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	service := w.Service(t, server)
	for _, c := range []struct {
		name    string
		request resttest.Request
		status  int
		want    []string // the beginnings of the warnings
	}{
		{
			"a creation",
			resttest.Request{Operation: "createService", Body: resttest.Object{
				"server_uuid": server, "docker_compose_raw": resttest.ExampleCompose,
				"destination_uuid": "d1", "connect_to_docker_network": true}},
			http.StatusCreated,
			[]string{"connect_to_docker_network is ignored", "destination_uuid is ignored"},
		},
		{
			"a creation with empty and usual values",
			resttest.Request{Operation: "createDatabase", PathUUID: "redis", Body: resttest.Object{
				"server_uuid": server, "destination_uuid": "", "domains": nil, "limits_memory_swappiness": 60,
				"autogenerate_domain": false, "instant_deploy": false}},
			http.StatusCreated,
			nil,
		},
		{
			"a health check",
			resttest.Request{Operation: "createImageApplication", Body: resttest.Object{
				"server_uuid": server, "docker_registry_image_name": "web", "health_check_path": "/up",
				"health_check_port": "80", "health_check_method": "GET", "health_check_scheme": "http",
				"health_check_host": "localhost", "health_check_return_code": 200}},
			http.StatusCreated,
			[]string{"health_check_return_code is ignored"},
		},
		{
			"a change",
			resttest.Request{Operation: "updateService", PathUUID: service, Body: resttest.Object{
				"domains": "https://wiki.example", "instant_deploy": true}},
			http.StatusOK,
			[]string{"domains is ignored", "instant_deploy is ignored"},
		},
		{
			"a new server",
			resttest.Request{Operation: "createServer", Body: resttest.Object{
				"ip": "::1", "private_key_uuid": w.Key(t), "is_build_server": true, "proxy_type": "traefik"}},
			http.StatusCreated,
			[]string{"is_build_server is ignored", "proxy_type is ignored"},
		},
		{
			"a changed server",
			resttest.Request{Operation: "updateServer", PathUUID: server, Body: resttest.Object{
				"is_build_server": false, "proxy_type": "caddy", "instant_validate": true}},
			http.StatusCreated,
			[]string{"proxy_type is ignored", "instant_validate is ignored"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := resttest.Want[struct{ Warnings []string }](t, w, c.status, c.request).Warnings
			var beginnings []string
			for _, warning := range got {
				beginning, _, _ := strings.Cut(warning, ":")
				beginnings = append(beginnings, beginning)
			}
			if diff := cmp.Diff(beginnings, c.want); diff != "" {
				t.Errorf("warnings (-got +want)\n%s", diff)
			}
		})
	}
}

// TestEmptyTextsInAPatchAreAbsent sends what a client sends whose user has left fields out.
func TestEmptyTextsInAPatchAreAbsent(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for _, c := range []struct {
		kind, uuid string
		status     int
		body       resttest.Object
	}{
		{"Service", w.Service(t, server), http.StatusOK, resttest.Object{
			"name": "", "description": "", "project_uuid": "", "environment_name": "",
			"environment_uuid": "", "server_uuid": "", "destination_uuid": "", "docker_compose_raw": "",
			"instant_deploy": false}},
		{"Application", w.Application(t, server), http.StatusOK, resttest.Object{
			"name": "", "start": "", "stop": "", "server_uuid": ""}},
		{"Database", w.Database(t, server), http.StatusOK, resttest.Object{
			"image": "", "postgres_password": "", "postgres_conf": "", "limits_cpuset": ""}},
		{"Server", server, http.StatusCreated, resttest.Object{
			"name": "", "ip": "", "user": "", "host_key": "", "private_key_uuid": "", "proxy_type": ""}},
		{"Key", w.Key(t), http.StatusCreated, resttest.Object{
			"name": "", "description": "", "private_key": ""}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			before := w.Get(t, "get"+c.kind, c.uuid)
			got := w.Change(t, c.status, "update"+c.kind, c.uuid, c.body)
			if got["warnings"] != nil {
				t.Errorf("warnings = %v", got["warnings"])
			}
			after := w.Get(t, "get"+c.kind, c.uuid)
			before["updated_at"] = after["updated_at"]
			if diff := cmp.Diff(after, before); diff != "" {
				t.Errorf("it changed (-got +want)\n%s", diff)
			}
		})
	}
}

func TestNamesOfExistingClientsForTheLimitsOfAServer(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	got := w.Change(t, http.StatusCreated, "updateServer", server, resttest.Object{
		"concurrent_builds": 4, "deployment_queue_limit": 9, "queue_limit": 7,
	})
	if got["concurrency"] != 4.0 || got["queue_limit"] != 7.0 {
		t.Errorf("server = %v", got)
	}
}

func TestAPortMayBeText(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for _, given := range []any{"8080", 8080} {
		got := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "createImageApplication", Body: resttest.Object{"server_uuid": server,
				"docker_registry_image_name": "web", "health_check_port": given, "health_check_path": "/"}})
		if got["health_check_port"] != "8080" {
			t.Errorf("%v: port = %v, want text", given, got["health_check_port"])
		}
	}
	for _, given := range []any{"80x", "65536", 0, "-1", 1.5} {
		resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
			Operation: "createImageApplication", Body: resttest.Object{"server_uuid": server,
				"docker_registry_image_name": "web", "health_check_port": given}})
	}
}

func TestAnApplicationFromARepositoryAsExistingClientsAskForIt(t *testing.T) {
	w := resttest.New(t)
	server, key := w.Server(t), w.Key(t)
	common := resttest.Object{"server_uuid": server, "project_uuid": "shop", "environment_name": "production",
		"git_repository": "https://git.example/acme/api.git", "git_branch": "main", "ports_exposes": "8000"}
	t.Run("with a Dockerfile", func(t *testing.T) {
		got := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "createPublicApplication", Body: merge(common, resttest.Object{
				"build_pack": "dockerfile", "dockerfile_location": "/Dockerfile"})})
		if got["build_pack"] != "dockerfile" || got["ports_exposes"] != "8000" ||
			got["project_uuid"] != "shop" {
			t.Errorf("application = %v", got)
		}
	})
	t.Run("with a compose file and a deploy key", func(t *testing.T) {
		got := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "createKeyApplication", Body: merge(common, resttest.Object{
				"build_pack": "dockercompose", "private_key_uuid": key,
				"git_repository": "git@git.example:acme/api.git"})})
		warnings, _ := got["warnings"].([]any)
		if got["build_pack"] != "dockercompose" || got["private_key_uuid"] != key || len(warnings) != 1 ||
			!strings.HasPrefix(warnings[0].(string), "ports_exposes is ignored") {
			t.Errorf("application = %v", got)
		}
	})
	for _, c := range []struct {
		name   string
		change resttest.Object
		field  string
		says   string
	}{
		{"nixpacks", resttest.Object{"build_pack": "nixpacks"}, "build_pack", "add a Dockerfile"},
		{"no build pack", nil, "build_pack", "is required"},
		{"limits beside a compose file", resttest.Object{
			"build_pack": "dockercompose", "limits_memory": "1g"}, "limits_memory", "is not known here"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			w.Refused(t, "createPublicApplication", "", merge(common, c.change), c.field, c.says)
		})
	}
}

func TestAOneClickServiceIsRefusedWithTheWayToSendIt(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	given := resttest.Object{"server_uuid": server, "type": "plausible"}
	w.Refused(t, "createService", "", given, "docker_compose", "send the compose file of its template")
	given["docker_compose_raw"] = resttest.ExampleCompose
	got := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
		Operation: "createService", Body: given})
	if warnings, _ := got["warnings"].([]any); len(warnings) != 1 {
		t.Errorf("warnings = %v", got["warnings"])
	}
}
