package sqsqueue

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/notify"
	"waybill/internal/tracing"
)

// Traces are the traces in the queue of notifications. It is safe for use by several goroutines.
type Traces struct {
	queue *Queue
	place TracePlace
}

// TracePlace says where traces go.
type TracePlace struct {
	// Endpoint is the URL of the collector; without one no trace is sent. Queue is the URL of the
	// queue of notifications.
	Endpoint, Queue, Team string
}

var _ deployment.Tracer = (*Traces)(nil)

// OpenTraces returns the traces of the place and makes a client for its queue.
func OpenTraces(config aws.Config, place TracePlace) *Traces {
	return &Traces{Open(config, place.Queue), place}
}

// traceBody is a trace as a message. Deployment has the name that the operator's log takes it from.
type traceBody struct {
	Deployment deployment.ID `json:"deployment_uuid"`
	// Trace is the body of the request to the collector.
	Trace json.RawMessage `json:"otlp"`
}

// Ended queues the trace of a deployment that has ended, if it did something on its server.
func (t *Traces) Ended(ctx context.Context, record deployment.Record) error {
	if t.place.Endpoint == "" || !record.Operation.OnServer() || !record.Status.Terminal() {
		return nil
	}
	trace, err := tracing.Of(record).Encode(t.place.Team)
	if err != nil {
		return err
	}
	text, err := json.Marshal(traceBody{record.ID, trace})
	if err == nil {
		_, err = t.queue.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &t.queue.url,
			MessageBody: aws.String(string(text))})
	}
	if err != nil {
		return fault.Wrap(err, fault.Internal, "queue the trace of %s", record.ID)
	}
	return nil
}

// ReadTrace returns the trace in the text of a message, and whether there is one.
func ReadTrace(text string) (trace []byte, is bool) {
	var m traceBody
	err := json.Unmarshal([]byte(text), &m)
	return m.Trace, err == nil && len(m.Trace) > 0
}

// traceHold is how long the message of a trace stays hidden while it is sent.
const traceHold = 25 * time.Second

// Handle sends the trace of a message. If it has to be sent again, the message stays hidden for the
// pause, and the error makes the queue keep it.
func (t *Traces) Handle(ctx context.Context, message Message, trace []byte,
	export func(ctx context.Context, trace []byte, receives int) error) error {
	if err := t.queue.Hold(ctx, message.Receipt, traceHold); err != nil {
		return err
	}
	err := export(ctx, trace, message.Receives)
	if again, is := errors.AsType[*notify.Again](err); is {
		return errors.Join(err, t.queue.Hold(ctx, message.Receipt, again.After))
	}
	return err
}
