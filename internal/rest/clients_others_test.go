package rest_test

import (
	"encoding/base64"
	"regexp"
	"testing"
	"time"

	"waybill/internal/rest/resttest"
)

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// TestTerraformProviderSierraJC has the requests of github.com/SierraJC/terraform-provider-coolify.
// It sends empty texts for what its user has left out, and reads a change of a server or a
// key only from 201.
func TestTerraformProviderSierraJC(t *testing.T) {
	type team struct {
		ID           *int
		Name         *string
		PersonalTeam *bool   `json:"personal_team"`
		CreatedAt    *string `json:"created_at"`
		Members      *[]struct{ ID *int }
	}
	type application struct {
		UUID             *string
		BuildPack        *string    `json:"build_pack"`
		CreatedAt        *time.Time `json:"created_at"`
		HealthCheckPort  *string    `json:"health_check_port"`
		LimitsCPUShares  *int       `json:"limits_cpu_shares"`
		PortsMappings    *string    `json:"ports_mappings"`
		DockerCompose    *string    `json:"docker_compose"`
		EnvironmentID    *int       `json:"environment_id"`
		UpdatedAt        *time.Time `json:"updated_at"`
		DockerfileTarget *string    `json:"dockerfile_target_build"`
	}
	type serverResource struct {
		ID                       *int
		UUID, Name, Type, Status *string
		CreatedAt                *string `json:"created_at"`
	}
	service := resttest.Object{"name": "wiki", "description": nil, "destination_uuid": "",
		"environment_name": "production", "environment_uuid": "", "project_uuid": "shop",
		"server_uuid": "{server}", "instant_deploy": false,
		"docker_compose_raw": base64Of(resttest.ExampleCompose)}
	newClientScene(t).run(t, []exchange{
		{"GET", "/api/v1/version", nil, 200, nil},
		{"POST", "/api/v1/services", service, 201, new(uuidAnswer)},
		{"PATCH", "/api/v1/services/{service}", resttest.Object{"name": "new", "description": "",
			"destination_uuid": "", "environment_name": "", "environment_uuid": "", "project_uuid": "",
			"server_uuid": "", "instant_deploy": true,
			"docker_compose_raw": base64Of(resttest.ExampleCompose)}, 200, new(uuidAnswer)},
		{"DELETE", "/api/v1/services/{service}?delete_configurations=true&delete_volumes=true&" +
			"docker_cleanup=true&delete_connected_networks=false", nil, 200, new(message)},
		{"POST", "/api/v1/databases/postgresql", resttest.Object{"description": "", "name": "db",
			"destination_uuid": "", "environment_name": "production", "environment_uuid": "",
			"image": "postgres:16-alpine", "instant_deploy": false, "is_public": false,
			"limits_cpu_shares": 1024, "limits_cpus": "0", "limits_memory": "0",
			"limits_memory_reservation": "0", "limits_memory_swap": "0", "limits_memory_swappiness": 60,
			"postgres_conf": "", "postgres_password": "", "project_uuid": "shop",
			"server_uuid": "{server}"}, 201, new(uuidAnswer)},
		{"PATCH", "/api/v1/databases/{database}", resttest.Object{"name": "", "description": "",
			"image": "postgres:16-alpine", "is_public": false, "limits_memory_swappiness": 60,
			"postgres_conf": "", "postgres_password": ""}, 200, nil},
		{"POST", "/api/v1/servers", resttest.Object{
			"description": "", "name": "web", "instant_validate": true,
			"ip": "192.0.2.2", "is_build_server": false, "port": 22, "private_key_uuid": "{key}",
			"user": ""}, 201, new(uuidAnswer)},
		{"PATCH", "/api/v1/servers/{server}", resttest.Object{"description": "", "name": "web",
			"instant_validate": false, "ip": "127.0.0.1", "is_build_server": false, "port": 22,
			"private_key_uuid": "", "user": "root"}, 201, new(uuidAnswer)},
		{"PATCH", "/api/v1/security/keys/{key}", resttest.Object{"name": "k", "description": "",
			"private_key": resttest.ExamplePEM}, 201, new(uuidAnswer)},
		{"GET", "/api/v1/applications", nil, 200, new([]application)},
		{"GET", "/api/v1/applications/{image}", nil, 200, new(application)},
		{"GET", "/api/v1/servers/{server}/resources", nil, 200, new([]serverResource)},
		{"GET", "/api/v1/servers/{server}/domains", nil, 200, new([]struct {
			IP      *string
			Domains *[]string
		})},
		{"GET", "/api/v1/teams", nil, 200, new([]team)},
		{"GET", "/api/v1/teams/current", nil, 200, new(team)},
		{"GET", "/api/v1/teams/1", nil, 200, new(team)},
		{"GET", "/api/v1/teams/1/members", nil, 200, new([]struct{ ID *int })},
		{"GET", "/api/v1/projects", nil, 200, new([]struct {
			ID          *int
			UUID        *string
			Description *string
		})},
	})
}

