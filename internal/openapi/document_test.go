package openapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"waybill/internal/fault"
	"waybill/internal/openapi"
	"waybill/internal/openapi/schema"
)

// methods are the keys of a path that are operations.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// operation is one operation as it is written.
type operation struct {
	path, method string
	object       map[string]any
	shared       []any // the parameters of its path
}

func operations(document map[string]any) []operation {
	var all []operation
	for path, item := range document["paths"].(map[string]any) {
		item := item.(map[string]any)
		shared, _ := item["parameters"].([]any)
		for _, method := range methods {
			if object, there := item[method].(map[string]any); there {
				all = append(all, operation{path, method, object, shared})
			}
		}
	}
	return all
}

// parameters lists the parameters of the path and of the operation.
func (o operation) parameters(document map[string]any) []map[string]any {
	own, _ := o.object["parameters"].([]any)
	var all []map[string]any
	for _, one := range slices.Concat(o.shared, own) {
		all = append(all, follow(document, one.(map[string]any)))
	}
	return all
}

// walk visits every object of the document.
func walk(at string, value any, visit func(at string, object map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		visit(at, value)
		for key, inner := range value {
			walk(at+"/"+key, inner, visit)
		}
	case []any:
		for i, inner := range value {
			walk(fmt.Sprintf("%s/%d", at, i), inner, visit)
		}
	}
}

// follow returns what a reference leads to, or nil.
func follow(document map[string]any, object map[string]any) map[string]any {
	reference, is := object["$ref"].(string)
	if !is {
		return object
	}
	for key := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
		document, _ = document[key].(map[string]any)
	}
	if document == nil {
		return nil
	}
	return follow(document, document)
}

