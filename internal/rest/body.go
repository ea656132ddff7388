package rest

import (
	"bytes"
	"encoding/json"
	"io"

	"waybill/internal/fault"
)

// maxBodyBytes limits the body of a request. The largest accepted body has a
// compose file of [catalog.MaxComposeBytes] in base64.
const maxBodyBytes = 1 << 20

// readBody reads a request's body. Invalid if it is too long, naming the member in
// which the limit was reached, because it is probably the one that is too long.
func readBody(from io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(from, maxBodyBytes+1))
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The body of the request could not be read to its end.")
	}
	if len(body) > maxBodyBytes {
		return nil, fault.InvalidField(memberAt(body),
			"is too long: a request may have at most %d bytes", maxBodyBytes)
	}
	return body, nil
}

// memberAt returns the member of the outermost object in which a truncated JSON
// text ends, or "body".
func memberAt(cut []byte) string {
	const none, longest = "body", 64
	decoder := json.NewDecoder(bytes.NewReader(cut))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return none
	}
	for {
		name, err := decoder.Token()
		if err != nil {
			return none
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			if text, is := name.(string); is && len(text) <= longest {
				return text
			}
			return none
		}
	}
}
