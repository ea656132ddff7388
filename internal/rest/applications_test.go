package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
)

// container is how a container runs when nothing is said of it.
func container(of object) object {
	shown := object{
		"ports_exposes": nil, "ports_mappings": nil, "limits_memory": "0", "limits_memory_swap": "0", "limits_memory_reservation": "0",
		"limits_cpus": "0", "limits_cpuset": nil, "limits_cpu_shares": 0.0, "health_check_enabled": true, "health_check_interval": 0.0,
		"health_check_timeout": 0.0, "health_check_retries": 0.0, "health_check_start_period": 0.0, "health_check_port": nil, "health_check_path": nil,
	}
	for field, value := range of {
		shown[field] = value
	}
	return shown
}

// source is how a repository is shown when nothing is said of it.
func source(of object) object {
	shown := object{"git_branch": nil, "git_commit_sha": "HEAD", "base_directory": "/", "private_key_uuid": nil, "git_username": nil, "git_host_keys": nil}
	for field, value := range of {
		shown[field] = value
	}
	return shown
}

// TestApplicationsOnTheWire is every form of an application, as little and as
// much of it as can be given, in its exact form.
func TestApplicationsOnTheWire(t *testing.T) {
	w := newWorld(t)
	server, key := w.server(t), w.key(t)
	all := object{
		"ports_exposes": "80,443", "ports_mappings": "8080:80,127.0.0.1:53:53/udp", "limits_memory": "512m", "limits_memory_swap": "1g",
		"limits_memory_reservation": "256m", "limits_cpus": "1.5", "limits_cpuset": "0-1", "limits_cpu_shares": 512.0,
		"health_check_enabled": false, "health_check_interval": 10.0, "health_check_timeout": 5.0, "health_check_retries": 3.0,
		"health_check_start_period": 30.0, "health_check_port": 80.0, "health_check_path": "/up",
	}
	for name, c := range map[string]struct {
		id           string
		given, shown object
	}{
		"shell": {"createShellApplication", object{"start": "true"}, object{"start": "true", "stop": "", "health": ""}},
		"dockerimage": {"createImageApplication", object{"docker_registry_image_name": "ghcr.io/acme/web"},
			container(object{"docker_registry_image_name": "ghcr.io/acme/web", "docker_registry_image_tag": "latest"})},
		"dockerimage with everything": {"createImageApplication",
			merge(all, object{"docker_registry_image_name": "web", "docker_registry_image_tag": "1.4"}),
			container(merge(all, object{"docker_registry_image_name": "web", "docker_registry_image_tag": "1.4"}))},
		"dockerimage with a command": {"createImageApplication",
			object{"docker_registry_image_name": "web", "health_check_command": "wget -q localhost"},
			container(object{"docker_registry_image_name": "web", "docker_registry_image_tag": "latest", "health_check_command": "wget -q localhost"})},
		"dockerfile": {"createDockerfileApplication", object{"git_repository": "https://git.example/api.git"},
			container(source(object{"git_repository": "https://git.example/api.git", "dockerfile_location": "Dockerfile"}))},
		"dockerfile with everything": {"createDockerfileApplication",
			merge(all, object{"git_repository": "git@git.example:api.git", "git_branch": "main", "git_commit_sha": "c0ffee0", "base_directory": "/backend",
				"private_key_uuid": key, "git_host_keys": "git.example " + firstKeyLine, "dockerfile_location": "/docker/Dockerfile"}),
			container(source(merge(all, object{"git_repository": "git@git.example:api.git", "git_branch": "main", "git_commit_sha": "c0ffee0", "base_directory": "/backend",
				"private_key_uuid": key, "git_host_keys": "git.example " + firstKeyLine, "dockerfile_location": "docker/Dockerfile"})))},
		"dockercompose": {"createComposeApplication", object{"git_repository": "https://git.example/api.git", "git_username": "bot", "git_password": gitPassword, "git_commit_sha": "HEAD"},
			source(object{"git_repository": "https://git.example/api.git", "git_username": "bot", "docker_compose_location": "docker-compose.yaml"})},
	} {
		t.Run(name, func(t *testing.T) {
			made := want[object](t, w, http.StatusCreated, request{id: c.id, body: merge(c.given, object{"name": "web", "server_uuid": server})})
			pack, _, _ := strings.Cut(name, " ")
			wanted := merge(c.shown, object{
				"uuid": made["uuid"], "name": "web", "description": nil, "status": "exited", "kind": pack, "build_pack": pack, "server_uuid": server,
				"timeout": 3600.0, "health_timeout": 120.0, "queued_deployment_uuid": nil, "running_deployment_uuid": nil, "deployments_count": 0.0,
				"environment": []any{}, "created_at": made["created_at"], "updated_at": made["updated_at"],
			})
			if diff := cmp.Diff(made, wanted); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			got := want[object](t, w, http.StatusOK, request{id: "getApplication", uuid: made["uuid"].(string)})
			if diff := cmp.Diff(got, made); diff != "" {
				t.Errorf("GET and POST show it differently (-GET +POST)\n%s", diff)
			}
		})
	}
}

func merge(objects ...object) object {
	all := object{}
	for _, one := range objects {
		for field, value := range one {
			all[field] = value
		}
	}
	return all
}

func TestTheRepositorysPasswordIsASecret(t *testing.T) {
	w := newWorld(t)
	uuid := w.built(t, w.server(t))
	if got := w.vault(t, uuid)[catalog.GitPasswordSecret]; got != gitPassword {
		t.Errorf("the vault has %q", got)
	}
	answer := w.ask(t, request{id: "getApplication", uuid: uuid})
	if strings.Contains(string(answer.body), gitPassword) || strings.Contains(string(answer.body), "git_password") {
		t.Errorf("it is shown: %s", answer.body)
	}
}

func TestApplicationsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	image := object{"docker_registry_image_name": "web"}
	git := object{"git_repository": "https://git.example/api.git"}
	for name, c := range map[string]struct {
		id    string
		body  object
		field string
		says  string
	}{
		"an image with a tag in its name": {"createImageApplication", object{"docker_registry_image_name": "web:1"}, "docker_registry_image_name", "docker_registry_image_tag"},
		"an image that is none":           {"createImageApplication", object{"docker_registry_image_name": "Web App"}, "docker_registry_image_name", "must be an image"},
		"no image":                        {"createImageApplication", object{}, "docker_registry_image_name", "is required"},
		"a tag that is none":              {"createImageApplication", merge(image, object{"docker_registry_image_tag": "a tag"}), "docker_registry_image_tag", "must be a tag"},
		"a field of another form":         {"createImageApplication", merge(image, git), "git_repository", "is not known here"},
		"ports that are none":             {"createImageApplication", merge(image, object{"ports_exposes": "http"}), "ports_exposes", "must be ports"},
		"a port out of range":             {"createImageApplication", merge(image, object{"ports_exposes": "80,70000"}), "ports_exposes", "65535"},
		"a port beyond every range":       {"createImageApplication", merge(image, object{"ports_exposes": "99999999999999999999"}), "ports_exposes", "must be ports"},
		"no repository":                   {"createDockerfileApplication", object{}, "git_repository", "is required"},
		"a repository that is none":       {"createDockerfileApplication", object{"git_repository": "ftp://a"}, "git_repository", "must be an address"},
		"a password in the repository":    {"createDockerfileApplication", object{"git_repository": "https://bot:hunter22@git.example/api.git"}, "git_repository", "git_password"},
		"a user without a password":       {"createComposeApplication", merge(git, object{"git_username": "bot"}), "git_username", "go together"},
		"a deploy key that is not there":  {"createComposeApplication", object{"git_repository": "git@git.example:api.git", "private_key_uuid": "key" + strings.Repeat("0", 21)}, "private_key_uuid", "must be the uuid"},
		"a commit that is none":           {"createComposeApplication", merge(git, object{"git_commit_sha": "main"}), "git_commit_sha", "must be the hash"},
		"a folder that climbs":            {"createComposeApplication", merge(git, object{"base_directory": "/../etc"}), "base_directory", "without"},
		"a weak password":                 {"createComposeApplication", merge(git, object{"git_username": "bot", "git_password": "bot"}), "git_password", "cannot be kept out of the logs"},
	} {
		t.Run(name, func(t *testing.T) {
			got := want[problem](t, w, http.StatusUnprocessableEntity, request{id: c.id, body: merge(c.body, object{"name": "web", "server_uuid": server})})
			if said := strings.Join(got.Errors[c.field], " "); len(got.Errors) != 1 || !strings.Contains(said, c.says) {
				t.Errorf("errors = %v, want one of %s with %q", got.Errors, c.field, c.says)
			}
			if strings.Contains(strings.Join(got.Errors[c.field], " "), "hunter22") {
				t.Error("the password is in the refusal")
			}
		})
	}
	if n := w.count(t, catalog.KindApplication); n != 0 {
		t.Errorf("%d applications were kept", n)
	}
}

// TestInstantDeploy holds that a new resource can be started at once, by those
// who may start things.
func TestInstantDeploy(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	body := object{"name": "web", "server_uuid": server, "docker_registry_image_name": "web", "instant_deploy": true}
	type made struct {
		UUID, Status   string
		DeploymentUUID string `json:"deployment_uuid"`
		Queued         string `json:"queued_deployment_uuid"`
		Warnings       []string
	}
	t.Run("it is queued", func(t *testing.T) {
		got := want[made](t, w, http.StatusCreated, request{id: "createImageApplication", body: body})
		record := w.show(t, got.DeploymentUUID)
		if record["operation"] != "start" || record["resource_uuid"] != got.UUID || got.Status != "starting:unhealthy" || got.Queued != got.DeploymentUUID {
			t.Errorf("%+v is made with %v", got, record)
		}
	})
	t.Run("it needs the ability deploy", func(t *testing.T) {
		before := w.count(t, catalog.KindApplication)
		r := request{id: "createImageApplication", body: body, token: w.mint(t, access.Write)}
		if got := want[problem](t, w, http.StatusForbidden, r); got.Message != "Missing required permissions: deploy" {
			t.Errorf("message = %q", got.Message)
		}
		if after := w.count(t, catalog.KindApplication); after != before {
			t.Errorf("%d applications, were %d", after, before)
		}
	})
	t.Run("where it cannot be started, it is made all the same and says so", func(t *testing.T) {
		body["server_uuid"] = w.create(t, "createServer", object{"name": "bare", "ip": "10.0.0.9", "private_key_uuid": w.key(t)})
		got := want[made](t, w, http.StatusCreated, request{id: "createImageApplication", body: body})
		if got.DeploymentUUID != "" || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "not pinned") {
			t.Errorf("made = %+v", got)
		}
		want[object](t, w, http.StatusOK, request{id: "getApplication", uuid: got.UUID})
	})
}

// firstKeyLine is a host key that a line of known_hosts can have.
const firstKeyLine = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKrUZ0r1dCkGb1u2y7nQ0X3qkq0m9a3fYv0c1b2d3e4f"
