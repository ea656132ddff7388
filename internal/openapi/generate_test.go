package openapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"go.yaml.in/yaml/v4"

	"waybill/internal/access"
	"waybill/internal/openapi"
	"waybill/internal/openapi/schema"
)

var update = flag.Bool("update", false, "make the generated files again from openapi.yaml")

// generated are the files that are made from openapi.yaml.
var generated = map[string]func(document map[string]any) ([]byte, error){
	"routes.go":             generateRoutes,
	"schema/bodies.json":    generateBodies,
	"document/openapi.json": generateDocument,
	"document/docs.html":    generatePage,
}

// TestMain makes the files with -update. It runs no test then, because the table of
// routes in this program is the former one.
func TestMain(m *testing.M) {
	flag.Parse()
	if !*update {
		os.Exit(m.Run())
	}
	if err := updateFiles(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func updateFiles() error {
	document, err := readDocument()
	if err != nil {
		return err
	}
	for path, generate := range generated {
		text, err := generate(document)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func TestGeneratedFilesAreOpenapiYAML(t *testing.T) {
	for path, generate := range generated {
		t.Run(path, func(t *testing.T) {
			want, err := generate(read(t))
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Error("it is older than openapi.yaml: run go test ./internal/openapi -update")
			}
		})
	}
}

// readDocument is openapi.yaml as it is written.
func readDocument() (map[string]any, error) {
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	var document map[string]any
	return document, yaml.Load(text, &document, yaml.WithUniqueKeys())
}

func read(t testing.TB) map[string]any {
	t.Helper()
	document, err := readDocument()
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// generateRoutes writes the table of routes as Go.
func generateRoutes(document map[string]any) ([]byte, error) {
	routes, err := routesOf(document)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("// Code generated from openapi.yaml by go test ./internal/openapi -update. " +
		"DO NOT EDIT.\n\npackage openapi\n\n")
	b.WriteString("// routes are the operations of openapi.yaml.\nvar routes = [...]Route{\n")
	for _, route := range routes {
		writeFields(&b, reflect.ValueOf(route))
		b.WriteString(",\n")
	}
	b.WriteString("}\n")
	return format.Source(b.Bytes())
}

// writeFields writes a struct as a literal without its type and without its zero fields.
func writeFields(b *bytes.Buffer, value reflect.Value) {
	b.WriteString("{\n")
	for i := range value.NumField() {
		field := value.Field(i)
		if field.IsZero() {
			continue
		}
		fmt.Fprintf(b, "%s: ", value.Type().Field(i).Name)
		if parameters, is := field.Interface().([]openapi.Parameter); is {
			b.WriteString("[]Parameter{\n")
			for _, one := range parameters {
				writeFields(b, reflect.ValueOf(one))
				b.WriteString(",\n")
			}
			b.WriteString("}")
		} else {
			fmt.Fprintf(b, "%#v", field.Interface())
		}
		b.WriteString(",\n")
	}
	b.WriteString("}")
}

// routesOf reads the routes from the document, in the order of path and method.
func routesOf(document map[string]any) ([]openapi.Route, error) {
	var routes []openapi.Route
	for _, op := range operations(document) {
		route := openapi.Route{
			ID:           text(op.object["operationId"]),
			Method:       strings.ToUpper(op.method),
			Path:         prefixOf(document, op) + op.path,
			Function:     text(op.object["x-waybill-function"]),
			Ability:      access.Ability(text(op.object["x-waybill-ability"])),
			GivenAbility: access.Ability(text(op.object["x-waybill-given-ability"])),
			Scope:        openapi.Scope(text(op.object["x-waybill-scope"])),
			TakesBody:    op.object["requestBody"] != nil && op.object["x-waybill-raw"] == nil,
			Raw:          op.object["x-waybill-raw"] == true,
		}
		ignores, _ := op.object["x-waybill-ignores"].([]any)
		for _, name := range ignores {
			route.Ignores = append(route.Ignores, text(name))
		}
		for _, declared := range op.parameters(document) {
			switch declared["in"] {
			case "header":
				route.TakesKey = route.TakesKey || declared["name"] == openapi.IdempotencyKey
			case "query":
				parameter, err := parameterOf(document, declared)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", route.ID, err)
				}
				route.Query = append(route.Query, parameter)
			}
		}
		routes = append(routes, route)
	}
	slices.SortFunc(routes, func(a, b openapi.Route) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return routes, nil
}

// prefixOf returns the first part of the path of an operation.
func prefixOf(document map[string]any, op operation) string {
	servers := document["servers"].([]any)
	if own, has := document["paths"].(map[string]any)[op.path].(map[string]any)["servers"].([]any); has {
		servers = own
	}
	return strings.TrimSuffix(text(servers[0].(map[string]any)["url"]), "/")
}

// parameterOf reads a parameter. Its schema may have no keyword that the check of a
// query does not know.
func parameterOf(document, declared map[string]any) (openapi.Parameter, error) {
	described, err := decoded(follow(document, declared["schema"].(map[string]any)))
	if err != nil {
		return openapi.Parameter{}, err
	}
	parameter := openapi.Parameter{Name: text(declared["name"]), Expects: schema.Expectation(described)}
	for _, keyword := range slices.Sorted(maps.Keys(described)) {
		value := described[keyword]
		number, _ := value.(float64)
		switch keyword {
		case "type":
			parameter.Type = openapi.ParameterType(text(value))
		case "minimum":
			parameter.Least = int64(number)
		case "maximum":
			parameter.Most = int64(number)
		case "minLength":
			parameter.MinLength = int(number)
		case "maxLength":
			parameter.MaxLength = int(number)
		case "pattern":
			parameter.Pattern = text(value)
		case "enum":
			for _, one := range value.([]any) {
				parameter.Enum = append(parameter.Enum, text(one))
			}
		case "default", "description", "x-waybill-expects":
		default:
			return parameter, fmt.Errorf("the query parameter %s has the keyword %s, which is never checked",
				parameter.Name, keyword)
		}
	}
	_, least := described["minimum"]
	_, most := described["maximum"]
	if parameter.Type == openapi.Integer && !(least && most) {
		return parameter, fmt.Errorf("the query parameter %s has no minimum or no maximum", parameter.Name)
	}
	return parameter, nil
}

// generateBodies writes the schemas of request bodies, and the schemas that they refer to.
func generateBodies(document map[string]any) ([]byte, error) {
	bodies, reached := map[string]any{}, map[string]any{}
	for _, op := range operations(document) {
		declared, _ := op.object["requestBody"].(map[string]any)
		if declared == nil || op.object["x-waybill-raw"] == true {
			continue
		}
		declared = follow(document, declared)
		content := declared["content"].(map[string]any)["application/json"].(map[string]any)
		body := map[string]any{"schema": condense(content["schema"])}
		if declared["required"] == true {
			body["required"] = true
		}
		bodies[text(op.object["operationId"])] = body
		reach(document, body, reached)
	}
	return encode(map[string]any{"operations": bodies, "components": map[string]any{"schemas": reached}})
}

// reach adds the schemas that the value refers to.
func reach(document map[string]any, value any, reached map[string]any) {
	walk("", value, func(_ string, object map[string]any) {
		name, is := strings.CutPrefix(text(object["$ref"]), "#/components/schemas/")
		if !is || reached[name] != nil {
			return
		}
		reached[name] = condense(follow(document, object))
		reach(document, reached[name], reached)
	})
}

// condense leaves out what of a schema only people read.
func condense(value any) any {
	described, is := value.(map[string]any)
	if list, is := value.([]any); is {
		condensed := []any{}
		for _, inner := range list {
			condensed = append(condensed, condense(inner))
		}
		return condensed
	}
	if !is {
		return value
	}
	condensed := map[string]any{}
	for key, inner := range described {
		switch key {
		case "description", "example", "examples":
		case "properties":
			properties := map[string]any{}
			for name, property := range inner.(map[string]any) {
				properties[name] = condense(property)
			}
			condensed[key] = properties
		default:
			condensed[key] = condense(inner)
		}
	}
	return condensed
}

// generateDocument writes the whole document. Its servers are relative to the place of the
// document, because an API may be below a stage or a base path.
func generateDocument(document map[string]any) ([]byte, error) {
	document, err := decoded(document)
	if err != nil {
		return nil, err
	}
	servers := document["servers"].([]any)
	for _, path := range document["paths"].(map[string]any) {
		own, _ := path.(map[string]any)["servers"].([]any)
		servers = append(servers, own...)
	}
	for _, server := range servers {
		object := server.(map[string]any)
		object["url"] = "../.." + text(object["url"])
	}
	return encode(document)
}

// encode writes JSON with a line for each value, so that a change is a small difference.
func encode(value any) ([]byte, error) {
	var whole, lines bytes.Buffer
	encoder := json.NewEncoder(&whole)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	err := json.Indent(&lines, whole.Bytes(), "", "")
	return escapeHidden(lines.Bytes()), err
}

// escapeHidden writes the characters that change the direction of writing, which patterns
// have, as JSON's escapes: no reader would see them.
func escapeHidden(text []byte) []byte {
	var escaped bytes.Buffer
	for _, r := range string(text) {
		if unicode.In(r, unicode.Bidi_Control) {
			fmt.Fprintf(&escaped, `\u%04x`, r)
		} else {
			escaped.WriteRune(r)
		}
	}
	return escaped.Bytes()
}

// decoded returns the object as JSON has it, with float64 for numbers.
func decoded(object map[string]any) (map[string]any, error) {
	text, err := encode(object)
	if err != nil {
		return nil, err
	}
	var same map[string]any
	return same, json.Unmarshal(text, &same)
}

// text returns the value if it is a text, or "".
func text(value any) string {
	text, _ := value.(string)
	return text
}
