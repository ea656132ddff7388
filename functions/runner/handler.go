package main

import (
	"context"
	"crypto/rand"
	"time"

	"waybill/internal/aws/gateway"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/runner"
)

// handler runs the deployment that a message names. It hides the message for one
// lease at a time while the runner works. After an error the queue delivers the
// message again.
func handler(
	queue *sqsqueue.Queue, run *runner.Runner, lease time.Duration,
) func(context.Context, gateway.Message) error {
	return func(ctx context.Context, message gateway.Message) error {
		id, err := sqsqueue.Read(message.Body)
		if err != nil {
			return err
		}
		received := sqsqueue.Message{Receipt: message.Receipt, Receives: message.Receives, Lease: lease}
		return queue.HoldWhile(ctx, received, func(ctx context.Context) error {
			// A random name for the owner of the lease: the request's id would be the
			// same when a message is delivered to one request again.
			return run.Run(ctx, id, rand.Text())
		})
	}
}
