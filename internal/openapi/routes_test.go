package openapi_test

import (
	"slices"
	"strings"
	"testing"

	"waybill/internal/access"
	"waybill/internal/openapi"
)

func load(t testing.TB) *openapi.API {
	t.Helper()
	api, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func TestRoutesAreTheOperationsOfTheDocument(t *testing.T) {
	document := read(t)
	routes := load(t).Routes()
	for _, op := range operations(document) {
		ability, _ := op.object["x-waybill-ability"].(string)
		want := openapi.Route{
			ID:       op.object["operationId"].(string),
			Method:   strings.ToUpper(op.method),
			Path:     "/api/v1" + op.path,
			Function: op.object["x-waybill-function"].(string),
			Ability:  access.Ability(ability),
			Scope:    openapi.Scope(op.object["x-waybill-scope"].(string)),
			TakesKey: takesKey(op),
		}
		if !slices.Contains(routes, want) {
			t.Errorf("there is no route %+v", want)
		}
	}
	if got, want := len(routes), len(operations(document)); got != want {
		t.Errorf("%d routes, want %d", got, want)
	}
	sorted := slices.IsSortedFunc(routes, func(a, b openapi.Route) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	if !sorted {
		t.Error("the routes are not in the order of path and method")
	}
}

// takesKey reports whether the operation refers to the parameter of the header.
func takesKey(op operation) bool {
	declared, _ := op.object["parameters"].([]any)
	return slices.ContainsFunc(declared, func(one any) bool {
		reference, _ := one.(map[string]any)["$ref"].(string)
		return reference == "#/components/parameters/idempotencyKey"
	})
}

// TestEveryPOSTTakesAnIdempotencyKey holds for all but validations, which create nothing.
// An operation that takes one describes the answers to its repeats.
func TestEveryPOSTTakesAnIdempotencyKey(t *testing.T) {
	takers := 0
	for _, op := range operations(read(t)) {
		takes := takesKey(op)
		if op.method == "post" && takes == strings.HasSuffix(op.path, "/validate") {
			t.Errorf("POST %s takes a key: %v", op.path, takes)
		}
		if !takes {
			continue
		}
		takers++
		answers, _ := op.object["responses"].(map[string]any)
		for _, status := range []string{"409", "422"} {
			if answers[status] == nil {
				t.Errorf("%s %s takes a key and does not describe %s", op.method, op.path, status)
			}
		}
	}
	if takers == 0 {
		t.Error("no operation takes a key: the test looks at nothing")
	}
}

// TestRoutesOfExistingClients has what Coolify's own command-line client asks
// for, and the ability that a token of it has for that.
func TestRoutesOfExistingClients(t *testing.T) {
	routes := load(t).Routes()
	for _, want := range []struct {
		method, path string
		ability      access.Ability
	}{
		{"GET", "/health", ""},
		{"GET", "/version", access.Read},
		{"GET", "/teams", access.Read},
		{"GET", "/team", access.Read},
		{"GET", "/servers", access.Read},
		{"GET", "/servers/{uuid}", access.Read},
		{"POST", "/servers/{uuid}/validate", access.Write},
		{"GET", "/resources", access.Read},
		{"GET", "/services", access.Read},
		{"GET", "/services/{uuid}", access.Read},
		{"POST", "/services/{uuid}/start", access.Deploy},
		{"POST", "/services/{uuid}/stop", access.Deploy},
		{"POST", "/services/{uuid}/restart", access.Deploy},
		{"DELETE", "/services/{uuid}", access.Write},
		{"GET", "/databases", access.Read},
		{"GET", "/databases/{uuid}", access.Read},
		{"DELETE", "/databases/{uuid}", access.Write},
		{"POST", "/databases/{uuid}/start", access.Deploy},
		{"POST", "/databases/{uuid}/stop", access.Deploy},
		{"POST", "/databases/{uuid}/restart", access.Deploy},
		{"GET", "/applications", access.Read},
		{"GET", "/applications/{uuid}", access.Read},
		{"POST", "/applications/{uuid}/start", access.Deploy},
		{"POST", "/applications/{uuid}/stop", access.Deploy},
		{"POST", "/applications/{uuid}/restart", access.Deploy},
		{"POST", "/deploy", access.Deploy},
		{"GET", "/deployments", access.Read},
		{"GET", "/deployments/{uuid}", access.Read},
		{"GET", "/deployments/applications/{uuid}", access.Read},
		{"POST", "/deployments/{uuid}/cancel", access.Deploy},
	} {
		t.Run(want.method+" "+want.path, func(t *testing.T) {
			i := slices.IndexFunc(routes, func(r openapi.Route) bool {
				return r.Method == want.method && r.Path == "/api/v1"+want.path
			})
			if i < 0 || routes[i].Ability != want.ability {
				t.Fatalf("route %d needs another ability than %q", i, want.ability)
			}
			// The client sends parameters that mean nothing here.
			if err := load(t).CheckQuery(routes[i].ID, map[string][]string{
				"instant_deploy": {"true"}, "docker_cleanup": {"x", "y"},
			}); err != nil {
				t.Errorf("a parameter of upstream's is refused: %v", err)
			}
			if err := load(t).CheckBody(routes[i].ID, nil); err != nil {
				t.Errorf("an empty body is refused: %v", err)
			}
		})
	}
}

func TestRoutesDoNotShareTheirTable(t *testing.T) {
	api := load(t)
	api.Routes()[0] = openapi.Route{}
	if api.Routes()[0].ID == "" {
		t.Error("a caller changed the table")
	}
}

// What a function pays when it starts, and for its first request with a body.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		load(b)
	}
}

func BenchmarkFirstBody(b *testing.B) {
	for b.Loop() {
		if err := load(b).CheckBody("startService", []byte(`{"force":true}`)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNextBody(b *testing.B) {
	api := load(b)
	for b.Loop() {
		if err := api.CheckBody("startService", []byte(`{"force":true}`)); err != nil {
			b.Fatal(err)
		}
	}
}
