// Command dispatch is the function that moves the queues on: it is told of each
// change of a deployment by the tables' streams, and sweeps every minute.
package main

import (
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/eventbus"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/boot"
	"waybill/internal/deployment"
	"waybill/internal/settings"
)

func main() {
	boot.Run("dispatch", build, append(settings.ForDeployments(), settings.RunnerQueueURL, settings.EventBus)...)
}

func build(env settings.Settings, _ *slog.Logger) (gateway.Handlers, error) {
	aws, err := account.New(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	tables := dynamostore.Tables(env.Tables())
	deployments := dynamostore.NewDeployments(aws.DynamoDB(), tables)
	dispatcher := deployment.NewDispatcher(
		deployments,
		sqsqueue.Open(aws.Config(), env.Get(settings.RunnerQueueURL)),
		eventbus.Open(aws.Config(), env.Get(settings.EventBus), eventbus.Options{}),
		deployment.DispatcherOptions{},
	)
	store := dynamostore.NewCatalog(aws.DynamoDB(), tables.Catalog)
	return gateway.Handlers{Change: changed(dispatcher), Tick: sweep(dispatcher, store, deployments)}, nil
}
