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
	"waybill/internal/tracing"
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
	poster := outbound.New(outbound.Options{Loopback: env.Get(settings.NotifyLoopback) == "true"})
	traces := sqsqueue.OpenTraces(aws.Config(), sqsqueue.TracePlace(env.TracePlace()))
	exporter := tracing.NewExporter(poster, parameters.OpenTraceHeaders(aws.Config(),
		env.Get(settings.SecretsPath)), env.Get(settings.TraceEndpoint), log)
	courier := notify.NewCourier(notify.CourierPorts{
		Store:      dynamostore.NewCatalog(aws.DynamoDB(), dynamostore.Tables(env.Tables())),
		Vault:      parameters.Open(aws.Config(), env.Get(settings.SecretsPath)),
		Excerpts:   s3archive.Open(aws.Config(), env.Get(settings.LogBucket)).Excerpts(),
		Deliveries: dynamostore.NewDeliveries(aws.DynamoDB(), env.Get(settings.DeliveriesTable)),
		Poster:     poster,
		Mailer:     mail.Open(aws.Config(), env.Get(settings.MailTopics)),
		DeadLetter: jobs,
	}, notify.Stack{Team: env.Get(settings.Team), URL: env.Get(settings.APIURL)},
		notify.CourierOptions{Log: log})
	return gateway.Handlers{Message: func(ctx context.Context, m gateway.Message) error {
		message := sqsqueue.Message{Body: m.Body, Receipt: m.Receipt, Receives: m.Receives}
		if trace, is := sqsqueue.ReadTrace(m.Body); is {
			return traces.Handle(ctx, message, trace, exporter.Export)
		}
		return jobs.Handle(ctx, message, courier.Deliver)
	}}, nil
}
