// Command runner is the function that carries one deployment to its end, over
// SSH to the server.
package main

import (
	"context"
	"crypto/rand"
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/parameters"
	"waybill/internal/aws/s3archive"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/boot"
	"waybill/internal/deployment"
	"waybill/internal/remote/sshrun"
	"waybill/internal/runner"
	"waybill/internal/settings"
)

func main() {
	boot.Run("runner", build, append(settings.ForDeployments(),
		settings.LogBucket, settings.RunnerQueueURL, settings.SecretsPath)...)
}

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	lease, err := env.LeaseLength()
	if err != nil {
		return gateway.Handlers{}, err
	}
	aws, err := account.New(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	tables := dynamostore.Tables(env.Tables())
	archive := s3archive.Open(aws.Config(), env.Get(settings.LogBucket))
	queue := sqsqueue.Open(aws.Config(), env.Get(settings.RunnerQueueURL))
	store := dynamostore.NewCatalog(aws.DynamoDB(), tables)
	run := runner.New(runner.Ports{
		Store:     store,
		Health:    store,
		Vault:     parameters.Open(aws.Config(), env.Get(settings.SecretsPath)),
		Ledger:    dynamostore.NewDeployments(aws.DynamoDB(), tables),
		History:   dynamostore.NewHistory(aws.DynamoDB(), tables),
		Archive:   archive,
		Index:     dynamostore.NewIndexes(aws.DynamoDB(), tables),
		Snapshots: archive.Snapshots(),
		Excerpts:  archive.Excerpts(),
		Dialer:    sshrun.New(sshrun.Options{}),
		Sender:    queue,
	}, runner.Options{Log: log, Lease: lease})
	return gateway.Handlers{Message: func(ctx context.Context, m gateway.Message) error {
		received := sqsqueue.Message{Body: m.Body, Receipt: m.Receipt, Receives: m.Receives, Lease: lease}
		return queue.Handle(ctx, received, func(ctx context.Context, id deployment.ID, parking int) error {
			// A random name for the owner of the lease: the request's id would be the
			// same when a message is delivered to one request again.
			return run.Resume(ctx, id, parking, rand.Text())
		})
	}}, nil
}
