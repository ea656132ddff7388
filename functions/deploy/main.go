// Command deploy is the function that queues starts, stops, restarts and
// deploys, and that cancels them.
package main

import (
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/boot"
	"waybill/internal/rest"
	"waybill/internal/settings"
)

func main() { boot.Run("deploy", build, settings.ForDeployments()...) }

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	aws, err := account.New(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	tables := dynamostore.Tables(env.Tables())
	store := dynamostore.NewCatalog(aws.DynamoDB(), tables.Catalog)
	handler, err := rest.NewDeploy(rest.DeployPorts{
		Tokens: store.Tokens(),
		Store:  store,
		Ledger: dynamostore.NewDeployments(aws.DynamoDB(), tables),
	}, rest.Options{Log: log, Team: env.Get(settings.Team)})
	return gateway.Handlers{HTTP: handler}, err
}
