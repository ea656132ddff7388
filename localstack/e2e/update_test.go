package e2e_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waybill/localstack/client"
)

// TestAnUpdatedStackAnswersAsBefore adds a route to the API of the stack that all tests
// share, and deploys it again. API Gateway then imports the whole document again, and its
// own error answers must be part of it. The route leads to a function that is not there,
// so the gateway itself answers it. That is the only one of its own answers that MiniStack
// can be made to give; the tests of infra have the others.
func TestAnUpdatedStackAnswersAsBefore(t *testing.T) {
	w := stack(t)
	if emulated() != "ministack" {
		return // LocalStack 4.14 claims to update an API and does not
	}
	if said, err := w.cloud.Diff(t.Context()); err != nil || !strings.Contains(said, "no differences") {
		t.Errorf("cdk diff says %v: %s", err, said)
	}
	if err := w.cloud.Update(t.Context(), withAnotherRoute(t, w.cloud.Assembly())); err != nil {
		t.Fatal(err)
	}
	// MiniStack replaces the API.
	w.url = w.cloud.URL()
	w.api = client.New(w.url, w.token)
	for _, r := range append(refusals, refusal{"GET", addedRoute, "", 500, "The API gateway failed.", ""}) {
		t.Run(r.method+" "+r.path+" "+r.authorization, func(t *testing.T) { w.refuses(t, r) })
	}
	var servers []any
	w.get(t, "/servers", &servers)
}

const addedRoute = "/api/v2/added"

// withAnotherRoute copies what the CDK app has made, and changes it as the app would: the
// document, the logical id of its deployment, and the name of the template.
func withAnotherRoute(t *testing.T, assembly string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(assembly)); err != nil {
		t.Fatal(err)
	}
	const file = "waybill-e2e.template.json"
	old := readText(t, filepath.Join(folder, file))
	var template map[string]any
	if err := json.Unmarshal([]byte(old), &template); err != nil {
		t.Fatal(err)
	}
	deployment := ""
	for id, resource := range template["Resources"].(map[string]any) {
		switch resource := resource.(map[string]any); resource["Type"] {
		case "AWS::ApiGateway::RestApi":
			body := resource["Properties"].(map[string]any)["Body"].(map[string]any)
			body["paths"].(map[string]any)[addedRoute] = map[string]any{"get": map[string]any{
				"responses": map[string]any{},
				"x-amazon-apigateway-integration": map[string]any{
					"type": "aws_proxy", "httpMethod": "POST",
					"uri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" +
						"arn:aws:lambda:us-east-1:000000000000:function:none/invocations",
				},
			}}
		case "AWS::ApiGateway::Deployment":
			deployment = id
		}
	}
	changed, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(changed), deployment, deployment+"b")
	writeText(t, filepath.Join(folder, file), text)
	// The CLI uploads a file once under its hash.
	for _, name := range []string{"waybill-e2e.assets.json", "manifest.json"} {
		path := filepath.Join(folder, name)
		writeText(t, path, strings.ReplaceAll(readText(t, path), hash(old), hash(text)))
	}
	return folder
}

func hash(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
