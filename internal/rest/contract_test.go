package rest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"waybill/internal/access"
	"waybill/internal/deployment"
)

// scene is one of everything, with a deployment that runs and one that waits.
type scene struct {
	*world
	server, key, application, service, database, token string
	running, waiting                                   string
	// quiet is a server on which nothing waits.
	quiet string
}

func newScene(t *testing.T) scene {
	t.Helper()
	s := scene{world: newWorld(t)}
	s.server = s.world.server(t)
	s.key = s.world.key(t)
	s.application = s.world.application(t, s.server)
	s.service = s.world.service(t, s.server)
	s.database = s.world.database(t, s.server)
	s.quiet = s.world.server(t)
	s.token = s.world.create(t, "createToken", object{"name": "old", "abilities": []string{"read"}})
	s.running = s.start(t, s.application)
	s.begin(t, s.server)
	s.waiting = want[queued](t, s.world, http.StatusOK, request{id: "startService", uuid: s.service}).DeploymentUUID
	return s
}

// success is a request of the operation that is answered with the status.
type success struct {
	status int
	request
}

func (s scene) successes(t *testing.T) map[string]success {
	idle := s.world.application(t, s.server)
	lonely := s.create(t, "createServer", object{"name": "spare", "ip": "spare", "private_key_uuid": s.key})
	get := func(uuid, query string) success { return success{http.StatusOK, request{uuid: uuid, query: query}} }
	post := func(body any) success { return success{http.StatusCreated, request{body: body}} }
	patch := func(uuid string, body any) success { return success{http.StatusOK, request{uuid: uuid, body: body}} }
	look := func(uuid string) success { return success{http.StatusCreated, request{uuid: uuid}} }
	ran := s.ran(t, "startService", s.world.service(t, s.quiet))
	return map[string]success{
		"health":                 get("", ""),
		"version":                get("", ""),
		"listTeams":              get("", ""),
		"getTeam":                get("", ""),
		"listServers":            get("", ""),
		"createServer":           post(object{"name": "new", "ip": "::1", "private_key_uuid": s.key}),
		"getServer":              get(s.server, "?resources=true"),
		"updateServer":           patch(s.server, object{"concurrency": 3, "forbid_host_access": true}),
		"deleteServer":           get(lonely, ""),
		"validateServer":         {http.StatusCreated, request{uuid: s.server, body: object{"install": false}}},
		"listKeys":               get("", ""),
		"createKey":              post(object{"name": "new", "private_key": examplePEM}),
		"getKey":                 get(s.key, ""),
		"updateKey":              patch(s.world.key(t), object{"name": "renamed", "private_key": examplePEM}),
		"deleteKey":              get(s.world.key(t), ""),
		"listTokens":             get("", ""),
		"createToken":            post(object{"name": "new", "abilities": []string{"deploy", "read"}}),
		"deleteToken":            get(s.token, ""),
		"listResources":          get("", ""),
		"listServices":           get("", ""),
		"createService":          post(object{"name": "new", "server_uuid": s.server, "docker_compose_raw": exampleCompose}),
		"getService":             get(s.service, ""),
		"updateService":          patch(s.service, object{"description": "changed", "environment": []object{{"key": "A", "value": secretValue, "is_secret": true}}}),
		"deleteService":          get(ran, "?delete_volumes=true"),
		"validateService":        look(s.service),
		"startService":           get(s.service, ""),
		"stopService":            get(s.ran(t, "startService", s.world.service(t, s.quiet)), ""),
		"restartService":         get(s.world.service(t, s.server), "?latest=true"),
		"listApplications":       get("", ""),
		"createShellApplication": post(object{"name": "new", "server_uuid": s.server, "start": "true"}),
		"createImageApplication": post(object{"name": "new", "server_uuid": s.server, "docker_registry_image_name": "ghcr.io/acme/web",
			"health_check_command": "hidden-command", "instant_deploy": true}),
		"createDockerfileApplication": post(object{"name": "new", "server_uuid": s.server, "git_repository": "https://git.example/api.git",
			"git_username": "bot", "git_password": gitPassword}),
		"createComposeApplication": post(object{"name": "new", "server_uuid": s.server, "git_repository": "git@git.example:api.git"}),
		"getApplication":           get(s.application, ""),
		"updateApplication":        patch(s.application, object{"start": "echo start again"}),
		"deleteApplication":        get(s.world.application(t, s.server), ""),
		"validateApplication":      look(s.application),
		"listDatabases":            get("", ""),
		"createDatabase": {http.StatusCreated, request{uuid: "redis", body: object{"name": "new", "server_uuid": s.server,
			"redis_password": databasePassword, "redis_conf": "max_connections 9", "is_public": true, "public_port": 7000}}},
		"getDatabase":                 get(s.database, ""),
		"updateDatabase":              patch(s.database, object{"limits_memory": "512m", "postgres_conf": "max_connections = 8"}),
		"deleteDatabase":              get(s.world.database(t, s.server), ""),
		"validateDatabase":            look(s.database),
		"startDatabase":               get(s.database, "?force=true"),
		"stopDatabase":                get(s.ran(t, "startDatabase", s.world.database(t, s.quiet)), ""),
		"restartDatabase":             get(s.world.database(t, s.server), "?latest=true"),
		"startApplication":            get(idle, "?force=true&instant_deploy=true"),
		"stopApplication":             get(s.world.application(t, s.server), ""),
		"restartApplication":          get(s.application, ""),
		"deploy":                      get("", "?uuid="+s.world.application(t, s.server)),
		"listDeployments":             get("", ""),
		"listServiceDeployments":      get(s.service, "?take=1"),
		"listApplicationDeployments":  get(s.application, "?skip=0&status=in_progress"),
		"listServerDeployments":       get(s.server, ""),
		"listDatabaseDeployments":     get(s.database, ""),
		"latestServiceDeployment":     get(s.service, ""),
		"latestApplicationDeployment": get(s.application, ""),
		"latestDatabaseDeployment":    get(s.ran(t, "startDatabase", s.world.database(t, s.quiet)), ""),
		"getServiceDeployment":        get(s.waiting, ""),
		"getApplicationDeployment":    get(s.running, ""),
		"getDatabaseDeployment":       get(s.world.run(t, "startDatabase", s.world.database(t, s.quiet)), ""),
		"getConfiguration":            get(s.running, ""),
		"compareDeployments":          {http.StatusOK, request{uuid: s.changed(t, s.application), other: s.running}},
		"rollbackDeployment":          get(s.world.run(t, "startService", s.world.service(t, s.quiet)), ""),
		"getDeployment":               get(s.running, ""),
		"cancelDeployment":            get(s.start(t, s.world.application(t, s.server)), ""),
		"readLog":                     get(s.waiting, "?limit=10"),
		"verifyLog":                   get(s.waiting, "?after=0"),
		"scrub":                       {http.StatusOK, request{body: object{"resource_uuid": s.world.service(t, s.quiet)}}},
	}
}

