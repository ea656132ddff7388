package rest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"waybill/internal/openapi"
	"waybill/internal/rest/resttest"
)

// Each of these tables has what one existing client of Coolify's API sends and the types
// that it decodes. The clients are strict: on a field of another type they retry, and then
// fail. Each client is named by its package; the routes and types come from its source.

// exchange is a request of a client and what it does with the answer.
type exchange struct {
	method, path string
	body         any
	status       int
	// decodes is a pointer to what the client decodes the answer into; nil if it reads
	// the status only.
	decodes any
}

// clientScene has the uuids that stand for the words in braces in paths and bodies.
type clientScene struct {
	*resttest.World
	words *strings.Replacer
}

func newClientScene(t *testing.T) clientScene {
	w := resttest.New(t)
	server, key := w.Server(t), w.Key(t)
	service, application := w.Service(t, server), w.Application(t, server)
	database := w.Database(t, server)
	for kind, uuid := range map[string]string{
		"Service": service, "Application": application, "Database": database,
	} {
		w.Change(t, http.StatusOK, "update"+kind, uuid, resttest.Object{"tags": []string{"web"}})
	}
	image := w.Create(t, "createImageApplication", resttest.Object{"name": "image", "server_uuid": server,
		"docker_registry_image_name": "web", "health_check_port": "80", "health_check_path": "/"})
	ended := w.Run(t, "startApplication", w.Application(t, server))
	return clientScene{w, strings.NewReplacer("{server}", server, "{key}", key, "{service}", service,
		"{application}", application, "{database}", database, "{image}", image, "{deployment}", ended,
		"{pem}", strings.ReplaceAll(resttest.ExamplePEM, "\n", `\n`))}
}

// run sends the requests in their order. A client that repeats a request because it lost the
// answer gets the same status.
func (s clientScene) run(t *testing.T, exchanges []exchange) {
	for _, e := range exchanges {
		t.Run(e.method+" "+e.path, func(t *testing.T) {
			answer := s.sendTo(t, e.method, e.path, e.body, "")
			if answer.Status != e.status {
				t.Fatalf("answer = %d %s, want %d", answer.Status, answer.Body, e.status)
			}
			if e.decodes == nil {
				return
			}
			if err := json.Unmarshal(answer.Body, e.decodes); err != nil {
				t.Errorf("the client cannot decode it: %v\n%s", err, answer.Body)
			}
		})
	}
}

// sendTo sends a request with the uuids for the words in its path and its body, and with the
// Idempotency-Key unless that is empty.
func (s clientScene) sendTo(t *testing.T, method, target string, body any, key string) resttest.Response {
	t.Helper()
	path, _, _ := strings.Cut(s.words.Replace(target), "?")
	route := s.routeOf(t, method, path)
	request := resttest.Request{Body: ""}
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		request.Body = s.words.Replace(string(text))
	}
	if key != "" {
		request.Header = map[string]string{"Idempotency-Key": key}
	}
	return s.Send(t, route.Function, method, s.words.Replace(target), request)
}

// routeOf returns the route of a path with the most literal segments.
func (clientScene) routeOf(t *testing.T, method, path string) openapi.Route {
	t.Helper()
	var found openapi.Route
	most := -1
	for _, route := range openapi.Routes() {
		if literals, is := matches(route.Path, path); is && route.Method == method && literals > most {
			found, most = route, literals
		}
	}
	if most < 0 {
		t.Fatalf("there is no route for %s %s", method, path)
	}
	return found
}

// matches reports whether a path matches a template, and how many segments are literal.
func matches(template, path string) (literals int, is bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return 0, false
	}
	for i := range want {
		switch {
		case want[i] == got[i]:
			literals++
		case !strings.HasPrefix(want[i], "{"):
			return 0, false
		}
	}
	return literals, true
}

// uuidAnswer is what most clients read of a creation.
type uuidAnswer struct {
	UUID string `json:"uuid"`
}

// message is what all clients read of an operation.
type message struct {
	Message string `json:"message"`
}
