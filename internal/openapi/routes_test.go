package openapi_test

import (
	"slices"
	"strings"
	"testing"

	"waybill/internal/openapi"
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

// TestEveryPOSTTakesAnIdempotencyKey holds for all but validations and plans, which create
// nothing, and webhooks, whose deliveries have ids of their own.
// An operation that takes one describes the answers to its repeats.
func TestEveryPOSTTakesAnIdempotencyKey(t *testing.T) {
	takers := 0
	for _, op := range operations(read(t)) {
		takes := takesKey(op)
		creates := !strings.HasSuffix(op.path, "/validate") && !strings.HasSuffix(op.path, "/plan") &&
			!strings.HasPrefix(op.path, "/webhooks/")
		if op.method == "post" && takes != creates {
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

func TestRoutesDoNotShareTheirTable(t *testing.T) {
	openapi.Routes()[0] = openapi.Route{}
	if openapi.Routes()[0].ID == "" {
		t.Error("a caller changed the table")
	}
}
