package openapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "write openapi.json anew from openapi.yaml")

func TestOpenapiJSONIsOpenapiYAML(t *testing.T) {
	want, err := json.Marshal(condense(read(t)))
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer // a line for each value, so that a change is a small difference
	if err := json.Indent(&lines, want, "", ""); err != nil {
		t.Fatal(err)
	}
	lines.WriteByte('\n')
	if *update {
		if err := os.WriteFile("openapi.json", lines.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, lines.Bytes()) {
		t.Error("openapi.json is older than openapi.yaml: run go test ./internal/openapi -update")
	}
}

// read is openapi.yaml as it is written.
func read(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := yaml.Load(text, &document, yaml.WithUniqueKeys()); err != nil {
		t.Fatal(err)
	}
	return document
}

// condense leaves out what only people read.
func condense(value any) any {
	switch value := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for key, inner := range value {
			_, isText := inner.(string)
			if (key == "description" || key == "summary") && isText || key == "tags" || key == "info" ||
				key == "example" {
				continue
			}
			object[key] = condense(inner)
		}
		return object
	case []any:
		list := []any{}
		for _, inner := range value {
			list = append(list, condense(inner))
		}
		return list
	}
	return value
}
