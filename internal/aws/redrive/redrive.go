// Package redrive handles the changes again that dispatch gave up: it reads the dead letters of the
// streams, reads the changes from the streams, which keep them for 24 hours, and invokes the
// dispatch function with them. Only an administrator of the stack may do all of that.
package redrive

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waybill/internal/fault"
)

// Stack is where the letters are and which function handles changes.
type Stack struct {
	// Queue is the name of the dead-letter queue, and Function the one of dispatch.
	Queue, Function string
}

// StackOf returns the names in the stack of a team.
func StackOf(team string) Stack {
	return Stack{Queue: "waybill-" + team + "-streams-dead", Function: "waybill-" + team + "-dispatch"}
}

// Letter is what became of a dead letter.
type Letter struct {
	// ID is the id of the message, and Shard and First are the place of its first change.
	ID, Shard, First string
	// Changes is how many changes were handled.
	Changes int
	// Err is nil if all of them were, and the letter was deleted. A letter with an error is
	// still in the queue.
	Err error
}

// hiddenFor is how long a letter is hidden from other readers while it is worked on.
const hiddenFor = 15 * time.Minute

// Client redrives the letters of an account.
type Client struct {
	queue   *sqs.Client
	streams *dynamodbstreams.Client
	lambda  *lambda.Client
}

// Open returns a client of the account. invoking is the configuration of a client whose calls last
// as long as a function does.
func Open(config, invoking aws.Config) *Client {
	return &Client{queue: sqs.NewFromConfig(config), streams: dynamodbstreams.NewFromConfig(config),
		lambda: lambda.NewFromConfig(invoking)}
}

// Each handles the changes of each letter in the queue again, and calls done for each. A change may
// be handled twice without harm. A letter is deleted after all of its changes were handled, and
// otherwise shown again. The error is one of the queue.
func (c *Client) Each(ctx context.Context, stack Stack, done func(Letter)) (err error) {
	found, err := c.queue.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &stack.Queue})
	if err != nil {
		return fault.Wrap(err, fault.Denied, "find the queue %s", stack.Queue)
	}
	var kept []types.Message
	defer func() { err = errors.Join(err, c.show(context.WithoutCancel(ctx), found.QueueUrl, kept)) }()
	for {
		batch, err := c.queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: found.QueueUrl,
			MaxNumberOfMessages: 10, VisibilityTimeout: int32(hiddenFor / time.Second), WaitTimeSeconds: 1})
		if err != nil {
			return fault.Wrap(err, fault.Denied, "read the queue %s", stack.Queue)
		}
		if len(batch.Messages) == 0 {
			return nil
		}
		for _, message := range batch.Messages {
			letter := c.handle(ctx, stack.Function, message)
			if letter.Err == nil {
				_, letter.Err = c.queue.DeleteMessage(ctx, &sqs.DeleteMessageInput{
					QueueUrl: found.QueueUrl, ReceiptHandle: message.ReceiptHandle})
			}
			if letter.Err != nil {
				kept = append(kept, message)
			}
			done(letter)
		}
	}
}

// show makes letters visible that stay in the queue.
func (c *Client) show(ctx context.Context, queue *string, kept []types.Message) error {
	var failed error
	for _, message := range kept {
		_, err := c.queue.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: queue,
			ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 0})
		failed = errors.Join(failed, err)
	}
	if failed != nil {
		return fault.Wrap(failed, fault.Denied, "show the letters again that stay; they are hidden for %s",
			hiddenFor)
	}
	return nil
}

// handle handles the changes of one letter, each by itself, so that one that fails keeps none of
// the others back.
func (c *Client) handle(ctx context.Context, function string, message types.Message) Letter {
	letter := Letter{ID: aws.ToString(message.MessageId)}
	var read struct {
		Batch batch `json:"DDBStreamBatchInfo"`
	}
	err := json.Unmarshal([]byte(aws.ToString(message.Body)), &read)
	if err != nil || read.Batch.Stream == "" {
		letter.Err = fault.New(fault.Invalid, "the message is no letter of a stream")
		return letter
	}
	letter.Shard, letter.First = read.Batch.Shard, read.Batch.First
	changes, err := c.changes(ctx, read.Batch)
	if err != nil {
		letter.Err = err
		return letter
	}
	for _, change := range changes {
		if err := c.invoke(ctx, function, change); err != nil {
			letter.Err = errors.Join(letter.Err, err)
			continue
		}
		letter.Changes++
	}
	return letter
}

// invoke gives dispatch one change, as Lambda does.
func (c *Client) invoke(ctx context.Context, function string, change event) error {
	payload, err := json.Marshal(map[string]any{"Records": []event{change}})
	if err != nil {
		return fault.Wrap(err, fault.Internal, "encode a change")
	}
	answered, err := c.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: payload})
	if err != nil {
		return fault.Wrap(err, fault.Denied, "invoke %s", function)
	}
	var answer struct {
		Failures []struct{} `json:"batchItemFailures"`
	}
	if answered.FunctionError != nil || json.Unmarshal(answered.Payload, &answer) != nil {
		return fault.New(fault.Internal, "%s broke off at the change %s; its log says why", function,
			change.Change.Sequence)
	}
	if len(answer.Failures) > 0 {
		return fault.New(fault.Internal, "%s cannot handle the change %s; its log says why", function,
			change.Change.Sequence)
	}
	return nil
}
