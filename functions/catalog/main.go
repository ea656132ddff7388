// Command catalog is the function that keeps servers, keys, tokens and everything
// that can be deployed. Invoked directly, it mints a stack's first token.
package main

import (
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/boot"
	"waybill/internal/rest"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/settings"
)

func main() {
	boot.Run("catalog", build, append(settings.ForDeployments(), settings.LogBucket, settings.SecretsPath)...)
}

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	aws, err := account.ForRequests(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	store := dynamostore.NewCatalog(aws.DynamoDB(), env.Get(settings.CatalogTable))
	options := rest.Options{Log: log, Team: env.Get(settings.Team)}
	handler, err := catalogapi.New(ports(aws, env, store), options)
	return gateway.Handlers{HTTP: handler, Mint: minter(store.Tokens())}, err
}
