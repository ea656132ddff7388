// Package sqsqueue sends deployments to runners through an SQS queue, and hides a
// runner's message while the runner lives.
package sqsqueue

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// Queue is the runners' queue. It is safe for use by several goroutines.
type Queue struct {
	client *sqs.Client
	url    string
}

var _ deployment.Sender = (*Queue)(nil)

// New returns the queue with the URL.
func New(client *sqs.Client, queueURL string) *Queue {
	return &Queue{client: client, url: queueURL}
}

// Open returns the queue with the URL and makes a client for it.
func Open(config aws.Config, queueURL string) *Queue {
	return New(sqs.NewFromConfig(config), queueURL)
}

// body is the message's text. Its member has the name of the attribute in the operator's
// log, which takes the uuid from the message.
type body struct {
	Deployment deployment.ID `json:"deployment_uuid"`
	// Parking is the number of the parking that a wake-up ends; absent in other messages.
	Parking int `json:"parking,omitempty"`
}

// Send sends the deployment to a runner. It is delivered at least once.
func (q *Queue) Send(ctx context.Context, id deployment.ID) error {
	return q.send(ctx, body{Deployment: id}, 0)
}

// Wake sends the wake-up of the nth parking of the deployment, after the delay, which is rounded
// up to whole seconds. It is delivered at least once.
func (q *Queue) Wake(ctx context.Context, id deployment.ID, parking int, delay time.Duration) error {
	return q.send(ctx, body{Deployment: id, Parking: parking}, delay)
}

func (q *Queue) send(ctx context.Context, message body, delay time.Duration) error {
	text, err := json.Marshal(message)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "encode the message for %s", message.Deployment)
	}
	_, err = q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url,
		MessageBody: aws.String(string(text)), DelaySeconds: wholeSeconds(delay)})
	if err != nil {
		return fault.Wrap(err, fault.Internal, "send %s to the runners", message.Deployment)
	}
	return nil
}

// wholeSeconds rounds up to the unit of SQS.
func wholeSeconds(delay time.Duration) int32 { return int32((delay + time.Second - 1) / time.Second) }

// Read returns the deployment in the text of a message, and of a wake-up the number of the
// parking, which is 0 otherwise. Invalid if [Queue.Send] and [Queue.Wake] did not make the text.
func Read(text string) (id deployment.ID, parking int, err error) {
	var message body
	if err := json.Unmarshal([]byte(text), &message); err != nil {
		return "", 0, fault.Wrap(err, fault.Invalid, "a message of %d bytes is not one of ours", len(text))
	}
	id, err = deployment.ParseID(string(message.Deployment))
	if err != nil {
		return "", 0, fault.Wrap(err, fault.Invalid, "a message of %d bytes names no deployment", len(text))
	}
	return id, message.Parking, nil
}

// Hold hides the message from other receivers for visibility from now, in whole seconds.
// The receipt is the one of the delivery; it may be refused after another receiver got
// the message.
func (q *Queue) Hold(ctx context.Context, receipt string, visibility time.Duration) error {
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl:          &q.url,
		ReceiptHandle:     &receipt,
		VisibilityTimeout: int32(visibility / time.Second),
	})
	if err != nil {
		return fault.Wrap(err, fault.Internal, "hold a message")
	}
	return nil
}
