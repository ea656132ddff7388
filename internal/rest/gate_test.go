package rest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
)

func TestRoutes(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, function, method, target string
		status                         int
		message, allow                 string
	}{
		{"a path that is not there", "catalog", "GET", "/api/v1/nothing", 404, "Not found.", ""},
		{"the root", "catalog", "GET", "/", 404, "Not found.", ""},
		{"a path without its prefix", "catalog", "GET", "/servers", 404, "Not found.", ""},
		{"a path of another function", "list", "GET", "/api/v1/servers", 404, "Not found.", ""},
		{"a GET where only a POST is", "deploy", "GET", "/api/v1/deploy?uuid=x", 405, "This endpoint has changed to a POST request.", "POST"},
		{"a GET of a start", "deploy", "GET", "/api/v1/services/x/start", 405, "This endpoint has changed to a POST request.", "POST"},
		{"a method that the path does not take", "catalog", "PATCH", "/api/v1/servers", 405, "This path takes GET, POST only.", "GET, POST"},
		{"a POST where only a GET is", "list", "POST", "/api/v1/deployments", 405, "This path takes GET only.", "GET"},
		{"doubled slashes", "catalog", "GET", "//api//v1/servers/", 200, "", ""},
		{"a literal before a parameter", "list", "GET", "/api/v1/deployments/services/logs", 404, "Service not found.", ""},
		{"a query that is not encoded", "catalog", "GET", "/api/v1/servers?a=%zz", 422, "Validation failed.", ""},
		{"a query that no client sends", "list", "GET", "/api/v1/deployments/servers/x?b=1", 422, "Validation failed.", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := w.send(t, c.function, c.method, c.target, request{})
			if answer.status != c.status || answer.header.Get("Allow") != c.allow {
				t.Fatalf("answer = %d %s, Allow %q", answer.status, answer.body, answer.header.Get("Allow"))
			}
			if c.message != "" && answer.problem(t).Message != c.message {
				t.Errorf("message = %q, want %q", answer.problem(t).Message, c.message)
			}
		})
	}
	t.Run("a stranger cannot tell a good body from a bad one", func(t *testing.T) {
		answer := w.ask(t, request{id: "createServer", token: "-", body: "{"})
		if answer.status != http.StatusUnauthorized || answer.header.Get("WWW-Authenticate") == "" {
			t.Errorf("answer = %d %s %v", answer.status, answer.body, answer.header)
		}
	})
}

func TestBodies(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", 2<<20)
	for _, c := range []struct {
		name  string
		body  any
		field string
	}{
		{"2 MB of compose file", object{"docker_compose": "services: " + long, "name": "a", "server_uuid": "b"}, "docker_compose"},
		{"2 MB of name", object{"docker_compose": "a", "name": long}, "name"},
		{"2 MB in a list", object{"environment": []string{long}}, "environment"},
		{"2 MB of name of a field", object{long: 1}, "body"},
		{"2 MB of text", `"` + long + `"`, "body"},
		{"2 MB that is no JSON", long, "body"},
		{"nothing", "", "body"},
		{"malformed JSON", `{"name": `, "body"},
		{"deep nesting", strings.Repeat("[", 100_000), "body"},
		{"a field twice", `{"name":"a","name":"b","server_uuid":"c","docker_compose":"d"}`, "name"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			answer := w.ask(t, request{id: "createService", body: c.body})
			if answer.status != http.StatusUnprocessableEntity || len(answer.problem(t).Errors[c.field]) == 0 {
				t.Errorf("answer = %d %.300s, want 422 that names %s", answer.status, answer.body, c.field)
			}
			if len(answer.body) > 4096 {
				t.Errorf("the answer has %d bytes", len(answer.body))
			}
		})
	}
}