// TestTokensMatchTheExpressionOfTerraformProviderSierraJC: it checks its token before it sends
// a request.
func TestTokensMatchTheExpressionOfTerraformProviderSierraJC(t *testing.T) {
	w := resttest.New(t)
	if token := w.Mint(t, "read"); !regexp.MustCompile(`^\d+\|\w+$`).MatchString(token) {
		t.Errorf("token = %q", token)
	}
}

// TestTerraformProviderCoolify has the requests of
// github.com/coolify-terraform/terraform-provider-coolify.
func TestTerraformProviderCoolify(t *testing.T) {
	type service struct {
		UUID, Name, Description string
		ServerUUID              string `json:"server_uuid"`
		ProjectUUID             string `json:"project_uuid"`
		EnvironmentName         string `json:"environment_name"`
		Status                  string
		DockerComposeRaw        string `json:"docker_compose_raw"`
		Applications            []struct{ Name, FQDN string }
	}
	type database struct {
		UUID, Name, Description, Image string
		IsPublic                       bool   `json:"is_public"`
		PublicPort                     *int64 `json:"public_port"`
		LimitsCPUShares                *int64 `json:"limits_cpu_shares"`
		HealthCheckEnabled             *bool  `json:"health_check_enabled"`
		HealthCheckInterval            *int64 `json:"health_check_interval"`
		EnableSSL                      bool   `json:"enable_ssl"`
		SSLMode                        string `json:"ssl_mode"`
		InternalDBURL                  string `json:"internal_db_url"`
	}
	newClientScene(t).run(t, []exchange{
		{"POST", "/api/v1/services", resttest.Object{"name": "wiki", "server_uuid": "{server}",
			"destination_uuid": "d", "project_uuid": "shop", "environment_name": "production",
			"docker_compose_raw": base64Of(resttest.ExampleCompose)}, 201, new(service)},
		{"GET", "/api/v1/services/{service}", nil, 200, new(service)},
		{"PATCH", "/api/v1/services/{service}", resttest.Object{"name": "new",
			"connect_to_docker_network": false, "is_container_label_escape_enabled": true}, 200,
			new(service)},
		{"GET", "/api/v1/databases/{database}", nil, 200, new(database)},
		{"GET", "/api/v1/projects/default/production", nil, 200, new(struct {
			ID          int64
			Name        string
			ProjectUUID string `json:"project_uuid"`
			Description string
		})},
		{"GET", "/api/v1/teams/current/members", nil, 200, new([]struct {
			ID          int
			Name, Email string
		})},
		{"GET", "/api/v1/tags", nil, 200, new([]struct{ UUID, Name string })},
		{"POST", "/api/v1/applications/{application}/tags", resttest.Object{"tag_name": "green"}, 201, nil},
		{"POST", "/api/v1/deploy?tag=green", resttest.Object{"force_rebuild": true}, 200, nil},
		{"POST", "/api/v1/deploy?uuid={application}", nil, 200,
			new(struct{ Deployments []struct{ Message string } })},
	})
}

// TestPythonClients has the requests of coolipy 1.0.0 and chatcoolify 0.2.4, which differ
// from those of others.
func TestPythonClients(t *testing.T) {
	type deployment struct {
		ID            *int
		ApplicationID *string `json:"application_id"`
		ServerID      *int    `json:"server_id"`
		PullRequestID *int    `json:"pull_request_id"`
		ForceRebuild  *bool   `json:"force_rebuild"`
		RestartOnly   *bool   `json:"restart_only"`
		Commit        *string
		CreatedAt     *time.Time `json:"created_at"`
		DestinationID *string    `json:"destination_id"`
	}
	newClientScene(t).run(t, []exchange{
		{"GET", "/api/health", nil, 200, nil},
		{"GET", "/api/v1/deployments", nil, 200, new([]deployment)},
		{"GET", "/api/v1/deployments/{deployment}", nil, 200, new(deployment)},
		{"GET", "/api/v1/deployments/applications/{application}?skip=0&take=10", nil, 200, nil},
		{"POST", "/api/v1/applications/{application}/stop?docker_cleanup=true", nil, 200, new(message)},
		{"POST", "/api/v1/applications/{application}/tags", resttest.Object{"tag_names": []string{"a"}}, 201,
			new([]struct{ CreatedAt *time.Time })},
	})
}

