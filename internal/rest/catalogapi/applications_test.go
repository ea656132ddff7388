package catalogapi_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
)

// container adds the fields of a container with their defaults.
func container(fields resttest.Object) resttest.Object {
	return merge(resttest.Object{
		"ports_exposes":             nil,
		"ports_mappings":            nil,
		"limits_memory":             "0",
		"limits_memory_swap":        "0",
		"limits_memory_reservation": "0",
		"limits_cpus":               "0",
		"limits_cpuset":             nil,
		"limits_cpu_shares":         0.0,
		"health_check_enabled":      true,
		"health_check_interval":     0.0,
		"health_check_timeout":      0.0,
		"health_check_retries":      0.0,
		"health_check_start_period": 0.0,
		"health_check_port":         nil,
		"health_check_path":         nil,
	}, fields)
}

// source adds the fields of a repository with their defaults.
func source(fields resttest.Object) resttest.Object {
	return merge(resttest.Object{
		"git_branch":       nil,
		"git_commit_sha":   "HEAD",
		"base_directory":   "/",
		"private_key_uuid": nil,
		"git_username":     nil,
		"git_host_keys":    nil,
	}, fields)
}

// allContainerFields sets every field of a container.
var allContainerFields = resttest.Object{
	"ports_exposes":             "80,443",
	"ports_mappings":            "8080:80,127.0.0.1:53:53/udp",
	"limits_memory":             "512m",
	"limits_memory_swap":        "1g",
	"limits_memory_reservation": "256m",
	"limits_cpus":               "1.5",
	"limits_cpuset":             "0-1",
	"limits_cpu_shares":         512.0,
	"health_check_enabled":      false,
	"health_check_interval":     10.0,
	"health_check_timeout":      5.0,
	"health_check_retries":      3.0,
	"health_check_start_period": 30.0,
	"health_check_port":         "80",
	"health_check_path":         "/up",
}

const dockerfile = "# syntax=docker/dockerfile:1\nARG TAG=1\nFROM nginx:${TAG}\n"

