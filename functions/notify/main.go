// Command notify is the function that sends notifications. A queue has the messages to send.
package main

import (
	"context"
	"log/slog"

	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/mail"
	"waybill/internal/aws/parameters"
	"waybill/internal/aws/s3archive"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/boot"
	"waybill/internal/notify"
	"waybill/internal/notify/outbound"
	"waybill/internal/settings"
)

func main() {
	boot.Run("notify", build, settings.Team, settings.APIURL, settings.CatalogTable, settings.SecretsPath,
		settings.LogBucket, settings.DeliveriesTable, settings.NotifyQueueURL, settings.NotifyDeadQueueURL,
		settings.MailTopics)
}

func build(env settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
	aws, err := account.New(env)
	if err != nil {
		return gateway.Handlers{}, err
	}
	jobs := sqsqueue.OpenJobs(aws.Config(), env.Get(settings.NotifyQueueURL),
		env.Get(settings.NotifyDeadQueueURL))
	courier := notify.NewCourier(notify.CourierPorts{
		Store:      dynamostore.NewCatalog(aws.DynamoDB(), dynamostore.Tables(env.Tables())),
		Vault:      parameters.Open(aws.Config(), env.Get(settings.SecretsPath)),
		Excerpts:   s3archive.Open(aws.Config(), env.Get(settings.LogBucket)).Excerpts(),
		Deliveries: dynamostore.NewDeliveries(aws.DynamoDB(), env.Get(settings.DeliveriesTable)),
		Poster:     outbound.New(outbound.Options{Loopback: env.Get(settings.NotifyLoopback) == "true"}),
		Mailer:     mail.Open(aws.Config(), env.Get(settings.MailTopics)),
		DeadLetter: jobs,
	}, notify.Stack{Team: env.Get(settings.Team), URL: env.Get(settings.APIURL)},
		notify.CourierOptions{Log: log})
	return gateway.Handlers{Message: func(ctx context.Context, m gateway.Message) error {
		return jobs.Handle(ctx, sqsqueue.Message{Body: m.Body, Receipt: m.Receipt}, courier.Deliver)
	}}, nil
}