// TestLaravelCoolify has the requests of stumason/laravel-coolify that change something, of its
// source of January 2026. It deploys with GET, which is refused.
func TestLaravelCoolify(t *testing.T) {
	common := func(more resttest.Object) resttest.Object {
		all := resttest.Object{"server_uuid": "{server}", "project_uuid": "shop",
			"environment_name": "production"}
		for field, value := range more {
			all[field] = value
		}
		return all
	}
	newClientScene(t).run(t, []exchange{
		{"POST", "/api/v1/databases/postgresql", common(resttest.Object{"name": "shop-db",
			"postgres_user": "laravel", "postgres_db": "shop", "instant_deploy": true}), 201,
			new(uuidAnswer)},
		{"POST", "/api/v1/databases/dragonfly", common(resttest.Object{"name": "shop-cache",
			"instant_deploy": true}), 201, new(uuidAnswer)},
		{"POST", "/api/v1/applications/private-deploy-key", common(resttest.Object{
			"private_key_uuid": "{key}", "git_repository": "git@github.com:acme/shop.git",
			"git_branch": "main", "build_pack": "dockerfile", "ports_exposes": "8080", "name": "shop",
			"domains": "https://shop.example", "instant_deploy": false, "health_check_enabled": true,
			"health_check_path": "/up", "health_check_method": "GET", "health_check_return_code": 200}),
			201, new(uuidAnswer)},
		{"POST", "/api/v1/applications/{image}/envs", resttest.Object{"key": "APP_KEY", "value": "base64:x",
			"is_preview": false}, 201, nil},
		{"GET", "/api/v1/applications/{image}/logs?lines=100", nil, 200, new(struct{ Logs *string })},
		{"GET", "/api/v1/deployments/applications/{application}", nil, 200,
			new(struct{ Deployments []cliDeployment })},
		{"POST", "/api/v1/deploy", resttest.Object{"uuid": "{application}"}, 200,
			new(struct{ Deployments []cliQueued })},
		{"GET", "/api/v1/projects/default/production", nil, 200, new(struct{ Name string })},
		{"GET", "/api/v1/teams/current/members", nil, 200, new([]struct{ ID int })},
		{"POST", "/api/v1/servers/{server}/validate", nil, 201, new(message)},
	})
}

// TestMCPServer has the requests of @masonator/coolify-mcp 3.5.0, which differ from those of
// others.
func TestMCPServer(t *testing.T) {
	newClientScene(t).run(t, []exchange{
		{"GET", "/api/v1/servers?page=1&per_page=50", nil, 200, new([]uuidAnswer)},
		{"GET", "/api/v1/projects?page=1&per_page=50", nil, 200, new([]uuidAnswer)},
		{"GET", "/api/v1/applications?page=1&per_page=50", nil, 200, new([]uuidAnswer)},
		{"GET", "/api/v1/services?page=1&per_page=50", nil, 200, new([]uuidAnswer)},
		{"GET", "/api/v1/databases?page=1&per_page=50", nil, 200, new([]uuidAnswer)},
		{"GET", "/api/v1/deployments?page=1&per_page=50", nil, 200, new([]uuidAnswer)},
		{"POST", "/api/v1/servers", resttest.Object{"name": "web", "ip": "192.0.2.3",
			"private_key_uuid": "{key}", "is_build_server": false, "instant_validate": true}, 201,
			new(uuidAnswer)},
		{"POST", "/api/v1/databases/redis", resttest.Object{"server_uuid": "{server}", "project_uuid": "shop",
			"environment_uuid": "production", "instant_deploy": false}, 201, new(uuidAnswer)},
		{"POST", "/api/v1/applications/dockerfile", resttest.Object{"server_uuid": "{server}",
			"project_uuid": "shop", "environment_name": "production", "name": "proxy",
			"dockerfile": "FROM nginx:1\nRUN rm /etc/nginx/conf.d/default.conf\n", "ports_exposes": "80",
			"instant_deploy": false}, 201, new(uuidAnswer)},
		{"POST", "/api/v1/services/{service}/restart?latest=true", nil, 200, new(message)},
		{"POST", "/api/v1/deploy?tag=web&force=false", nil, 200, nil},
	})
}
