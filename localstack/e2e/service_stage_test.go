package e2e_test

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"waybill/localstack/client"
)

// stage is a server for services and applications, with a spy.
type stage struct {
	w      *world
	spy    *spy
	server string
	// folder is Waybill's folder on the server.
	folder string
}

// newStage registers a server and changes its settings to those in said.
func (w *world) newStage(t *testing.T, spy *spy, said map[string]any) *stage {
	t.Helper()
	s := &stage{w: w, spy: spy, server: w.server(t)}
	var shown struct {
		Folder string `json:"data_dir"`
	}
	if len(said) > 0 {
		s.patch(t, said)
	}
	w.get(t, "/servers/"+s.server, &shown)
	s.folder = shown.Folder
	return s
}

// patch changes the settings of the server.
func (s *stage) patch(t *testing.T, said map[string]any) {
	t.Helper()
	if err := s.w.api.Do(t.Context(), "PATCH", "/servers/"+s.server, said, nil); err != nil {
		t.Fatal(err)
	}
}

// resource is a resource that a test has registered on a stage.
type resource struct {
	*stage
	uuid string
	// folder is its folder on the server.
	folder string
	// ran has the deployments that the test has followed.
	ran []string
}

// words is a JSON object in a request.
type words = map[string]any

// add registers a resource and gives the spy its secrets.
func (s *stage) add(t *testing.T, path string, said words) *resource {
	t.Helper()
	given := words{"name": "demo", "server_uuid": s.server, "health_timeout": 60}
	maps.Copy(given, said)
	r := &resource{stage: s, uuid: s.w.create(t, path, given)}
	kind := strings.Split(at(r.uuid), "/")[1]
	r.folder = filepath.Join(s.folder, kind, r.uuid)
	r.hide(given["environment"])
	cleanImages(t, r.uuid)
	cleanDatabase(t, r.uuid)
	return r
}

// cleanImages removes the images that were built for a test's compose project, also
// the images whose name a later build has moved.
func cleanImages(t *testing.T, project string) {
	t.Cleanup(func() {
		if built := builtImages(t, project); len(built) > 0 {
			docker(t, append([]string{"image", "rm", "--force"}, built...)...)
		}
	})
}

// serve registers a service.
func (s *stage) serve(t *testing.T, compose string, said words) *resource {
	t.Helper()
	given := words{"docker_compose": images.Replace(compose)}
	maps.Copy(given, said)
	return s.add(t, "/services", given)
}

// images replaces SMALL and REDIS in compose files and Dockerfiles.
var images = strings.NewReplacer("SMALL", smallImage, "REDIS", redisImage)

// hide gives the spy the secrets among the variables.
func (r *resource) hide(environment any) {
	variables, _ := environment.([]words)
	for _, variable := range variables {
		value, _ := variable["value"].(string)
		if variable["is_secret"] != true || value == "" {
			continue
		}
		name := variable["key"].(string) + " of " + r.uuid
		r.spy.hide(name, value)
		if unquoted(value) != value {
			r.spy.hide("letters of "+name, unquoted(value))
		}
	}
}

func builtImages(t *testing.T, project string) []string {
	t.Helper()
	built := strings.Fields(docker(t, "image", "ls", "--quiet", "--filter",
		"label=com.docker.compose.project="+project))
	slices.Sort(built)
	return slices.Compact(built)
}

// plainly returns a variable, and secretly a secret one.
func plainly(name, value string) words { return words{"key": name, "value": value} }

func secretly(name, value string) words {
	return words{"key": name, "value": value, "is_secret": true}
}

// change changes the configuration and returns the deployment that records it.
func (r *resource) change(t *testing.T, said words) string {
	t.Helper()
	r.hide(said["environment"])
	var changed struct {
		Deployment string `json:"deployment_uuid"`
	}
	if err := r.w.api.Do(t.Context(), "PATCH", at(r.uuid), said, &changed); err != nil {
		t.Fatalf("PATCH %s: %v", at(r.uuid), err)
	}
	return changed.Deployment
}

// ask sends a request that queues a deployment, and returns the deployment's uuid.
// The request has a key of its own, so that it never counts as a repeat.
func (r *resource) ask(t *testing.T, method, path string, said any) string {
	t.Helper()
	var queued struct {
		Deployment  string `json:"deployment_uuid"`
		Deployments []struct {
			Deployment string `json:"deployment_uuid"`
		}
	}
	if err := r.w.api.Under(rand.Text()).Do(t.Context(), method, path, said, &queued); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if len(queued.Deployments) == 1 {
		return queued.Deployments[0].Deployment
	}
	return queued.Deployment
}

