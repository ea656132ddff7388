// Package requested checks requests for deployments on the event bus against their JSON Schema. It is
// apart from package trigger, because the library compiles its own schemas when it is loaded, and the
// functions that only read records must start fast.
package requested

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	words "golang.org/x/text/message"

	"waybill/internal/fault"
)

// Schema is the JSON Schema of the detail of a request on the bus.
//
//go:embed schema/deployment-requested.json
var Schema []byte

// compiled compiles the schema once, when the first request comes.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	const location = "urn:waybill:event:deployment-requested:1"
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(location, document); err != nil {
		return nil, err
	}
	return compiler.Compile(location)
})

// Check checks the detail of a request. Invalid, naming each wrong field.
func Check(detail json.RawMessage) error {
	schema, err := compiled()
	if err != nil {
		return fault.Wrap(err, fault.Internal, "compile the schema of requests")
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(detail))
	if err != nil {
		return fault.WrapField(err, fault.Invalid, "detail", "must be a JSON object")
	}
	err = schema.Validate(value)
	found, is := errors.AsType[*jsonschema.ValidationError](err)
	if !is {
		return err
	}
	var wrong fault.FieldErrors
	explain(&wrong, found)
	return wrong.Err()
}

// explain adds the problem of each wrong field. No text quotes a value.
func explain(wrong *fault.FieldErrors, found *jsonschema.ValidationError) {
	field := strings.Join(append([]string{"detail"}, found.InstanceLocation...), ".")
	switch is := found.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range is.Missing {
			wrong.Add(field+"."+name, "is required")
		}
	case *kind.AdditionalProperties:
		for _, name := range is.Properties {
			wrong.Add(field+"."+plain(name), "is not known in a request")
		}
	case *kind.OneOf:
		wrong.Add(field+".resource_uuid", "must name resources: exactly one of resource_uuid, tag and name "+
			"is needed")
	case *kind.AnyOf:
		wrong.Add(field, "must be the uuid of a deployment, or a list of at most 10")
	case *kind.Pattern:
		wrong.Add(field, "does not have its form: %s", is.Want)
	case *kind.Enum:
		wrong.Add(field, "must be start, stop, restart or deploy")
	default:
		if len(found.Causes) == 0 {
			wrong.Add(field, "%s", found.ErrorKind.LocalizedString(words.NewPrinter(language.English)))
		}
		for _, cause := range found.Causes {
			explain(wrong, cause)
		}
	}
}

// plain returns a name from outside, without what could not be printed.
func plain(name string) string {
	const longest = 40
	name = strings.ToValidUTF8(name, "")
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, name)
	return name[:min(len(name), longest)]
}
