package resttest

import (
	"bufio"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// scene is one of everything, with a deployment that runs and one that waits.
type scene struct {
	*World
	Server, Key, Application, Service, Database, Token string
	Running, Waiting                                   string
	// quiet is a server on which nothing waits.
	quiet string
}

// NewScene makes one of everything.
func NewScene(t *testing.T) scene {
	t.Helper()
	s := scene{World: New(t)}
	s.Server = s.World.Server(t)
	s.Key = s.World.Key(t)
	s.Application = s.World.Application(t, s.Server)
	s.Service = s.World.Service(t, s.Server)
	s.Database = s.World.Database(t, s.Server)
	s.quiet = s.World.Server(t)
	created := Want[struct{ ID json.Number }](t, s.World, http.StatusCreated, Request{
		Operation: "createToken", Body: Object{"name": "old", "abilities": []string{"read"}},
	})
	s.Token = created.ID.String()
	for kind, uuid := range map[string]string{
		"Application": s.Application, "Service": s.Service, "Database": s.Database,
	} {
		s.Change(t, http.StatusOK, "update"+kind, uuid, Object{"tags": []string{"old"}})
	}
	s.Running = s.Start(t, s.Application)
	s.Begin(t, s.Server)
	s.Waiting = Want[Queued](t, s.World, http.StatusOK, Request{
		Operation: "startService", PathUUID: s.Service,
	}).DeploymentUUID
	return s
}

// Scope is the scope that covers everything that tokens with a scope can see: the servers.
func (s scene) Scope() access.Scope {
	return access.Scope{Servers: []catalog.ID{catalog.ID(s.Server), catalog.ID(s.quiet)}}
}

// success is a request of the operation that is answered with the status.
type success struct {
	Status int
	Request
}

// Successes has a successful request of every operation.
func (s scene) Successes(t *testing.T) map[string]success {
	all := map[string]success{}
	for _, group := range []map[string]success{
		s.managementSuccesses(t), s.serviceSuccesses(t), s.applicationSuccesses(t),
		s.databaseSuccesses(t), s.deploymentSuccesses(t),
	} {
		maps.Copy(all, group)
	}
	maps.Copy(all, s.registrySuccesses(t))
	maps.Copy(all, s.notificationSuccesses(t))
	for kind, make := range s.Makers() {
		maps.Copy(all, s.variableSuccesses(t, kind, make(t, s.Server)))
		maps.Copy(all, s.scheduleSuccesses(t, kind, make(t, s.Server)))
	}
	maps.Copy(all, s.webhookSuccesses(t))
	return all
}

func get(uuid, query string) success {
	return success{http.StatusOK, Request{PathUUID: uuid, Query: query}}
}

func post(body any) success { return success{http.StatusCreated, Request{Body: body}} }

func patch(uuid string, body any) success {
	return success{http.StatusOK, Request{PathUUID: uuid, Body: body}}
}

func validate(uuid string) success { return success{http.StatusCreated, Request{PathUUID: uuid}} }

func (s scene) managementSuccesses(t *testing.T) map[string]success {
	lonely := s.Create(t, "createServer", Object{"name": "spare", "ip": "spare", "private_key_uuid": s.Key})
	return map[string]success{
		"health":      get("", ""),
		"getDocument": get("", ""),
		"getDocs":     get("", ""),
		"version":     get("", ""),
		"listTeams":   get("", ""),
		"getTeam":     get("", ""),

		"getTeamWindows": get("", ""),
		"updateTeamWindows": patch("", Object{"freeze": []Object{
			{"from": "2020-12-23 18:00 Europe/Berlin", "to": "2021-01-03 UTC", "reason": "year's end"}}}),

		"listServers":  get("", ""),
		"createServer": post(Object{"name": "new", "ip": "::1", "private_key_uuid": s.Key}),
		"getServer":    get(s.Server, "?resources=true"),
		"updateServer": {http.StatusCreated, Request{
			PathUUID: s.Server, Body: Object{"concurrency": 3, "forbid_host_access": true}}},
		"deleteServer": get(lonely, ""),
		"validateServer": {
			http.StatusCreated, Request{PathUUID: s.Server, Body: Object{"install": false}},
		},
		"listKeys":  get("", ""),
		"createKey": post(Object{"name": "new", "private_key": ExamplePEM}),
		"getKey":    get(s.Key, ""),
		"updateKey": {http.StatusCreated, Request{
			PathUUID: s.World.Key(t), Body: Object{"name": "renamed", "private_key": ExamplePEM}}},
		"deleteKey":              get(s.World.Key(t), ""),
		"getToken":               get("", ""),
		"listAudit":              get("", ""),
		"listTokens":             get("", ""),
		"createToken":            post(Object{"name": "new", "abilities": []string{"deploy", "read"}}),
		"deleteToken":            get(s.Token, ""),
		"listResources":          get("", "?tag=web,blue&project_uuid=shop&environment_name=production"),
		"listTags":               get("", ""),
		"unversionedHealth":      get("", ""),
		"getCurrentTeam":         get("", ""),
		"getTeamByID":            get("1", ""),
		"listMembers":            get("", ""),
		"listCurrentMembers":     get("", ""),
		"listMembersByID":        get("1", ""),
		"listProjects":           get("", ""),
		"getProject":             get("default", ""),
		"listEnvironments":       get("default", ""),
		"getEnvironment":         {http.StatusOK, Request{PathUUID: "default", OtherUUID: "production"}},
		"listDestinations":       get("", ""),
		"listServerResources":    get(s.Server, ""),
		"listServerDomains":      get(s.Server, ""),
		"listServerDestinations": get(s.Server, ""),
	}
}

func (s scene) serviceSuccesses(t *testing.T) map[string]success {
	ran := s.ran(t, "startService", s.World.Service(t, s.quiet))
	return map[string]success{
		"listServices": get("", ""),
		"createService": post(Object{
			"name": "new", "server_uuid": s.Server, "docker_compose_raw": ExampleCompose,
		}),
		"getService":              get(s.Service, ""),
		"listServiceApplications": get(s.Service, ""),
		"listServiceDatabases":    get(s.Service, ""),
		"listServiceTags":         get(s.Service, ""),
		"addServiceTags": {
			http.StatusCreated, Request{PathUUID: s.Service, Body: Object{"tag_name": "new"}}},
		"deleteServiceTag": {http.StatusOK, Request{PathUUID: s.Service, OtherUUID: "old"}},
		"updateService": patch(s.Service, Object{
			"description": "changed",
			"environment": []Object{{"key": "A", "value": SecretValue, "is_secret": true}},
		}),
		"deleteService":   get(ran, "?delete_volumes=true"),
		"validateService": validate(s.Service),
		"serviceLogs":     get(s.Service, "?lines=5&show_timestamps=false&sub_service_name=web"),
		"planService":     get(s.Service, "?force=true"),
		"startService":    get(s.Service, ""),
		"stopService":     get(s.ran(t, "startService", s.World.Service(t, s.quiet)), ""),
		"restartService":  get(s.World.Service(t, s.Server), "?latest=true"),
	}
}

func (s scene) applicationSuccesses(t *testing.T) map[string]success {
	idle := s.World.Application(t, s.Server)
	return map[string]success{
		"listApplications":       get("", ""),
		"createShellApplication": post(Object{"name": "new", "server_uuid": s.Server, "start": "true"}),
		"createImageApplication": post(Object{
			"name": "new", "server_uuid": s.Server, "docker_registry_image_name": "ghcr.io/acme/web",
			"health_check_command": "hidden-command", "instant_deploy": true}),
		"createDockerfileApplication": post(Object{
			"name": "new", "server_uuid": s.Server, "git_repository": "https://git.example/api.git",
			"git_username": "bot", "git_password": GitPassword}),
		"createPublicApplication": post(Object{"server_uuid": s.Server, "build_pack": "dockerfile",
			"git_repository": "https://git.example/api.git", "git_branch": "main", "ports_exposes": "80"}),
		"createKeyApplication": post(Object{"server_uuid": s.Server, "build_pack": "dockercompose",
			"git_repository": "git@git.example:api.git", "private_key_uuid": s.Key, "ports_exposes": "80"}),
		"createComposeApplication": post(Object{
			"name": "new", "server_uuid": s.Server, "git_repository": "git@git.example:api.git",
		}),
		"getApplication":      get(s.Application, ""),
		"listApplicationTags": get(s.Application, ""),
		"addApplicationTags": {
			http.StatusCreated, Request{
				PathUUID: s.Application, Body: Object{"tag_names": []string{"a", "b"}}}},
		"deleteApplicationTag": {http.StatusOK, Request{PathUUID: s.Application, OtherUUID: "old"}},
		"updateApplication":    patch(s.Application, Object{"start": "echo start again"}),
		"deleteApplication":    get(s.World.Application(t, s.Server), ""),
		"validateApplication":  validate(s.Application),
		"planApplication":      get(s.Application, ""),
		"startApplication":     get(idle, "?force=true&instant_deploy=true"),
		"stopApplication":      get(s.World.Application(t, s.Server), ""),
		"restartApplication":   get(s.Application, ""),
		"applicationLogs":      get(s.World.Built(t, s.Server), "?lines=10"),
	}
}

func (s scene) databaseSuccesses(t *testing.T) map[string]success {
	return map[string]success{
		"listDatabases": get("", ""),
		"createDatabase": {
			http.StatusCreated, Request{
				PathUUID: "redis", Body: Object{"name": "new", "server_uuid": s.Server,
					"redis_password": DatabasePassword, "redis_conf": "max_connections 9", "is_public": true,
					"public_port": 7000}}},
		"getDatabase":      get(s.Database, ""),
		"listDatabaseTags": get(s.Database, ""),
		"addDatabaseTags": {
			http.StatusCreated, Request{PathUUID: s.Database, Body: Object{"tag_name": "new"}}},
		"deleteDatabaseTag": {http.StatusOK, Request{PathUUID: s.Database, OtherUUID: "old"}},
		"updateDatabase": patch(s.Database, Object{
			"limits_memory": "512m", "postgres_conf": "max_connections = 8",
		}),
		"deleteDatabase":   get(s.World.Database(t, s.Server), ""),
		"validateDatabase": validate(s.Database),
		"databaseLogs":     get(s.Database, "?lines=100&show_timestamps=false"),
		"planDatabase":     get(s.Database, ""),
		"startDatabase":    get(s.Database, "?force=true"),
		"stopDatabase":     get(s.ran(t, "startDatabase", s.World.Database(t, s.quiet)), ""),
		"restartDatabase":  get(s.World.Database(t, s.Server), "?latest=true"),
	}
}

func (s scene) deploymentSuccesses(t *testing.T) map[string]success {
	return map[string]success{
		"deploy":                      get("", "?uuid="+s.World.Application(t, s.Server)),
		"listDeployments":             get("", ""),
		"teamStatistics":              get("", "?days=400&tag=none"),
		"serverStatistics":            get(s.Server, "?days=1"),
		"serviceStatistics":           get(s.Service, ""),
		"applicationStatistics":       get(s.Application, ""),
		"databaseStatistics":          get(s.Database, ""),
		"listChanges":                 get("", "?wait=0"),
		"listTriggers":                get("", ""),
		"listHistory":                 get("", "?take=1&trigger=api&since=2020-01-01T00:00:00Z"),
		"getStorage":                  get("", ""),
		"listServiceDeployments":      get(s.Service, "?take=1"),
		"listApplicationDeployments":  get(s.Application, "?skip=0&status=in_progress"),
		"listServerDeployments":       get(s.Server, ""),
		"listDatabaseDeployments":     get(s.Database, ""),
		"latestServiceDeployment":     get(s.Service, ""),
		"latestApplicationDeployment": get(s.Application, ""),
		"latestDatabaseDeployment":    get(s.ran(t, "startDatabase", s.World.Database(t, s.quiet)), ""),
		"getServiceDeployment":        get(s.Waiting, ""),
		"getApplicationDeployment":    get(s.Running, ""),
		"getDatabaseDeployment":       get(s.World.Run(t, "startDatabase", s.World.Database(t, s.quiet)), ""),
		"getConfiguration":            get(s.Running, ""),
		"compareDeployments": {
			http.StatusOK, Request{PathUUID: s.changed(t, s.Application), OtherUUID: s.Running},
		},
		"rollbackApplication": {http.StatusOK, Request{
			PathUUID: s.BuiltOnce(t, s.quiet, "c0ffee0"), Body: Object{"commit": "c0ffee0"}}},
		"rollbackDeployment": get(s.World.Run(t, "startService", s.World.Service(t, s.quiet)), ""),
		"getDeployment":      get(s.Running, ""),
		"holdDeployment": {
			http.StatusOK, Request{PathUUID: s.Running, Body: Object{"reason": "case 7"}},
		},
		"releaseDeployment": get(s.Waiting, ""),
		"cancelDeployment":  get(s.Start(t, s.World.Application(t, s.Server)), ""),
		"getResult":         get(s.World.Run(t, "startDatabase", s.World.Database(t, s.quiet)), ""),
		"linkLog":           get(s.Waiting, ""),
		"readLog":           get(s.Waiting, "?limit=10"),
		"verifyLog":         get(s.Waiting, "?after=0"),
		"scrub": {
			http.StatusOK, Request{Body: Object{"resource_uuid": s.World.Service(t, s.quiet)}},
		},
	}
}

// ran is the resource once a start of it has ended.
func (s scene) ran(t *testing.T, id, uuid string) string {
	t.Helper()
	s.Run(t, id, uuid)
	return uuid
}

// changed is the deployment that records a change of the application.
func (s scene) changed(t *testing.T, application string) string {
	t.Helper()
	return Want[struct {
		UUID string `json:"deployment_uuid"`
	}](t, s.World, http.StatusOK, Request{
		Operation: "updateApplication",
		PathUUID:  application,
		Body:      Object{"stop": "echo changed"},
	}).UUID
}

// Errors asks for everything that the operation refuses.
func (s scene) Errors(t *testing.T, good Request) {
	route := s.Route(t, good.Operation)
	wantStatus := func(what string, status int, r Request) {
		t.Helper()
		answer := s.Ask(t, r)
		if answer.Status != status {
			t.Errorf("%s: answer = %d %s, want %d", what, answer.Status, answer.Body, status)
			return
		}
		if got := answer.Problem(t); got.Status != status || got.Message == "" ||
			got.RequestID != answer.Header.Get("X-Request-ID") {
			t.Errorf("%s: problem = %+v", what, got)
		}
	}
	if route.Ability != "" {
		r := good
		r.Token = NoToken
		wantStatus("no token", http.StatusUnauthorized, r)
	}
	if strings.Contains(route.Path, "{uuid}") || strings.Contains(route.Path, "{id}") {
		for _, uuid := range []string{
			"nonsense", strings.Repeat("z", 24), good.PathUUID + "0", "%ff%00", "..", "app%2f",
		} {
			r, status := good, http.StatusNotFound
			if r.PathUUID = uuid; route.Raw { // for another resource, the signature is wrong
				status = http.StatusUnauthorized
			}
			wantStatus("uuid "+uuid, status, r)
		}
	}
	if strings.Contains(route.Path, "{other}") || strings.Contains(route.Path, "{env_uuid}") ||
		strings.Contains(route.Path, "{schedule_uuid}") {
		for _, other := range []string{"nonsense", strings.Repeat("z", 40), good.OtherUUID + "0", "%ff%00"} {
			r := good
			r.OtherUUID = other
			wantStatus("other "+other, http.StatusNotFound, r)
		}
	}
	changes := route.Method == http.MethodPost || route.Method == http.MethodPatch
	if changes && good.Body != nil && !route.Raw {
		for _, body := range []string{
			"{", "[]", "null", `"text"`, `{"nobody_knows_this":1}`, `{"name":{}}`, "\xff", "{} {}",
		} {
			r := good
			r.Body = body
			wantStatus("body "+body, http.StatusUnprocessableEntity, r)
		}
	}
}

// Logged gives the deployment a log.
func (s *scene) Logged(t *testing.T, uuid string) {
	t.Helper()
	id := deployment.ID(uuid)
	record, err := s.Memory.History().Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	s.Write(t, record, "a line")
}

// Logged are the lines of the operator's log about requests.
func (w *World) Logged(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	scanner := bufio.NewScanner(strings.NewReader(w.Log.String()))
	for scanner.Scan() {
		var line map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	return all
}
