package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waybill/internal/oplog"
)

// Message is a message of a queue.
type Message struct {
	Body string
	// Receipt identifies this delivery to the queue.
	Receipt string
	// Receives is how often the message was received, including this time.
	Receives int
	// Sent is when it was sent to the queue. It is zero if that is not known.
	Sent time.Time
}

// Change is a change of one item of a table, in DynamoDB's JSON. New is empty
// when the item was removed, Old when it was added.
type Change struct {
	New json.RawMessage
	Old json.RawMessage
	// Place is the place of the change in the stream. Of two changes with the same
	// partition key, the later one has the greater place.
	Place string
}

// record is one element of a batch, of a queue or of a stream.
type record struct {
	EventSource string `json:"eventSource"`

	MessageID  string `json:"messageId"`
	Receipt    string `json:"receiptHandle"`
	Body       string `json:"body"`
	Attributes struct {
		Receives string `json:"ApproximateReceiveCount"`
		// Sent is in milliseconds since 1970.
		Sent string `json:"SentTimestamp"`
	} `json:"attributes"`

	Change struct {
		Keys map[string]struct {
			Text string `json:"S"`
		} `json:"Keys"`
		New      json.RawMessage `json:"NewImage"`
		Old      json.RawMessage `json:"OldImage"`
		Sequence string          `json:"SequenceNumber"`
		// At is in seconds since 1970.
		At float64 `json:"ApproximateCreationDateTime"`
	} `json:"dynamodb"`
}

// place returns the place of a change in its stream. Sequence numbers have up to 40 digits
// and sort within one stream. The time before them sorts also after a table was replaced
// by another one.
func (r *record) place() string {
	zeros := strings.Repeat("0", max(0, sequenceDigits-len(r.Change.Sequence)))
	return fmt.Sprintf("%010d.%s%s", int64(r.Change.At), zeros, r.Change.Sequence)
}

// sent returns when a message was sent.
func (r *record) sent() time.Time {
	milliseconds, err := strconv.ParseInt(r.Attributes.Sent, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(milliseconds).UTC()
}

// sequenceDigits is the longest sequence number (AWS, "StreamRecord").
const sequenceDigits = 40

// deployment returns the uuid that the record names: in a message, the member with the
// name of the log's attribute; in a stream record, the key with that name.
func (r *record) deployment() string {
	if key, ok := r.Change.Keys[oplog.Deployment]; ok {
		return key.Text
	}
	var named map[string]any
	_ = json.Unmarshal([]byte(r.Body), &named) // the handler reports a malformed body
	uuid, _ := named[oplog.Deployment].(string)
	return uuid
}

// naming returns a context that names the record's deployment.
func (r *record) naming(ctx context.Context) context.Context {
	if uuid := r.deployment(); uuid != "" {
		return oplog.With(ctx, oplog.Deployment, uuid)
	}
	return ctx
}

// messages handles the messages concurrently, because each may take the function's whole
// time. It answers which of them the queue must deliver again.
func (g *Gateway) messages(ctx context.Context, batch []record) events.SQSEventResponse {
	failed := make([]bool, len(batch))
	var all sync.WaitGroup
	for i := range batch {
		all.Go(func() { failed[i] = !g.message(batch[i].naming(ctx), &batch[i]) })
	}
	all.Wait()
	// The list must not be null when it is empty.
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for i := range batch {
		if failed[i] {
			answer.BatchItemFailures = append(answer.BatchItemFailures,
				events.SQSBatchItemFailure{ItemIdentifier: batch[i].MessageID})
		}
	}
	return answer
}

// message reports whether the message was handled.
func (g *Gateway) message(ctx context.Context, r *record) bool {
	receives, _ := strconv.Atoi(r.Attributes.Receives) // 0 if unknown
	err := guard(func() error {
		return g.handlers.Message(ctx, Message{Body: r.Body, Receipt: r.Receipt, Receives: receives,
			Sent: r.sent()})
	})
	if err != nil {
		g.failed(ctx, "message comes again", err, slog.String("message_id", r.MessageID),
			slog.Int("receives", receives))
	}
	return err == nil
}

// answerTime is reserved for the answer at the end of a function's time.
const answerTime = 2 * time.Second

// changes handles the changes in order, up to the first failure. The stream delivers
// again from there, so it needs no other mark of the changes that were published. A
// function that runs out of time gives no answer, and the whole batch is delivered
// again. So a change that takes too long fails while there is time to answer.
func (g *Gateway) changes(ctx context.Context, batch []record) events.DynamoDBEventResponse {
	if deadline, ok := ctx.Deadline(); ok {
		limited, cancel := context.WithDeadline(ctx, deadline.Add(-answerTime))
		defer cancel()
		ctx = limited
	}
	answer := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	for i := range batch {
		change := batch[i].Change
		ctx := batch[i].naming(ctx)
		err := ctx.Err()
		if err == nil {
			err = guard(func() error {
				return g.handlers.Change(ctx,
					Change{New: change.New, Old: change.Old, Place: batch[i].place()})
			})
		}
		if err != nil {
			g.failed(ctx, "change comes again", err, slog.String("sequence_number", change.Sequence))
			answer.BatchItemFailures = append(answer.BatchItemFailures,
				events.DynamoDBBatchItemFailure{ItemIdentifier: change.Sequence})
			break
		}
	}
	return answer
}
