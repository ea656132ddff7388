// Command trigger is the function that turns events into deployments. A queue has the events,
// and a schedule calls it every minute.
package main

import (
	"context"
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/s3archive"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/boot"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/settings"
	"waybill/internal/trigger"
)

func main() {
	boot.Run("trigger", build, append(settings.ForDeployments(), settings.Team, settings.AuditTable,
		settings.LogBucket, settings.TriggersTable, settings.TriggerQueueURL,
		settings.TriggerDeadQueueURL)...)
}

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	days, err := env.RetentionDays()
	if err != nil {
		return gateway.Handlers{}, err
	}
	aws, err := account.New(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	tables := dynamostore.Tables(env.Tables())
	store := dynamostore.NewCatalog(aws.DynamoDB(), tables)
	intake := trigger.NewIntake(trigger.Ports{
		Store:   dynamostore.NewTriggers(aws.DynamoDB(), env.Get(settings.TriggersTable)),
		Catalog: store,
		Records: dynamostore.NewHistory(aws.DynamoDB(), tables),
		Requests: deployment.NewRequests(store, dynamostore.NewDeployments(aws.DynamoDB(), tables),
			deployment.RequestsOptions{Retention: catalog.Retention(days),
				Snapshots: s3archive.OpenSnapshots(aws.Config(), env.Get(settings.LogBucket))}),
		Queue:   sqsqueue.OpenEvents(aws.Config(), env.Get(settings.TriggerQueueURL)),
		Letters: sqsqueue.OpenLetters(aws.Config(), env.Get(settings.TriggerDeadQueueURL)),
	}, trigger.IntakeOptions{Team: env.Get(settings.Team), Log: log})
	return gateway.Handlers{Message: func(ctx context.Context, m gateway.Message) error {
		return intake.Handle(ctx, m.Body)
	}, Tick: intake.Tick}, nil
}
