package rest_test

import (
	"net/http"
	"testing"

	"waybill/internal/rest/resttest"
)

// The types of coolify-cli 1.8.
type (
	cliServer struct {
		UUID, Name, IP, User string
		Port                 int
		Settings             struct {
			IsReachable bool `json:"is_reachable"`
			IsUsable    bool `json:"is_usable"`
		}
	}
	cliApplication struct {
		UUID, Name, Status string
		Description        *string
		FQDN               *string `json:"fqdn"`
		GitRepository      *string `json:"git_repository"`
		GitBranch          *string `json:"git_branch"`
		BuildPack          *string `json:"build_pack"`
		PortsExposes       *string `json:"ports_exposes"`
		PortsMappings      *string `json:"ports_mappings"`
		HealthCheckEnabled *bool   `json:"health_check_enabled"`
		HealthCheckPath    *string `json:"health_check_path"`
		HealthCheckPort    *string `json:"health_check_port"`
		HealthCheckRetries *int    `json:"health_check_retries"`
		LimitsMemory       *string `json:"limits_memory"`
		LimitsCPUs         *string `json:"limits_cpus"`
		LimitsCPUShares    *int    `json:"limits_cpu_shares"`
	}
	cliPart struct {
		UUID, Name string
		HumanName  *string `json:"human_name"`
		FQDN       *string `json:"fqdn"`
		Status     *string
		Image      *string
		CreatedAt  string `json:"created_at"`
	}
	cliService struct {
		UUID, Name, Status string
		Description        *string
		DockerCompose      *string `json:"docker_compose"`
		DockerComposeRaw   *string `json:"docker_compose_raw"`
		Applications       []cliPart
		Databases          []cliPart
	}
	cliDatabase struct {
		UUID, Name, Status, Type string
		Description, Image       *string
		IsPublic                 *bool   `json:"is_public"`
		PublicPort               *int    `json:"public_port"`
		LimitsMemory             *string `json:"limits_memory"`
		LimitsCPUShares          *int    `json:"limits_cpu_shares"`
		PostgresUser             *string `json:"postgres_user"`
		PostgresPassword         *string `json:"postgres_password"`
		PostgresConf             *string `json:"postgres_conf"`
	}
	cliDeployment struct {
		ID              int
		DeploymentUUID  string `json:"deployment_uuid"`
		Status          string
		ApplicationID   *string `json:"application_id"`
		ApplicationName *string `json:"application_name"`
		ServerName      *string `json:"server_name"`
		Commit          *string
		CommitMessage   *string `json:"commit_message"`
		DeploymentURL   *string `json:"deployment_url"`
		FinishedAt      *string `json:"finished_at"`
		CreatedAt       *string `json:"created_at"`
		Logs            *string
	}
	cliQueued struct {
		Message        string
		DeploymentUUID *string `json:"deployment_uuid"`
	}
	cliTeam struct {
		ID           int
		Name         string
		Description  *string
		PersonalTeam bool    `json:"personal_team"`
		ShowBoarding bool    `json:"show_boarding"`
		ServerLimit  *string `json:"custom_server_limit"`
		CreatedAt    string  `json:"created_at"`
	}
	cliMember struct {
		ID          int
		Name, Email string
	}
	cliResource struct{ UUID, Name, Type, Status string }
	cliProject  struct {
		UUID, Name   string
		Description  *string
		Environments []struct {
			UUID, Name   string
			Description  *string
			Applications []cliResource
		}
	}
	cliKey struct {
		UUID, Name  string
		Description *string
		PublicKey   string `json:"public_key"`
		PrivateKey  string `json:"private_key"`
	}
	cliTag struct {
		UUID, Name string
		CreatedAt  string `json:"created_at"`
		UpdatedAt  string `json:"updated_at"`
	}
)

// TestCoolifyCLI has the requests of coolify-cli 1.8. It retries every request up to three
// times if the answer does not decode.
func TestCoolifyCLI(t *testing.T) {
	newClientScene(t).run(t, []exchange{
		{"GET", "/api/v1/version", nil, 200, nil},
		{"GET", "/api/v1/servers", nil, 200, new([]cliServer)},
		{"GET", "/api/v1/servers/{server}?resources=true", nil, 200,
			new(struct{ Resources []cliResource })},
		{"GET", "/api/v1/servers/{server}/domains", nil, 200, new([]struct{ Domains []string })},
		{"GET", "/api/v1/servers/{server}/destinations", nil, 200, new([]struct{ UUID string })},
		{"GET", "/api/v1/destinations", nil, 200, new([]struct{ UUID string })},
		{"POST", "/api/v1/servers", resttest.Object{
			"name": "web", "ip": "192.0.2.1", "port": 22, "user": "root",
			"private_key_uuid": "{key}", "instant_validate": false}, 201, new(uuidAnswer)},
		{"PATCH", "/api/v1/servers/{server}", resttest.Object{"name": "new", "concurrent_builds": 3,
			"is_build_server": false, "proxy_type": "none"}, 201, new(cliServer)},
		{"POST", "/api/v1/servers/{server}/validate", resttest.Object{"install": false}, 201, new(message)},
		{"GET", "/api/v1/resources", nil, 200, new([]cliResource)},
		{"GET", "/api/v1/projects", nil, 200, new([]cliProject)},
		{"GET", "/api/v1/projects/default", nil, 200, new(cliProject)},
		{"GET", "/api/v1/projects/default/environments", nil, 200, new([]struct{ UUID, Name string })},
		{"GET", "/api/v1/teams", nil, 200, new([]cliTeam)},
		{"GET", "/api/v1/team", nil, 200, new(cliTeam)},
		{"GET", "/api/v1/teams/1", nil, 200, new(cliTeam)},
		{"GET", "/api/v1/teams/1/members", nil, 200, new([]cliMember)},
		{"GET", "/api/v1/team/members", nil, 200, new([]cliMember)},
		{"GET", "/api/v1/security/keys", nil, 200, new([]cliKey)},
		{"POST", "/api/v1/security/keys", resttest.Object{
			"name": "k", "private_key": resttest.ExamplePEM}, 201,
			new(uuidAnswer)},
		{"PATCH", "/api/v1/security/keys/{key}", resttest.Object{"private_key": resttest.ExamplePEM}, 201,
			new(uuidAnswer)},
		{"GET", "/api/v1/tags", nil, 200, new([]cliTag)},
		{"GET", "/api/v1/services/{service}/tags", nil, 200, new([]cliTag)},
		{"POST", "/api/v1/databases/{database}/tags", resttest.Object{"tag_name": "blue"}, 201,
			new([]cliTag)},
		{"DELETE", "/api/v1/databases/{database}/tags/blue", nil, 200, nil},
	})
}

