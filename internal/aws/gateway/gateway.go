// Package gateway turns Lambda's events into calls of [Handlers]: a request of API
// Gateway into a call of an http.Handler, each message of a queue and each change of a
// table into one call, a schedule into a tick. The shape of the event selects the
// handler.
//
// Every call gets a context that adds the request and, if the event names one, the
// deployment to the operator's log. An error of a handler is logged here, and nowhere
// else.
package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/oplog"
	"waybill/internal/plainjson"
)

// Handlers are the handlers of one function. An event whose handler is nil is an error.
type Handlers struct {
	// HTTP answers the requests of API Gateway.
	HTTP http.Handler
	// Message handles one message of a queue. After an error the message is delivered
	// again. Several calls may run concurrently.
	Message func(context.Context, Message) error
	// Change handles one change of a table. After an error the change and all later ones
	// are delivered again.
	Change func(context.Context, Change) error
	// Tick is called by a schedule.
	Tick func(context.Context) error
	// Mint creates a bearer token with the abilities, for a direct invocation, which IAM
	// protects.
	Mint func(ctx context.Context, name string, abilities []string) (token string, err error)
	// Orphans lists a page of logs without a record, and removes them if remove is true,
	// for a direct invocation.
	Orphans func(ctx context.Context, after logbook.Book, remove bool) (
		found []logbook.Stored, next logbook.Book, err error)
	// Inspect answers a question about a server, for a direct invocation. The question may
	// have a secret. Package inspection has its form and the answer's.
	Inspect func(ctx context.Context, question json.RawMessage) (answer any, err error)
}

// Each returns a handler of a schedule that takes all the steps, whatever errors they return.
func Each(steps ...func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		var err error
		for _, step := range steps {
			err = errors.Join(err, step(ctx))
		}
		return err
	}
}

// Gateway is a function as Lambda's runtime calls it. It is safe for use by
// several goroutines.
type Gateway struct {
	log      *slog.Logger
	handlers Handlers
}

// New returns a function with the handlers.
func New(log *slog.Logger, handlers Handlers) *Gateway {
	return &Gateway{log: log, handlers: handlers}
}

// event is the union of all events. Their members have different names, so one decoding
// finds both the shape and the content.
type event struct {
	events.APIGatewayProxyRequest
	Records    []record `json:"Records"`
	DetailType string   `json:"detail-type"`
	Mint       *mint    `json:"mint_token"`
	Orphans    *orphans `json:"orphans"`
	// Inspect is a question about a server.
	Inspect json.RawMessage `json:"inspect_server"`
}

// The sources of a batch.
const (
	fromQueue  = "aws:sqs"
	fromStream = "aws:dynamodb"
)

// Invoke handles one event and returns the answer as JSON. Its error has only the text
// that the invoker may see; the log has the cause.
func (g *Gateway) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if lambda, ok := lambdacontext.FromContext(ctx); ok {
		ctx = oplog.With(ctx, oplog.RequestID, lambda.AwsRequestID)
	}
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, g.refused(ctx, fault.Wrap(err, fault.Invalid, "the event is not JSON of a known shape"))
	}
	if id := e.RequestContext.RequestID; id != "" {
		// Prefer API Gateway's id: it is in the client's answer. Lambda's is not.
		ctx = oplog.With(ctx, oplog.RequestID, id)
	}
	answer, err := g.handle(ctx, &e)
	if err != nil {
		return nil, g.refused(ctx, err)
	}
	text, err := encode(answer)
	if err == nil && len(text) > maxAnswerBytes && e.HTTPMethod != "" {
		text, err = encode(g.tooLarge(ctx, &e.APIGatewayProxyRequest, len(text)))
	}
	if err != nil {
		return nil, g.refused(ctx, err)
	}
	return text, nil
}

// handle calls the handler for the event.
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
	case e.Orphans != nil && g.handlers.Orphans != nil:
		return g.orphans(ctx, *e.Orphans)
	case e.Inspect != nil && g.handlers.Inspect != nil:
		var answer any
		err := guard(func() (err error) {
			answer, err = g.handlers.Inspect(ctx, e.Inspect)
			return err
		})
		return answer, err
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

// mint is a request for a token, and minted its answer. Package firsttoken sends the
// former and reads the latter.
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

// orphans is a request for a page of logs without a record, and orphanPage its answer.
// Package orphans sends the former and reads the latter.
type orphans struct {
	Remove bool         `json:"remove"`
	After  logbook.Book `json:"after"`
}

type orphanPage struct {
	Orphans []orphan     `json:"orphans"`
	Next    logbook.Book `json:"next"`
}

type orphan struct {
	Log     logbook.Book `json:"log"`
	Objects int          `json:"objects"`
	Bytes   int64        `json:"bytes"`
	Newest  time.Time    `json:"newest"`
}

func (g *Gateway) orphans(ctx context.Context, asked orphans) (page orphanPage, err error) {
	err = guard(func() error {
		found, next, err := g.handlers.Orphans(ctx, asked.After, asked.Remove)
		page = orphanPage{Orphans: []orphan{}, Next: next}
		for _, one := range found {
			page.Orphans = append(page.Orphans, orphan{one.Book, one.Objects, one.Bytes, one.Newest})
		}
		return err
	})
	return page, err
}

// encode encodes an answer as short as possible: it may contain JSON as a text, which is
// escaped already, and Lambda limits the size of answers.
func encode(answer any) ([]byte, error) {
	text, err := plainjson.Encode(answer)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode the answer")
	}
	return text, nil
}
