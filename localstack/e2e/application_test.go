package e2e_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waybill/localstack/client"
)

// published returns an application's fields for a web server that this machine
// can reach on the port.
func published(port int) words {
	return words{"ports_exposes": "80", "ports_mappings": fmt.Sprintf("127.0.0.1:%d:80", port),
		"health_check_path": "/",
		"health_check_port": 80, "health_check_interval": 1, "health_check_start_period": 1,
		"health_check_retries": 3}
}

func with(one, other words) words {
	all := maps.Clone(one)
	maps.Copy(all, other)
	return all
}

func imageApplication(t *testing.T, s *stage) {
	image := "waybill-test/application:1"
	pageImage(t, image, "hello")
	port := freePort(t)
	r := s.add(t, "/applications/dockerimage", with(published(port), words{
		"docker_registry_image_name": "waybill-test/application",
		"docker_registry_image_tag":  "1", "limits_memory": "64m",
		"environment": []words{plainly("GREETING", "hello"),
			secretly("PASSWORD", awkward+"\nand a second line")}}))
	first, _ := r.succeed(t, "start", nil, "running:healthy")
	wantPage(t, port, "/", "hello")
	if got := docker(
		t, "exec", r.uuid, "sh", "-c", `printf '|%s|' "$PASSWORD"`,
	); got != "|"+awkward+"\nand a second line|" {
		t.Error("the application has another password")
	}
	if got := docker(t, "inspect", "--format", "{{.HostConfig.Memory}}", r.uuid); got != "67108864" {
		t.Errorf("its limit is %s bytes", got)
	}
	if got := docker(t, "run", "--rm", "--network", "waybill", smallImage, "wget", "-q", "-O", "-",
		"http://"+r.uuid+"/"); got != "hello" {
		t.Errorf("another container of Waybill's network is told %q", got)
	}

	docker(t, "stop", r.uuid)
	r.wantLook(t, "exited")
	r.succeed(t, "restart", nil, "running:healthy")
	wantPage(t, port, "/", "hello")

	update := r.change(t, words{"health_check_path": "/absent", "health_timeout": 8})
	wantUpdate(t, r, update, first.DeploymentUUID, "health_check_path changed", "health_timeout changed")
	_, entries := r.fail(t, "start", nil, "unhealthy",
		`http://127\.0\.0\.1:80/absent answered with status 404, not 2xx or 3xx\.`)
	if len(outputs(entries, "Report")) == 0 {
		t.Error("the log has no report")
	}
	r.wantStatus(t, "running:unhealthy")
	r.succeed(t, "stop", nil, "exited")
	r.remove(t, false)
}

// applicationPulls pushes a newer image to a registry under the same tag, and a
// different image under a second tag.
func applicationPulls(t *testing.T, s *stage) {
	address, images := registry(t), map[string]string{}
	for _, word := range []string{"older", "newer", "other"} {
		images[word] = "waybill-test/application-" + word + ":1"
		pageImage(t, images[word], word)
	}
	name, port := address+"/waybill-test/page", freePort(t)
	push(t, images["older"], name+":1")
	push(t, images["other"], name+":2")
	r := s.add(t, "/applications/dockerimage", with(published(port), words{
		"docker_registry_image_name": name, "docker_registry_image_tag": "1"}))
	says := func(operation string, options words, want string) string {
		t.Helper()
		record, _ := r.succeed(t, operation, options, "running:healthy")
		wantPage(t, port, "/", want)
		return record.DeploymentUUID
	}
	says("start", nil, "older")
	pushBeside(t, images["newer"], name+":1")
	says("start", words{"force": true}, "older")
	says("start", words{"pull_latest_images": true}, "newer")
	tagged := says("deploy", words{"docker_tag": "2"}, "other")
	var record struct {
		Tag string `json:"docker_registry_image_tag"`
	}
	r.w.get(t, "/deployments/"+tagged, &record)
	if record.Tag != "2" {
		t.Errorf("the record has the tag %q", record.Tag)
	}
	pushBeside(t, images["older"], name+":1")
	says("deploy", nil, "older")
	r.fail(t, "deploy", words{"docker_tag": "absent"}, "exit", `(?i)absent.*not found|manifest unknown`)
	wantPage(t, port, "/", "older")
	r.remove(t, true)
}

