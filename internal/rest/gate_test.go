package rest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/rest/listapi"
	"waybill/internal/rest/resttest"
)

func TestRoutes(t *testing.T) {
	w := resttest.New(t)
	for _, c := range []struct {
		name, function, method, target string
		status                         int
		message, allow                 string
	}{
		{"a path that is not there", "catalog", "GET", "/api/v1/nothing", 404, "Not found.", ""},
		{"the root", "catalog", "GET", "/", 404, "Not found.", ""},
		{"a path without its prefix", "catalog", "GET", "/servers", 404, "Not found.", ""},
		{"a path of another function", "list", "GET", "/api/v1/servers", 404, "Not found.", ""},
		{
			"a GET where only a POST is", "deploy", "GET", "/api/v1/deploy?uuid=x", 405,
			"This endpoint has changed to a POST request.", "POST",
		},
		{
			"a GET of a start", "deploy", "GET", "/api/v1/services/x/start", 405,
			"This endpoint has changed to a POST request.", "POST",
		},
		{
			"a method that the path does not take", "catalog", "PATCH", "/api/v1/servers", 405,
			"This path takes GET, POST only.", "GET, POST",
		},
		{
			"a POST where only a GET is", "list", "POST", "/api/v1/deployments", 405,
			"This path takes GET only.", "GET",
		},
		{
			"a wrong method of another function's path", "list", "DELETE", "/api/v1/servers", 405,
			"This path takes GET, POST only.", "GET, POST",
		},
		{
			"a GET of another function's start", "list", "GET", "/api/v1/services/x/start", 405,
			"This endpoint has changed to a POST request.", "POST",
		},
		{"doubled slashes", "catalog", "GET", "//api//v1/servers/", 200, "", ""},
		{
			"a literal before a parameter", "list", "GET", "/api/v1/deployments/services/logs", 404,
			"Service not found.", "",
		},
		{
			"a query that is not encoded", "catalog", "GET", "/api/v1/servers?a=%zz", 422,
			"Validation failed. query: is not percent-encoded as it should be.", "",
		},
		{
			"a query that no client sends", "list", "GET", "/api/v1/statistics/storage?b=1", 422,
			"Validation failed. b: is not known here; this route has no query parameters.", "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := w.Send(t, c.function, c.method, c.target, resttest.Request{})
			if answer.Status != c.status || answer.Header.Get("Allow") != c.allow {
				t.Fatalf("answer = %d %s, Allow %q", answer.Status, answer.Body, answer.Header.Get("Allow"))
			}
			if c.message != "" && answer.Problem(t).Message != c.message {
				t.Errorf("message = %q, want %q", answer.Problem(t).Message, c.message)
			}
		})
	}
	t.Run("a stranger is told of unknown paths and methods, which openapi.yaml lists for everyone",
		func(t *testing.T) {
			for target, status := range map[string]int{"/api/v1/nothing": 404, "/api/v1/servers": 405} {
				answer := w.Send(t, "list", "PUT", target, resttest.Request{Token: resttest.NoToken})
				if answer.Status != status || answer.Problem(t).RequestID == "" {
					t.Errorf("PUT %s answers %d %s, want the problem %d", target, answer.Status, answer.Body,
						status)
				}
			}
		})
	t.Run("a stranger cannot tell a good body from a bad one", func(t *testing.T) {
		answer := w.Ask(t, resttest.Request{Operation: "createServer", Token: "-", Body: "{"})
		if answer.Status != http.StatusUnauthorized || answer.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("answer = %d %s %v", answer.Status, answer.Body, answer.Header)
		}
	})
}

func TestBodies(t *testing.T) {
	w := resttest.New(t)
	long := strings.Repeat("x", 2<<20)
	for _, c := range []struct {
		name  string
		body  any
		field string
	}{
		{
			"2 MB of compose file",
			resttest.Object{"docker_compose": "services: " + long, "name": "a", "server_uuid": "b"},
			"docker_compose",
		},
		{"2 MB of name", resttest.Object{"docker_compose": "a", "name": long}, "name"},
		{"2 MB in a list", resttest.Object{"environment": []string{long}}, "environment"},
		{"2 MB of name of a field", resttest.Object{long: 1}, "body"},
		{"2 MB of text", `"` + long + `"`, "body"},
		{"2 MB that is no JSON", long, "body"},
		{"nothing", "", "body"},
		{"malformed JSON", `{"name": `, "body"},
		{"deep nesting", strings.Repeat("[", 100_000), "body"},
		{"a field twice", `{"name":"a","name":"b","server_uuid":"c","docker_compose":"d"}`, "name"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			answer := w.Ask(t, resttest.Request{Operation: "createService", Body: c.body})
			if answer.Status != http.StatusUnprocessableEntity ||
				len(answer.Problem(t).Errors[c.field]) == 0 {
				t.Errorf("answer = %d %.300s, want 422 that names %s", answer.Status, answer.Body, c.field)
			}
			if len(answer.Body) > 4096 {
				t.Errorf("the answer has %d bytes", len(answer.Body))
			}
		})
	}
}

