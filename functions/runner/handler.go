package main

import (
	"context"
	"crypto/rand"
	"time"

	"waybill/internal/aws/gateway"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/runner"
)

// handler runs the deployment that a message names, with the message held for
// as long as this runner lives, a lease at a time. Its error has the message
// come again.
func handler(queue *sqsqueue.Queue, run *runner.Runner, lease time.Duration) func(context.Context, gateway.Message) error {
	return func(ctx context.Context, message gateway.Message) error {
		id, err := sqsqueue.Read(message.Body)
		if err != nil {
			return err
		}
		received := sqsqueue.Message{Receipt: message.Receipt, Receives: message.Receives, Lease: lease}
		return queue.HoldWhile(ctx, received, func(ctx context.Context) error {
			// An owner's name that nobody else has: the request's id would be the
			// same when a message is delivered to one request again.
			return run.Run(ctx, id, rand.Text())
		})
	}
}