// logged are the lines of the operator's log about requests.
func (w *world) logged(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	scanner := bufio.NewScanner(strings.NewReader(w.log.String()))
	for scanner.Scan() {
		var line map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	return all
}

func TestEachRequestIsLoggedOnce(t *testing.T) {
	w := newWorld(t)
	application := w.application(t, w.server(t))
	uuid := w.start(t, application)
	w.ask(t, request{id: "getDeployment", uuid: uuid, header: map[string]string{"X-Request-Id": "given-1"}})
	lines := w.logged(t)
	if len(lines) != 5 {
		t.Fatalf("%d lines for 5 requests:\n%s", len(lines), w.log)
	}
	started, read := lines[3], lines[4]
	for key, want := range map[string]any{"msg": "request", "method": "POST", "route": "/api/v1/applications/{uuid}/start",
		"status": 200.0, "deployment_uuid": uuid} {
		if started[key] != want {
			t.Errorf("the start's %s = %v, want %v", key, started[key], want)
		}
	}
	if started["duration"] == nil || started["request_id"] == "" || started["level"] != "INFO" {
		t.Errorf("the start's line = %v", started)
	}
	if read["request_id"] != "given-1" || read["deployment_uuid"] != uuid {
		t.Errorf("the read's line = %v", read)
	}
	for _, text := range []string{w.root, secretValue, "echo start", examplePEM} {
		if strings.Contains(w.log.String(), text) {
			t.Errorf("the log has %q", text)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	w := newWorld(t)
	for given, kept := range map[string]bool{"abc-1": true, "": false, "a b": false, "a\"b": false, strings.Repeat("a", 65): false} {
		answer := w.ask(t, request{id: "health", header: map[string]string{"X-Request-Id": given}})
		if got := answer.header.Get("X-Request-Id"); got == "" || (got == given) != kept {
			t.Errorf("given %q, got %q", given, got)
		}
	}
}

func TestFailuresAreLoggedAndNotTold(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	body := object{"name": "a", "server_uuid": server, "start": "true"}
	for name, check := range map[string]func(context.Context, catalog.Deployable, *catalog.Server) error{
		"an error that nobody classified": func(context.Context, catalog.Deployable, *catalog.Server) error {
			return errors.New("the inner workings")
		},
		"an internal error": func(context.Context, catalog.Deployable, *catalog.Server) error {
			return fault.Wrap(errors.New("the inner workings"), fault.Internal, "more of them")
		},
		"a panic": func(context.Context, catalog.Deployable, *catalog.Server) error { panic(errors.New("a user's words")) },
	} {
		t.Run(name, func(t *testing.T) {
			w.check = check
			before := len(w.logged(t))
			answer := w.ask(t, request{id: "createShellApplication", body: body})
			if answer.status != http.StatusInternalServerError || strings.Contains(string(answer.body), "workings") {
				t.Errorf("answer = %d %s", answer.status, answer.body)
			}
			lines := w.logged(t)[before:]
			logged := map[bool]string{false: "the inner workings", true: "panic: a value of type"}[name == "a panic"]
			if len(lines) != 1 || lines[0]["level"] != "ERROR" || !strings.Contains(lines[0]["error"].(string), logged) ||
				strings.Contains(lines[0]["error"].(string), "a user's words") {
				t.Errorf("log = %v", lines)
			}
			if lines[0]["request_id"] != answer.problem(t).RequestID {
				t.Errorf("the log's request id is %v, the answer's %s", lines[0]["request_id"], answer.problem(t).RequestID)
			}
		})
	}
}

func TestAHandlerNeedsNoOptions(t *testing.T) {
	w := newWorld(t)
	handler, err := rest.NewList(rest.ListPorts{Tokens: w.memory.Tokens(), Store: w.memory.Catalog(), History: w.memory.History()}, rest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sent := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/deployments", nil)
	sent.Header.Set("Authorization", "Bearer "+w.mint(t, access.Read))
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, sent)
	if recorder.Code != http.StatusOK || recorder.Body.String() != "[]" {
		t.Errorf("answer = %d %s", recorder.Code, recorder.Body)
	}
}