func TestEachRequestIsLoggedOnce(t *testing.T) {
	w := resttest.New(t)
	application := w.Application(t, w.Server(t))
	uuid := w.Start(t, application)
	w.Ask(t, resttest.Request{
		Operation: "getDeployment", PathUUID: uuid, Header: map[string]string{"X-Request-ID": "given-1"},
	})
	lines := w.Logged(t)
	if len(lines) != 5 {
		t.Fatalf("%d lines for 5 requests:\n%s", len(lines), w.Log)
	}
	started, read := lines[3], lines[4]
	for key, want := range map[string]any{
		"msg": "request", "method": "POST", "route": "/api/v1/applications/{uuid}/start",
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
	for _, text := range []string{w.Root, resttest.SecretValue, "echo start", resttest.ExamplePEM} {
		if strings.Contains(w.Log.String(), text) {
			t.Errorf("the log has %q", text)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	w := resttest.New(t)
	for given, kept := range map[string]bool{
		"abc-1": true, "": false, "a b": false, "a\"b": false, strings.Repeat("a", 65): false,
	} {
		answer := w.Ask(t, resttest.Request{
			Operation: "health", Header: map[string]string{"X-Request-ID": given},
		})
		if got := answer.Header.Get("X-Request-ID"); got == "" || (got == given) != kept {
			t.Errorf("given %q, got %q", given, got)
		}
	}
}

func TestFailuresAreLoggedAndNotAnswered(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	body := resttest.Object{"name": "a", "server_uuid": server, "start": "true"}
	for name, check := range map[string]func(context.Context, catalog.Deployable, *catalog.Server) error{
		"an error that nobody classified": func(context.Context, catalog.Deployable, *catalog.Server) error {
			return errors.New("the inner workings")
		},
		"an internal error": func(context.Context, catalog.Deployable, *catalog.Server) error {
			return fault.Wrap(errors.New("the inner workings"), fault.Internal, "more of them")
		},
		"a panic": func(context.Context, catalog.Deployable,
			*catalog.Server) error {
			panic(errors.New("a user's words"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.Check = check
			before := len(w.Logged(t))
			answer := w.Ask(t, resttest.Request{Operation: "createShellApplication", Body: body})
			if answer.Status != http.StatusInternalServerError ||
				strings.Contains(string(answer.Body), "workings") {
				t.Errorf("answer = %d %s", answer.Status, answer.Body)
			}
			lines := w.Logged(t)[before:]
			logged := map[bool]string{
				false: "the inner workings", true: "panic: a value of type",
			}[name == "a panic"]
			if len(lines) != 1 || lines[0]["level"] != "ERROR" ||
				!strings.Contains(lines[0]["error"].(string), logged) ||
				strings.Contains(lines[0]["error"].(string), "a user's words") {
				t.Errorf("log = %v", lines)
			}
			if lines[0]["request_id"] != answer.Problem(t).RequestID {
				t.Errorf("the log's request id is %v, the answer's %s", lines[0]["request_id"],
					answer.Problem(t).RequestID)
			}
		})
	}
}

func TestAHandlerNeedsNoOptions(t *testing.T) {
	w := resttest.New(t)
	handler, err := listapi.New(listapi.Ports{
		Tokens: w.Memory.Tokens(), Store: w.Memory.Catalog(), History: w.Memory.History(),
	}, rest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sent := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/deployments", nil)
	sent.Header.Set("Authorization", "Bearer "+w.Mint(t, access.Read))
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, sent)
	if recorder.Code != http.StatusOK || recorder.Body.String() != "[]" {
		t.Errorf("answer = %d %s", recorder.Code, recorder.Body)
	}
}
