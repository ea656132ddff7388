package rest_test

import (
	"net/http"
	"testing"

	"waybill/internal/rest/resttest"
)

// actionDeployment is a deployment as actions of GitHub's marketplace read it.
type actionDeployment struct {
	Status          string
	ApplicationName *string `json:"application_name"`
}

// TestActions has the requests of the actions devevandro/coolify-app-deploy, which sends all
// secrets of a repository and then deploys, and naffiq/coolify-deploy-actions.
func TestActions(t *testing.T) {
	newClientScene(t).run(t, []exchange{
		{"GET", "/api/health", nil, 200, nil},
		{"PATCH", "/api/v1/applications/{image}/envs/bulk", resttest.Object{"data": []resttest.Object{
			{"key": "MYSQL_PASSWORD", "value": "correct horse", "is_literal": true},
			{"key": "github_token", "value": "", "is_literal": false}}}, 201, nil},
		{"PATCH", "/api/v1/applications/{image}/envs", resttest.Object{
			"key": "MYSQL_PASSWORD", "value": "v1.2.3", "is_preview": false}, 201, nil},
		{"POST", "/api/v1/deploy?uuid={application}", nil, 200,
			new(struct{ Deployments []cliQueued })},
		{"GET", "/api/v1/deployments/{deployment}", nil, 200, new(actionDeployment)},
	})
}

// TestClientsThatDeployWithGET: boredland/action-coolify-deployment, laravel-coolify,
// @felixallistar/coolify-mcp and coolify-ios still do. Coolify answers 405 since July 2026, and
// its message says why.
func TestClientsThatDeployWithGET(t *testing.T) {
	s := newClientScene(t)
	for _, path := range []string{
		"/api/v1/deploy?uuid={application}&force=true", "/api/v1/applications/{application}/start",
		"/api/v1/databases/{database}/restart", "/api/v1/services/{service}/stop",
	} {
		t.Run(path, func(t *testing.T) {
			got := s.Send(t, "list", http.MethodGet, s.words.Replace(path), resttest.Request{})
			if got.Status != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "POST" {
				t.Errorf("answer = %d %s, Allow %q", got.Status, got.Body, got.Header.Get("Allow"))
			}
		})
	}
}

// TestCeil has the requests of coolify-ios (esoxjem/coolify-ios) that read, and its changes
// of variables.
func TestCeil(t *testing.T) {
	type variable struct {
		ID               *int
		UUID, Key, Value *string
		IsPreview        *bool `json:"is_preview"`
		IsBuildTime      *bool `json:"is_build_time"`
	}
	s := newClientScene(t)
	s.run(t, []exchange{
		{"GET", "/api/v1/servers/{server}/resources", nil, 200, new([]cliResource)},
		{"GET", "/api/v1/applications/{image}/envs", nil, 200, new([]variable)},
		{"POST", "/api/v1/applications/{image}/envs", resttest.Object{"key": "A", "value": "1",
			"is_preview": true}, 201, nil},
		{"DELETE", "/api/v1/applications/{image}/envs/" + s.variableOf("{image}", "A", true), nil, 200,
			nil},
		{"GET", "/api/v1/applications/{image}/logs?lines=100", nil, 200, new(struct{ Logs *string })},
		{"GET", "/api/v1/deployments/applications/{application}", nil, 200,
			new(struct{ Deployments []cliDeployment })},
	})
}

// TestContainerLogsOfClients has the query of each client that shows container logs. All read
// one text.
func TestContainerLogsOfClients(t *testing.T) {
	type text struct{ Logs *string }
	newClientScene(t).run(t, []exchange{
		// coolify-cli
		{"GET", "/api/v1/applications/{image}/logs?lines=10", nil, 200, new(text)},
		{"GET", "/api/v1/applications/{image}/logs?lines=10&service_name=db&show_timestamps=true", nil, 200,
			new(text)},
		{"GET", "/api/v1/services/{service}/logs?lines=5&show_timestamps=false&sub_service_name=db", nil,
			200, new(text)},
		{"GET", "/api/v1/databases/{database}/logs?lines=100&show_timestamps=false", nil, 200, new(text)},
		// @masonator/coolify-mcp
		{"GET", "/api/v1/applications/{image}/logs?lines=100", nil, 200, new(text)},
		{"GET", "/api/v1/services/{service}/logs?sub_service_name=db&lines=100&show_timestamps=true", nil,
			200, new(text)},
	})
}
