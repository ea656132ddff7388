package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// refusal is an answer to a request that no route of openapi.yaml takes.
type refusal struct {
	method, path, authorization string
	status                      int
	message, allow              string
}

var refusals = []refusal{
	{"GET", "/api/v1/nothing", "Bearer x", 404, "Not found.", ""},
	{"GET", "/api/v1/nothing", "", 404, "Not found.", ""},
	{"POST", "/", "Bearer x", 404, "Not found.", ""},
	{"OPTIONS", "/a/b/c/d/e/f", "Basic eDp5", 404, "Not found.", ""},
	{"DELETE", "/api/v1/servers", "Bearer x", 405, "This path takes GET, POST only.", "GET, POST"},
	{"GET", "/api/v1/services/x/start", "Bearer x", 405, "This endpoint has changed to a POST request.",
		"POST"},
	{"HEAD", "/api/v1/health", "", 405, "", "GET"},
}

// TestUnknownPathsAndMethodsAreAnsweredInOurForm has no token that is known. API Gateway
// takes any Authorization header on an unknown route for a broken signature of its own.
func TestUnknownPathsAndMethodsAreAnsweredInOurForm(t *testing.T) {
	w := stack(t)
	for _, r := range refusals {
		t.Run(r.method+" "+r.path+" "+r.authorization, func(t *testing.T) { w.refuses(t, r) })
	}
}

func (w *world) refuses(t *testing.T, r refusal) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), r.method, w.url+r.path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.authorization != "" {
		request.Header.Set("Authorization", r.authorization)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != r.status || answer.Header.Get("Allow") != r.allow {
		t.Fatalf("answer %d, Allow %q, %s; want %d, Allow %q", answer.StatusCode, answer.Header.Get("Allow"),
			body, r.status, r.allow)
	}
	if r.method == http.MethodHead {
		return
	}
	var problem struct {
		Message, Type, Title, Detail string
		Status                       int
		RequestID                    string `json:"request_id"`
	}
	if err := json.Unmarshal(body, &problem); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if problem.Message != r.message || problem.Detail != r.message || problem.Status != r.status ||
		problem.Type != "about:blank" || problem.Title == "" || strings.Contains(problem.RequestID, "$") ||
		problem.RequestID == "" {
		t.Errorf("answer %s, want our problem with %q", body, r.message)
	}
}