// TestApplicationsOnTheWire creates every kind of application, with the fewest and with
// all fields, and compares the whole answer.
func TestApplicationsOnTheWire(t *testing.T) {
	w := resttest.New(t)
	server, key := w.Server(t), w.Key(t)
	allSourceFields := resttest.Object{
		"git_repository":   "git@git.example:api.git",
		"git_branch":       "main",
		"git_commit_sha":   "c0ffee0",
		"base_directory":   "/backend",
		"private_key_uuid": key,
		"git_host_keys":    "git.example " + firstKeyLine,
	}
	for _, c := range []struct {
		name         string
		id           string
		given, shown resttest.Object
	}{
		{name: "shell",
			id:    "createShellApplication",
			given: resttest.Object{"start": "true"},
			shown: resttest.Object{"start": "true", "stop": "", "health": ""},
		},
		{name: "dockerimage",
			id:    "createImageApplication",
			given: resttest.Object{"docker_registry_image_name": "ghcr.io/acme/web"},
			shown: container(resttest.Object{
				"docker_registry_image_name": "ghcr.io/acme/web",
				"docker_registry_image_tag":  "latest",
			}),
		},
		{name: "dockerimage with everything",
			id: "createImageApplication",
			given: merge(allContainerFields, resttest.Object{
				"docker_registry_image_name": "web",
				"docker_registry_image_tag":  "1.4",
			}),
			shown: merge(allContainerFields, resttest.Object{
				"docker_registry_image_name": "web",
				"docker_registry_image_tag":  "1.4",
			}),
		},
		{name: "dockerimage with a command",
			id: "createImageApplication",
			given: resttest.Object{
				"docker_registry_image_name": "web",
				"health_check_command":       "wget -q localhost",
			},
			shown: container(resttest.Object{
				"docker_registry_image_name": "web",
				"docker_registry_image_tag":  "latest",
				"health_check_command":       "wget -q localhost",
			}),
		},
		{name: "dockerfile",
			id:    "createDockerfileApplication",
			given: resttest.Object{"git_repository": "https://git.example/api.git"},
			shown: container(source(resttest.Object{
				"git_repository":      "https://git.example/api.git",
				"dockerfile_location": "Dockerfile",
			})),
		},
		{name: "dockerfile with everything",
			id: "createDockerfileApplication",
			given: merge(allContainerFields, allSourceFields, resttest.Object{
				"dockerfile_location": "/docker/Dockerfile",
			}),
			shown: source(merge(allContainerFields, allSourceFields, resttest.Object{
				"dockerfile_location": "docker/Dockerfile",
			})),
		},
		{name: "dockerfile of the request",
			id:    "createDockerfileApplication",
			given: resttest.Object{"dockerfile": dockerfile},
			shown: container(resttest.Object{"dockerfile": dockerfile}),
		},
		{name: "dockerfile of the request in base64 with everything",
			id: "createDockerfileApplication",
			given: merge(allContainerFields, resttest.Object{
				"dockerfile": base64.StdEncoding.EncodeToString([]byte(dockerfile)),
			}),
			shown: merge(allContainerFields, resttest.Object{"dockerfile": dockerfile}),
		},
		{name: "dockercompose",
			id: "createComposeApplication",
			given: resttest.Object{
				"git_repository": "https://git.example/api.git",
				"git_username":   "bot",
				"git_password":   resttest.GitPassword,
				"git_commit_sha": "HEAD",
			},
			shown: source(resttest.Object{
				"git_repository":          "https://git.example/api.git",
				"git_username":            "bot",
				"docker_compose_location": "docker-compose.yaml",
			}),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			made := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
				Operation: c.id, Body: merge(c.given, resttest.Object{"name": "web", "server_uuid": server}),
			})
			pack, _, _ := strings.Cut(c.name, " ")
			wanted := merge(c.shown, resttest.Object{
				"uuid": made["uuid"], "name": "web", "description": nil, "status": "exited", "kind": pack,
				"build_pack": pack, "server_uuid": server,
				"timeout": 3600.0, "health_timeout": 120.0, "retention": noRetention(),
				"triggers": []any{}, "debounce": 0.0,
				"windows":      noWindows(),
				"project_uuid": nil, "environment_name": nil, "environment_uuid": nil, "tags": []any{},
				"queued_deployment_uuid":  nil,
				"running_deployment_uuid": nil, "deployments_count": 0.0,
				"environment": []any{}, "created_at": made["created_at"], "updated_at": made["updated_at"],
			})
			if diff := cmp.Diff(made, wanted); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			got := w.Stored(t, "getApplication", made["uuid"].(string))
			if diff := cmp.Diff(got, made); diff != "" {
				t.Errorf("GET and POST show it differently (-GET +POST)\n%s", diff)
			}
		})
	}
}

// TestP9ADockerfileNeedsReadSensitive: it may have secrets in it.
func TestP9ADockerfileNeedsReadSensitive(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Create(t, "createDockerfileApplication", resttest.Object{
		"name": "web", "server_uuid": w.Server(t), "dockerfile": dockerfile})
	for _, c := range []struct {
		name, token string
		shown       bool
	}{
		{"read", w.Mint(t, access.Read), false},
		{"read:sensitive", w.Mint(t, access.Read, access.ReadSensitive), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
				Operation: "getApplication", PathUUID: uuid, Token: c.token})
			if _, shown := got["dockerfile"]; shown != c.shown {
				t.Errorf("the Dockerfile is shown: %v, want %v", shown, c.shown)
			}
		})
	}
}

func merge(objects ...resttest.Object) resttest.Object {
	all := resttest.Object{}
	for _, one := range objects {
		for field, value := range one {
			all[field] = value
		}
	}
	return all
}

