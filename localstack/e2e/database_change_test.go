package e2e_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"waybill/localstack/client"
)

// TestDatabaseChanges changes a database's configuration, compares it with the
// earlier one, and rolls back where that is allowed.
func TestDatabaseChanges(t *testing.T) {
	t.Parallel()
	needDocker(t)
	w := stack(t)
	server, spy := w.server(t), watch(t)
	redis := realEngines()[1]
	spy.hide("the older secret variable", "grains-of-old")
	spy.hide("the newer secret variable", "grains-of-new")
	newer := "waybill-test/redis-newer:7.1"
	buildImage(t, newer, "FROM "+redisImage+"\nLABEL waybill-test.newer=yes\n")

	db := w.database(t, spy, server, redis, map[string]any{"limits_memory": "64m",
		"environment": []map[string]any{{"key": "GREETING", "value": "hello"},
			{"key": "PEPPER", "value": "grains-of-old", "is_secret": true}}})
	first := db.operate(t, "start", "running:healthy")
	db.keepWord(t)

	db.change(t, map[string]any{"limits_memory": "96m",
		"environment": []map[string]any{{"key": "GREETING", "value": "goodbye"},
			{"key": "PEPPER", "value": "grains-of-new", "is_secret": true}}})
	second := db.operate(t, "restart", "running:healthy")
	db.wantWord(t)
	db.wantRunsWith(t, "100663296", "GREETING=goodbye", "PEPPER=grains-of-new")

	t.Run("a comparison tells what changed, and no secret", func(t *testing.T) {
		var compared struct{ Changes []difference }
		w.get(t, "/deployments/"+first.DeploymentUUID+"/compare/"+second.DeploymentUUID, &compared)
		want := []difference{
			{Path: "environment.GREETING", Edit: "changed", Before: "hello", After: "goodbye"},
			{Path: "environment.PEPPER", Edit: "changed", Secret: true},
			{Path: "limits_memory", Edit: "changed", Before: "64m", After: "96m"},
		}
		if !slices.Equal(compared.Changes, want) {
			t.Errorf("the changes are %+v, want %+v", compared.Changes, want)
		}
	})
	t.Run("a rollback brings environment and limits back, with today's secrets", func(t *testing.T) {
		var queued struct {
			Deployment string `json:"deployment_uuid"`
			Message    string
		}
		if err := w.api.Post(t.Context(), "/deployments/"+first.DeploymentUUID+"/rollback", nil,
			&queued); err != nil {
			t.Fatal(err)
		}
		record, entries := w.follow(t, queued.Deployment)
		wantStatus(t, record, entries, "finished", "")
		if !record.Rollback || record.ConfigurationHash != first.ConfigurationHash {
			t.Errorf("it is a rollback: %v, of %s, want that of %s",
				record.Rollback, record.ConfigurationHash, first.ConfigurationHash)
		}
		db.wantStatus(t, "running:healthy")
		db.wantRunsWith(t, "67108864", "GREETING=hello", "PEPPER=grains-of-new")
		db.wantWord(t)
	})
	t.Run("a restart with a newer image keeps the data, and there is no way back", func(t *testing.T) {
		db.change(t, map[string]any{"image": newer})
		db.operate(t, "restart", "running:healthy")
		db.wantWord(t)
		if got := docker(t, "inspect", "--format", "{{.Config.Image}}", db.uuid); got != newer {
			t.Errorf("it runs %s, want %s", got, newer)
		}
		answer, is := errors.AsType[*client.Error](w.api.Post(t.Context(),
			"/deployments/"+second.DeploymentUUID+"/rollback", nil, nil))
		if !is || answer.Status != 409 || !strings.Contains(answer.Message, "image") {
			t.Errorf("a rollback is answered %v, want 409 that names the image", answer)
		}
	})
	db.remove(t, true)
	spy.wantNothing(t, w, filepath.Dir(filepath.Dir(db.folder)))
}

// difference is one change in the answer to a comparison.
type difference struct {
	Path, Edit    string
	Secret        bool
	Before, After string
}

// change changes the configuration and checks that a deployment records it.
func (db *database) change(t *testing.T, given map[string]any) {
	t.Helper()
	var changed shownDatabase
	if err := db.w.api.Do(t.Context(), "PATCH", at(db.uuid), given, &changed); err != nil {
		t.Fatal(err)
	}
	if record := db.w.await(t, changed.Deployment); record.Operation != "update" ||
		record.Status != "finished" {
		t.Errorf("the change is recorded as %s %s", record.Operation, record.Status)
	}
}

// wantRunsWith checks the container's memory limit and variables.
func (db *database) wantRunsWith(t *testing.T, memory string, variables ...string) {
	t.Helper()
	got := docker(t, "inspect", "--format",
		"{{.HostConfig.Memory}}{{range .Config.Env}}\n{{.}}{{end}}", db.uuid)
	lines := strings.Split(got, "\n")
	if lines[0] != memory {
		t.Errorf("it has %s bytes of memory, want %s", lines[0], memory)
	}
	for _, variable := range variables {
		if !slices.Contains(lines, variable) {
			name, _, _ := strings.Cut(variable, "=")
			t.Errorf("its variable %s is not as it should be", name)
		}
	}
}

// TestADatabasesImageIsPulled pulls images from a real registry. It also tries a
// forced start, which replaces the container.
func TestADatabasesImageIsPulled(t *testing.T) {
	t.Parallel()
	needDocker(t)
	w := stack(t)
	redis := realEngines()[1]
	redis.image = registry(t) + "/waybill-test/redis:7"
	newer := "waybill-test/redis-pulled:7.1"
	buildImage(t, newer, "FROM "+redisImage+"\nLABEL waybill-test.newer=yes\n")
	push(t, redisImage, redis.image)
	if err := exec.Command("docker", "image", "inspect", redis.image).Run(); err == nil {
		t.Fatalf("the engine has %s before anybody pulled it", redis.image)
	}

	db := w.databaseOfAnyImage(t, nil, w.server(t), redis, nil)
	label := func() string {
		return docker(t, "inspect", "--format",
			`{{with index .Config.Labels "waybill-test.newer"}}{{.}}{{else}}no{{end}}`, db.uuid)
	}
	db.operate(t, "start", "running:healthy")
	db.keepWord(t)
	pushBeside(t, newer, redis.image)
	db.operate(t, "restart", "running:healthy")
	if label() != "no" {
		t.Error("a restart has pulled the newer image")
	}
	db.operate(t, "restart?latest=true", "running:healthy")
	if label() != "yes" {
		t.Error("a restart with latest runs the older image")
	}
	before := docker(t, "inspect", "--format", "{{.Id}}", db.uuid)
	db.operate(t, "start?force=true", "running:healthy")
	if docker(t, "inspect", "--format", "{{.Id}}", db.uuid) == before {
		t.Error("a forced start of what runs has changed nothing")
	}
	db.wantWord(t)
	db.remove(t, true)
}