// TestCoolifyCLIResources has the requests of coolify-cli 1.8 about resources and
// deployments.
func TestCoolifyCLIResources(t *testing.T) {
	compose := resttest.Object{"type": "", "server_uuid": "{server}", "project_uuid": "shop",
		"environment_name": "production", "docker_compose": resttest.ExampleCompose, "tags": []string{"web"}}
	newClientScene(t).run(t, []exchange{
		{"GET", "/api/v1/services", nil, 200, new([]cliService)},
		{"GET", "/api/v1/services/{service}", nil, 200, new(cliService)},
		{"GET", "/api/v1/services/{service}/applications", nil, 200, new([]cliPart)},
		{"GET", "/api/v1/services/{service}/databases", nil, 200, new([]cliPart)},
		{"POST", "/api/v1/services", compose, 201, new(uuidAnswer)},
		{"PATCH", "/api/v1/services/{service}", resttest.Object{"name": "new"}, 200, new(uuidAnswer)},
		{"GET", "/api/v1/applications", nil, 200, new([]cliApplication)},
		{"GET", "/api/v1/applications/{image}", nil, 200, new(cliApplication)},
		{"GET", "/api/v1/applications/{application}", nil, 200, new(cliApplication)},
		{"POST", "/api/v1/applications/dockerimage", resttest.Object{"project_uuid": "shop",
			"server_uuid": "{server}", "environment_name": "production", "destination_uuid": "d",
			"docker_registry_image_name": "ghcr.io/acme/web", "ports_exposes": "80",
			"health_check_port": "80", "health_check_path": "/", "tags": []string{"web"}}, 201,
			new(uuidAnswer)},
		{"POST", "/api/v1/applications/dockerfile", resttest.Object{"project_uuid": "shop",
			"server_uuid": "{server}", "environment_name": "production", "dockerfile": "FROM nginx:1\n",
			"ports_exposes": "80", "health_check_enabled": true, "health_check_port": "80",
			"instant_deploy": true}, 201, new(cliApplication)},
		{"POST", "/api/v1/applications/public", resttest.Object{"project_uuid": "shop",
			"server_uuid": "{server}", "environment_name": "production", "build_pack": "dockerfile",
			"git_repository": "https://git.example/acme/api.git", "git_branch": "main",
			"ports_exposes": "80", "domains": "https://shop.example"}, 201, new(uuidAnswer)},
		{"POST", "/api/v1/applications/private-deploy-key", resttest.Object{"project_uuid": "shop",
			"server_uuid": "{server}", "environment_name": "production", "build_pack": "dockercompose",
			"git_repository": "git@git.example:acme/api.git", "git_branch": "main",
			"private_key_uuid": "{key}", "ports_exposes": "80"}, 201, new(uuidAnswer)},
		{"POST", "/api/v1/applications/{application}/start?force=true&instant_deploy=true", nil, 200,
			new(cliQueued)},
		{"GET", "/api/v1/databases", nil, 200, new([]cliDatabase)},
		{"GET", "/api/v1/databases/{database}", nil, 200, new(cliDatabase)},
		{"POST", "/api/v1/databases/postgresql", resttest.Object{"server_uuid": "{server}",
			"project_uuid": "shop", "environment_name": "production", "instant_deploy": false}, 201,
			new(uuidAnswer)},
		{"DELETE", "/api/v1/databases/{database}?delete_configurations=true&delete_volumes=true&" +
			"docker_cleanup=true&delete_connected_networks=true", nil, 200, new(message)},
		{"GET", "/api/v1/deployments", nil, 200, new([]cliDeployment)},
		{"GET", "/api/v1/deployments/{deployment}", nil, 200, new(cliDeployment)},
		{"GET", "/api/v1/deployments/applications/{application}?skip=0&take=1", nil, 200,
			new(struct{ Deployments []cliDeployment })},
		{"POST", "/api/v1/deploy", resttest.Object{"uuid": "{service}", "force": true}, 200,
			new(struct{ Deployments []cliQueued })},
		{"POST", "/api/v1/deploy", resttest.Object{"uuid": "{service}", "force": true}, 200,
			new(struct{ Deployments []cliQueued })}, // the client lost the answer
	})
}

// TestClientsShowOnlyTheMessage wants the first problem in it.
func TestClientsShowOnlyTheMessage(t *testing.T) {
	s := newClientScene(t)
	got := resttest.Want[message](t, s.World, http.StatusUnprocessableEntity, resttest.Request{
		Operation: "createService", Body: resttest.Object{"server_uuid": "srv0", "docker_compose": "a: b",
			"color": "blue"}})
	if want := "Validation failed. color: is not known here"; len(got.Message) < len(want) ||
		got.Message[:len(want)] != want {
		t.Errorf("message = %q, want %q first", got.Message, want)
	}
}