func TestTheRepositorysPasswordIsASecret(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Built(t, w.Server(t))
	if got := w.Vault(t, uuid)[catalog.GitPasswordSecret]; got != resttest.GitPassword {
		t.Errorf("the vault has %q", got)
	}
	answer := w.Ask(t, resttest.Request{Operation: "getApplication", PathUUID: uuid})
	if strings.Contains(string(answer.Body), resttest.GitPassword) ||
		strings.Contains(string(answer.Body), "git_password") {
		t.Errorf("it is shown: %s", answer.Body)
	}
}

func TestApplicationsThatAreRefused(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	image := resttest.Object{"docker_registry_image_name": "web"}
	git := resttest.Object{"git_repository": "https://git.example/api.git"}
	for _, c := range []struct {
		name  string
		id    string
		body  resttest.Object
		field string
		says  string
	}{
		{"an image with a tag in its name",
			"createImageApplication", resttest.Object{"docker_registry_image_name": "web:1"},
			"docker_registry_image_name", "docker_registry_image_tag",
		},
		{"an image that is none",
			"createImageApplication", resttest.Object{"docker_registry_image_name": "Web App"},
			"docker_registry_image_name", "must be an image",
		},
		{"no image",
			"createImageApplication", resttest.Object{}, "docker_registry_image_name", "is required",
		},
		{"a tag that is none",
			"createImageApplication", merge(image, resttest.Object{"docker_registry_image_tag": "a tag"}),
			"docker_registry_image_tag", "must be a tag",
		},
		{"a field of another form",
			"createImageApplication", merge(image, git), "git_repository", "is not known here",
		},
		{"ports that are none",
			"createImageApplication", merge(image, resttest.Object{"ports_exposes": "http"}), "ports_exposes",
			"must be ports",
		},
		{"a port out of range",
			"createImageApplication", merge(image, resttest.Object{"ports_exposes": "80,70000"}),
			"ports_exposes", "65535",
		},
		{"a port beyond every range",
			"createImageApplication", merge(image, resttest.Object{"ports_exposes": "99999999999999999999"}),
			"ports_exposes", "must be ports",
		},
		{"a health check that sends POST",
			"createImageApplication", merge(image, resttest.Object{"health_check_method": "POST"}),
			"health_check_method", "must be GET; for another request, give health_check_command",
		},
		{"no repository",
			"createDockerfileApplication", resttest.Object{}, "git_repository", "is required",
		},
		{"a Dockerfile in two ways",
			"createDockerfileApplication", merge(git, resttest.Object{"dockerfile": dockerfile}),
			"git_repository", "is given in two ways; give either git_repository or dockerfile",
		},
		{"a Dockerfile with a field of a repository",
			"createDockerfileApplication",
			resttest.Object{"dockerfile": dockerfile, "dockerfile_location": "/Dockerfile"},
			"dockerfile_location", "is not known here",
		},
		{"a Dockerfile without FROM",
			"createDockerfileApplication", resttest.Object{"dockerfile": "RUN true"},
			"dockerfile", "must begin with FROM",
		},
		{"a Dockerfile that is too long",
			"createDockerfileApplication",
			resttest.Object{"dockerfile": "FROM a\n" + strings.Repeat("#", catalog.MaxDockerfileBytes)},
			"dockerfile", "at most 65536 bytes",
		},
		{"a Dockerfile that is empty",
			"createDockerfileApplication", resttest.Object{"dockerfile": ""},
			"dockerfile", "must be the text",
		},
		{"a repository that is none",
			"createDockerfileApplication", resttest.Object{"git_repository": "ftp://a"}, "git_repository",
			"must be an address",
		},
		{"a password in the repository",
			"createDockerfileApplication",
			resttest.Object{"git_repository": "https://bot:hunter22@git.example/api.git"}, "git_repository",
			"git_password",
		},
		{"a user without a password",
			"createComposeApplication", merge(git, resttest.Object{"git_username": "bot"}), "git_username",
			"go together",
		},
		{"a deploy key that is not there",
			"createComposeApplication",
			resttest.Object{
				"git_repository":   "git@git.example:api.git",
				"private_key_uuid": "key" + strings.Repeat("0", 21),
			},
			"private_key_uuid", "must be the uuid",
		},
		{"a commit that is none",
			"createComposeApplication", merge(git, resttest.Object{"git_commit_sha": "main"}),
			"git_commit_sha", "must be the hash",
		},
		{"a folder that climbs",
			"createComposeApplication", merge(git, resttest.Object{"base_directory": "/../etc"}),
			"base_directory", "without",
		},
		{"a weak password",
			"createComposeApplication",
			merge(git, resttest.Object{"git_username": "bot", "git_password": "bot"}), "git_password",
			"cannot be kept out of the logs",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
				Operation: c.id, Body: merge(c.body, resttest.Object{"name": "web", "server_uuid": server}),
			})
			if said := strings.Join(got.Errors[c.field], " "); len(got.Errors) != 1 ||
				!strings.Contains(said, c.says) {
				t.Errorf("errors = %v, want one of %s with %q", got.Errors, c.field, c.says)
			}
			if strings.Contains(strings.Join(got.Errors[c.field], " "), "hunter22") {
				t.Error("the password is in the refusal")
			}
		})
	}
	if n := w.Count(t, catalog.KindApplication); n != 0 {
		t.Errorf("%d applications were kept", n)
	}
}

