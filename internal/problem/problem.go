// Package problem has the form of every error answer: of an endpoint, of the frame around a
// function, and of API Gateway itself.
package problem

import "net/http"

// Problem is the body of an error answer: upstream's message and the fields of RFC 9457.
type Problem struct {
	Message string `json:"message"`
	Type    string `json:"type"`
	Title   string `json:"title"`
	Status  int    `json:"status"`
	Detail  string `json:"detail"`
	// Errors are the problems with each field of a request.
	Errors map[string][]string `json:"errors,omitempty"`
	// Created has the ids of what an earlier request with the same Idempotency-Key created.
	Created []string `json:"created,omitempty"`
	// NextOpening is when a deployment may start next, if the windows are closed.
	NextOpening *string `json:"next_opening,omitempty"`
	// RequestID finds the request in the operator's log.
	RequestID string `json:"request_id"`
}

// New returns the problem of an HTTP status.
func New(status int, message, requestID string) Problem {
	return Problem{
		Message:   message,
		Type:      "about:blank",
		Title:     http.StatusText(status),
		Status:    status,
		Detail:    message,
		RequestID: requestID,
	}
}
