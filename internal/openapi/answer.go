package openapi

import (
	"bytes"
	"encoding/json"
	"strconv"

	"waybill/internal/fault"
)

// CheckAnswer checks an answer's body by the route's schema for the status. It is for
// tests: objects may have no other fields than the described ones. If an answer has
// several media types, a JSON object is checked as JSON. Internal, with all
// differences, if the body does not match.
func (a *API) CheckAnswer(routeID string, status int, body []byte) error {
	op, err := a.operation(routeID)
	if err != nil {
		return err
	}
	response := op.responses.get(strconv.Itoa(status))
	if !response.exists() {
		return fault.New(fault.Internal, "%s has no answer %d", routeID, status)
	}
	value, schema, err := decodeBody(response.get("content"), body)
	if err != nil {
		return err
	}
	found, err := a.answers.check(schema, value)
	if found != nil {
		return fault.Wrap(found, fault.Internal, "the answer %d of %s is not as described", status, routeID)
	}
	return err
}

// decodeBody selects the media type of the body, and decodes it.
func decodeBody(content node, body []byte) (value any, schema node, err error) {
	object, plain := content.get("application/json", "schema"), content.get("text/plain", "schema")
	if object.exists() && (!plain.exists() || bytes.HasPrefix(body, []byte("{"))) {
		reader := json.NewDecoder(bytes.NewReader(body))
		reader.UseNumber()
		if err := reader.Decode(&value); err != nil || reader.More() {
			return nil, object, fault.Wrap(err, fault.Internal, "the answer is not one JSON value")
		}
		return value, object, nil
	}
	return string(body), plain, nil
}
