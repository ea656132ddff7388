// Command trigger is the function that turns events into deployments. A queue has the events,
// and a schedule calls it every minute. It also takes the deliveries of webhooks, which become
// events in that queue.
package main

import (
	"context"
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/parameters"
	"waybill/internal/aws/s3archive"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/boot"
	"waybill/internal/deployment"
	"waybill/internal/rest"
	"waybill/internal/rest/triggerapi"
	"waybill/internal/settings"
	"waybill/internal/trigger"
	"waybill/internal/trigger/requested"
)

func main() {
	boot.Run("trigger", build, append(settings.ForDeployments(), settings.Team, settings.AuditTable,
		settings.LogBucket, settings.TriggersTable, settings.TriggerQueueURL,
		settings.TriggerDeadQueueURL, settings.SecretsPath)...)
}

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	opts, err := rest.ReadOptions(env, log)
	if err != nil {
		return gateway.Handlers{}, err
	}
	aws, err := account.New(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	tables := dynamostore.Tables(env.Tables())
	store := dynamostore.NewCatalog(aws.DynamoDB(), tables)
	queue := sqsqueue.OpenEvents(aws.Config(), env.Get(settings.TriggerQueueURL))
	intake := trigger.NewIntake(trigger.Ports{
		Store:   dynamostore.NewTriggers(aws.DynamoDB(), env.Get(settings.TriggersTable)),
		Catalog: store, Schedules: dynamostore.NewSchedules(aws.DynamoDB(), tables),
		Records: dynamostore.NewHistory(aws.DynamoDB(), tables),
		Requests: deployment.NewRequests(store, dynamostore.NewDeployments(aws.DynamoDB(), tables),
			deployment.RequestsOptions{Retention: opts.Retention,
				Snapshots: s3archive.OpenSnapshots(aws.Config(), env.Get(settings.LogBucket))}),
		Queue:   queue,
		Letters: sqsqueue.OpenLetters(aws.Config(), env.Get(settings.TriggerDeadQueueURL)),
	}, trigger.IntakeOptions{Team: env.Get(settings.Team), Log: log, CheckRequest: requested.Check})
	handler, err := triggerapi.New(triggerapi.Ports{Store: store, Queue: queue,
		Keys: parameters.OpenWebhookKeys(aws.Config(), env.Get(settings.SecretsPath))}, opts)
	return gateway.Handlers{HTTP: handler, Message: func(ctx context.Context, m gateway.Message) error {
		return intake.HandleSent(ctx, m.Body, m.Sent)
	}, Tick: intake.Tick}, err
}
