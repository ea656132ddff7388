package schema_test

import (
	"errors"
	"strings"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/openapi/document"
	"waybill/internal/openapi/schema"
)

const problem = `{"message":"m","type":"about:blank","title":"t","status":404,"detail":"m"}`

func load(t *testing.T) *schema.Answers {
	t.Helper()
	answers, err := schema.NewAnswers(document.JSON)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// mediaType is JSON for an object or a list, and plain text for anything else.
func mediaType(body string) string {
	if strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[") {
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}

func TestAnswersAccept(t *testing.T) {
	answers := load(t)
	for _, c := range []struct {
		name, route string
		status      int
		body        string
	}{
		{
			name:   "a text",
			route:  "health",
			status: 200,
			body:   "OK",
		},
		{
			name:   "a version",
			route:  "version",
			status: 200,
			body:   "4.0.0-beta.470",
		},
		{
			name:   "an object",
			route:  "startService",
			status: 200,
			body:   `{"message":"m","resource_uuid":"r","deployment_uuid":"d","position":1,"repeated":false}`,
		},
		{
			name:   "an empty list",
			route:  "listDeployments",
			status: 200,
			body:   `[]`,
		},
		{
			name:   "a problem",
			route:  "getService",
			status: 404,
			body:   problem,
		},
		{
			name:   "a problem with fields",
			route:  "createKey",
			status: 422,
			body:   strings.Replace(problem, "}", `,"errors":{"a.0.b":["is wrong"]}}`, 1),
		},
		{
			name:   "a failure of ours",
			route:  "getService",
			status: 500,
			body:   strings.Replace(problem, "404", "500", 1),
		},
		{
			name:   "a page of a log",
			route:  "readLog",
			status: 200,
			body: `{"entries": [{"order": 1, "timestamp": "2026-01-02T03:04:05.000006Z", "type": "stdout",
				"batch": 1, "step": "Start", "hidden": false, "command": null, "output": "x",
				"continued": true}], "next": 1, "complete": false}`,
		},
		{
			name:   "a log as text",
			route:  "readLog",
			status: 200,
			body:   "$ true\nhello\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := answers.Check(c.route, c.status, mediaType(c.body), []byte(c.body)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnswersRefuse(t *testing.T) {
	answers := load(t)
	for _, c := range refusedAnswers {
		t.Run(c.name, func(t *testing.T) {
			err := answers.Check(c.route, c.status, mediaType(c.body), []byte(c.body))
			if !errors.Is(err, fault.Internal) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error = %v, want Internal with %q", err, c.says)
			}
		})
	}
}

// refusedAnswers are the cases of TestAnswersRefuse.
var refusedAnswers = []struct {
	name, route string
	status      int
	body        string
	says        string
}{
	{
		name:   "another text",
		route:  "health",
		status: 200,
		body:   "ok",
		says:   "OK",
	},
	{
		name:   "a version with quotes",
		route:  "version",
		status: 200,
		body:   `"4.3.11"`,
		says:   "pattern",
	},
	{
		name:   "a version with a line end",
		route:  "version",
		status: 200,
		body:   "4.3.11\n",
		says:   "pattern",
	},
	{
		name:   "a missing field",
		route:  "startService",
		status: 200,
		body:   `{"message":"m","resource_uuid":"r","position":1}`,
		says:   "deployment_uuid",
	},
	{
		name:   "an undescribed field",
		route:  "startService",
		status: 200,
		body:   `{"message":"m","resource_uuid":"r","deployment_uuid":"d","position":1,"password":"p"}`,
		says:   "password",
	},
	{
		name:   "an undescribed field deep inside",
		route:  "listServerDeployments",
		status: 200,
		body: `{"server_uuid": "s", "server_name": "s", "concurrency": 1, "queue_limit": 1,
				"running": [{"password": "p"}], "queue": []}`,
		says: "password",
	},
	{
		name:   "a wrong type",
		route:  "startService",
		status: 200,
		body:   `{"message":"m","resource_uuid":"r","deployment_uuid":7,"position":1}`,
		says:   "/deployment_uuid",
	},
	{
		name:   "an object for a list",
		route:  "listDeployments",
		status: 200,
		body:   `{}`,
		says:   "array",
	},
	{
		name:   "a list for an object",
		route:  "listServiceDeployments",
		status: 200,
		body:   `[]`,
		says:   "object",
	},
	{
		name:   "a time without microseconds",
		route:  "listTokens",
		status: 200,
		body:   `[{"uuid":"u","name":"n","abilities":["read"],"created_at":"2026-01-02T03:04:05Z"}]`,
		says:   "created_at",
	},
	{
		name:   "a status that the route does not have",
		route:  "health",
		status: 404,
		body:   problem,
		says:   "404",
	},
	{
		name:   "no JSON",
		route:  "getService",
		status: 404,
		body:   "{not found",
		says:   "JSON",
	},
	{
		name:   "a media type that the answer does not have",
		route:  "getService",
		status: 404,
		body:   "not found",
		says:   "text/plain",
	},
	{
		name:   "two values",
		route:  "getService",
		status: 404,
		body:   problem + problem,
		says:   "JSON",
	},
	{
		name:   "an unknown route",
		route:  "nothing",
		status: 200,
		says:   "nothing",
	},
}
