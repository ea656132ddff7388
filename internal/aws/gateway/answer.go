package gateway

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"waybill/internal/fault"
	"waybill/internal/problem"
)

// maxAnswerBytes limits an answer as it is encoded, so escapes and base64 count. Lambda
// takes 6 MB. (AWS, "Lambda quotas": invocation payload, synchronous.)
const maxAnswerBytes = 5_500_000

// answer lets the handler answer the request.
func (g *Gateway) answer(ctx context.Context,
	e *events.APIGatewayProxyRequest) *events.APIGatewayProxyResponse {
	r, err := newRequest(ctx, e)
	if err != nil {
		g.failed(ctx, "request not readable", err)
		return failure(e, http.StatusBadRequest, fault.Public(err))
	}
	w := newWriter()
	if err := guard(func() error { g.handlers.HTTP.ServeHTTP(w, r); return nil }); err != nil {
		g.failed(ctx, "request failed", err)
		return failure(e, http.StatusInternalServerError, fault.Public(err))
	}
	return w.response()
}

// tooLarge replaces an answer that Lambda would refuse. Without it the client would get
// a 502 without a reason.
func (g *Gateway) tooLarge(ctx context.Context,
	e *events.APIGatewayProxyRequest, size int) *events.APIGatewayProxyResponse {
	g.failed(ctx, "answer too large", fault.New(fault.Internal,
		"an answer of %d bytes is more than Lambda takes", size))
	return failure(e, http.StatusInternalServerError,
		"The answer is too large to be sent. Ask for less at a time, with limit or take.")
}

// failure is an error answer of the gateway itself.
func failure(e *events.APIGatewayProxyRequest, status int, message string) *events.APIGatewayProxyResponse {
	body, err := encode(problem.New(status, message, e.RequestContext.RequestID))
	if err != nil { // texts and a number always encode
		body = nil
	}
	w := newWriter()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // into memory
	return w.response()
}

// writer records the answer of a handler.
type writer struct {
	header http.Header
	// sent is the header as it was when the status was written.
	sent   http.Header
	status int
	body   bytes.Buffer
}

var _ http.ResponseWriter = (*writer)(nil)

func newWriter() *writer { return &writer{header: http.Header{}} }

func (w *writer) Header() http.Header { return w.header }

// WriteHeader records the first final status, as net/http does.
func (w *writer) WriteHeader(status int) {
	if w.status != 0 || status < http.StatusOK {
		return
	}
	w.status, w.sent = status, w.header.Clone()
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// response returns the answer in API Gateway's format. An uncompressed text is sent
// unchanged, and API Gateway compresses it for clients that ask for that. Any other body
// is sent as base64, which API Gateway decodes, because the API declares every type as
// binary.
func (w *writer) response() *events.APIGatewayProxyResponse {
	w.WriteHeader(http.StatusOK)
	w.sent.Del("Content-Length") // API Gateway counts for itself
	response := &events.APIGatewayProxyResponse{StatusCode: w.status, MultiValueHeaders: w.sent}
	if w.sent.Get("Content-Encoding") == "" && utf8.Valid(w.body.Bytes()) {
		response.Body = w.body.String()
		return response
	}
	response.Body = base64.StdEncoding.EncodeToString(w.body.Bytes())
	response.IsBase64Encoded = true
	return response
}