// shellApplication has only commands. It counts as running while a file exists.
func shellApplication(t *testing.T, s *stage) {
	r := s.add(t, "/applications/shell", words{
		"start": `printf 'up with %s\n' "$PASSWORD"; touch up`, "stop": "echo down; rm -f up",
		"health": "test -e up", "health_timeout": 3,
		"environment": []words{secretly("PASSWORD", awkward+"\nand a second line")}})
	_, entries := r.succeed(t, "start", nil, "running:healthy")
	wantLog(t, entries, "up with <REDACTED:PASSWORD>")
	r.wantLook(t, "running:healthy")
	if err := os.Remove(filepath.Join(r.folder, "up")); err != nil {
		t.Fatal(err)
	}
	r.wantLook(t, "running:unhealthy")
	r.succeed(t, "restart", nil, "running:healthy")
	_, entries = r.succeed(t, "stop", nil, "exited")
	wantLog(t, entries, "down")
	r.wantLook(t, "exited")
	r.change(t, words{"start": "echo nothing"})
	r.fail(t, "start", nil, "unhealthy", "The health command did not succeed within 3 s.")
	r.remove(t, false)
}

// TestApplicationBadInput checks that the API refuses a configuration that could
// never run.
func TestApplicationBadInput(t *testing.T) {
	w := stack(t)
	server := w.server(t)
	image := words{"docker_registry_image_name": "waybill-test/web"}
	git := words{"git_repository": "ssh://git@127.0.0.1/shop.git"}

	for _, c := range []struct {
		name, form string
		said       words
		field      string
	}{
		{"an image that is no reference of one", "dockerimage",
			words{"docker_registry_image_name": "Not an image"}, "docker_registry_image_name"},
		{"an image with capital letters", "dockerimage", words{"docker_registry_image_name": "Waybill/Web"},
			"docker_registry_image_name"},
		{"a tag that is none", "dockerimage", with(image, words{"docker_registry_image_tag": "a b"}),
			"docker_registry_image_tag"},
		{"ports that are none", "dockerimage", with(image, words{"ports_mappings": "eighty:80"}),
			"ports_mappings"},
		{"a port out of range", "dockerimage", with(image, words{"ports_mappings": "70000:80"}),
			"ports_mappings"},
		{"memory that is no size", "dockerimage", with(image, words{"limits_memory": "lots"}),
			"limits_memory"},
		{"a commit that is none", "dockerfile", with(git, words{"git_commit_sha": "main"}), "git_commit_sha"},
		{"a branch that is an option", "dockerfile", with(git, words{"git_branch": "--upload-pack=id"}),
			"git_branch"},
		{"a repository that is an option", "dockerfile", words{"git_repository": "--upload-pack=id"},
			"git_repository"},
		{"a repository that is a command", "dockercompose", words{"git_repository": "ext::sh -c id"},
			"git_repository"},
		{"a password in a URL", "dockercompose",
			words{"git_repository": "https://bot:password@127.0.0.1/shop.git"}, "git_repository"},
		{"a folder out of the repository", "dockercompose", with(git, words{"base_directory": "/../.."}),
			"base_directory"},
		{"a key that is unknown", "dockerfile",
			with(git, words{"private_key_uuid": "key000000000000000000000"}), "private_key_uuid"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			err := w.api.Post(t.Context(), "/applications/"+c.form,
				with(c.said, words{"name": "demo", "server_uuid": server}), nil)
			answer, is := errors.AsType[*client.Error](err)
			if !is || answer.Status != 422 || !strings.Contains(answer.Body, `"`+c.field+`"`) {
				t.Errorf("%v\n%+v, want 422 of %s", err, answer, c.field)
			}
		})
	}
}
