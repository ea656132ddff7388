package main

import (
	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/eventbus"
	"waybill/internal/aws/parameters"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/deployment"
	"waybill/internal/settings"
)

// ports are what a dispatcher works with, on AWS.
func ports(aws account.Account, env settings.Settings) deployment.DispatcherPorts {
	tables := dynamostore.Tables(env.Tables())
	deployments := dynamostore.NewDeployments(aws.DynamoDB(), tables)
	return deployment.DispatcherPorts{
		Claims:    deployments,
		History:   deployments,
		Store:     dynamostore.NewCatalog(aws.DynamoDB(), tables.Catalog),
		Vault:     parameters.Open(aws.Config(), env.Get(settings.SecretsPath)),
		Sender:    sqsqueue.Open(aws.Config(), env.Get(settings.RunnerQueueURL)),
		Publisher: eventbus.Open(aws.Config(), env.Get(settings.EventBus), eventbus.Options{}),
	}
}
