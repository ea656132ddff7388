package sqsqueue

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/trigger"
)

// Events is the queue of events. It is safe for use by several goroutines.
type Events struct {
	client *sqs.Client
	url    string
}

var _ trigger.Waker = (*Events)(nil)

// OpenEvents returns the queue with the URL and makes a client for it.
func OpenEvents(config aws.Config, queueURL string) *Events {
	return &Events{client: sqs.NewFromConfig(config), url: queueURL}
}

// Send sends an event. It is delivered at least once.
func (e *Events) Send(ctx context.Context, event trigger.Event) error {
	body, err := trigger.Encode(event)
	if err != nil {
		return err
	}
	return e.send(ctx, string(body), 0)
}

// Wake sends a message that makes [trigger.Intake.Handle] look at the resource. The delay is
// rounded up to whole seconds, the unit of SQS.
func (e *Events) Wake(ctx context.Context, resource catalog.ID, delay time.Duration) error {
	return e.send(ctx, trigger.NewWake(resource), delay)
}

func (e *Events) send(ctx context.Context, body string, delay time.Duration) error {
	_, err := e.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &e.url, MessageBody: &body,
		DelaySeconds: wholeSeconds(delay)})
	if err != nil {
		return fault.Wrap(err, fault.Internal, "send a message to the queue of events")
	}
	return nil
}

// Letters is the queue of dead letters of events. It is safe for use by several goroutines.
type Letters struct {
	client *sqs.Client
	url    string
}

var _ trigger.Letters = (*Letters)(nil)

// OpenLetters returns the queue with the URL and makes a client for it.
func OpenLetters(config aws.Config, queueURL string) *Letters {
	return &Letters{client: sqs.NewFromConfig(config), url: queueURL}
}

// Bury sends the message as it came, so that SQS can move it back. What is wrong with it is in
// the attributes reason, field, event and resource.
func (l *Letters) Bury(ctx context.Context, letter trigger.Letter) error {
	attributes := map[string]types.MessageAttributeValue{}
	for name, value := range map[string]string{"reason": letter.Reason, "field": letter.Field,
		"event": letter.Event, "resource": string(letter.Resource)} {
		if value != "" { // SQS refuses an empty one
			attributes[name] = types.MessageAttributeValue{DataType: aws.String("String"),
				StringValue: aws.String(value)}
		}
	}
	_, err := l.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &l.url,
		MessageBody: aws.String(letter.Body), MessageAttributes: attributes})
	if err != nil {
		return fault.Wrap(err, fault.Internal, "send a dead letter")
	}
	return nil
}