// ran is the resource once a start of it has ended.
func (s scene) ran(t *testing.T, id, uuid string) string {
	t.Helper()
	s.run(t, id, uuid)
	return uuid
}

// changed is the deployment that records a change of the application.
func (s scene) changed(t *testing.T, application string) string {
	t.Helper()
	return want[struct {
		UUID string `json:"deployment_uuid"`
	}](t, s.world, http.StatusOK, request{id: "updateApplication", uuid: application, body: object{"stop": "echo changed"}}).UUID
}

// TestEveryOperationAnswersAsDescribed walks openapi.yaml. Each answer is held
// against it in ask.
func TestEveryOperationAnswersAsDescribed(t *testing.T) {
	s := newScene(t)
	successes := s.successes(t)
	for _, route := range s.api.Routes() {
		good, listed := successes[route.ID]
		if !listed {
			t.Errorf("%s has no request here", route.ID)
			continue
		}
		good.id = route.ID
		t.Run(route.ID, func(t *testing.T) {
			if answer := s.ask(t, good.request); answer.status != good.status {
				t.Errorf("answer = %d %s, want %d", answer.status, answer.body, good.status)
			}
			s.errors(t, good.request)
		})
		delete(successes, route.ID)
	}
	for id := range successes {
		t.Errorf("%s is no operation of openapi.yaml", id)
	}
}

// errors asks for everything that the operation refuses.
func (s scene) errors(t *testing.T, good request) {
	route := s.route(t, good.id)
	wantStatus := func(what string, status int, r request) {
		t.Helper()
		answer := s.ask(t, r)
		if answer.status != status {
			t.Errorf("%s: answer = %d %s, want %d", what, answer.status, answer.body, status)
			return
		}
		if got := answer.problem(t); got.Status != status || got.Message == "" || got.RequestID != answer.header.Get("X-Request-Id") {
			t.Errorf("%s: problem = %+v", what, got)
		}
	}
	if route.Ability != "" {
		r := good
		r.token = "-"
		wantStatus("no token", http.StatusUnauthorized, r)
	}
	if strings.Contains(route.Path, "{uuid}") {
		for _, uuid := range []string{"nonsense", strings.Repeat("z", 24), good.uuid + "0", "%ff%00", "..", "app%2f"} {
			r := good
			r.uuid = uuid
			wantStatus("uuid "+uuid, http.StatusNotFound, r)
		}
	}
	if strings.Contains(route.Path, "{other}") {
		for _, other := range []string{"nonsense", strings.Repeat("z", 40), good.other + "0", "%ff%00"} {
			r := good
			r.other = other
			wantStatus("other "+other, http.StatusNotFound, r)
		}
	}
	if (route.Method == http.MethodPost || route.Method == http.MethodPatch) && good.body != nil {
		for _, body := range []string{"{", "[]", "null", `"text"`, `{"nobody_knows_this":1}`, `{"name":{}}`, "\xff", "{} {}"} {
			r := good
			r.body = body
			wantStatus("body "+body, http.StatusUnprocessableEntity, r)
		}
	}
}

