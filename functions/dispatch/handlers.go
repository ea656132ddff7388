package main

import (
	"context"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/catalog"
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

// sweep has the dispatcher look after every server.
func sweep(dispatcher *deployment.Dispatcher, store catalog.Store, history deployment.History) func(context.Context) error {
	return func(ctx context.Context) error { return dispatcher.Sweep(ctx, store, history) }
}
