package catalogapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"waybill/internal/rest/resttest"
)

// bodyFields are the fields that lists leave out.
var bodyFields = []string{"environment", "docker_compose", "docker_compose_raw", "start", "stop", "health",
	"health_check_command", "git_host_keys", "dockerfile", "init_scripts", "ssl_certificate", "postgres_conf"}

// TestListsLeaveOutOnlyBodies compares each resource's own page with its place in the lists.
// The token may read sensitive data.
func TestListsLeaveOutOnlyBodies(t *testing.T) {
	w := resttest.New(t)
	server, key := w.Server(t), w.Key(t)
	environment := []resttest.Object{{"key": "PORT", "value": "80"}}
	for _, c := range []struct {
		create, list, get, uuid string
		given                   resttest.Object
	}{
		{"createService", "listServices", "getService", "", resttest.Object{
			"docker_compose": resttest.ExampleCompose}},
		{"createShellApplication", "listApplications", "getApplication", "", resttest.Object{
			"start": "true", "stop": "true"}},
		{"createImageApplication", "listApplications", "getApplication", "", resttest.Object{
			"docker_registry_image_name": "web", "health_check_command": "true"}},
		{"createDockerfileApplication", "listApplications", "getApplication", "", resttest.Object{
			"git_repository": "git@git.example:api.git", "private_key_uuid": key,
			"git_host_keys": "git.example " + firstKeyLine}},
		{"createDockerfileApplication", "listApplications", "getApplication", "", resttest.Object{
			"dockerfile": dockerfile}},
		{"createDatabase", "listDatabases", "getDatabase", "postgresql", resttest.Object{
			"postgres_conf": "port = 1",
			"init_scripts":  []resttest.Object{{"name": "1.sql", "content": "SELECT 1"}},
			"enable_ssl":    true}},
	} {
		t.Run(c.create, func(t *testing.T) {
			made := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
				Operation: c.create, PathUUID: c.uuid,
				Body: merge(c.given, resttest.Object{"name": "web", "server_uuid": server,
					"environment": environment}),
			})
			uuid, _ := made["uuid"].(string)
			all := resttest.Want[[]resttest.Object](t, w, http.StatusOK, resttest.Request{Operation: c.list})
			i := slices.IndexFunc(all, func(one resttest.Object) bool { return one["uuid"] == uuid })
			whole := w.Stored(t, c.get, uuid)
			if i < 0 {
				t.Fatalf("%s is in no list", uuid)
			}
			for field := range whole {
				_, there := all[i][field]
				secret := strings.Contains(field, "password") || strings.Contains(field, "db_url")
				if there == (secret || slices.Contains(bodyFields, field)) {
					t.Errorf("%s is in the list: %v", field, there)
				}
			}
		})
	}
}

// A list costs by the size of what it shows, so that has a limit, at a change as well.
func TestAHeadHasALimit(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	long := strings.Repeat("\U0001f600", 1000)
	const (
		field = "description"
		says  = "is the largest of the fields that lists show, which may have 4096 bytes"
	)
	w.Refused(t, "createService", "", resttest.Object{"name": "web", "server_uuid": server,
		"docker_compose": resttest.ExampleCompose, "description": long}, field, says)
	for kind, make := range map[string]func(*testing.T, string) string{
		"Service": w.Service, "Application": w.Application, "Database": w.Database,
	} {
		w.Refused(t, "update"+kind, make(t, server), resttest.Object{"description": long}, field, says)
	}
}
