// Package gateway turns what Lambda delivers into plain calls: an API
// Gateway request into an http.Handler's, a batch of queue messages or of
// table changes into one call each, a schedule into a tick. What a function
// handles is a set of [Handlers]; which of them is meant is told by the
// event's shape.
//
// Every call gets a context with which the operator's log names the request
// and, where the event names one, the deployment. A handler's error is logged
// here, once, and nowhere above.
package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waybill/internal/fault"
	"waybill/internal/oplog"
)

// Handlers are what one function does. Those that are nil are events that it
// does not get; one that comes all the same is an error.
type Handlers struct {
	// HTTP answers the requests of API Gateway.
	HTTP http.Handler
	// Message takes one message of a queue. A message whose handler failed
	// comes again. Several may be called at once.
	Message func(context.Context, Message) error
	// Change takes one change of a table. A change whose handler failed comes
	// again, with all that follow it.
	Change func(context.Context, Change) error
	// Tick is called by a schedule.
	Tick func(context.Context) error
	// Mint makes a bearer token with the abilities. It is asked for by a direct
	// invocation, which IAM protects.
	Mint func(ctx context.Context, name string, abilities []string) (token string, err error)
}

// Gateway is a function as Lambda's runtime calls it. It is safe for use by
// several goroutines.
type Gateway struct {
	log      *slog.Logger
	handlers Handlers
}

// New returns the function that the handlers make.
func New(log *slog.Logger, handlers Handlers) *Gateway {
	return &Gateway{log: log, handlers: handlers}
}

// event is the union of all events: their names do not meet, so that one
// decoding tells the shape and has the content.
type event struct {
	events.APIGatewayProxyRequest
	Records    []record `json:"Records"`
	DetailType string   `json:"detail-type"`
	Mint       *mint    `json:"mint_token"`
}

// The sources that a record names.
const (
	fromQueue  = "aws:sqs"
	fromStream = "aws:dynamodb"
)

// Invoke handles one event and returns the answer in JSON. Its error has only
// text that the invoker may see; the cause is in the log.
func (g *Gateway) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if lambda, ok := lambdacontext.FromContext(ctx); ok {
		ctx = oplog.With(ctx, oplog.RequestID, lambda.AwsRequestID)
	}
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, g.refused(ctx, fault.Wrap(err, fault.Invalid, "the event is not JSON of a known shape"))
	}
	if id := e.RequestContext.RequestID; id != "" {
		// This one is in the client's answer; Lambda's own nobody outside sees.
		ctx = oplog.With(ctx, oplog.RequestID, id)
	}
	answer, err := g.handle(ctx, &e)
	if err != nil {
		return nil, g.refused(ctx, err)
	}
	text, err := encode(answer)
	if err == nil && len(text) > maxAnswerBytes && e.HTTPMethod != "" {
		text, err = encode(g.tooLarge(ctx, len(text)))
	}
	if err != nil {
		return nil, g.refused(ctx, err)
	}
	return text, nil
}

// handle calls the handlers that the event is for.
func (g *Gateway) handle(ctx context.Context, e *event) (any, error) {
	switch {
	case e.HTTPMethod != "" && g.handlers.HTTP != nil:
		return g.answer(ctx, &e.APIGatewayProxyRequest), nil
	case e.from(fromQueue) && g.handlers.Message != nil:
		return g.messages(ctx, e.Records), nil
	case e.from(fromStream) && g.handlers.Change != nil:
		return g.changes(ctx, e.Records), nil
	case e.DetailType != "" && g.handlers.Tick != nil:
		return nil, guard(func() error { return g.handlers.Tick(ctx) })
	case e.Mint != nil && g.handlers.Mint != nil:
		return g.mint(ctx, *e.Mint)
	}
	return nil, fault.New(fault.Invalid, "this function handles no event of this shape")
}

// from reports whether the event is a batch from the source.
func (e *event) from(source string) bool {
	return len(e.Records) > 0 && e.Records[0].EventSource == source
}

// refused logs the error and returns what the invoker may see of it.
func (g *Gateway) refused(ctx context.Context, err error) error {
	g.failed(ctx, "event failed", err)
	text := fault.Public(err)
	problems := fault.Fields(err)
	for _, field := range slices.Sorted(maps.Keys(problems)) {
		text += " " + field + ": " + strings.Join(problems[field], "; ") + "."
	}
	return errors.New(text)
}

// mint is the content of a request for a token, and minted its answer; they
// are what firsttoken sends and reads.
type mint struct {
	Name      string   `json:"name"`
	Abilities []string `json:"abilities"`
}

type minted struct {
	Token string `json:"token"`
}

func (g *Gateway) mint(ctx context.Context, asked mint) (answer minted, err error) {
	err = guard(func() error {
		answer.Token, err = g.handlers.Mint(ctx, asked.Name, asked.Abilities)
		return err
	})
	return answer, err
}

// encode writes JSON as short as it gets: what is text to a client is escaped
// once already, and Lambda's answers have a limit.
func encode(answer any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answer); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode the answer")
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
