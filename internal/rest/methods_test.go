package rest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"waybill/internal/openapi"
	"waybill/internal/rest/resttest"
)

// TestWrongMethodsOfEveryPath sends the methods that a path does not have: the answer is 405
// with the ones that it has, from each function and without a token.
func TestWrongMethodsOfEveryPath(t *testing.T) {
	w := resttest.New(t)
	methods := map[string][]string{}
	for _, route := range openapi.Routes() {
		methods[route.Path] = append(methods[route.Path], route.Method)
	}
	for path, allowed := range methods {
		slices.Sort(allowed)
		concrete := strings.NewReplacer("{", "", "}", "").Replace(path)
		for _, method := range []string{"GET", "PUT", "POST", "PATCH", "DELETE"} {
			if slices.Contains(allowed, method) {
				continue
			}
			for function := range w.Handlers {
				answer := w.Send(t, function, method, concrete, resttest.Request{Token: resttest.NoToken})
				if want := strings.Join(allowed, ", "); answer.Status != http.StatusMethodNotAllowed ||
					answer.Header.Get("Allow") != want {
					t.Errorf("%s %s by %s: %d, Allow %q, want %q", method, concrete, function, answer.Status,
						answer.Header.Get("Allow"), want)
				}
			}
		}
	}
}

// TestUnknownParametersAreRefusedEverywhere sends one to every operation, and also the ones
// that existing clients send elsewhere.
func TestUnknownParametersAreRefusedEverywhere(t *testing.T) {
	for _, route := range openapi.Routes() {
		for _, name := range []string{
			"colour", "page", "docker_cleanup", "instant_deploy", "delete_configurations",
		} {
			ignored := slices.Contains(route.Ignores, name) ||
				slices.ContainsFunc(route.Query, func(p openapi.Parameter) bool { return p.Name == name })
			if err := route.CheckQuery(map[string][]string{name: {"1"}}); (err == nil) != ignored {
				t.Errorf("%s?%s: %v", route.ID, name, err)
			}
		}
	}
}
