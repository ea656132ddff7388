// Command inspect is the function that connects to servers for requests: it looks at
// resources, and answers the questions of the catalog function about servers.
package main

import (
	"log/slog"
	"time"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/inspection"
	"waybill/internal/aws/parameters"
	"waybill/internal/aws/s3archive"
	"waybill/internal/boot"
	"waybill/internal/inspect"
	"waybill/internal/remote/sshrun"
	"waybill/internal/rest"
	"waybill/internal/rest/inspectapi"
	"waybill/internal/settings"
)

func main() {
	boot.Run("inspect", build, append(settings.ForRequests(), settings.LogBucket, settings.SecretsPath)...)
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
	dialer := sshrun.New(sshrun.Options{})
	sessions := dynamostore.NewSessions(aws.DynamoDB(), tables.Catalog)
	handler, err := inspectapi.New(inspectapi.Ports{
		Tokens:    dynamostore.NewTokens(aws.DynamoDB(), dynamostore.TokenTables(env.TokenTables())),
		Store:     dynamostore.NewCatalog(aws.DynamoDB(), tables),
		Vault:     parameters.Open(aws.Config(), env.Get(settings.SecretsPath)),
		Sessions:  sessions,
		History:   dynamostore.NewHistory(aws.DynamoDB(), tables),
		Snapshots: s3archive.OpenSnapshots(aws.Config(), env.Get(settings.LogBucket)),
		Look:      inspect.DialAndLook(dialer),
		Logs:      inspect.DialAndReadLogs(dialer),
		Survey:    inspect.DialAndAsk(dialer),
	}, opts)
	desk := inspection.NewDesk(dialer, sessions, time.Now)
	return gateway.Handlers{HTTP: handler, Inspect: desk.Answer}, err
}