// TestP9AbilitiesAreChecked asks for every operation with every ability alone:
// the one that openapi.yaml names and root pass, and no other.
func TestP9AbilitiesAreChecked(t *testing.T) {
	s := newScene(t)
	tokens := map[access.Ability]string{}
	for _, ability := range access.Abilities() {
		tokens[ability] = s.mint(t, ability)
	}
	passed := 0
	for _, route := range s.api.Routes() {
		for ability, token := range tokens {
			// A uuid that is not there tells a request that passed from one that
			// did not, and changes nothing.
			answer := s.ask(t, request{id: route.ID, uuid: "nonsense", other: "nonsense", token: token, body: "{}"})
			may := slices.Contains([]access.Ability{access.Root, route.Ability}, ability) || route.Ability == ""
			if denied := answer.status == http.StatusForbidden; denied == may {
				t.Errorf("%s with %s alone: %d %s", route.ID, ability, answer.status, answer.body)
			}
			if !may {
				if got, want := answer.problem(t).Message, "Missing required permissions: "+string(route.Ability); got != want {
					t.Errorf("%s with %s alone: message %q, want %q", route.ID, ability, got, want)
				}
				continue
			}
			passed++
		}
	}
	if passed == 0 {
		t.Error("no request passed: the test looks at nothing")
	}
}

// TestP9ForeignIdsAnswerAlike gives each operation the uuids of things that are
// there and of another kind: the answer is that for a uuid that nobody has.
func TestP9ForeignIdsAnswerAlike(t *testing.T) {
	s := newScene(t)
	for id, good := range s.successes(t) {
		if !strings.Contains(s.route(t, id).Path, "{uuid}") {
			continue
		}
		prefix := good.uuid[:3]
		unknown := prefix + strings.Repeat("0", len(good.uuid)-3)
		wanted := s.ask(t, request{id: id, uuid: unknown, other: good.other, body: good.body})
		if wanted.status != http.StatusNotFound {
			t.Errorf("%s of a uuid that nobody has: %d %s", id, wanted.status, wanted.body)
		}
		for _, other := range []string{s.server, s.key, s.application, s.service, s.database, s.token, s.running, s.waiting, "nonsense"} {
			// Both operations on deployments take those of any kind.
			if len(other) == len(good.uuid) && (strings.HasPrefix(other, prefix) || len(other) > 24) {
				continue
			}
			got := s.ask(t, request{id: id, uuid: other, other: good.other, body: good.body})
			if got.status != http.StatusNotFound || got.problem(t).Message != wanted.problem(t).Message {
				t.Errorf("%s of %s: %d %s, want %s", id, other, got.status, got.body, wanted.body)
			}
		}
	}
}

// TestP9SecretsAreInNoAnswer asks every operation that reads, with every token,
// and looks for what was given as a secret, and for what only read:sensitive may
// see.
func TestP9SecretsAreInNoAnswer(t *testing.T) {
	s := newScene(t)
	s.logged(t, s.running)
	reader, sensitive := s.mint(t, access.Read), s.mint(t, access.Read, access.ReadSensitive)
	// One that may do all but see what is sensitive.
	writer := s.mint(t, access.Read, access.Write, access.Deploy)
	s.built(t, s.server)
	secrets := []string{secretValue, "c2VjcmV0LWtleS1tYXRlcmlhbA==", strings.SplitN(s.root, "|", 2)[1], gitPassword, "PRIVATE KEY-----"}
	hidden := []string{"plain-value", "echo start", "redis:7.0", `"logs"`, databasePassword, "p%40ss", "max_connections", "init-script", "hidden-command"}
	seen := map[string]bool{}
	for id, good := range s.successes(t) {
		good.id = id
		for _, token := range []string{reader, writer, sensitive, s.root} {
			r := good.request
			r.token = token
			body := string(s.ask(t, r).body)
			for _, secret := range secrets {
				if strings.Contains(body, secret) {
					t.Errorf("%s answers a secret: %s", id, body)
				}
			}
			for _, text := range hidden {
				if !strings.Contains(body, text) {
					continue
				}
				if seen[text] = true; token == reader || token == writer {
					t.Errorf("%s shows %s without read:sensitive", id, text)
				}
			}
		}
	}
	for _, text := range hidden {
		if !seen[text] {
			t.Errorf("nobody was shown %s: the test looks at nothing", text)
		}
	}
	for _, secret := range append(secrets, databasePassword, "p%40ss") {
		if strings.Contains(s.log.String(), secret) {
			t.Error("a secret is in the operator's log")
		}
	}
}

// logged gives the deployment a log.
func (s *scene) logged(t *testing.T, uuid string) {
	t.Helper()
	id := deployment.ID(uuid)
	record, err := s.memory.History().Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, record, "a line")
}
