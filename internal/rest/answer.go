package rest

import (
	"net/http"
	"strconv"

	"waybill/internal/fault"
	"waybill/internal/plainjson"
	"waybill/internal/terminal"
)

// Answer is an endpoint's answer: Body, which is encoded as JSON, or Text.
type Answer struct {
	Status int
	Body   any
	// Text is sent instead of Body if ContentType is set.
	Text        []byte
	ContentType string
	Header      map[string]string
	// Compress says that the body is large, so that it is worth to be compressed here: what
	// Lambda takes counts as it is sent.
	Compress bool
	// Deployment is a uuid for the operator's log, if neither the path nor Created has one.
	Deployment string
	// Created has the ids that a [Repeat] of the request needs.
	Created []string
}

// The content types of answers.
const (
	JSONType  = "application/json"
	PlainType = "text/plain; charset=utf-8"
	HTMLType  = "text/html; charset=utf-8"
)

// OK answers 200 with a body.
func OK(body any) Answer { return Answer{Status: http.StatusOK, Body: body} }

// Created answers 201 with a body.
func Created(body any) Answer { return Answer{Status: http.StatusCreated, Body: body} }

// encode returns the body's bytes and its content type. It runs before anything is
// written, so that a value that cannot be encoded becomes an error, not half an
// answer. Plain text is shown on terminals, so it loses control sequences here.
func (a Answer) encode() ([]byte, string, error) {
	if a.ContentType == PlainType {
		return terminal.Colours(a.Text), a.ContentType, nil
	}
	if a.ContentType != "" {
		return a.Text, a.ContentType, nil
	}
	body, err := plainjson.Encode(a.Body)
	if err != nil {
		return nil, "", fault.Wrap(err, fault.Internal, "encode an answer")
	}
	return body, JSONType, nil
}

// write sends the answer with its length, so that it is not chunked.
func (a Answer) write(w http.ResponseWriter, body []byte, contentType string) {
	header := w.Header()
	for name, value := range a.Header {
		header.Set(name, value)
	}
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	// Only this token may see the answer.
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(a.Status)
	_, _ = w.Write(body) // a client that is gone cannot be told
}