func TestTheDocumentIsWhole(t *testing.T) {
	document := read(t)
	if version, _ := document["openapi"].(string); !strings.HasPrefix(version, "3.1.") {
		t.Errorf("openapi = %v, want 3.1", document["openapi"])
	}

	t.Run("every reference leads somewhere and stands alone", func(t *testing.T) {
		references := 0
		walk("#", document, func(at string, object map[string]any) {
			if object["$ref"] == nil {
				return
			}
			references++
			if follow(document, object) == nil || len(object) != 1 {
				t.Errorf("%s: %v", at, object)
			}
		})
		if references == 0 {
			t.Error("there are no references: the test looks in the wrong place")
		}
	})

	t.Run("every component is used", func(t *testing.T) {
		used := map[string]bool{}
		walk("#", document, func(_ string, object map[string]any) {
			if reference, is := object["$ref"].(string); is {
				used[reference] = true
			}
		})
		for kind, components := range document["components"].(map[string]any) {
			for name := range components.(map[string]any) {
				if reference := "#/components/" + kind + "/" + name; !used[reference] &&
					kind != "securitySchemes" {
					t.Errorf("%s is used nowhere", reference)
				}
			}
		}
	})

	t.Run("a field with a pattern says in words what it must be", func(t *testing.T) {
		for name, schema := range document["components"].(map[string]any)["schemas"].(map[string]any) {
			walk(name, schema, func(at string, object map[string]any) {
				pattern, is := object["pattern"].(string)
				if !is || strings.HasPrefix(at, "Time") { // times are only in answers
					return
				}
				if _, err := regexp.Compile(pattern); err != nil {
					t.Errorf("%s: %v", at, err)
				}
				if object["x-waybill-expects"] == nil {
					t.Errorf("%s has a pattern and no x-waybill-expects", at)
				}
			})
		}
	})

	t.Run("every schema is JSON Schema 2020-12", func(t *testing.T) {
		for name, schema := range document["components"].(map[string]any)["schemas"].(map[string]any) {
			compiler := jsonschema.NewCompiler()
			meta, err := compiler.Compile("https://json-schema.org/draft/2020-12/schema")
			if err != nil {
				t.Fatal(err)
			}
			if err := meta.Validate(schema); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestEveryOperationIsWhole(t *testing.T) {
	document := read(t)
	seen := map[any]string{}
	all := operations(document)
	for _, op := range all {
		at := op.method + " " + op.path
		id := op.object["operationId"]
		if other, taken := seen[id]; taken || id == nil {
			t.Errorf("%s has the operationId %v, as has %q", at, id, other)
		}
		seen[id] = at
		functions := []any{"catalog", "deploy", "inspect", "list", "show", "trigger"}
		if !slices.Contains(functions, op.object["x-waybill-function"]) {
			t.Errorf("%s: x-waybill-function = %v", at, op.object["x-waybill-function"])
		}
		for _, field := range []string{"summary", "description"} {
			if text, _ := op.object[field].(string); text == "" {
				t.Errorf("%s has no %s", at, field)
			}
		}
		guarded(t, at, op)
		scoped(t, at, op)
		parameters(t, document, at, op)
		responses(t, document, at, op)
		body(t, document, at, op)
	}
	if len(all) == 0 {
		t.Error("there are no operations: the test looks in the wrong place")
	}
}

func TestEveryBodyThatIsRequiredHasAnExample(t *testing.T) {
	bodies := schema.NewBodies()
	for _, op := range operations(read(t)) {
		body, _ := op.object["requestBody"].(map[string]any)
		if body["required"] != true {
			continue
		}
		content := body["content"].(map[string]any)["application/json"].(map[string]any)
		id := op.object["operationId"].(string)
		for _, example := range examplesOf(content) {
			text, err := json.Marshal(example)
			if err != nil {
				t.Fatal(err)
			}
			if err := bodies.Check(id, text); err != nil {
				t.Errorf("%s: the example is refused: %v %v", id, err, fault.Fields(err))
			}
		}
	}
}

// examplesOf are the examples of a body: several ones in the order of their names, or the
// one that there is.
func examplesOf(content map[string]any) []any {
	named, several := content["examples"].(map[string]any)
	if !several {
		return []any{content["example"]}
	}
	var all []any
	for _, name := range slices.Sorted(maps.Keys(named)) {
		all = append(all, named[name].(map[string]any)["value"])
	}
	return all
}

// cancels is the one operation of the deploy function that queues nothing. Its
// refusal is upstream's.
const cancels = "cancelDeployment"

// bodyless are the operations that change something and ask for nothing more
// than their paths and queries say.
var bodyless = []string{"testNotification",
	cancels, "createServiceWebhookSecret", "createApplicationWebhookSecret", "createDatabaseWebhookSecret",
	"validateService", "validateApplication", "validateDatabase",
}

// open are the operations whose bodies have fields that the engine checks.
var open = []string{"createDatabase", "updateDatabase"}

// guarded checks that an operation either needs a known ability or is open on
// purpose: forgetting both must not make it open.
func guarded(t *testing.T, at string, op operation) {
	t.Helper()
	ability, needed := op.object["x-waybill-ability"]
	security, said := op.object["security"].([]any)
	if needed == (said && len(security) == 0) {
		t.Errorf("%s: ability %v, security %v; want an ability, or security: []", at, ability,
			op.object["security"])
	}
	anyone := ability == "any" && op.path == "/token"
	if needed && !anyone &&
		!slices.Contains([]any{"root", "read", "read:sensitive", "write", "deploy"}, ability) {
		t.Errorf("%s needs the unknown ability %v", at, ability)
	}
	open := []string{"/health", "/api/health", "/openapi.json", "/docs"}
	signed := strings.HasPrefix(op.path, "/webhooks/") // the body has a signature instead
	if !needed && !signed && !slices.Contains(open, op.path) {
		t.Errorf("%s is open to all; only %q may be", at, open)
	}
}

// scoped checks that an operation has a scope that fits its path: forgetting it must not
// open it to tokens that are limited to a part of the stack.
func scoped(t *testing.T, at string, op operation) {
	t.Helper()
	text, _ := op.object["x-waybill-scope"].(string)
	scope := openapi.Scope(text)
	if !slices.Contains(openapi.Scopes(), scope) {
		t.Errorf("%s has the x-waybill-scope %q, want one of %q", at, text, openapi.Scopes())
		return
	}
	byPath := scope.Kind() != "" || scope == openapi.ScopeResource || scope == openapi.ScopeDeployment
	named := strings.Contains(op.path, "{uuid}") && op.object["operationId"] != "createDatabase"
	if named != byPath && scope != openapi.ScopeStack {
		t.Errorf("%s has the x-waybill-scope %s, and its path names an entity: %v", at, scope, named)
	}
	if kind := scope.Kind(); kind != "" && !strings.Contains(op.path, string(kind)+"s/{uuid}") {
		t.Errorf("%s has the x-waybill-scope %s, and its path names no %s", at, scope, kind)
	}
	_, reads := op.object["x-waybill-ability"]
	if scope == openapi.ScopeNone && reads && op.object["tags"].([]any)[0] != "about" {
		t.Errorf("%s has the x-waybill-scope none, and is not about the API itself", at)
	}
}

func parameters(t *testing.T, document map[string]any, at string, op operation) {
	t.Helper()
	inPath := map[string]bool{}
	for _, parameter := range op.parameters(document) {
		name, place := parameter["name"].(string), parameter["in"].(string)
		if text, _ := parameter["description"].(string); text == "" || parameter["schema"] == nil {
			t.Errorf("%s: the parameter %s has no description or no schema", at, name)
		}
		if place == "path" {
			inPath[name] = true
			if parameter["required"] != true || !strings.Contains(op.path, "{"+name+"}") {
				t.Errorf("%s: the parameter %s is not required or not in the path", at, name)
			}
		}
	}
	for _, match := range regexp.MustCompile(`\{(.*?)\}`).FindAllStringSubmatch(op.path, -1) {
		if !inPath[match[1]] {
			t.Errorf("%s does not declare its parameter %s", at, match[1])
		}
	}
}

// responses checks that an operation names the refusals that it can meet.
func responses(t *testing.T, document map[string]any, at string, op operation) {
	t.Helper()
	declared := op.object["responses"].(map[string]any)
	if declared["default"] != nil {
		t.Errorf("%s has a default answer; want each status by itself", at)
	}
	want := []string{"400", "422", "429", "500", "503", "504"}
	if op.object["requestBody"] != nil {
		want = append(want, "413")
	}
	if ability := op.object["x-waybill-ability"]; ability != nil {
		want = append(want, "401")
		if ability != "any" {
			want = append(want, "403")
		}
	}
	if strings.HasPrefix(op.path, "/webhooks/") { // unknown resources answer 401, too
		want = append(want, "401")
	} else if strings.Contains(op.path, "{") {
		want = append(want, "404")
	}
	if op.object["x-waybill-function"] == "deploy" && op.object["operationId"] != cancels &&
		!strings.HasSuffix(op.path, "/hold") { // these two queue nothing
		want = append(want, "409")
	}
	if op.method == "delete" && op.path != "/security/tokens/{id}" && !strings.HasSuffix(op.path, "/hold") {
		want = append(want, "409")
	}
	for _, status := range want {
		if declared[status] == nil {
			t.Errorf("%s has no answer %s", at, status)
		}
	}
	for status, response := range declared {
		response := follow(document, response.(map[string]any))
		if text, _ := response["description"].(string); text == "" || response["content"] == nil {
			t.Errorf("%s: the answer %s has no description or no content", at, status)
		}
	}
}

// body checks that a request's body is an object that is closed to fields that
// it does not know.
func body(t *testing.T, document map[string]any, at string, op operation) {
	t.Helper()
	declared, there := op.object["requestBody"].(map[string]any)
	id, _ := op.object["operationId"].(string)
	changes := op.method == "post" || op.method == "patch"
	if there != (changes && !slices.Contains(bodyless, id)) {
		t.Errorf("%s has a body: %v", at, there)
	}
	if !there || op.object["x-waybill-raw"] == true {
		return
	}
	content := follow(document, declared)["content"].(map[string]any)["application/json"].(map[string]any)
	walk(at, follow(document, content["schema"].(map[string]any)), func(at string, object map[string]any) {
		_, described := object["additionalProperties"].(map[string]any)
		if object["type"] == "object" && object["additionalProperties"] != false &&
			!(described && slices.Contains(open, id)) {
			t.Errorf("%s: an object of a request takes unknown fields", at)
		}
	})
}
