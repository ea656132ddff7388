package openapi_test

import (
	"errors"
	"strings"
	"testing"

	"waybill/internal/fault"
)

const problem = `{"message":"m","type":"about:blank","title":"t","status":404,"detail":"m"}`

func TestCheckAnswerTakes(t *testing.T) {
	api := load(t)
	for _, c := range []struct {
		name, route string
		status      int
		body        string
	}{
		{"a text", "health", 200, "OK"},
		{"a version", "version", 200, "4.0.0-beta.470"},
		{
			"an object", "startService", 200,
			`{"message":"m","resource_uuid":"r","deployment_uuid":"d","position":1,"repeated":false}`,
		},
		{"an empty list", "listDeployments", 200, `[]`},
		{"a problem", "getService", 404, problem},
		{
			"a problem with fields", "createKey", 422,
			strings.Replace(problem, "}", `,"errors":{"a.0.b":["is wrong"]}}`, 1),
		},
		{"a failure of ours", "getService", 500, strings.Replace(problem, "404", "500", 1)},
		{
			"a page of a log", "readLog", 200,
			`{"entries":[{"order":1,"timestamp":"2026-01-02T03:04:05.000006Z","type":"stdout","batch":1,"step":"Start","hidden":false,"command":null,"output":"x","continued":true}],"next":1,"complete":false}`,
		},
		{"a log as text", "readLog", 200, "$ true\nhello\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := api.CheckAnswer(c.route, c.status, []byte(c.body)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCheckAnswerRefuses(t *testing.T) {
	api := load(t)
	for _, c := range []struct {
		name, route string
		status      int
		body        string
		says        string
	}{
		{"another text", "health", 200, "ok", "OK"},
		{"a version with quotes", "version", 200, `"4.3.11"`, "pattern"},
		{"a version with a line end", "version", 200, "4.3.11\n", "pattern"},
		{
			"a missing field", "startService", 200, `{"message":"m","resource_uuid":"r","position":1}`,
			"deployment_uuid",
		},
		{
			"an undescribed field", "startService", 200,
			`{"message":"m","resource_uuid":"r","deployment_uuid":"d","position":1,"password":"p"}`,
			"password",
		},
		{
			"an undescribed field deep inside", "listServerDeployments", 200,
			`{"server_uuid":"s","server_name":"s","concurrency":1,"queue_limit":1,"running":[{"password":"p"}],"queue":[]}`,
			"password",
		},
		{
			"a wrong type", "startService", 200,
			`{"message":"m","resource_uuid":"r","deployment_uuid":7,"position":1}`, "/deployment_uuid",
		},
		{"an object for a list", "listDeployments", 200, `{}`, "array"},
		{"a list for an object", "listServiceDeployments", 200, `[]`, "object"},
		{
			"a time without microseconds", "listTokens", 200,
			`[{"uuid":"u","name":"n","abilities":["read"],"created_at":"2026-01-02T03:04:05Z"}]`,
			"created_at",
		},
		{"a status that the route does not have", "health", 404, problem, "404"},
		{"no JSON", "getService", 404, "not found", "JSON"},
		{"two values", "getService", 404, problem + problem, "JSON"},
		{"an unknown route", "nothing", 200, "", "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := api.CheckAnswer(c.route, c.status, []byte(c.body))
			if !errors.Is(err, fault.Internal) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error = %v, want Internal with %q", err, c.says)
			}
		})
	}
}