// TestInstantDeploy holds that a new resource can be started at once, by those
// who may start things.
func TestInstantDeploy(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	body := resttest.Object{
		"name": "web", "server_uuid": server, "docker_registry_image_name": "web", "instant_deploy": true,
	}
	type made struct {
		UUID, Status   string
		DeploymentUUID string `json:"deployment_uuid"`
		Queued         string `json:"queued_deployment_uuid"`
		Warnings       []string
	}
	t.Run("it is queued", func(t *testing.T) {
		got := resttest.Want[made](t, w, http.StatusCreated, resttest.Request{
			Operation: "createImageApplication", Body: body,
		})
		record := w.Show(t, got.DeploymentUUID)
		if record["operation"] != "start" || record["resource_uuid"] != got.UUID ||
			got.Status != "starting:unhealthy" || got.Queued != got.DeploymentUUID {
			t.Errorf("%+v is made with %v", got, record)
		}
	})
	t.Run("it needs the ability deploy", func(t *testing.T) {
		before := w.Count(t, catalog.KindApplication)
		r := resttest.Request{Operation: "createImageApplication", Body: body, Token: w.Mint(t, access.Write)}
		if got := resttest.Want[resttest.Problem](t, w, http.StatusForbidden,
			r); got.Message != "Missing required permissions: deploy" {
			t.Errorf("message = %q", got.Message)
		}
		if after := w.Count(t, catalog.KindApplication); after != before {
			t.Errorf("%d applications, were %d", after, before)
		}
	})
	t.Run("where it cannot be started, it is made all the same and says so", func(t *testing.T) {
		body["server_uuid"] = w.Create(t, "createServer", resttest.Object{
			"name": "bare", "ip": "10.0.0.9", "private_key_uuid": w.Key(t),
		})
		got := resttest.Want[made](t, w, http.StatusCreated, resttest.Request{
			Operation: "createImageApplication", Body: body,
		})
		if got.DeploymentUUID != "" || len(got.Warnings) != 1 ||
			!strings.Contains(got.Warnings[0], "not pinned") {
			t.Errorf("made = %+v", got)
		}
		w.Get(t, "getApplication", got.UUID)
	})
}

// firstKeyLine is a host key that a line of known_hosts can have.
const firstKeyLine = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKrUZ0r1dCkGb1u2y7nQ0X3qkq0m9a3fYv0c1b2d3e4f"
