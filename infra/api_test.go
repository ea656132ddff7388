package main_test

import (
	"fmt"
	"strings"
	"testing"

	"waybill/internal/openapi"
)

func TestEveryRouteLeadsToItsFunction(t *testing.T) {
	m := parse(t, onAWS)
	spec, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	routes := map[string]openapi.Route{}
	for _, route := range spec.Routes() {
		routes[strings.ToLower(route.Method)+" "+route.Path] = route
	}
	for _, rest := range m.all(t, "AWS::ApiGateway::RestApi") {
		found := 0
		for path, methods := range rest.get("Body", "paths").(map[string]any) {
			for method, operation := range methods.(map[string]any) {
				route, described := routes[method+" "+path]
				if !described {
					// Only to be told that it is a POST.
					route, described = routes["post "+path]
					if method != "get" || !described {
						t.Errorf("%s %s is in no openapi.yaml", method, path)
					}
				} else {
					found++
				}
				id, _ := m.function(t, route.Function)
				uri := fmt.Sprint(at(operation, "x-amazon-apigateway-integration", "uri"))
				if !strings.Contains(uri, "Fn::GetAtt:["+id+" Arn]") {
					t.Errorf("%s %s leads to %s, want %s", method, path, uri, id)
				}
				if got := at(operation, "x-amazon-apigateway-integration", "type"); got != "aws_proxy" {
					t.Errorf("%s %s is a %v", method, path, got)
				}
			}
		}
		if found != len(routes) {
			t.Errorf("the API has %d routes of openapi.yaml, want all %d", found, len(routes))
		}
	}
}

func TestOnlyTheStageInvokesTheFunctionsOfRoutes(t *testing.T) {
	m := parse(t, onAWS)
	allowed := map[string]bool{}
	for id, permission := range m.all(t, "AWS::Lambda::Permission") {
		source := fmt.Sprint(permission.get("SourceArn"))
		switch permission.get("Principal") {
		case "apigateway.amazonaws.com":
			if !strings.Contains(source, "/live/*/*") {
				t.Errorf("%s lets %s invoke, want the stage alone", id, source)
			}
			allowed[target(permission.get("FunctionName"))] = true
		case "events.amazonaws.com":
			if permission.get("SourceArn") == nil {
				t.Errorf("%s lets every rule of the account invoke", id)
			}
		default:
			t.Errorf("%s lets %v invoke", id, permission.get("Principal"))
		}
	}
	for _, name := range []string{"catalog", "deploy", "list", "show"} {
		if id, _ := m.function(t, name); !allowed[id] {
			t.Errorf("the API may not invoke %s", name)
		}
	}
	for _, name := range []string{"dispatch", "runner"} {
		if id, _ := m.function(t, name); allowed[id] {
			t.Errorf("the API may invoke %s", name)
		}
	}
}

func TestTheStageThrottlesAndKeepsALog(t *testing.T) {
	m := parse(t, onAWS)
	for id, stage := range m.all(t, "AWS::ApiGateway::Stage") {
		if stage.get("MethodSettings", 0, "ThrottlingRateLimit") == nil ||
			stage.get("MethodSettings", 0, "ThrottlingBurstLimit") == nil {
			t.Errorf("%s lets any number of requests through", id)
		}
		if stage.get("MethodSettings", 0, "DataTraceEnabled") != false {
			t.Errorf("%s may log what requests say, tokens included", id)
		}
		format := fmt.Sprint(stage.get("AccessLogSetting", "Format"))
		if stage.get("AccessLogSetting", "DestinationArn") == nil ||
			!strings.Contains(format, "$context.requestId") {
			t.Errorf("%s keeps no log of requests: %s", id, format)
		}
	}
	for id, response := range m.all(t, "AWS::ApiGateway::GatewayResponse") {
		if response.get("ResponseType") == "MISSING_AUTHENTICATION_TOKEN" {
			body := fmt.Sprint(response.get("ResponseTemplates", "application/json"))
			if response.get("StatusCode") != "404" || !strings.HasPrefix(body, `{"message":"Not found."`) {
				t.Errorf("%s answers %v %s to an unknown path", id, response.get("StatusCode"), body)
			}
			return
		}
	}
	t.Error("an unknown path is answered in the gateway's words")
}
