package rest

import (
	"bytes"
	"encoding/json"

	"waybill/internal/fault"
)

// joined is several objects as one on the wire. They have no member in common.
type joined []any

// MarshalJSON puts the members of all into one object.
func (j joined) MarshalJSON() ([]byte, error) {
	all := map[string]json.RawMessage{}
	for _, part := range j {
		text, err := encodeJSON(part)
		if err == nil {
			err = json.Unmarshal(text, &all)
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "put an answer together")
		}
	}
	return encodeJSON(all)
}

// encodeJSON is json.Marshal without its escapes for HTML.
func encodeJSON(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// nullable is a text that is null on the wire when it is empty.
type nullable string

// MarshalJSON writes the text, or null.
func (n nullable) MarshalJSON() ([]byte, error) { return encodeJSON(textOrNull(string(n))) }
