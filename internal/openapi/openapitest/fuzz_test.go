package openapitest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"waybill/internal/openapi"
	"waybill/internal/openapi/openapitest"
	"waybill/internal/rest/resttest"
)

// TestSchemathesis sends thousands of generated requests to all functions at once. Every port
// is in memory, so no request can reach a server.
func TestSchemathesis(t *testing.T) {
	s := resttest.NewScene(t)
	server := httptest.NewServer(gatewayOf(s.Handlers))
	t.Cleanup(server.Close)
	id, _, _ := strings.Cut(s.Root, "|")
	openapitest.Fuzz(t, openapitest.Target{
		URL: server.URL + "/api/v1", Token: s.Root, TokenID: id, Server: s.Server, Key: s.Key,
		Application: s.Application, Service: s.Service, Database: s.Database, Deployment: s.Running,
		Phases:   "examples,coverage,fuzzing,stateful",
		Examples: 10,
	})
}

// gatewayOf passes each request to its function, as API Gateway does.
func gatewayOf(functions map[string]http.Handler) http.Handler {
	router := openapi.NewRouter(openapi.Routes())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		function := "list"
		if path, _, known := router.Find(r.URL.Path); known {
			if route, takes := path.Route(r.Method); takes {
				function = route.Function
			}
		}
		functions[function].ServeHTTP(w, r)
	})
}
