package rest

import (
	"net/http"
	"strconv"
	"time"

	"waybill/internal/fault"
	"waybill/internal/terminal"
)

// answer is what an endpoint answers: body as JSON, or text as it is.
type answer struct {
	status int
	body   any
	// text with its contentType takes the place of body.
	text        []byte
	contentType string
	header      map[string]string
	// deployment is the uuid that the operator's log shall name, if the path
	// does not.
	deployment string
}

const (
	jsonType  = "application/json"
	plainType = "text/plain; charset=utf-8"
)

func ok(body any) answer      { return answer{status: http.StatusOK, body: body} }
func created(body any) answer { return answer{status: http.StatusCreated, body: body} }

// encode makes the body's bytes before anything is written, so that a value
// that does not encode still becomes a problem and not half an answer. Text
// that a person reads passes here, so none of it can command their terminal.
func (a answer) encode() ([]byte, string, error) {
	if a.contentType == plainType {
		return terminal.Colours(a.text), a.contentType, nil
	}
	if a.contentType != "" {
		return a.text, a.contentType, nil
	}
	body, err := encodeJSON(a.body)
	if err != nil {
		return nil, "", fault.Wrap(err, fault.Internal, "encode an answer")
	}
	return body, jsonType, nil
}

// write sends the answer. Its length is known, so nothing is sent in pieces.
func (a answer) write(w http.ResponseWriter, body []byte, contentType string) {
	header := w.Header()
	for name, value := range a.header {
		header.Set(name, value)
	}
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	// Answers hold what only this token may see.
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(a.status)
	// A client that is gone gets nothing, and there is nobody to tell.
	_, _ = w.Write(body)
}

// timestamp writes a time as upstream does: "2026-08-22T10:00:00.000000Z".
func timestamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

// timestampOrNull writes the zero time as null.
func timestampOrNull(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	text := timestamp(at)
	return &text
}

// textOrNull writes the empty text as null.
func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
