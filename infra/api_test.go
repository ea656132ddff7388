package main_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/openapi"
)

func TestEveryRouteLeadsToItsFunction(t *testing.T) {
	m := parse(t, onAWS)
	routes := map[string]openapi.Route{}
	for _, route := range openapi.Routes() {
		routes[strings.ToLower(route.Method)+" "+route.Path] = route
	}
	found := 0
	for path, methods := range m.document(t)["paths"].(map[string]any) {
		for method, operation := range methods.(map[string]any) {
			function := "list" // answers what openapi.yaml does not have
			if method != anyMethod {
				route, described := routes[method+" "+path]
				if !described {
					t.Errorf("%s %s is in no openapi.yaml", method, path)
					continue
				}
				found++
				function = route.Function
			}
			id, _ := m.function(t, function)
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

// anyMethod is every method that a path does not name.
const anyMethod = "x-amazon-apigateway-any-method"

// document returns the OpenAPI document that API Gateway imports.
func (m template) document(t *testing.T) map[string]any {
	t.Helper()
	for _, rest := range m.all(t, "AWS::ApiGateway::RestApi") {
		return rest.get("Body").(map[string]any)
	}
	return nil
}

// TestEveryPathAndMethodReachesAFunction: API Gateway answers a Bearer header on a
// route that it does not know with 403 IncompleteSignatureException.
func TestEveryPathAndMethodReachesAFunction(t *testing.T) {
	paths := parse(t, onAWS).document(t)["paths"].(map[string]any)
	for _, path := range []string{"/", "/{proxy+}"} {
		if paths[path] == nil {
			t.Errorf("requests of %s reach no function", path)
		}
	}
	for path, methods := range paths {
		if at(methods, anyMethod) == nil {
			t.Errorf("%s has no %s", path, anyMethod)
		}
	}
}

func TestErrorsOfTheGatewayAreOurs(t *testing.T) {
	m := parse(t, onAWS)
	responses, _ := m.document(t)["x-amazon-apigateway-gateway-responses"].(map[string]any)
	for kind, want := range map[string]struct {
		status string
		retry  bool
	}{
		"MISSING_AUTHENTICATION_TOKEN": {"404", false},
		"RESOURCE_NOT_FOUND":           {"404", false},
		"REQUEST_TOO_LARGE":            {"413", false},
		"ACCESS_DENIED":                {"403", false},
		"WAF_FILTERED":                 {"403", false},
		"THROTTLED":                    {"429", true},
		"QUOTA_EXCEEDED":               {"429", true},
		"INTEGRATION_TIMEOUT":          {"504", true},
		"INTEGRATION_FAILURE":          {"504", true},
		"DEFAULT_4XX":                  {"400", false},
		"DEFAULT_5XX":                  {"500", false},
	} {
		if got := at(responses[kind], "statusCode"); got != want.status {
			t.Errorf("%s has the status %v, want %s", kind, got, want.status)
		}
		retry := at(responses[kind], "responseParameters", "gatewayresponse.header.Retry-After")
		if (retry != nil) != want.retry {
			t.Errorf("%s has the Retry-After %v", kind, retry)
		}
	}
	for kind, response := range responses {
		var body map[string]any
		text, _ := at(response, "responseTemplates", "application/json").(string)
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			t.Errorf("%s answers %q: %v", kind, text, err)
		}
		if fmt.Sprint(body["status"]) != at(response, "statusCode") || body["message"] == "" ||
			body["message"] != body["detail"] || body["request_id"] != "$context.requestId" {
			t.Errorf("%s answers %s with the status %v", kind, text, at(response, "statusCode"))
		}
	}
	for id, r := range m.Resources {
		if r.Type == "AWS::ApiGateway::GatewayResponse" {
			t.Errorf("%s vanishes when the document is imported again", id)
		}
	}
}

func TestBodiesOfEveryTypeAndGzipPassTheGateway(t *testing.T) {
	document := parse(t, onAWS).document(t)
	if diff := cmp.Diff(document["x-amazon-apigateway-binary-media-types"], any([]any{"*/*"})); diff != "" {
		t.Errorf("binary types (-got +want):\n%s", diff)
	}
	if document["x-amazon-apigateway-minimum-compression-size"] == nil {
		t.Error("the gateway compresses nothing")
	}
}

// TestEveryChangeOfTheDocumentMakesADeployment: a stage serves the API as it was at its
// deployment.
func TestEveryChangeOfTheDocumentMakesADeployment(t *testing.T) {
	deployment := func(form func() ([]byte, error)) string {
		for id := range parse(t, form).all(t, "AWS::ApiGateway::Deployment") {
			return id
		}
		return ""
	}
	fewer := func() ([]byte, error) {
		return synthesizeWith(golden(), openapi.Routes()[1:])
	}
	if before, after := deployment(onAWS), deployment(fewer); before == after {
		t.Errorf("without one route the deployment is %s, as with it", after)
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
}
