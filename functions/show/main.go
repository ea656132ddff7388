// Command show is the function that reads one deployment: its record, its log and
// its configuration.
package main

import (
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/s3archive"
	"waybill/internal/boot"
	"waybill/internal/rest"
	"waybill/internal/rest/showapi"
	"waybill/internal/settings"
)

func main() { boot.Run("show", build, append(settings.ForRequests(), settings.LogBucket)...) }

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
	archive := s3archive.Open(aws.Config(), env.Get(settings.LogBucket))
	handler, err := showapi.New(showapi.Ports{
		Tokens:    dynamostore.NewTokens(aws.DynamoDB(), dynamostore.TokenTables(env.TokenTables())),
		Store:     store,
		History:   dynamostore.NewHistory(aws.DynamoDB(), tables),
		Archive:   archive,
		Index:     dynamostore.NewIndexes(aws.DynamoDB(), tables),
		Links:     archive,
		Snapshots: archive.Snapshots(),
	}, opts)
	return gateway.Handlers{HTTP: handler}, err
}
