package catalogapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/openapi/schema"
	"waybill/internal/rest/resttest"
)

// TestNamesHaveNoHiddenCharacters gives every text that people read a character that acts on
// the text around it.
func TestNamesHaveNoHiddenCharacters(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	service := resttest.Object{"server_uuid": server, "docker_compose": resttest.ExampleCompose}
	for _, c := range []struct {
		operation, field string
		body             func(text string) resttest.Object
	}{
		{"createService", "name", func(text string) resttest.Object {
			return merge(service, resttest.Object{"name": text})
		}},
		{"createService", "description", func(text string) resttest.Object {
			return merge(service, resttest.Object{"description": text})
		}},
		{"createService", "project_uuid", func(text string) resttest.Object {
			return merge(service, resttest.Object{"project_uuid": text})
		}},
		{"createService", "environment_name", func(text string) resttest.Object {
			return merge(service, resttest.Object{"environment_name": text})
		}},
		{"createService", "tags.0", func(text string) resttest.Object {
			return merge(service, resttest.Object{"tags": []string{text}})
		}},
		{"createServer", "name", func(text string) resttest.Object {
			return resttest.Object{"name": text, "ip": "::1", "private_key_uuid": w.Key(t)}
		}},
		{"createKey", "name", func(text string) resttest.Object {
			return resttest.Object{"name": text, "private_key": resttest.ExamplePEM}
		}},
		{"createToken", "name", func(text string) resttest.Object {
			return resttest.Object{"name": text, "abilities": []string{"read"}}
		}},
		{"createServiceVariable", "comment", func(text string) resttest.Object {
			return resttest.Object{"key": "A", "value": "1", "comment": text}
		}},
		{"holdDeployment", "reason", func(text string) resttest.Object {
			return resttest.Object{"reason": text}
		}},
	} {
		t.Run(c.field+" of "+c.operation, func(t *testing.T) {
			uuid := ""
			switch c.operation {
			case "createServiceVariable":
				uuid = w.Service(t, server)
			case "holdDeployment":
				uuid = w.Start(t, w.Application(t, server))
			}
			for _, hidden := range []string{"\x1b[2J", "\u202e", "\u2066", "\u0085", "\u2028", "\x00"} {
				got := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
					Operation: c.operation, PathUUID: uuid, Body: c.body("a" + hidden + "b")})
				if len(got.Errors[c.field]) == 0 {
					t.Errorf("%q: errors = %v", hidden, got.Errors)
				}
			}
		})
	}
	t.Run("a description may have several lines", func(t *testing.T) {
		const text = "one\n\ttwo\r\n"
		got := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "createService", Body: merge(service, resttest.Object{"description": text})})
		if got["description"] != text {
			t.Errorf("description = %q", got["description"])
		}
	})
}

// TestThePatternOfNamesIsTheCheckOfNames compares what openapi.yaml says with what the
// catalog checks.
func TestThePatternOfNamesIsTheCheckOfNames(t *testing.T) {
	bodies := schema.NewBodies()
	for r := rune(0); r < 0x3000; r++ {
		body, err := json.Marshal(map[string]any{"name": string(r), "abilities": []string{"read"}})
		if err != nil {
			t.Fatal(err)
		}
		valid, want := bodies.Check("createToken", body) == nil, catalog.IsLine(string(r), 1)
		if valid != want {
			t.Errorf("%U is valid by openapi.yaml: %v, by the catalog: %v", r, valid, want)
		}
	}
}
