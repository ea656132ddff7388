package rest

import (
	"net/http"
	"strconv"

	"waybill/internal/fault"
	"waybill/internal/plainjson"
	"waybill/internal/terminal"
)

// Answer is what an endpoint answers: body as JSON, or text as it is.
type Answer struct {
	Status int
	Body   any
	// Text with its ContentType takes the place of body.
	Text        []byte
	ContentType string
	Header      map[string]string
	// Deployment is the uuid that the operator's log shall name, if the path
	// does not.
	Deployment string
}

// The content types of answers.
const (
	JSONType  = "application/json"
	PlainType = "text/plain; charset=utf-8"
)

// OK answers 200 with a body.
func OK(body any) Answer { return Answer{Status: http.StatusOK, Body: body} }

// Created answers 201 with a body.
func Created(body any) Answer { return Answer{Status: http.StatusCreated, Body: body} }

// encode makes the body's bytes before anything is written, so that a value
// that does not encode still becomes a problem and not half an answer. Text
// that a person reads passes here, so none of it can command their terminal.
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

// write sends the answer. Its length is known, so nothing is sent in pieces.
func (a Answer) write(w http.ResponseWriter, body []byte, contentType string) {
	header := w.Header()
	for name, value := range a.Header {
		header.Set(name, value)
	}
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	// Answers hold what only this token may see.
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(a.Status)
	// A client that is gone gets nothing, and there is nobody to tell.
	_, _ = w.Write(body)
}
