package rest_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"waybill/internal/rest/resttest"
)

// TestRetriesOfClients sends each request twice, as coolify-cli does when it has lost the
// answer: without an Idempotency-Key, even a POST.
func TestRetriesOfClients(t *testing.T) {
	for _, c := range []struct {
		name, method, path string
		body               any
		// again is the status of the second answer, and same is whether it names the same
		// uuids as the first one.
		first, again int
		same         bool
	}{
		{"a deploy", "POST", "/api/v1/deploy", resttest.Object{"uuid": "{service}"}, 200, 200, true},
		{"a deploy by tag", "POST", "/api/v1/deploy?tag=web", nil, 200, 200, true},
		{"a start", "POST", "/api/v1/services/{service}/start", nil, 200, 200, true},
		{"a restart", "POST", "/api/v1/databases/{database}/restart", nil, 200, 200, true},
		{"a stop", "POST", "/api/v1/applications/{application}/stop", nil, 200, 200, true},
		{"a deletion of what never ran", "DELETE", "/api/v1/services/{service}", nil, 200, 404, false},
		{"a tag", "POST", "/api/v1/services/{service}/tags", resttest.Object{"tag_name": "blue"},
			201, 201, true},
		{"a changed variable", "PATCH", "/api/v1/services/{service}/envs/bulk",
			resttest.Object{"data": []resttest.Object{{"key": "A", "value": "1"}}}, 201, 201, true},
		// Coolify refuses a variable that exists, too. Its message says how to change it.
		{"a new variable", "POST", "/api/v1/services/{service}/envs",
			resttest.Object{"key": "A", "value": "1"}, 201, 409, false},
		// Two equal creations may be meant, as by count = 2 in Terraform. The page of the
		// clients says how to send a key.
		{"a new service", "POST", "/api/v1/services", resttest.Object{"server_uuid": "{server}",
			"docker_compose_raw": resttest.ExampleCompose}, 201, 201, false},
		{"a new server", "POST", "/api/v1/servers", resttest.Object{"ip": "192.0.2.1",
			"private_key_uuid": "{key}"}, 201, 201, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newClientScene(t)
			first := s.sendTo(t, c.method, c.path, c.body, "")
			again := s.sendTo(t, c.method, c.path, c.body, "")
			if first.Status != c.first || again.Status != c.again {
				t.Fatalf("answers = %d %s and %d %s, want %d and %d", first.Status, first.Body,
					again.Status, again.Body, c.first, c.again)
			}
			if same := sameUUIDs(t, first.Body, again.Body); same != c.same {
				t.Errorf("the same uuids: %v, want %v:\n%s\n%s", same, c.same, first.Body, again.Body)
			}
		})
	}
}

// TestRetriesWithAKey: with an Idempotency-Key a creation counts once.
func TestRetriesWithAKey(t *testing.T) {
	s := newClientScene(t)
	body := resttest.Object{"server_uuid": "{server}", "docker_compose_raw": resttest.ExampleCompose}
	first := s.sendTo(t, "POST", "/api/v1/services", body, "pipeline-7")
	again := s.sendTo(t, "POST", "/api/v1/services", body, "pipeline-7")
	if again.Status != http.StatusCreated || !sameUUIDs(t, first.Body, again.Body) {
		t.Errorf("answers = %s and %d %s", first.Body, again.Status, again.Body)
	}
}

// sameUUIDs reports whether both answers name the same uuids, and at least one. Of a list,
// only the uuids of its members count: a change that changes nothing has no deployment.
func sameUUIDs(t *testing.T, one, other []byte) bool {
	t.Helper()
	type uuids struct {
		UUID           string
		DeploymentUUID string `json:"deployment_uuid"`
	}
	read := func(text []byte) (all []uuids) {
		var list []uuids
		if json.Unmarshal(text, &list) == nil {
			for _, one := range list {
				all = append(all, uuids{UUID: one.UUID})
			}
			return all
		}
		var answer struct {
			uuids
			Deployments, Details []uuids
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatal(err)
		}
		return append(append(append(all, answer.uuids), answer.Deployments...), answer.Details...)
	}
	a, b := read(one), read(other)
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) > 0
}
