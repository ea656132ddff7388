package e2e_test

import (
	"encoding/base64"
	"testing"
)

// TestTheFlowOfAnExistingClient creates, tags and deploys as existing clients do. Each step
// needs rights of the function that answers it.
func TestTheFlowOfAnExistingClient(t *testing.T) {
	w := stack(t)
	server := w.server(t)
	const compose = "services:\n  wiki: {image: wiki:2}\n  db: {image: postgres:16}\n"
	service := w.create(t, "/services", map[string]any{
		"name": "wiki", "description": "", "server_uuid": server, "destination_uuid": "",
		"project_uuid": "flow", "environment_name": "production", "environment_uuid": "",
		"docker_compose_raw": base64.StdEncoding.EncodeToString([]byte(compose)), "instant_deploy": false,
	})
	application := w.shell(t, server, "echo deployed by tag")

	t.Run("its project and its containers are listed", func(t *testing.T) {
		var environment struct{ Services []struct{ UUID string } }
		w.get(t, "/projects/flow/production", &environment)
		if len(environment.Services) != 1 || environment.Services[0].UUID != service {
			t.Errorf("environment = %+v", environment)
		}
		var databases []struct{ Name string }
		w.get(t, "/services/"+service+"/databases", &databases)
		if len(databases) != 1 || databases[0].Name != "db" {
			t.Errorf("databases = %+v", databases)
		}
		var resources []struct{ UUID string }
		w.get(t, "/servers/"+server+"/resources", &resources)
		if len(resources) != 2 {
			t.Errorf("resources = %+v", resources)
		}
	})
	t.Run("a tag is added, and what has it is deployed", func(t *testing.T) {
		tag := map[string]any{"tag_name": "Flow-" + application[3:9]}
		var tags []struct{ Name string }
		err := w.api.Do(t.Context(), "POST", "/applications/"+application+"/tags", tag, &tags)
		if err != nil {
			t.Fatal(err)
		}
		var listed []struct{ Name string }
		w.get(t, "/tags", &listed)
		var deployed struct {
			Details []struct {
				ResourceUUID   string `json:"resource_uuid"`
				DeploymentUUID string `json:"deployment_uuid"`
			}
		}
		if err = w.api.Do(t.Context(), "POST", "/deploy?tag="+tags[0].Name, nil, &deployed); err != nil {
			t.Fatal(err)
		}
		if len(deployed.Details) != 1 || deployed.Details[0].ResourceUUID != application {
			t.Fatalf("deployed = %+v of the tags %v", deployed, listed)
		}
		record, entries := w.follow(t, deployed.Details[0].DeploymentUUID)
		wantStatus(t, record, entries, "finished", "")
		wantLog(t, entries, "deployed by tag")
	})
	t.Run("a rollback to a commit that was never built is refused", func(t *testing.T) {
		body := map[string]any{"commit": "0123456789"}
		err := w.api.Do(t.Context(), "POST", "/applications/"+application+"/rollback", body, nil)
		wantAnswer(t, err, 422, "commit")
	})
	t.Run("an application from a repository is added", func(t *testing.T) {
		w.create(t, "/applications/public", map[string]any{"server_uuid": server, "project_uuid": "flow",
			"environment_name": "production", "git_repository": "https://git.example/acme/api.git",
			"git_branch": "main", "build_pack": "dockerfile", "ports_exposes": "8000"})
	})
	t.Run("the teams, the destinations and the domains answer", func(t *testing.T) {
		for _, path := range []string{"/teams/current", "/teams/1/members", "/destinations",
			"/servers/" + server + "/domains", "/projects"} {
			var any any
			w.get(t, path, &any)
		}
	})
}
