// Command runner is the function that carries one deployment to its end, over
// SSH to the server.
package main

import (
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/parameters"
	"waybill/internal/aws/s3archive"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/boot"
	"waybill/internal/remote/sshrun"
	"waybill/internal/runner"
	"waybill/internal/settings"
)

func main() {
	boot.Run("runner", build, append(settings.ForDeployments(), settings.LogBucket, settings.RunnerQueueURL, settings.SecretsPath)...)
}

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	aws, err := account.New(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	queue := sqsqueue.Open(aws.Config(), env.Get(settings.RunnerQueueURL))
	return gateway.Handlers{Message: handler(queue, runner.New(runner.Ports{
		Store:   dynamostore.NewCatalog(aws.DynamoDB(), env.Get(settings.CatalogTable)),
		Vault:   parameters.Open(aws.Config(), env.Get(settings.SecretsPath)),
		Ledger:  dynamostore.NewDeployments(aws.DynamoDB(), dynamostore.Tables(env.Tables())),
		Archive: s3archive.Open(aws.Config(), env.Get(settings.LogBucket)),
		Dialer:  sshrun.New(sshrun.Options{}),
		Sender:  queue,
	}, runner.Options{Log: log}))}, nil
}
