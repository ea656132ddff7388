package rest

import (
	"errors"
	"net/http"
	"strings"

	"waybill/internal/fault"
)

// problem is the body of every error answer: upstream's message and the fields of
// RFC 9457.
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

// problems maps each kind of fault to HTTP. Existing clients retry on 429 and 5xx
// and give up on any other status, so only temporary errors may use these.
var problems = map[fault.Kind]struct {
	status int
	// header has the headers that belong to the status.
	header map[string]string
}{
	fault.Internal:  {status: http.StatusInternalServerError},
	fault.Invalid:   {status: http.StatusUnprocessableEntity},
	fault.NotFound:  {status: http.StatusNotFound},
	fault.Conflict:  {status: http.StatusConflict},
	fault.Exhausted: {http.StatusTooManyRequests, map[string]string{"Retry-After": "60"}},
	fault.Denied:    {status: http.StatusForbidden},
	fault.Unauthenticated: {
		http.StatusUnauthorized, map[string]string{"WWW-Authenticate": `Bearer realm="waybill"`},
	},
	fault.Gone:        {status: http.StatusGone},
	fault.Unavailable: {http.StatusServiceUnavailable, map[string]string{"Retry-After": "10"}},
}

// HTTPError is an error with an HTTP status that no kind of fault stands for.
type HTTPError struct {
	status int
	text   string
	header map[string]string
}

// Error returns the text for the client.
func (r *HTTPError) Error() string { return r.text }

// NewBadRequestError returns 400, which upstream answers where Waybill would
// answer 422 by itself.
func NewBadRequestError(text string) error {
	return &HTTPError{status: http.StatusBadRequest, text: text}
}

// methodNotAllowed refuses a method of a path that has others.
func methodNotAllowed(method string, allowed []string) error {
	text := "This path takes " + strings.Join(allowed, ", ") + " only."
	if method == http.MethodGet && len(allowed) == 1 && allowed[0] == http.MethodPost {
		text = "This endpoint has changed to a POST request."
	}
	return &HTTPError{
		http.StatusMethodNotAllowed, text, map[string]string{"Allow": strings.Join(allowed, ", ")},
	}
}

// problemAnswer is the only place that turns an error into an answer.
func problemAnswer(err error, requestID string) Answer {
	body := problem{Type: "about:blank", RequestID: requestID}
	var header map[string]string
	if refused, ok := errors.AsType[*HTTPError](err); ok {
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

// PublicText returns the text of an error that a client may see.
func PublicText(err error) string {
	if refused, ok := errors.AsType[*HTTPError](err); ok {
		return refused.text
	}
	return fault.Public(err)
}

// NewNotFoundError returns the same NotFound for a malformed id, an unknown id and
// an id of another kind.
func NewNotFoundError(thing string) error { return fault.New(fault.NotFound, "%s not found.", thing) }

// WrapNotFound replaces a NotFound by one that names the thing. It returns any other
// error unchanged.
func WrapNotFound(err error, thing string) error {
	if errors.Is(err, fault.NotFound) {
		return NewNotFoundError(thing)
	}
	return err
}
