// Command list is the function that reads the histories of resources and the
// queues of servers. It also gets the requests whose path or method is not in
// openapi.yaml.
package main

import (
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/boot"
	"waybill/internal/rest"
	"waybill/internal/rest/listapi"
	"waybill/internal/settings"
)

func main() {
	boot.Run("list", build, append(settings.ForRequests(), settings.TriggersTable)...)
}

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	aws, err := account.ForRequests(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	opts, err := rest.ReadOptions(env, log)
	if err != nil {
		return gateway.Handlers{}, err
	}
	tables := dynamostore.Tables(env.Tables())
	store := dynamostore.NewCatalog(aws.DynamoDB(), tables)
	history := dynamostore.NewHistory(aws.DynamoDB(), tables)
	handler, err := listapi.New(listapi.Ports{
		Tokens:     dynamostore.NewTokens(aws.DynamoDB(), dynamostore.TokenTables(env.TokenTables())),
		Store:      store,
		History:    history,
		Storage:    history,
		Feed:       dynamostore.NewFeed(aws.DynamoDB(), tables),
		Triggers:   dynamostore.NewTriggers(aws.DynamoDB(), env.Get(settings.TriggersTable)),
		Statistics: dynamostore.NewRollups(aws.DynamoDB(), tables),
	}, opts)
	return gateway.Handlers{HTTP: handler}, err
}
