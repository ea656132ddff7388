package schema

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"waybill/internal/fault"
)

// Answers checks the bodies of answers. It is for tests. Several goroutines may use it
// at the same time.
type Answers struct {
	responses map[string]node
	schemas   *schemas
}

// methods are the keys of a path that hold operations.
var methods = [...]string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// NewAnswers returns the checks of the answers that a whole OpenAPI document describes.
// Internal if the document is damaged.
func NewAnswers(document []byte) (*Answers, error) {
	doc, err := decodeDocument(document)
	if err != nil {
		return nil, err
	}
	a := &Answers{responses: map[string]node{}, schemas: newSchemas(doc.root, true)}
	for _, path := range doc.get("paths").children() {
		for _, key := range methods {
			if method := path.get(key); method.exists() {
				a.responses[method.get("operationId").text()] = method.get("responses")
			}
		}
	}
	return a, nil
}

// Check checks an answer by the operation's description of the status. Its media type
// must be described, and objects may have no other fields than the described ones.
// Internal, with all differences, if the answer is not as described.
func (a *Answers) Check(operation string, status int, contentType string, body []byte) error {
	responses, known := a.responses[operation]
	if !known {
		return fault.New(fault.Internal, "the API has no operation %q", operation)
	}
	response := responses.get(strconv.Itoa(status))
	if !response.exists() {
		return fault.New(fault.Internal, "%s has no answer %d", operation, status)
	}
	mediaType, _, _ := strings.Cut(contentType, ";")
	schema := response.get("content", mediaType, "schema")
	if !schema.exists() {
		return fault.New(fault.Internal, "the answer %d of %s has no media type %q", status, operation,
			mediaType)
	}
	value, err := decodeAnswer(mediaType, body)
	if err != nil {
		return err
	}
	found, err := a.schemas.check(schema, value)
	if found != nil {
		return fault.Wrap(found, fault.Internal, "the answer %d of %s is not as described", status, operation)
	}
	return err
}

// decodeAnswer returns the value of a JSON body, and any other body as text.
func decodeAnswer(mediaType string, body []byte) (any, error) {
	if mediaType != "application/json" {
		return string(body), nil
	}
	var value any
	reader := json.NewDecoder(bytes.NewReader(body))
	reader.UseNumber()
	if err := reader.Decode(&value); err != nil || reader.More() {
		return nil, fault.Wrap(err, fault.Internal, "the answer is not one JSON value")
	}
	return value, nil
}
