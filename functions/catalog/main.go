// Command catalog is the function that stores servers, keys, tokens and everything
// that can be deployed. A direct invocation creates a stack's first token.
package main

import (
	"log/slog"
	"time"

	"waybill/internal/access"
	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/inspection"
	"waybill/internal/aws/mail"
	"waybill/internal/aws/parameters"
	"waybill/internal/aws/s3archive"
	"waybill/internal/aws/scheduler"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/boot"
	"waybill/internal/recipe"
	"waybill/internal/remote/sshkey"
	"waybill/internal/rest"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/schedule"
	"waybill/internal/settings"
)

func main() {
	boot.Run("catalog", build, append(append(settings.ForRequests(), settings.ForSchedules()...),
		settings.AuditTable, settings.LogBucket, settings.SecretsPath, settings.InspectFunction,
		settings.MailTopics, settings.NotifyQueueURL, settings.DeliveriesTable)...)
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
	schedules := dynamostore.NewSchedules(aws.DynamoDB(), tables)
	clock := scheduler.Open(aws.Config(), scheduler.Place(env.SchedulePlace()))
	store := schedule.Catalog{Store: dynamostore.NewCatalog(aws.DynamoDB(), tables), Schedules: schedules,
		Clock: clock}
	tokens := dynamostore.NewTokens(aws.DynamoDB(), dynamostore.TokenTables(env.TokenTables()))
	keys, path, key := sshkey.Reader{}, env.Get(settings.SecretsPath), env.Get(settings.SecretsKey)
	handler, err := catalogapi.New(catalogapi.Ports{
		Tokens: tokens, Store: store, KeyReader: keys, Schedules: schedules, Clock: clock,
		Check: recipe.Check, Expand: recipe.Expand, Warn: recipe.Warnings,
		Audit:     dynamostore.NewAuditLog(aws.DynamoDB(), tables),
		Keys:      dynamostore.NewIdempotencyKeys(aws.DynamoDB(), tables.Catalog),
		Vault:     parameters.Open(aws.Config(), path).EncryptedWith(key),
		Inspector: inspection.Open(aws.ConfigForInvocations(), env.Get(settings.InspectFunction), keys),
		Notify: catalogapi.NotifyPorts{Topics: mail.Open(aws.Config(), env.Get(settings.MailTopics)),
			Jobs:       sqsqueue.OpenJobs(aws.Config(), env.Get(settings.NotifyQueueURL), ""),
			Deliveries: dynamostore.NewDeliveries(aws.DynamoDB(), env.Get(settings.DeliveriesTable)),
			Loopback:   env.Get(settings.NotifyLoopback) == "true"},
		WebhookKeys: parameters.OpenWebhookKeys(aws.Config(), path).EncryptedWith(key),
		Ledger:      dynamostore.NewDeployments(aws.DynamoDB(), tables),
		Snapshots:   s3archive.OpenSnapshots(aws.Config(), env.Get(settings.LogBucket)),
	}, opts)
	return gateway.Handlers{HTTP: handler, Mint: access.Minter(tokens, time.Now, opts.Retention.Audit())}, err
}