// operate requests an operation with options and follows it to its end.
func (r *resource) operate(
	t *testing.T, operation string, options words,
) (client.Deployment, []client.Entry) {
	t.Helper()
	path := at(r.uuid) + "/" + operation
	if operation == "deploy" {
		path = "/deploy"
		options = maps.Clone(options)
		if options == nil {
			options = words{}
		}
		options["uuid"] = r.uuid
	}
	if options == nil {
		return r.follow(t, r.ask(t, "POST", path, nil))
	}
	return r.follow(t, r.ask(t, "POST", path, options))
}

// follow follows a deployment and gives the spy the API's answers about it.
func (r *resource) follow(t *testing.T, uuid string) (client.Deployment, []client.Entry) {
	t.Helper()
	record, entries := r.w.follow(t, uuid)
	r.ran = append(r.ran, uuid)
	r.spy.note("the log of "+uuid, text(entries))
	for _, path := range []string{"", "/configuration", "/logs?format=text"} {
		var shown string
		r.w.get(t, "/deployments/"+uuid+path, &shown)
		r.spy.note("the deployment "+uuid+path, shown)
	}
	return record, entries
}

// succeed runs an operation. It must finish and leave the resource in the status.
func (r *resource) succeed(
	t *testing.T, operation string, options words, status string,
) (client.Deployment, []client.Entry) {
	t.Helper()
	record, entries := r.operate(t, operation, options)
	wantStatus(t, record, entries, "finished", "")
	r.wantStatus(t, status)
	return record, entries
}

// fail runs an operation. It must fail for the reason, and its log must match all
// the patterns.
func (r *resource) fail(
	t *testing.T, operation string, options words, reason string, patterns ...string,
) (client.Deployment, []client.Entry) {
	t.Helper()
	record, entries := r.operate(t, operation, options)
	wantStatus(t, record, entries, "failed", reason)
	for _, pattern := range patterns {
		wantLog(t, entries, pattern)
	}
	return record, entries
}

func (r *resource) wantStatus(t *testing.T, want string) {
	t.Helper()
	var now struct{ Status string }
	r.w.get(t, at(r.uuid), &now)
	if now.Status != want {
		t.Errorf("%s is %q, want %q", r.uuid, now.Status, want)
	}
}

// wantLook makes Waybill inspect the resource, which must have the status.
func (r *resource) wantLook(t *testing.T, want string) {
	t.Helper()
	var found struct{ Status, Message string }
	if err := r.w.api.Post(t.Context(), at(r.uuid)+"/validate", nil, &found); err != nil {
		t.Fatal(err)
	}
	if found.Status != want {
		t.Errorf("a look at %s finds %q (%s), want %q", r.uuid, found.Status, found.Message, want)
	}
	r.wantStatus(t, want)
}

// containers returns the names of the resource's containers, in docker's order.
func (r *resource) containers(t *testing.T) []string {
	t.Helper()
	listed := docker(t, "ps", "--all", "--format", "{{.Names}}", "--filter",
		"label=com.docker.compose.project="+r.uuid)
	return strings.Fields(listed)
}

// volumes returns the names of the resource's volumes.
func (r *resource) volumes(t *testing.T) []string {
	t.Helper()
	return strings.Fields(docker(t, "volume", "ls", "--quiet", "--filter",
		"label=com.docker.compose.project="+r.uuid))
}

// remove deletes the resource and checks that only its history is left. Its
// volumes must stay unless volumes is true.
func (r *resource) remove(t *testing.T, volumes bool) {
	t.Helper()
	before, path := r.volumes(t), at(r.uuid)
	if volumes {
		path += "?delete_volumes=true"
	}
	record, entries := r.follow(t, r.ask(t, "DELETE", path, nil))
	wantStatus(t, record, entries, "finished", "")
	if record.Operation != "delete" {
		t.Errorf("it is deleted by a %s", record.Operation)
	}
	eventually(t, r.uuid+" is in the catalog", func() bool {
		answer, is := errors.AsType[*client.Error](r.w.api.Get(t.Context(), at(r.uuid), nil))
		return is && answer.Status == 404
	})
	if _, err := os.Stat(r.folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its folder is there (%v)", err)
	}
	if left := r.containers(t); len(left) > 0 {
		t.Errorf("containers are left: %v", left)
	}
	if left := builtImages(t, r.uuid); len(left) > 0 {
		t.Errorf("images that were built are left: %v", left)
	}
	if after := r.volumes(t); volumes && len(after) > 0 || !volumes && len(after) != len(before) {
		t.Errorf("it had the volumes %v, and has %v", before, after)
	}
	for _, uuid := range []string{r.ran[0], record.DeploymentUUID} {
		var log client.LogPage
		r.w.get(t, "/deployments/"+uuid+"/logs", &log)
		if !log.Complete || len(log.Entries) == 0 {
			t.Errorf("of the deployment %s are %d entries left, the last of them: %v",
				uuid, len(log.Entries), log.Complete)
		}
	}
}
