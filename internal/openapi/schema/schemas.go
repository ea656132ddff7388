package schema

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/message"

	"waybill/internal/fault"
)

// location is the name of the document for the schema compiler.
const location = "urn:waybill:openapi"

// schemas compiles each schema of the document when it is first needed, so that a
// function that starts for one request compiles only one.
type schemas struct {
	root   map[string]any
	closed bool

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

// newSchemas returns the schemas of the document. With closed, an object may have
// only the described fields: clients must accept new fields in an answer, but the
// tests must not.
func newSchemas(root map[string]any, closed bool) *schemas {
	return &schemas{root: root, closed: closed, compiled: map[string]*jsonschema.Schema{}}
}

// check returns the errors of the value, or nil. The value is decoded JSON with
// json.Number for numbers.
func (s *schemas) check(schema node, value any) (*jsonschema.ValidationError, error) {
	compiled, err := s.compile(schema.pointer())
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "compile the schema %s", schema.pointer())
	}
	err = compiled.Validate(value)
	if found, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		return found, nil
	}
	return nil, err
}

func (s *schemas) compile(pointer string) (*jsonschema.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if schema, known := s.compiled[pointer]; known {
		return schema, nil
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	schema, err := s.compiler.Compile(location + "#" + pointer)
	if err != nil {
		return nil, err
	}
	s.compiled[pointer] = schema
	return schema, nil
}

// open creates the compiler. The caller holds the lock.
func (s *schemas) open() error {
	if s.compiler != nil {
		return nil
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.RegisterVocabulary(&jsonschema.Vocabulary{URL: location + ":limits", Compile: compileLimits})
	compiler.AssertVocabs()
	root := s.root
	if s.closed {
		root, _ = closedCopy(root).(map[string]any)
	}
	if err := compiler.AddResource(location, root); err != nil {
		return err
	}
	s.compiler = compiler
	return nil
}

// closedCopy returns the value with every described object closed to other fields.
func closedCopy(value any) any {
	switch value := value.(type) {
	case map[string]any:
		object := make(map[string]any, len(value)+1)
		for key, inner := range value {
			object[key] = closedCopy(inner)
		}
		_, described := value["properties"].(map[string]any)
		if _, decided := value["additionalProperties"]; described && !decided {
			object["additionalProperties"] = false
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, inner := range value {
			list[i] = closedCopy(inner)
		}
		return list
	}
	return value
}

// limits are constraints that JSON Schema cannot express.
type limits struct {
	// maxBytes is the value of x-waybill-max-bytes, or 0.
	maxBytes int
	// digits refuses integers with an exponent: JSON Schema accepts 1e3, and Go's decoder
	// does not. The frame of the API removes a fraction of zeros.
	digits bool
}

func compileLimits(_ *jsonschema.CompilerContext, schema map[string]any) (jsonschema.SchemaExt, error) {
	found := limits{digits: schema["type"] == "integer"}
	if most, ok := schema["x-waybill-max-bytes"].(float64); ok {
		found.maxBytes = int(most)
	}
	if found == (limits{}) {
		return nil, nil
	}
	return found, nil
}

// isWhole reports whether a number has digits only, or a fraction of zeros.
func isWhole(number string) bool {
	_, fraction, _ := strings.Cut(number, ".")
	return strings.Trim(fraction, "0") == "" && !strings.ContainsAny(number, "eE")
}

// Validate reports a value beyond the limits.
func (l limits) Validate(ctx *jsonschema.ValidatorContext, value any) {
	if number, ok := value.(json.Number); ok && l.digits && !isWhole(number.String()) {
		ctx.AddError(&kind.Type{Got: "number", Want: []string{"integer"}})
	}
	if text, ok := value.(string); ok && l.maxBytes > 0 && len(text) > l.maxBytes {
		ctx.AddError(&tooLarge{got: len(text)})
	}
}

// tooLarge is the violation of x-waybill-max-bytes.
type tooLarge struct{ got int }

// KeywordPath and LocalizedString make it an error of the schema library. Its own
// texts are never shown.
func (*tooLarge) KeywordPath() []string { return []string{"x-waybill-max-bytes"} }

func (*tooLarge) LocalizedString(*message.Printer) string { return "too many bytes" }
