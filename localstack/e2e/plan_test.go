package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plan is the answer to a request for the plan of a start.
type plan struct {
	LastDeploymentUUID *string `json:"last_deployment_uuid"`
	Changes            []struct{ Path string }
	Steps              []struct{ Name string }
	Images             []struct {
		Image   *string
		Present *bool
	}
	Registries, Problems []string
	Look                 *struct {
		Message, Status *string
		Containers      []struct{ Service, Effect string }
	}
}

func (w *world) plan(t *testing.T, resource, query string) plan {
	t.Helper()
	var got plan
	if err := w.api.Post(t.Context(), at(resource)+"/plan"+query, nil, &got); err != nil {
		t.Fatalf("the plan of %s: %v", resource, err)
	}
	return got
}

// TestPlan has the plan of an application with the role of the function.
func TestPlan(t *testing.T) {
	w := stack(t)
	server := w.server(t)
	w.create(t, "/registries", map[string]any{"url": "registry.example:5000", "user": "bot",
		"password": "Zq7-pa55word", "server_uuids": []string{server}})
	app := w.shell(t, server, "echo started")
	if got := w.plan(t, app, ""); got.LastDeploymentUUID != nil || got.Changes != nil ||
		len(got.Steps) == 0 || len(got.Problems) > 0 || got.Look != nil {
		t.Errorf("before the first start: %+v", got)
	}
	record, entries := w.deploy(t, app)
	wantStatus(t, record, entries, "finished", "")
	// A record that is held has details in an item of their own, which the plan reads, too.
	if err := w.api.Post(t.Context(), "/deployments/"+record.DeploymentUUID+"/hold",
		map[string]any{"reason": "case 7"}, nil); err != nil {
		t.Fatal(err)
	}
	before := w.itemsOf(t, app)
	got := w.plan(t, app, "")
	if got.LastDeploymentUUID == nil || *got.LastDeploymentUUID != record.DeploymentUUID ||
		len(got.Changes) > 0 {
		t.Errorf("after it: %+v", got)
	}
	if diff := cmp.Diff(w.itemsOf(t, app), before); diff != "" {
		t.Errorf("the plan has changed the resource (-got +want)\n%s", diff)
	}
	change := map[string]any{"start": "echo again"}
	if err := w.api.Do(t.Context(), "PATCH", at(app), change, nil); err != nil {
		t.Fatal(err)
	}
	got = w.plan(t, app, "?look=true")
	if len(got.Changes) != 1 || got.Changes[0].Path != "start" {
		t.Errorf("after a change: %+v", got.Changes)
	}
	if got.Look == nil || got.Look.Message != nil || got.Look.Status == nil {
		t.Errorf("the server says %+v", got.Look)
	}
	image := w.create(t, "/applications/dockerimage", map[string]any{"name": "demo", "server_uuid": server,
		"docker_registry_image_name": "registry.example:5000/web"})
	if got := w.plan(t, image, ""); !slices.Equal(got.Registries, []string{"registry.example:5000"}) {
		t.Errorf("the pull uses %q", got.Registries)
	}
}

// TestPlanOfContainers asks a docker engine what a start would do to a container.
func TestPlanOfContainers(t *testing.T) {
	needImage(t, smallImage)
	w := stack(t)
	uuid := w.service(t, w.server(t), "services: {web: {image: '"+smallImage+"', command: [sleep, '600'], "+
		"stop_grace_period: 1s}}\n")
	cleanProject(t, uuid)
	wants := func(query, effect string) {
		t.Helper()
		got := w.plan(t, uuid, query)
		if got.Look == nil || len(got.Look.Containers) != 1 || got.Look.Containers[0].Effect != effect {
			t.Errorf("with %s: %+v, want %s", query, got.Look, effect)
		}
		if len(got.Images) != 1 || got.Images[0].Present == nil || !*got.Images[0].Present {
			t.Errorf("images %+v", got.Images)
		}
	}
	wants("?look=true", "created")
	record, entries := w.deploy(t, uuid)
	wantStatus(t, record, entries, "finished", "")
	wants("?look=true", "kept")
	wants("?look=true&force=true", "recreated")
}

// itemsOf returns all stored items that name the resource, in order.
func (w *world) itemsOf(t *testing.T, resource string) []string {
	t.Helper()
	var items []string
	w.eachItem(t, func(place string, content []byte) {
		if strings.Contains(string(content), resource) {
			items = append(items, place+" "+string(content))
		}
	})
	slices.Sort(items)
	return items
}
