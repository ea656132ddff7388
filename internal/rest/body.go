package rest

import (
	"bytes"
	"encoding/json"
	"io"

	"waybill/internal/fault"
)

// maxBodyBytes bounds what is read of a request. The largest that is ever
// accepted is a compose file of [catalog.MaxComposeBytes] in base64.
const maxBodyBytes = 1 << 20

// readBody reads a request's body. Invalid if it is too long, naming the member
// in which the limit was reached: that is the one to make shorter.
func readBody(from io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(from, maxBodyBytes+1))
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The body of the request could not be read to its end.")
	}
	if len(body) > maxBodyBytes {
		return nil, fault.InvalidField(memberAt(body), "is too long: a request may have at most %d bytes", maxBodyBytes)
	}
	return body, nil
}

// memberAt names the member of the outermost object that the end of a cut-off
// JSON text lies in, or "body" where it is none.
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
