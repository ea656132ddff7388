package rest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"waybill/internal/access"
)

// scene is one of everything, with a deployment that runs and one that waits.
type scene struct {
	*world
	server, key, application, service, token string
	running, waiting                         string
}

func newScene(t *testing.T) scene {
	t.Helper()
	s := scene{world: newWorld(t)}
	s.server = s.world.server(t)
	s.key = s.world.key(t)
	s.application = s.world.application(t, s.server)
	s.service = s.world.service(t, s.server)
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
	return map[string]success{
		"health":                     get("", ""),
		"version":                    get("", ""),
		"listTeams":                  get("", ""),
		"getTeam":                    get("", ""),
		"listServers":                get("", ""),
		"createServer":               post(object{"name": "new", "ip": "::1", "private_key_uuid": s.key}),
		"getServer":                  get(s.server, "?resources=true"),
		"deleteServer":               get(lonely, ""),
		"validateServer":             {http.StatusCreated, request{uuid: s.server, body: object{"install": false}}},
		"listKeys":                   get("", ""),
		"createKey":                  post(object{"name": "new", "private_key": examplePEM}),
		"getKey":                     get(s.key, ""),
		"deleteKey":                  get(s.world.key(t), ""),
		"listTokens":                 get("", ""),
		"createToken":                post(object{"name": "new", "abilities": []string{"deploy", "read"}}),
		"deleteToken":                get(s.token, ""),
		"listResources":              get("", ""),
		"listServices":               get("", ""),
		"createService":              post(object{"name": "new", "server_uuid": s.server, "docker_compose_raw": exampleCompose}),
		"getService":                 get(s.service, ""),
		"deleteService":              get(s.world.service(t, s.server), ""),
		"startService":               get(s.service, ""),
		"stopService":                get(s.world.service(t, s.server), ""),
		"restartService":             get(s.world.service(t, s.server), "?latest=true"),
		"listApplications":           get("", ""),
		"createShellApplication":     post(object{"name": "new", "server_uuid": s.server, "start": "true"}),
		"getApplication":             get(s.application, ""),
		"deleteApplication":          get(s.world.application(t, s.server), ""),
		"startApplication":           get(idle, "?force=true&instant_deploy=true"),
		"stopApplication":            get(s.world.application(t, s.server), ""),
		"restartApplication":         get(s.application, ""),
		"deploy":                     get("", "?uuid="+s.world.application(t, s.server)),
		"listDeployments":            get("", ""),
		"listServiceDeployments":     get(s.service, "?take=1"),
		"listApplicationDeployments": get(s.application, "?skip=0&status=in_progress"),
		"listServerDeployments":      get(s.server, ""),
		"getDeployment":              get(s.running, ""),
		"cancelDeployment":           get(s.start(t, s.world.application(t, s.server)), ""),
		"readLog":                    get(s.waiting, "?limit=10"),
	}
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
	if route.Method == http.MethodPost && good.body != nil {
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
			answer := s.ask(t, request{id: route.ID, uuid: "nonsense", token: token, body: "{}"})
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
		wanted := s.ask(t, request{id: id, uuid: unknown, body: good.body})
		if wanted.status != http.StatusNotFound {
			t.Errorf("%s of a uuid that nobody has: %d %s", id, wanted.status, wanted.body)
		}
		for _, other := range []string{s.server, s.key, s.application, s.service, s.token, s.running, s.waiting, "nonsense"} {
			// Both operations on deployments take those of any kind.
			if len(other) == len(good.uuid) && (strings.HasPrefix(other, prefix) || len(other) > 24) {
				continue
			}
			got := s.ask(t, request{id: id, uuid: other, body: good.body})
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
	reader, sensitive := s.mint(t, access.Read), s.mint(t, access.Read, access.ReadSensitive)
	secrets := []string{secretValue, "c2VjcmV0LWtleS1tYXRlcmlhbA==", strings.SplitN(s.root, "|", 2)[1]}
	hidden := []string{"plain-value", "echo start", "redis:7", `"logs"`}
	seen := map[string]bool{}
	for id, good := range s.successes(t) {
		good.id = id
		for _, token := range []string{reader, sensitive, s.root} {
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
				if seen[text] = true; token == reader {
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
	if log := s.log.String(); strings.Contains(log, secretValue) || strings.Contains(log, secrets[1]) || strings.Contains(log, secrets[2]) {
		t.Error("a secret is in the operator's log")
	}
}
