// Command catalog is the function that keeps servers, keys, applications, services and tokens.
// Invoked directly, it mints a stack's first token.
package main

import (
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/parameters"
	"waybill/internal/boot"
	"waybill/internal/recipe"
	"waybill/internal/remote/sshrun"
	"waybill/internal/rest"
	"waybill/internal/settings"
)

func main() { boot.Run("catalog", build, settings.CatalogTable, settings.SecretsPath) }

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	aws, err := account.New(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	store := dynamostore.NewCatalog(aws.DynamoDB(), env.Get(settings.CatalogTable))
	handler, err := rest.NewCatalog(rest.CatalogPorts{
		Tokens:    store.Tokens(),
		Store:     store,
		Vault:     parameters.Open(aws.Config(), env.Get(settings.SecretsPath)),
		Inspector: sshrun.New(sshrun.Options{}),
		Check:     recipe.Check,
	}, rest.Options{Log: log, Team: env.Get(settings.Team)})
	return gateway.Handlers{HTTP: handler, Mint: minter(store.Tokens())}, err
}
