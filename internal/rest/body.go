package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"

	"waybill/internal/fault"
)

// maxBodyBytes limits the body of a request. The largest accepted body has a
// compose file of [catalog.MaxComposeBytes] in base64.
const maxBodyBytes = 1 << 20

// maxRawBytes limits the body of a delivery. Lambda takes 6 MB, in which the body is in base64.
// A push with thousands of commits takes some MB.
const maxRawBytes = 4 << 20

// readRaw reads the body of a delivery. It answers 413 if it is too long.
func readRaw(from io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(from, maxRawBytes+1))
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The body of the request could not be read to its end.")
	}
	if len(body) > maxRawBytes {
		return nil, &HTTPError{status: http.StatusRequestEntityTooLarge,
			text: fmt.Sprintf("The body is too large: a delivery may have at most %d bytes.", maxRawBytes)}
	}
	return body, nil
}

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

// checkForm returns Invalid for the body of a form. JSON with the type of a form is
// accepted, because that is what curl sends by default.
func checkForm(contentType string, body []byte) error {
	media, _, _ := mime.ParseMediaType(contentType)
	isForm := media == "application/x-www-form-urlencoded" || media == "multipart/form-data"
	if !isForm || len(bytes.TrimSpace(body)) == 0 || json.Valid(body) {
		return nil
	}
	return fault.InvalidField("body",
		"is a form; send a JSON object, with the header Content-Type: application/json")
}

// zeroFraction matches a text, which stays as it is, or a number with a fraction of zeros.
var zeroFraction = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|(-?[0-9]+)\.0+\b`)

// withoutZeroFractions returns valid JSON with 20 in place of 20.0: the same number, but
// Go's decoder takes only digits for an integer.
func withoutZeroFractions(body []byte) []byte {
	if !bytes.Contains(body, []byte(".0")) {
		return body
	}
	return zeroFraction.ReplaceAllFunc(body, func(found []byte) []byte {
		if found[0] == '"' {
			return found
		}
		whole, _, _ := bytes.Cut(found, []byte("."))
		return whole
	})
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
