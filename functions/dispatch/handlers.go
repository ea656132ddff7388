package main

import (
	"context"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/deployment"
)

// changed tells the dispatcher of a change of a record's status. Most changes
// are a runner's progress, which moves no queue.
func changed(dispatcher *deployment.Dispatcher) func(context.Context, gateway.Change) error {
	return func(ctx context.Context, item gateway.Change) error {
		change, moved, err := dynamostore.ReadChange(item.New, item.Old)
		if err != nil || !moved {
			return err
		}
		return dispatcher.Changed(ctx, change)
	}
}
