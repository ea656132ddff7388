// Package schema checks the bodies of requests and answers by the schemas of
// openapi.yaml. It is apart from the table of routes because a program initialises every
// package that it imports: the schema library alone costs a starting function 3 ms, so
// that a function which takes no bodies does not link it.
package schema

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"sync"

	"waybill/internal/fault"
	"waybill/internal/openapi"
)

// bodiesJSON has the schemas of all requests that have a body, without descriptions:
// "operations" by their ids, and the "components" that they refer to. A test of
// package openapi writes it and compares it with openapi.yaml.
//
//go:embed bodies.json
var bodiesJSON []byte

// Bodies checks the bodies of requests. Several goroutines may use it at the same time.
type Bodies struct {
	// open decodes the schemas before the first check, so that a start does not pay for it.
	open func() (openBodies, error)
}

type openBodies struct {
	operations node
	schemas    *schemas
}

// NewBodies returns the checks of all operations that take a body.
func NewBodies() *Bodies {
	return &Bodies{open: sync.OnceValues(func() (openBodies, error) {
		doc, err := decodeDocument(bodiesJSON)
		if err != nil {
			return openBodies{}, err
		}
		return openBodies{doc.get("operations"), newSchemas(doc.root, false)}, nil
	})}
}

// decodeDocument decodes a document that holds schemas.
func decodeDocument(text []byte) (node, error) {
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		return node{}, fault.Wrap(err, fault.Internal, "read the schemas of the API")
	}
	return node{root: root, value: root}, nil
}

// Check checks a request's body by the schema of the operation. Invalid with the
// problems of each field; "body" is the whole body, and no message quotes a value.
// Internal if no operation has the id, or if it takes no body.
func (b *Bodies) Check(operation string, body []byte) error {
	all, err := b.open()
	if err != nil {
		return err
	}
	op := all.operations.get(operation)
	if !op.exists() {
		return fault.New(fault.Internal, "no operation %q takes a body", operation)
	}
	schema := op.get("schema")
	if len(bytes.TrimSpace(body)) == 0 {
		if op.get("required").value != true {
			return nil
		}
		return problems{"body": {"is empty; it must be a JSON object with " + required(schema)}}.err()
	}
	value, err := decode(body)
	if err != nil {
		return err
	}
	found, err := all.schemas.check(schema, value)
	if err != nil || found == nil {
		return err
	}
	wrong := problems{}
	wrong.collect(schema, found)
	return wrong.err()
}

// required lists the fields that a body must have.
func required(schema node) string {
	var names []string
	for _, name := range schema.get("required").children() {
		names = append(names, name.text())
	}
	return openapi.JoinWords(names, "and")
}
