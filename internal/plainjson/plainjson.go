// Package plainjson encodes JSON without Go's escapes for HTML, which make stored and
// answered texts longer and harder to read.
package plainjson

import (
	"bytes"
	"encoding/json"
)

// Encode is json.Marshal without the escapes of <, > and &.
func Encode(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
