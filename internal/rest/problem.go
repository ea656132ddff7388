package rest

import (
	"errors"
	"net/http"
	"strings"

	"waybill/internal/fault"
)

// problem is the body of every answer that is not a success: upstream's
// message, and the fields of RFC 9457 beside it.
type problem struct {
	Message string              `json:"message"`
	Type    string              `json:"type"`
	Title   string              `json:"title"`
	Status  int                 `json:"status"`
	Detail  string              `json:"detail"`
	Errors  map[string][]string `json:"errors,omitempty"`
	// RequestID finds the request in the operator's log.
	RequestID string `json:"request_id"`
}

// problems is what each kind of fault is over HTTP. The retrying clients that
// are out there repeat 429 and 5xx and give up on any other status, so only
// what passes by itself may be one of those.
var problems = map[fault.Kind]struct {
	status int
	// header is what the status needs beside it.
	header map[string]string
}{
	fault.Internal:        {status: http.StatusInternalServerError},
	fault.Invalid:         {status: http.StatusUnprocessableEntity},
	fault.NotFound:        {status: http.StatusNotFound},
	fault.Conflict:        {status: http.StatusConflict},
	fault.Exhausted:       {http.StatusTooManyRequests, map[string]string{"Retry-After": "60"}},
	fault.Denied:          {status: http.StatusForbidden},
	fault.Unauthenticated: {http.StatusUnauthorized, map[string]string{"WWW-Authenticate": `Bearer realm="waybill"`}},
	fault.Gone:            {status: http.StatusGone},
	fault.Unavailable:     {http.StatusServiceUnavailable, map[string]string{"Retry-After": "10"}},
}

// Refusal is a problem of HTTP itself, which no fault has a kind for.
type Refusal struct {
	status int
	text   string
	header map[string]string
}

// Error is the text for the client.
func (r *Refusal) Error() string { return r.text }

// BadRequest is what upstream answers to a request that contradicts itself.
func BadRequest(text string) error { return &Refusal{status: http.StatusBadRequest, text: text} }

// methodNotAllowed refuses the method of a path that is there for others.
func methodNotAllowed(method string, allowed []string) error {
	text := "This path takes " + strings.Join(allowed, ", ") + " only."
	if method == http.MethodGet && len(allowed) == 1 && allowed[0] == http.MethodPost {
		text = "This endpoint has changed to a POST request."
	}
	return &Refusal{http.StatusMethodNotAllowed, text, map[string]string{"Allow": strings.Join(allowed, ", ")}}
}

// problemAnswer makes the answer of an error. It is the one place that does.
func problemAnswer(err error, requestID string) Answer {
	body := problem{Type: "about:blank", RequestID: requestID}
	var header map[string]string
	if refused, ok := errors.AsType[*Refusal](err); ok {
		body.Status, body.Message, header = refused.status, refused.text, refused.header
	} else {
		known := problems[fault.KindOf(err)]
		body.Status, body.Message, header = known.status, fault.Public(err), known.header
		body.Errors = fault.Fields(err)
	}
	body.Title = http.StatusText(body.Status)
	body.Detail = body.Message
	return Answer{Status: body.Status, Body: body, Header: header}
}

// PublicText is what a client may read of an error.
func PublicText(err error) string {
	if refused, ok := errors.AsType[*Refusal](err); ok {
		return refused.text
	}
	return fault.Public(err)
}

// NotFound answers alike for what is malformed, unknown or of another kind.
func NotFound(thing string) error { return fault.New(fault.NotFound, "%s not found.", thing) }

// NotFoundAs names the thing in a NotFound from below, and leaves any other
// error as it is.
func NotFoundAs(err error, thing string) error {
	if errors.Is(err, fault.NotFound) {
		return NotFound(thing)
	}
	return err
}
