package rest

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/access"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/problem"
)

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
	// created has the ids of what an earlier request created.
	created []string
}

// Error returns the text for the client.
func (r *HTTPError) Error() string { return r.text }

// NewBadRequestError returns 400, which upstream answers where Waybill would
// answer 422 by itself.
func NewBadRequestError(text string) error {
	return &HTTPError{status: http.StatusBadRequest, text: text}
}

// NewCreatedError returns 409 with the ids of what an earlier request created, if the
// answer to that request cannot be built again.
func NewCreatedError(text string, ids ...string) error {
	return &HTTPError{status: http.StatusConflict, text: text, created: ids}
}

// methodNotAllowed refuses a method of a path that has others.
func methodNotAllowed(method string, allowed []string) error {
	text := "This path takes " + strings.Join(allowed, ", ") + " only."
	if method == http.MethodGet && len(allowed) == 1 && allowed[0] == http.MethodPost {
		text = "This endpoint has changed to a POST request."
	}
	header := map[string]string{"Allow": strings.Join(allowed, ", ")}
	return &HTTPError{status: http.StatusMethodNotAllowed, text: text, header: header}
}

// problemAnswer is the only place that turns an error into an answer.
func problemAnswer(err error, requestID string) Answer {
	if refused, ok := errors.AsType[*HTTPError](err); ok {
		body := problem.New(refused.status, refused.text, requestID)
		body.Created = refused.created
		return Answer{Status: refused.status, Body: body, Header: refused.header}
	}
	if early, ok := errors.AsType[*access.ThrottledError](err); ok {
		header := map[string]string{"Retry-After": strconv.Itoa(early.Seconds())}
		body := problem.New(http.StatusTooManyRequests, early.Error(), requestID)
		return Answer{Status: http.StatusTooManyRequests, Body: body, Header: header}
	}
	if closed, ok := errors.AsType[*deployment.WindowClosedError](err); ok {
		return closedAnswer(err, closed, requestID)
	}
	known := problems[fault.KindOf(err)]
	fields := fault.Fields(err)
	text := fault.Public(err)
	if fault.KindOf(err) != fault.Internal {
		text += firstOf(fields)
	}
	body := problem.New(known.status, text, requestID)
	body.Errors = fields
	return Answer{Status: known.status, Body: body, Header: known.header}
}

// closedAnswer says when the windows open next, if they do: in the body, and in seconds in the
// header.
func closedAnswer(err error, closed *deployment.WindowClosedError, requestID string) Answer {
	answer := Answer{Status: http.StatusConflict}
	body := problem.New(answer.Status, fault.Public(err), requestID)
	if next := NextOpening(err); next != nil {
		body.NextOpening = next
		answer.Header = map[string]string{"Retry-After": strconv.Itoa(int(closed.Wait() / time.Second))}
	}
	answer.Body = body
	return answer
}

// NextOpening returns the next opening of the windows that caused the error, as it is on the
// wire. It returns nil for another error, and without such an opening.
func NextOpening(err error) *string {
	closed, is := errors.AsType[*deployment.WindowClosedError](err)
	if !is || closed.NextOpening().IsZero() {
		return nil
	}
	return new(closed.NextOpening().UTC().Format("2006-01-02T15:04:05.000000Z"))
}

// firstOf returns a sentence with the first problem of the fields, or "". Existing clients
// show only the message.
func firstOf(fields map[string][]string) string {
	names := slices.Sorted(maps.Keys(fields))
	if len(names) == 0 || len(fields[names[0]]) == 0 {
		return ""
	}
	more := -1
	for _, problems := range fields {
		more += len(problems)
	}
	sentence := " " + names[0] + ": " + strings.TrimSuffix(fields[names[0]][0], ".") + "."
	if more > 0 {
		sentence += fmt.Sprintf(" See errors for %d more.", more)
	}
	return sentence
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
