package openapi_test

import (
	"slices"
	"strings"
	"testing"

	"waybill/internal/access"
	"waybill/internal/openapi"
	"waybill/internal/openapi/schema"
)

func TestRoutesAreInTheOrderOfPathAndMethod(t *testing.T) {
	sorted := slices.IsSortedFunc(openapi.Routes(), func(a, b openapi.Route) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	if !sorted {
		t.Error("the routes are not in this order")
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
	routes := openapi.Routes()
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
			if err := routes[i].CheckQuery(map[string][]string{
				"instant_deploy": {"true"}, "docker_cleanup": {"x", "y"},
			}); err != nil {
				t.Errorf("a parameter of upstream's is refused: %v", err)
			}
			if !routes[i].TakesBody {
				return
			}
			if err := schema.NewBodies().Check(routes[i].ID, nil); err != nil {
				t.Errorf("an empty body is refused: %v", err)
			}
		})
	}
}

func TestRoutesDoNotShareTheirTable(t *testing.T) {
	openapi.Routes()[0] = openapi.Route{}
	if openapi.Routes()[0].ID == "" {
		t.Error("a caller changed the table")
	}
}
