// Command deploy is the function that queues starts, stops, restarts, deploys,
// rollbacks and scrubs, and cancels them.
package main

import (
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/s3archive"
	"waybill/internal/boot"
	"waybill/internal/rest"
	"waybill/internal/rest/deployapi"
	"waybill/internal/settings"
)

func main() {
	boot.Run("deploy", build, append(settings.ForRequests(), settings.AuditTable, settings.LogBucket)...)
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
	handler, err := deployapi.New(deployapi.Ports{
		Tokens:    dynamostore.NewTokens(aws.DynamoDB(), dynamostore.TokenTables(env.TokenTables())),
		Keys:      dynamostore.NewIdempotencyKeys(aws.DynamoDB(), tables.Catalog),
		Store:     store,
		Ledger:    dynamostore.NewDeployments(aws.DynamoDB(), tables),
		History:   dynamostore.NewHistory(aws.DynamoDB(), tables),
		Snapshots: s3archive.OpenSnapshots(aws.Config(), env.Get(settings.LogBucket)),
	}, opts)
	return gateway.Handlers{HTTP: handler}, err
}
